//! What a history still keeps when it is not linearizable: weaker promises, each with an exact meaning.
//!
//! Clients want to know how bad it is. All of this is about one object alone, and about the answers that its operations got; an
//! operation of unknown outcome may have taken effect at any time after it began, or never, here as everywhere. A *read* is
//! an operation that leaves the object as it is; an *update* is any other. A *client* is a process of the history: after an
//! unknown outcome it goes on as another.
//!
//! * **Sequentially consistent** (Lamport, 1979): some order gives every operation its answer in which those of each client are in
//!   the order in which it asked. Real time between clients does not count.
//! * **Ordered sequentially consistent** (Lev-Ari and others, 2017; what ZooKeeper promises): the same, and updates
//!   keep real time among themselves. So only reads are old, and each client moves forward only.
//! * **Regular** (Lamport, 1986; with several writers Shao and others' "weak regularity", 2011): each read, alone with all
//!   updates, is linearizable. What it was told was current or concurrent; two reads may disagree on an order.
//! * **Never older than k updates** (k-atomicity: Aiyer and others, 2005): some order keeps real time in which each
//!   read is told what one of the last k states gives, the current one among them. k = 1 is linearizable.
//! * **Never older than a time t** (Golab and others' "Δ-atomicity", 2011): the history is linearizable when every read
//!   may have begun earlier by t; t is the smallest such time, in nanoseconds.
//!
//! Each is decided within steps and time; what was not is [`Answer::Unknown`], never a guess. All are functions of calls. Of a long
//! history the part [`around`] the contradiction is asked, and it is said of how many calls that is.
//!
//! Read next: `order` for the search along clients, `regular`, `versions` for k, `age` for t.

mod age;
mod around;
mod order;
mod regular;
mod versions;

pub use age::age;
pub use around::{AROUND, Around, WHOLE_MAX, around};
pub use order::{Keeps, in_order_of_clients};
pub use regular::regular;
pub use versions::{VERSIONS_MAX, versions};

use crate::proof::wording::gap;
use crate::{Budget, CallOf, Object};
use history::History;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::time::Duration;

/// Whether a promise is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// It is.
    Holds,
    /// It is not.
    Broken,
    /// It was not decided within the limits.
    Unknown,
}

/// A bound on how old reads were.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bound<T> {
    /// They were never older, and some read was that old.
    AtMost(T),
    /// No bound explains the answers.
    None,
    /// It was not decided within the limits, or was more than is looked for.
    Unknown,
}

/// A weaker promise, and whether it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StillHolds {
    /// Some order explains all answers in which each client's operations are in its own order.
    Sequential(Answer),
    /// The same, and updates keep real time.
    OrderedSequential(Answer),
    /// Each read was told what was current or concurrent.
    Regular(Answer),
    /// Each read was told what one of the last so many states gives; the last alone would be linearizable.
    Versions(Bound<u32>),
    /// Each read was told what was current or concurrent at most so many nanoseconds before it began, in one order.
    Age(Bound<u64>),
}

impl StillHolds {
    /// In a sentence.
    pub fn sentence(&self) -> String {
        let said = match self {
            Self::Sequential(Answer::Holds) => {
                "It is still sequentially consistent: without real time between clients, all answers fit."
            }
            Self::Sequential(Answer::Broken) => "It is not sequentially consistent either.",
            Self::Sequential(Answer::Unknown) => {
                "Whether it is sequentially consistent was not decided within the limits."
            }
            Self::OrderedSequential(Answer::Holds) => {
                "Updates keep real time, and each client only moves forward: just reads are old."
            }
            Self::OrderedSequential(Answer::Broken) => {
                "Old reads alone do not explain it: some client moved back, or updates are out of order."
            }
            Self::OrderedSequential(Answer::Unknown) => {
                "Whether only reads are old was not decided within the limits."
            }
            Self::Regular(Answer::Holds) => {
                "It is still regular: each read alone was told what was current or concurrent."
            }
            Self::Regular(Answer::Broken) => {
                "It is not regular either: some read was told what was neither current nor concurrent."
            }
            Self::Regular(Answer::Unknown) => "Whether it is regular was not decided within the limits.",
            Self::Versions(Bound::AtMost(versions)) => {
                return match versions {
                    0 | 1 => "Reads were never old.".to_owned(),
                    2 => "Reads were never older than 1 update.".to_owned(),
                    more => format!("Reads were never older than {} updates.", more - 1),
                };
            }
            Self::Versions(Bound::None) => "No number of updates by which reads were old explains it.",
            Self::Versions(Bound::Unknown) => {
                "By how many updates reads were old was not decided within the limits."
            }
            Self::Age(Bound::AtMost(age_ns)) => {
                return format!("Reads were never older than {}.", gap(*age_ns));
            }
            Self::Age(Bound::None) => "No time by which reads were old explains it.",
            Self::Age(Bound::Unknown) => "By how much time reads were old was not decided within the limits.",
        };
        said.to_owned()
    }
}

