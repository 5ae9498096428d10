//! What a check says: the verdict, the counts, and the argument.

use crate::{Label, Limit, Limits, Model, Moment};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Three-valued: whoever cannot tell says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// There is a legal order of every object's operations.
    Valid,
    /// Some object's operations have no legal order.
    Invalid,
    /// A limit was reached first.
    Unknown,
}

/// The outcome of checking one history.
#[derive(Clone, Debug)]
pub struct Analysis {
    /// The sequential object that was checked against.
    pub model: Model,
    /// The verdict over all objects (keys).
    pub verdict: Verdict,
    /// How many objects had which verdict.
    pub keys: KeyCounts,
    /// One per object without a legal order: fewest operations first, then those that contradict real time
    /// (easier to believe), then the earliest. At most
    /// [`Analysis::VIOLATIONS_MAX`] are explained; `keys.invalid` counts all.
    pub violations: Vec<Violation>,
    /// The numbers of all invalid keys (places in `History::keys`), in the order of their violations.
    pub invalid_keys: Vec<u32>,
    /// Where a limit was reached: one for each object without a verdict.
    pub undecided: Vec<Undecided>,
    /// How hard it was.
    pub stats: Stats,
    /// How long, and in how much memory, it could be searched.
    pub limits: Limits,
    /// What became of every element, for objects that hold elements.
    pub census: Option<crate::census::Census>,
}

/// An object on which a limit was reached, and how far its search had come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecided {
    /// The object, as a place in `History::keys`.
    pub key: u32,
    /// Which limit.
    pub limit: Limit,
    /// How many of the operations that must have taken effect were behind it.
    pub placed: usize,
    /// How many there are.
    pub of: usize,
    /// The event that it had come to, as its number in the history.
    pub event: u32,
    /// How many states of affairs it had to keep apart there.
    pub width: usize,
    /// The operations, by number, that were open there and widened it: those without outcome first.
    pub suspects: Vec<u32>,
    /// How the search went: at most [`crate::course::MOMENTS_MAX`] moments of it, the last that of the limit.
    pub course: Vec<Moment>,
}

impl Analysis {
    /// How many violations are explained at most.
    pub const VIOLATIONS_MAX: usize = 100;
    /// Of how many objects it is said what they still keep of their promise.
    pub const WEAKER_MAX: usize = 5;
}

/// Objects by verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyCounts {
    /// All of them.
    pub total: usize,
    /// With a legal order.
    pub valid: usize,
    /// Without one.
    pub invalid: usize,
    /// Not decided within the limits.
    pub unknown: usize,
}

/// How hard it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// The name of the algorithm; where there were several, each with how many objects it decided.
    pub algorithm: String,
    /// How many operations the object with the most has.
    pub largest_key_ops: usize,
    /// The most bytes that searches held at one time; 0 when nothing was searched.
    pub peak_bytes: usize,
    /// How many states of affairs searches came to; 0 when nothing was searched.
    pub states: usize,
    /// Wall-clock time, verification included.
    pub took: Duration,
}

/// One object's contradiction, small enough to be checked on paper.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    /// The object, as a place in `History::keys`.
    pub key: u32,
    /// The kind, stable for machines: `decree.two-decisions`, ...
    pub code: &'static str,
    /// One sentence, at most about 110 characters, that says what went wrong.
    pub sentence: String,
    /// Sentences that name clients, nodes and times, and end with the rule that is broken.
    pub detail: Vec<String>,
    /// The operations that contradict each other, A first, in the order of their invocations. The claim is:
    /// every other operation was allowed to happen at any time, or not at all; still no order works.
    pub core: Vec<CoreOperation>,
    /// Why each must come before the next: a cycle, as a list of edges.
    pub reasons: Vec<Reason>,
    /// Every order of the core, and where it breaks; empty where there are too many.
    pub orders: Vec<BrokenOrder>,
    /// How far an order of the core comes, where the orders are too many to be shown; none where they are shown, or where it
    /// is too much to be said.
    pub frontier: Option<Frontier>,
    /// What was weakened to get here.
    pub weakened: Weakened,
    /// How the core was found.
    pub shrink: Shrink,
    /// What the object still keeps of its promise, or the part of its history around this; empty where that was not asked.
    pub still: crate::weaker::Still,
}

