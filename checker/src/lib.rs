//! Is this history legal? A verdict, and a proof of it either way.
//!
//! [`check`] takes a [`history::History`] and a sequential object and says whether some order of the
//! operations, compatible with real time, gives every client the answer that it got (linearizability:
//! Herlihy and Wing, 1990). *Valid* comes with such an order ([`witness`]), *invalid* with a counterexample
//! of the few operations that contradict each other ([`Violation`]). Either is verified again by a second,
//! tiny, independent checker ([`proof::verify`]) before anyone is told. No async, no I/O, and no clock but for the
//! time that was needed and the limit on it.
//!
//! An object of your own is an [`Object`]; [`judge`] checks what its clients did, and [`explain`] says what is wrong.
//!
//! Read next: [`analysis`] for what comes out, [`object`] for what an object has to say, `objects` for those that
//! are known, [`search`] for the search that serves all of them, [`proof`] for counterexamples.

mod algorithms;
pub mod analysis;
pub mod budget;
pub mod call;
#[cfg(test)]
mod cell;
pub mod census;
pub mod course;
pub mod eventual;
mod label;
mod model;
pub mod object;
mod objects;
pub mod online;
pub mod proof;
pub mod search;
mod theory;
pub mod watch;
pub mod weaker;

pub use algorithms::Algorithm;
pub use analysis::*;
pub use budget::{Budget, Limit, Limits, ShrinkBudget};
pub use call::{Call, CallOf, Calls};
pub use course::Moment;
pub use label::Label;
pub use model::Model;
pub use object::Object;
pub use proof::explain::Telling;
pub use search::{Judgement, Stuck};
pub use watch::{Standing, Watch};

use algorithms::Algorithms;
use history::{Event, History};
use model::with_theory;
use rayon::prelude::*;
use std::time::{Duration, Instant};
use theory::{Part, Theory};

/// How to check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Hard limits.
    pub limits: Limits,
    /// How long counterexamples are made smaller.
    pub shrink: ShrinkBudget,
    /// Which algorithm decides. What makes counterexamples smaller takes the best one in any case.
    pub algorithm: Algorithm,
    /// Whether a compare-and-set, an acquire or a release that failed also says that it compared in vain. Otherwise
    /// what failed is left out, as Jepsen does.
    pub strict_fail: bool,
}

/// Why there is no verdict.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// The history is about another kind of object.
    #[error("check against `{model}`: it has no operation `{f}`; its operations are {known}")]
    UnknownFunction {
        /// The object.
        model: &'static str,
        /// The operation that it does not have.
        f: String,
        /// Those that it has.
        known: String,
    },
    /// An operation that no client may ask for.
    #[error("check event {event}: {problem}")]
    Malformed {
        /// The number of the operation's invocation among the file's events, from 0.
        event: u32,
        /// What is wrong.
        problem: &'static str,
    },
    /// The independent checker does not agree with the algorithm: a defect of ours, and never a verdict.
    #[error("verify the verdict on key {key}: {problem}; this is a defect of the checker, please report it")]
    Disagreement {
        /// The object.
        key: String,
        /// What the independent checker says.
        problem: String,
    },
}

/// The operations of a history by key, each key's in the order of their invocations.
struct ByKey {
    operations: Vec<u32>,
    starts: Vec<u32>,
}

impl ByKey {
    fn of(history: &History) -> ByKey {
        let mut starts = vec![0u32; history.keys.len() + 1];
        for operation in &history.operations {
            starts[operation.key as usize + 1] += 1;
        }
        for key in 1..starts.len() {
            starts[key] += starts[key - 1];
        }
        let mut next = starts.clone();
        let mut operations = vec![0u32; history.operations.len()];
        for (number, operation) in history.operations.iter().enumerate() {
            let place = &mut next[operation.key as usize];
            operations[*place as usize] = number as u32;
            *place += 1;
        }
        ByKey { operations, starts }
    }

    fn get(&self, key: u32) -> &[u32] {
        &self.operations[self.starts[key as usize] as usize..self.starts[key as usize + 1] as usize]
    }
}

/// Checks a history against a sequential object, every key on its own and keys in parallel, without limits.
///
/// # Errors
/// See [`CheckError`].
pub fn check(history: &History, model: Model) -> Result<Analysis, CheckError> {
    check_with(history, model, &Options::default())
}

