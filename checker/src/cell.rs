//! For tests: a register that is no object of ours, so that what serves every object is tried on somebody else's.

use crate::Object;
use std::fmt::Debug;
use std::hash::Hash;
use std::marker::PhantomData;

/// A register of numbers that begins at nought: `Some` writes, `None` reads.
#[derive(Debug, Default)]
pub struct Cell<T>(PhantomData<T>);

/// One of small numbers.
pub const SMALL: Cell<u8> = Cell(PhantomData);

impl<T: Copy + Default + Eq + Hash + Debug + Send + Sync> Object for Cell<T> {
    type Input = Option<T>;
    type Output = T;
    type State = T;

    fn initial(&self) -> T {
        T::default()
    }

    fn step(&self, state: &T, input: &Option<T>, output: Option<&T>) -> Option<T> {
        match input {
            Some(new) => Some(*new),
            None => output.is_none_or(|told| told == state).then_some(*state),
        }
    }

    fn show_state(&self, state: &T) -> Option<String> {
        Some(format!("{state:?}"))
    }

    fn is_pure(&self, input: &Option<T>, _: Option<&T>) -> bool {
        input.is_none()
    }
}
