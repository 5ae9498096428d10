//! What a sequential object has to say about itself, so that any history of it can be checked.
//!
//! [`Object::initial`] and [`Object::step`] are the specification. Everything else has a default, and makes
//! checking faster or its words better; none of it may change a verdict.

use crate::search;
use crate::{Budget, Call, CallOf, Judgement, Telling};
use std::fmt::Debug;
use std::hash::Hash;

/// An object that does one operation after another.
///
/// A register that counts what it was told, whole:
///
/// ```
/// use checker::{Calls, Limits, Object, judge};
///
/// struct Tally;
///
/// impl Object for Tally {
///     type Input = u64;
///     type Output = u64;
///     type State = u64;
///
///     fn initial(&self) -> u64 {
///         0
///     }
///
///     // Adds, and answers with the sum.
///     fn step(&self, sum: &u64, input: &u64, output: Option<&u64>) -> Option<u64> {
///         let next = sum + input;
///         output.is_none_or(|told| *told == next).then_some(next)
///     }
/// }
///
/// let mut calls = Calls::new();
/// let (a, b) = (calls.invoke(1), calls.invoke(2));
/// calls.ok(b, 2);
/// calls.ok(a, 3);
/// assert!(judge(&Tally, &calls, &Limits::default()).is_legal());
/// ```
pub trait Object: Sync {
    /// What is asked.
    type Input: Clone + Debug + Eq + Hash + Send + Sync;
    /// What is answered.
    type Output: Clone + Debug + PartialEq + Send + Sync;
    /// What the object remembers.
    type State: Clone + Debug + Eq + Hash + Send + Sync;

    /// Before the first operation.
    fn initial(&self) -> Self::State;

    /// The state after `input` in `state`, or `None` when the object cannot have answered `output` there. An
    /// operation whose answer nobody knows has no output; it can happen in every state in which it can be asked.
    fn step(
        &self,
        state: &Self::State,
        input: &Self::Input,
        output: Option<&Self::Output>,
    ) -> Option<Self::State>;

    /// The same as [`Object::step`], for whoever does not need the old state any more. A state that is large should
    /// be changed here in place.
    fn advance(
        &self,
        state: Self::State,
        input: &Self::Input,
        output: Option<&Self::Output>,
    ) -> Option<Self::State> {
        self.step(&state, input, output)
    }

    /// Whether an operation that was answered like this has left the state as it was, whatever that was: a
    /// read, a compare-and-set that compared in vain. Such operations are placed as soon as they fit.
    fn is_pure(&self, _input: &Self::Input, _output: Option<&Self::Output>) -> bool {
        false
    }

    /// What the object would answer, for the words of a counterexample.
    fn answer(&self, _state: &Self::State, _input: &Self::Input) -> Option<Self::Output> {
        None
    }

    /// How many bytes a state takes, its heap included, for the limit on memory.
    fn state_bytes(&self, _state: &Self::State) -> usize {
        size_of::<Self::State>()
    }

    /// Whether calls, given in the order of their invocations, have a legal order, by the best algorithm for them.
    fn search(&self, calls: &[CallOf<Self>], budget: &Budget) -> Judgement
    where
        Self: Sized,
    {
        search::search(self, calls, budget)
    }

    /// Of the calls in `others`, those (by place) that have to stay when only `core` is kept. The rest is left out
    /// altogether, so a legal history must stay legal without it: all calls about one element of a queue, say. All
    /// of them stay, unless the object knows better.
    fn project(&self, _core: &[&CallOf<Self>], others: &[&CallOf<Self>]) -> Vec<usize> {
        (0..others.len()).collect()
    }

    /// Of the updates in `free`, each of which may happen at any time or never, those (by place) that can matter to
    /// whether `core` has a legal order. What is left out must not change that, nor matter when fewer calls are in the
    /// core and the others free. All of them, unless the object knows better.
    fn relevant(&self, _core: &[&CallOf<Self>], free: &[&CallOf<Self>]) -> Vec<usize> {
        (0..free.len()).collect()
    }

    /// The updates around a core, for whoever tries every order of it: those of `free` that matter, each of which may
    /// happen at any time or never. An object may put others in their place that together lead to the same answers
    /// of the core, as when a thousand appends between two that matter become one step. What is relevant,
    /// unless the object knows better.
    fn around(&self, core: &[&CallOf<Self>], free: Vec<CallOf<Self>>) -> Vec<CallOf<Self>> {
        let views: Vec<&CallOf<Self>> = free.iter().collect();
        let relevant = self.relevant(core, &views);
        relevant.into_iter().map(|place| free[place].clone()).collect()
    }

    /// An operation in a few words: `write(4)`.
    fn show_input(&self, input: &Self::Input) -> String {
        format!("{input:?}")
    }

    /// An answer in a few words.
    fn show_output(&self, output: &Self::Output) -> String {
        format!("{output:?}")
    }

    /// A state in a few words, for who goes through an order step by step; none where nothing can be said of it.
    fn show_state(&self, _state: &Self::State) -> Option<String> {
        None
    }

    /// What kind of violation a counterexample is, in a sentence. `name` is the object's name: `x`, `The lock`.
    fn tell(&self, name: &str, core: &[&CallOf<Self>]) -> Telling {
        Telling::general(name, core.len())
    }

    /// Why the second of two operations of a counterexample must come before the first, apart from real time: a
    /// clause that goes on after "B must come before A: ". Both are given as places in `core`.
    fn why(&self, core: &[&CallOf<Self>], must_be_first: usize, then: usize) -> Option<String> {
        let _ = (core, must_be_first, then);
        None
    }
}

/// Whether a call has certainly left the state as it was.
pub(crate) fn is_pure<O: Object + ?Sized>(object: &O, call: &Call<O::Input, O::Output>) -> bool {
    object.is_pure(&call.input, call.output.as_ref())
}