/// Checks a history against a sequential object as [`check`] does, within limits.
///
/// # Errors
/// See [`CheckError`].
pub fn check_with(history: &History, model: Model, options: &Options) -> Result<Analysis, CheckError> {
    check_watched(history, model, options, &Watch::default())
}

/// The same where somebody waits for it, and watches.
///
/// # Errors
/// See [`CheckError`].
pub fn check_watched(
    history: &History,
    model: Model,
    options: &Options,
    watch: &Watch,
) -> Result<Analysis, CheckError> {
    if !model.is_eventual() {
        return with_theory!(model, history, options, theory => analyse(history, model, &theory, options, watch));
    }
    if model == Model::EventualCounter {
        with_theory!(model, history, options, theory => {
            let numbers: Vec<u32> = (0..history.operations.len() as u32).collect();
            theory::calls(&theory, history, &numbers)?;
        });
        return Ok(eventual::count(history, options));
    }
    let (weak, object) = eventual::weakened(history, model);
    let mut analysis = check_watched(&weak, object, options, watch)?;
    analysis.model = model;
    // What became of the elements is seen by all reads, and what still holds of a promise that was never made says nothing.
    analysis.census = with_theory!(object, history, options, theory => theory.census());
    eventual::say(history, &mut analysis.violations);
    Ok(analysis)
}

/// The objects that a history can be about, by its operations: those that have all of its functions, and whose arguments
/// and answers these are.
pub fn fitting(history: &History) -> Vec<Model> {
    let fits = |model: Model| -> Result<bool, CheckError> {
        with_theory!(model, history, &Options::default(), theory => {
            Ok(history.operations.iter().all(|operation| theory.call(operation).is_ok()))
        })
    };
    // Whoever promises less says so.
    let all = Model::ALL.into_iter().filter(|model| !model.is_eventual());
    all.filter(|model| fits(*model).unwrap_or(false)).collect()
}

/// A legal order of one key's operations, as their numbers; operations without effect are left out. `None`
/// when there is none.
///
/// # Errors
/// See [`CheckError`].
pub fn witness(history: &History, model: Model, key: u32) -> Result<Option<Vec<u32>>, CheckError> {
    let (history, model) = eventual::weakened(history, model);
    let history = &*history;
    let budget = Budget::of(&Limits::default());
    let numbers = 0..history.operations.len() as u32;
    let of_key: Vec<u32> = numbers
        .filter(|number| history.operations[*number as usize].key == key)
        .collect();
    with_theory!(model, history, &Options::default(), theory => legal_order(&theory, history, &of_key, &budget))
}

/// A legal order of every key that has one, in the order of keys.
///
/// # Errors
/// See [`CheckError`].
pub fn witnesses(history: &History, model: Model) -> Result<Vec<(u32, Vec<u32>)>, CheckError> {
    let (history, model) = eventual::weakened(history, model);
    let history = &*history;
    let budget = Budget::of(&Limits::default());
    let by_key = ByKey::of(history);
    with_theory!(model, history, &Options::default(), theory => {
        let keys = 0..history.keys.len() as u32;
        let order = |key| legal_order(&theory, history, by_key.get(key), &budget).map(|order| Some((key, order?)));
        keys.filter_map(|key| order(key).transpose()).collect()
    })
}

/// A violation as a small history of its own, which any checker can be asked about: the core as it was, and
/// every other update of its object as one of unknown outcome that began before everything else. The options are those
/// that the violation was found with.
///
/// # Errors
/// See [`CheckError`].
pub fn counterexample_events(
    history: &History,
    model: Model,
    options: &Options,
    violation: &Violation,
) -> Result<Vec<Event>, CheckError> {
    let (history, model) = eventual::weakened(history, model);
    let history = &*history;
    with_theory!(model, history, options, theory => {
        let numbers = 0..history.operations.len() as u32;
        let of_key: Vec<u32> = numbers
            .filter(|number| history.operations[*number as usize].key == violation.key)
            .collect();
        let calls = theory::calls(&theory, history, &of_key)?;
        // What says something about the object without being a call of it.
        let mut said = of_key;
        said.retain(|number| {
            let operation = &history.operations[*number as usize];
            operation.outcome == history::Outcome::Ok && matches!(theory.call(operation), Ok(None))
        });
        let is_member = |call: &u32| violation.core.iter().any(|member| member.operation == *call);
        let places = (0..calls.len() as u32).filter(|place| is_member(&calls[*place as usize].number));
        let free = proof::shrink::free(&theory, &calls, &places.collect::<Vec<u32>>());
        let free: Vec<u32> = free.into_iter().map(|call| call.number).collect();
        Ok(proof::counterexample::events(history, violation, &said, &free, |operation| {
            theory.argument(operation)
        }))
    })
}

