//! What a sequential object has to say about itself, so that any checker can check it.

use history::{Operation, Value};
use std::hash::Hash;

/// An object that does one operation after another.
pub trait SequentialObject: Sync {
    /// What the object remembers.
    type State: Clone + Eq + Hash;

    /// Before the first operation.
    fn initial(&self) -> Self::State;

    /// The state after `operation`, or `None` when the object cannot have answered with `told` there. An
    /// operation whose answer nobody knows (`told` is `None`) is legal in every state.
    fn step(&self, state: &Self::State, operation: &Operation, told: Option<Value>) -> Option<Self::State>;

    /// Whether the operation leaves every state as it is.
    fn is_pure_read(&self, operation: &Operation) -> bool;
}