/// What is still kept, and by how much of the history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Still {
    /// Each promise.
    pub promises: Vec<StillHolds>,
    /// How many calls around the contradiction it is said of, while all others may have happened at any time or never; nothing
    /// where it is said of all. What is broken is broken by all in any case.
    pub of: Option<usize>,
}

/// Of so many calls up to the end of the contradiction each promise is asked before the whole: what few of them break is
/// broken, and found soon.
const FEW: [usize; 3] = [0, 30, 200];
/// But only where the whole has so many times as many calls.
const FEW_SHARE: usize = 4;
/// By how many updates reads of a part were old is asked no longer than this: with many clients that is rarely decided.
const VERSIONS_OF_A_PART: Duration = Duration::from_millis(20);

/// Everything that can be said of one object whose calls have no legal order, those of `core` for one, which are named by
/// their numbers. Where it has no reads that were answered, nothing can be old, and only orders are spoken of.
pub fn still_holds<O: Object>(
    object: &O,
    history: &History,
    calls: &[CallOf<O>],
    core: &[u32],
    budget: &Budget,
) -> Still {
    let part = around(object, calls, core);
    let of = part.as_ref().map(|part| part.kept);
    let calls = part.map_or(Cow::Borrowed(calls), |part| Cow::Owned(part.calls));
    let mut known = Known::nothing();
    let mut least = None;
    for few in FEW.into_iter().filter(|few| few * FEW_SHARE < calls.len()) {
        if let Some(part) = around::cut(object, &calls, core, few) {
            let part = View::of(object, history, &part.calls);
            known.learn(&part, budget);
            least.get_or_insert(part);
        }
    }
    let whole = View::of(object, history, &calls);
    known.learn(&whole, budget);
    // Where no age explains it nothing has to be counted.
    if let Some(least) = least {
        known.count_versions(&least, budget);
    }
    match of {
        Some(_) => known.count_versions(&whole, &budget.at_most(VERSIONS_OF_A_PART)),
        None => known.count_versions(&whole, budget),
    }
    Still {
        promises: known.promises(),
        of,
    }
}

/// Calls of which it is asked what they keep.
struct View<'a, O: Object> {
    object: &'a O,
    calls: Vec<CallOf<O>>,
    /// Who asked each.
    processes: Vec<u32>,
    /// When each began and ended.
    times: Vec<(u64, u64)>,
}

impl<'a, O: Object> View<'a, O> {
    fn of(object: &'a O, history: &History, calls: &[CallOf<O>]) -> Self {
        let calls = without_needless(object, calls);
        // What was weakened began before all others, and waits for nobody: each is a client of its own.
        let is_weak = |call: &CallOf<O>| !call.is_required() && call.invoke == 0;
        let mut nobody = (0..u32::MAX).rev();
        let processes = calls.iter().map(|call| match is_weak(call) {
            true => nobody.next().unwrap_or(u32::MAX),
            false => history.operations[call.number as usize].process,
        });
        let processes = processes.collect();
        let times = calls.iter().map(|call| {
            let operation = &history.operations[call.number as usize];
            let begin = if is_weak(call) { 0 } else { operation.start_ns };
            (begin, operation.end_ns)
        });
        View {
            object,
            processes,
            times: times.collect(),
            calls,
        }
    }
}