/// Whether the calls of one object, in the order of their invocations, have a legal order.
pub fn judge<O: Object>(object: &O, calls: &Calls<O::Input, O::Output>, limits: &Limits) -> Judgement {
    object.search(calls.as_slice(), &Budget::of(limits))
}

/// Why the calls of one object have no legal order; `None` when they have one, or a limit was reached.
pub fn explain<O: Object>(
    object: &O,
    calls: &Calls<O::Input, O::Output>,
    limits: &Limits,
) -> Option<Violation> {
    let budget = Budget::of(limits);
    let Judgement::Illegal { suspects } = object.search(calls.as_slice(), &budget) else {
        return None;
    };
    let setting = proof::wording::Setting {
        history: None,
        key: 0,
        name: "the object".to_owned(),
    };
    proof::explain::explain(object, &setting, calls.as_slice(), &suspects, &budget).ok()
}

/// What one key's judgement comes to.
enum Sentence<O: Object> {
    Valid,
    Invalid {
        key: u32,
        calls: Vec<CallOf<O>>,
        suspects: Vec<u32>,
    },
    Unknown(Undecided),
}

/// A thread takes at least so many operations, of one object or of several.
const OPERATIONS_TOGETHER: usize = 2_000;

fn analyse<'h, T: Theory<'h>>(
    history: &'h History,
    model: Model,
    theory: &T,
    options: &Options,
    watch: &Watch,
) -> Result<Analysis, CheckError> {
    let began = Instant::now();
    let budget = Budget::watched(&options.limits, watch);
    watch.begin(history.keys.len(), history.operations.len(), &options.limits);
    let by_key = ByKey::of(history);
    let keys = 0..history.keys.len() as u32;
    // Small objects are not worth handing over one by one.
    let each = history.operations.len() / history.keys.len().max(1);
    let together = (OPERATIONS_TOGETHER / each.max(1)).clamp(1, 64);
    let algorithms = Algorithms::default();
    let sentences: Vec<Sentence<T>> = keys
        .into_par_iter()
        .with_min_len(together)
        .map(|key| {
            let operations = by_key.get(key);
            let judged = || {
                let by = (options.algorithm, &algorithms);
                sentence(theory, history, key, operations, &budget, by)
            };
            watch.during(|| history.key_name(key), operations.len(), judged)
        })
        .filter(|sentence| !matches!(sentence, Ok(Sentence::Valid)))
        .collect::<Result<_, CheckError>>()?;
    let verdict_took = began.elapsed();
    let (mut violations, mut undecided) = (Vec::new(), Vec::new());
    let shrink = options.shrink.begin();
    for sentence in sentences {
        match sentence {
            Sentence::Valid => {}
            Sentence::Unknown(it) => undecided.push(it),
            Sentence::Invalid { key, calls, suspects } => {
                let part = Part {
                    history,
                    key,
                    operations: by_key.get(key),
                    calls,
                };
                // Its verdict stands; the words have a budget of their own.
                let budget = Budget::of(&options.limits).shrinking(shrink);
                let violation = theory.explain(&part, &suspects, &budget);
                let mut violation = violation.map_err(|problem| CheckError::Disagreement {
                    key: history.key_name(key),
                    problem,
                })?;
                if violations.len() < Analysis::WEAKER_MAX {
                    let core: Vec<u32> = violation.core.iter().map(|member| member.operation).collect();
                    let operations = history.operations.len();
                    let limits = weaker_limits(&options.limits, (part.calls.len(), operations), verdict_took);
                    let budget = Budget::of(&limits);
                    violation.still = theory.still_holds(&part, &core, &budget);
                }
                violations.push(violation);
            }
        }
    }
    let against_the_clock = |violation: &Violation| {
        violation
            .reasons
            .iter()
            .any(|reason| matches!(reason.kind, ReasonKind::RealTime { .. }))
    };
    violations.sort_by_key(|it| (it.core.len(), !against_the_clock(it), last_event(history, it)));
    let invalid_keys: Vec<u32> = violations.iter().map(|violation| violation.key).collect();
    violations.truncate(Analysis::VIOLATIONS_MAX);
    let total = history.keys.len();
    let (invalid, unknown) = (invalid_keys.len(), undecided.len());
    let largest = (0..total as u32)
        .map(|key| by_key.get(key).len())
        .max()
        .unwrap_or(0);
    Ok(Analysis {
        model,
        verdict: match (invalid, unknown) {
            (0, 0) => Verdict::Valid,
            (0, _) => Verdict::Unknown,
            _ => Verdict::Invalid,
        },
        keys: KeyCounts {
            total,
            valid: total - invalid - unknown,
            invalid,
            unknown,
        },
        violations,
        invalid_keys,
        undecided,
        census: theory.census(),
        stats: Stats {
            algorithm: algorithms.names(T::ALGORITHM),
            largest_key_ops: largest,
            peak_bytes: budget.peak_bytes(),
            states: budget.states(),
            took: began.elapsed(),
        },
        limits: options.limits,
    })
}

