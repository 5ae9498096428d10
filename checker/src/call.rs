//! Operations as the algorithms see them: what was asked and answered, and between which two events.

use crate::Object;
use history::NEVER;

/// One operation on one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call<I, O> {
    /// What was asked.
    pub input: I,
    /// What was answered, where that is known.
    pub output: Option<O>,
    /// The number of its invocation among all events.
    pub invoke: u32,
    /// The number of its completion; [`NEVER`] when nobody knows whether it takes effect, and when.
    pub complete: u32,
    /// Its place where it came from: in [`history::History::operations`], or in [`Calls`].
    pub number: u32,
}

/// A call of an object.
pub type CallOf<O> = Call<<O as Object>::Input, <O as Object>::Output>;

impl<I, O> Call<I, O> {
    /// Whether this call was over before `other` began.
    pub fn precedes(&self, other: &Self) -> bool {
        self.complete < other.invoke
    }

    /// Whether it certainly took effect. The others may, at any time after their invocation, or never.
    pub fn is_required(&self) -> bool {
        self.complete != NEVER
    }

    /// The same, of which nobody knows the outcome, and which may have begun before everything else.
    #[must_use]
    pub fn weakened(self) -> Self {
        Call {
            output: None,
            invoke: 0,
            complete: NEVER,
            ..self
        }
    }
}

/// A history of one object that is written down by hand, or by a test.
#[derive(Clone, Debug)]
pub struct Calls<I, O> {
    calls: Vec<Call<I, O>>,
    events: u32,
}

/// An operation that was invoked: the handle to complete it by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invoked(u32);

impl<I, O> Default for Calls<I, O> {
    fn default() -> Self {
        Calls {
            calls: Vec::new(),
            // A weakened operation begins at event 0, before all others.
            events: 1,
        }
    }
}

impl<I, O> Calls<I, O> {
    /// No operations yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// An operation begins. As long as it is not completed, it may take effect or not.
    pub fn invoke(&mut self, input: I) -> Invoked {
        let number = self.calls.len() as u32;
        self.calls.push(Call {
            input,
            output: None,
            invoke: self.events,
            complete: NEVER,
            number,
        });
        self.events += 1;
        Invoked(number)
    }

    /// An operation ends with an answer.
    pub fn ok(&mut self, operation: Invoked, output: O) {
        let call = &mut self.calls[operation.0 as usize];
        assert!(call.complete == NEVER, "an operation ends once");
        call.output = Some(output);
        call.complete = self.events;
        self.events += 1;
    }

    /// The operations in the order of their invocations.
    pub fn as_slice(&self) -> &[Call<I, O>] {
        &self.calls
    }
}