/// What is known of the whole. What a part breaks the whole breaks, and its reads are at least as old as those of a part.
struct Known {
    has_reads: bool,
    regular: Answer,
    ordered: Answer,
    sequential: Answer,
    age: Bound<u64>,
    age_min_ns: u64,
    versions: Bound<u32>,
    versions_min: u32,
}

impl Known {
    fn nothing() -> Known {
        Known {
            has_reads: false,
            regular: Answer::Unknown,
            ordered: Answer::Unknown,
            sequential: Answer::Unknown,
            age: Bound::Unknown,
            age_min_ns: 0,
            versions: Bound::Unknown,
            versions_min: 1,
        }
    }

    /// Asks a part, a larger one each time, and the whole last. What is mostly decided soon goes first, for all have one budget.
    fn learn<O: Object>(&mut self, part: &View<'_, O>, budget: &Budget) {
        let View {
            object,
            calls,
            processes,
            times,
        } = part;
        self.has_reads = calls.iter().any(|call| is_read(*object, call));
        if self.has_reads {
            if self.age != Bound::None {
                self.age = age(*object, calls, times, self.age_min_ns, budget);
            }
            if let Bound::AtMost(age_ns) = self.age {
                self.age_min_ns = age_ns;
            }
            if self.regular != Answer::Broken {
                self.regular = regular(*object, calls, budget);
            }
        }
        // The order of updates leaves much less to try. Whoever keeps it is sequentially consistent; whoever is not, does not keep it.
        let by_client = |keeps| in_order_of_clients(*object, calls, processes, keeps, budget);
        if self.ordered != Answer::Broken {
            self.ordered = by_client(Keeps::ClientsAndUpdates);
        }
        if self.sequential != Answer::Broken {
            self.sequential = match self.ordered {
                Answer::Holds => Answer::Holds,
                Answer::Broken | Answer::Unknown => by_client(Keeps::Clients),
            };
        }
        if self.sequential == Answer::Broken {
            self.ordered = Answer::Broken;
        }
    }

    /// Asks by how many updates reads were old. That leaves the most to try, so it goes last.
    fn count_versions<O: Object>(&mut self, part: &View<'_, O>, budget: &Budget) {
        // Reads of any age are reads of any number of updates back.
        self.versions = match self.age {
            Bound::None => Bound::None,
            _ => versions(part.object, &part.calls, &mut self.versions_min, budget),
        };
    }

    fn promises(self) -> Vec<StillHolds> {
        let mut all = vec![
            StillHolds::Sequential(self.sequential),
            StillHolds::OrderedSequential(self.ordered),
        ];
        if self.has_reads {
            all.push(StillHolds::Regular(self.regular));
            all.push(StillHolds::Versions(self.versions));
            all.push(StillHolds::Age(self.age));
        }
        all
    }
}

/// Whether a call is a read whose answer is known.
fn is_read<O: Object>(object: &O, call: &CallOf<O>) -> bool {
    call.output.is_some() && crate::object::is_pure(object, call)
}

/// The calls but for those of unknown outcome that cannot matter: reads, and updates that nobody can have seen.
fn without_needless<O: Object>(object: &O, calls: &[CallOf<O>]) -> Vec<CallOf<O>> {
    let core: Vec<&CallOf<O>> = calls.iter().filter(|call| call.is_required()).collect();
    let (places, free): (Vec<usize>, Vec<&CallOf<O>>) = calls
        .iter()
        .enumerate()
        .filter(|(_, call)| !call.is_required() && !crate::object::is_pure(object, call))
        .unzip();
    let matter: Vec<usize> = object
        .relevant(&core, &free)
        .into_iter()
        .map(|place| places[place])
        .collect();
    let kept = calls
        .iter()
        .enumerate()
        .filter(|(place, call)| call.is_required() || matter.binary_search(place).is_ok());
    kept.map(|(_, call)| call.clone()).collect()
}

#[cfg(test)]
mod tests;