/// What is left of the limits for the weaker promises of one object: nobody waits for them. Mostly it is the memory that
/// ends them, which no other program of the machine disturbs. Where the history is long they take about as long as its verdict
/// did, but never less than it takes to ask the most of an object of this size, or of a part of it.
fn weaker_limits(limits: &Limits, (calls, operations): (usize, usize), verdict_took: Duration) -> Limits {
    const TIME: Duration = Duration::from_secs(2);
    const TIME_FOR_AN_OBJECT: Duration = Duration::from_millis(200);
    const TIME_FOR_A_PART: Duration = Duration::from_millis(50);
    const MEMORY_BYTES: usize = 32 << 20;
    let is_long = |count: usize| count > weaker::WHOLE_MAX;
    let most = match (is_long(calls), is_long(operations)) {
        (true, _) => verdict_took.clamp(TIME_FOR_A_PART, TIME),
        (false, true) => verdict_took.clamp(TIME_FOR_AN_OBJECT, TIME),
        (false, false) => TIME,
    };
    Limits {
        time: Some(limits.time.map_or(most, |time| time.min(most))),
        memory_bytes: Some(
            limits
                .memory_bytes
                .map_or(MEMORY_BYTES, |bytes| bytes.min(MEMORY_BYTES)),
        ),
    }
}

/// Judges one key, and has a legal order verified.
fn sentence<'h, T: Theory<'h>>(
    theory: &T,
    history: &'h History,
    key: u32,
    operations: &[u32],
    budget: &Budget,
    (by, algorithms): (Algorithm, &Algorithms),
) -> Result<Sentence<T>, CheckError> {
    let calls = theory::calls(theory, history, operations)?;
    let numbers = |places: Vec<u32>| places.into_iter().map(|place| calls[place as usize].number);
    let (algorithm, judgement) = match by {
        Algorithm::Best => theory.judge_by(&calls, budget),
        Algorithm::Search => search::judge(theory, &calls, budget),
    };
    algorithms.count(algorithm);
    match judgement {
        Judgement::Legal { order } => {
            proof::verify::linearization(theory, &calls, &order).map_err(|problem| {
                CheckError::Disagreement {
                    key: history.key_name(key),
                    problem,
                }
            })?;
            Ok(Sentence::Valid)
        }
        Judgement::Illegal { suspects } => Ok(Sentence::Invalid { key, calls, suspects }),
        Judgement::Unknown(stuck) => Ok(Sentence::Unknown(Undecided {
            key,
            limit: stuck.limit,
            placed: stuck.placed,
            of: stuck.of,
            event: stuck.event,
            width: stuck.width,
            course: stuck.course,
            suspects: numbers(stuck.open).collect(),
        })),
    }
}

/// A legal order of some operations, as their numbers.
fn legal_order<'h, T: Theory<'h>>(
    theory: &T,
    history: &'h History,
    operations: &[u32],
    budget: &Budget,
) -> Result<Option<Vec<u32>>, CheckError> {
    let calls = theory::calls(theory, history, operations)?;
    Ok(match theory.search(&calls, budget) {
        Judgement::Legal { order } => Some(
            order
                .into_iter()
                .map(|place| calls[place as usize].number)
                .collect(),
        ),
        Judgement::Illegal { .. } | Judgement::Unknown(_) => None,
    })
}

/// When the contradiction was complete: the last event of its core.
fn last_event(history: &History, violation: &Violation) -> u32 {
    let events = violation.core.iter().map(|member| {
        let operation = &history.operations[member.operation as usize];
        if operation.complete == history::NEVER {
            operation.invoke
        } else {
            operation.complete
        }
    });
    events.max().unwrap_or(0)
}