/// An operation of a counterexample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoreOperation {
    /// A, B, C, ...
    pub label: Label,
    /// Its place in `History::operations`.
    pub operation: u32,
    /// Whether its answer is part of the argument. If not, only the time of its invocation is: it was weakened
    /// to an operation whose outcome nobody knows.
    pub answer_counts: bool,
}

/// One edge of the argument: `from` must come before `to`, because. Both are places in the core.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Who must come first.
    pub from: usize,
    /// Who must come later. The same as `from` when an operation contradicts itself.
    pub to: usize,
    /// What forces it.
    pub kind: ReasonKind,
    /// In words, with the letters: by real time a fact, "A comes before B: A had its answer 386 ms before B began."; by
    /// what was told a necessity, "B must come before A: B was told its own value, so nothing had been decided."
    pub sentence: String,
    /// In a few words, for a drawing: "A finished 386 ms before B began".
    pub short: String,
}

/// What forces one operation before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReasonKind {
    /// The first had its answer before the second began.
    RealTime {
        /// How long before, in nanoseconds.
        gap_ns: u64,
    },
    /// What an operation was told.
    Value,
}

/// One order of the core, and why it is not legal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenOrder {
    /// Places in the core, first to last.
    pub order: Vec<usize>,
    /// The place in the core of the operation at which it breaks.
    pub fails_at: usize,
    /// What that operation would have had to be told there, as it is shown; none where there is not one such answer, and
    /// where it is not an answer that breaks the order.
    pub must: Option<String>,
    /// What it was told; none where it is not an answer that breaks the order.
    pub was: Option<String>,
    /// In words: "B must be told 17. It was told 42."
    pub sentence: String,
}

/// The furthest that an order of the core comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frontier {
    /// A longest beginning that is legal, as places in the core, first to last.
    pub order: Vec<usize>,
    /// After each of them the state that the object can have then, in words; none where nothing can be said of it. What else
    /// was done may have led to several: `1 or 2`.
    pub states: Vec<Option<String>>,
    /// For each other member of the core why it cannot come next: the order that begins so and ends with it.
    pub next: Vec<BrokenOrder>,
}

/// What was weakened, which can only make a history more legal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weakened {
    /// Reads that were dropped: they change nothing.
    pub dropped_reads: usize,
    /// Updates that were allowed to happen at any time or never.
    pub optional_updates: usize,
}

/// How the core was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shrink {
    /// Operations on the object.
    pub from: usize,
    /// Operations in the core.
    pub to: usize,
    /// From the one to the other: how many operations were left each time that pieces of one size had been weakened.
    pub steps: Vec<usize>,
    /// How many weakened histories were checked on the way.
    pub checks: usize,
    /// Wall-clock time, verification included.
    pub took: Duration,
    /// Weakening any core operation further makes the rest legal.
    pub minimal: bool,
    /// What ended it before that was tried of every operation; none where nothing did.
    pub ended_early: Option<ShrinkEnd>,
    /// The independent checker agrees, by brute force, that no order works.
    pub verified: bool,
}

/// What ended the search for a smaller counterexample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShrinkEnd {
    /// Nobody wanted a smaller one: [`ShrinkBudget::Nothing`](crate::ShrinkBudget::Nothing).
    NotWanted,
    /// The time for it.
    Time,
    /// The limit on memory.
    Memory,
    /// It would have taken too many steps: where values repeat thousands of times, hardly any operation can be weakened.
    Steps,
}

impl From<Limit> for ShrinkEnd {
    fn from(limit: Limit) -> ShrinkEnd {
        match limit {
            Limit::Time => ShrinkEnd::Time,
            Limit::Memory => ShrinkEnd::Memory,
        }
    }
}
