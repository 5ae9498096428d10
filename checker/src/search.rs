//! Searching for a legal order, for any object.
//!
//! One order is tried first, and where that gets lost, all states of affairs are kept. Read next: `depth` for the one, [`frontier`] for
//! the other.

mod configuration;
mod depth;
pub mod frontier;
pub(crate) mod slots;
pub(crate) mod trail;

use crate::{Budget, Call, CallOf, Limit, Moment, Object};

/// Of fewer calls all states of affairs are as soon gone through.
const FEW: usize = 32;

/// Whether the calls, given in the order of their invocations, have a legal order.
pub fn search<O: Object>(object: &O, calls: &[CallOf<O>], budget: &Budget) -> Judgement {
    judge(object, calls, budget).1
}

/// The same, with the name of what found it.
pub(crate) fn judge<O: Object>(
    object: &O,
    calls: &[CallOf<O>],
    budget: &Budget,
) -> (&'static str, Judgement) {
    let in_depth = (calls.len() > FEW).then(|| depth::search(object, calls, budget));
    match in_depth.flatten() {
        Some(judgement) => ("depth-first search", judgement),
        None => ("frontier search", frontier::search(object, calls, budget)),
    }
}

/// What an algorithm found out about the calls of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// There is a legal order: places in the slice of calls, first to last. Calls without effect are left out.
    Legal {
        /// The order.
        order: Vec<u32>,
    },
    /// There is none.
    Illegal {
        /// Places of calls that have none whatever the others did, as few as the algorithm can say cheaply.
        suspects: Vec<u32>,
    },
    /// A limit was reached.
    Unknown(Stuck),
}

impl Judgement {
    /// Whether there is a legal order.
    pub fn is_legal(&self) -> bool {
        matches!(self, Judgement::Legal { .. })
    }

    /// That a limit was reached before anything was said about the calls.
    pub(crate) fn not_begun<I, O>(limit: Limit, calls: &[Call<I, O>]) -> Judgement {
        Judgement::Unknown(Stuck::at_start(limit, calls))
    }

    /// Whether there is certainly none.
    pub fn is_illegal(&self) -> bool {
        matches!(self, Judgement::Illegal { .. })
    }
}

/// How far a search came that reached a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// Which one.
    pub limit: Limit,
    /// How many of the calls were behind it.
    pub placed: usize,
    /// How many there are.
    pub of: usize,
    /// The event that it had come to.
    pub event: u32,
    /// How many states of affairs it had to keep apart there.
    pub width: usize,
    /// Places of the calls that were open there and made it wide: those without outcome first.
    pub open: Vec<u32>,
    /// How the search went, the last moment that of the limit.
    pub course: Vec<Moment>,
}

impl Stuck {
    /// A limit that was reached before anything was placed.
    pub(crate) fn at_start<I, O>(limit: Limit, calls: &[Call<I, O>]) -> Stuck {
        Stuck {
            limit,
            placed: 0,
            of: calls.iter().filter(|call| call.is_required()).count(),
            event: 0,
            width: 0,
            open: Vec::new(),
            course: Vec::new(),
        }
    }
}
