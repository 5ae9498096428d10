//! Verdicts while a history is read or written, in memory that does not grow with it.
//!
//! A decree is decided by what is known of it when its value is answered for the first time: which value that is, and
//! who may have proposed it. What comes later is compared with that and forgotten. So whoever follows decrees keeps the
//! operations under way, which [`history::follow_file`] does, and some words for each object. A contradiction is seen at the event that
//! completes it; its proof is then found by [`crate::check`], which needs the operations.
//!
//! ```
//! use checker::online::Decrees;
//! # use std::io::Write;
//! # let mut file = tempfile::NamedTempFile::new()?;
//! # writeln!(file, r#"{{"process":0,"type":"invoke","f":"propose","key":1,"value":17}}"#)?;
//! # writeln!(file, r#"{{"process":0,"type":"ok","f":"propose","key":1,"value":17}}"#)?;
//! # writeln!(file, r#"{{"process":0,"type":"invoke","f":"read","key":1}}"#)?;
//! # writeln!(file, r#"{{"process":0,"type":"ok","f":"read","key":1,"value":null}}"#)?;
//! let mut decrees = Decrees::default();
//! history::follow_file(file.path(), &mut decrees)?;
//! let seen = decrees.broken().expect("an answer of null after a value was chosen");
//! assert_eq!((seen.key, seen.event), (0, 3));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::objects::decree::{self, Asked};
use crate::proof::wording::{list, plain};
use crate::{CheckError, Model};
use history::{Follow, History, Operation, Outcome, Value};
use rustc_hash::FxHashMap;
use std::ops::ControlFlow;

/// What a function of a history asks of a decree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Propose,
    Read,
}

/// Follows any number of decrees.
#[derive(Debug, Default)]
pub struct Decrees {
    /// By their places in `History::keys`.
    decrees: Vec<Decree>,
    /// By their places in `History::functions`.
    functions: Vec<Function>,
    counts: Counts,
    broken: Option<Broken>,
    error: Option<CheckError>,
}

/// Operations by their outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All that began.
    pub invoked: u64,
    /// Answered.
    pub ok: u64,
    /// Certainly without effect.
    pub failed: u64,
}

/// A decree that has no legal order any more, whatever follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The object, as a place in `History::keys`.
    pub key: u32,
    /// The event that it became certain at, as its number in the history.
    pub event: u32,
}

/// What has to be remembered of one decree.
#[derive(Debug)]
enum Decree {
    /// Nobody was told a value yet. Proposals that may still fix it, by value.
    Open(FxHashMap<Value, Proposals>),
    /// The value, and when it was answered for the first time.
    Decided {
        value: Value,
        at: u32,
        proposals: Proposals,
    },
}

/// Proposals of one value that began before it was answered.
#[derive(Clone, Copy, Debug, Default)]
struct Proposals {
    /// So many are under way, of which each may still turn out to have failed.
    under_way: u32,
    /// Another one did not fail.
    stands: bool,
}

impl Decrees {
    /// The first decree that was seen to be broken. It ends the following.
    pub fn broken(&self) -> Option<Broken> {
        self.broken
    }

    /// How many operations there were.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// How many decrees there were.
    pub fn decrees(&self) -> usize {
        self.decrees.len()
    }

    /// What is wrong with the history, where it is not about decrees. It ends the following.
    ///
    /// # Errors
    /// That.
    pub fn understood(&self) -> Result<(), CheckError> {
        self.error.clone().map_or(Ok(()), Err)
    }

    fn asked(&mut self, names: &History, operation: &Operation) -> Result<Asked, CheckError> {
        let place = operation.f as usize;
        while self.functions.len() <= place {
            let name = &names.functions[self.functions.len()];
            self.functions.push(match name.as_str() {
                "propose" => Function::Propose,
                "read" => Function::Read,
                _ => {
                    return Err(CheckError::UnknownFunction {
                        model: Model::Decree.name(),
                        f: plain(name),
                        known: list(&["propose", "read"]),
                    });
                }
            });
        }
        match self.functions[place] {
            Function::Read => Ok(Asked::Read),
            Function::Propose if operation.input.is_null() => Err(CheckError::Malformed {
                event: operation.invoke,
                problem: decree::NULL_PROPOSED,
            }),
            Function::Propose => Ok(Asked::Propose(operation.input)),
        }
    }

    fn decree(&mut self, key: u32) -> &mut Decree {
        let place = key as usize;
        while self.decrees.len() <= place {
            self.decrees.push(Decree::Open(FxHashMap::default()));
        }
        &mut self.decrees[place]
    }

    /// Goes on while nothing is wrong.
    fn flow(&mut self, told: Result<bool, CheckError>, key: u32, event: u32) -> ControlFlow<()> {
        match told {
            Ok(true) => return ControlFlow::Continue(()),
            Ok(false) => self.broken = Some(Broken { key, event }),
            Err(error) => self.error = Some(error),
        }
        ControlFlow::Break(())
    }
}

impl Follow for Decrees {
    fn invoked(&mut self, names: &History, operation: &Operation) -> ControlFlow<()> {
        self.counts.invoked += 1;
        let asked = self.asked(names, operation);
        let told = asked.map(|asked| {
            if let (Asked::Propose(value), Decree::Open(proposals)) = (asked, self.decree(operation.key)) {
                proposals.entry(value).or_default().under_way += 1;
            }
            true
        });
        self.flow(told, operation.key, operation.invoke)
    }

    fn completed(&mut self, names: &History, operation: &Operation) -> ControlFlow<()> {
        match operation.outcome {
            Outcome::Ok => self.counts.ok += 1,
            Outcome::Fail => self.counts.failed += 1,
            Outcome::Info => {}
        }
        let asked = self.asked(names, operation);
        let told = asked.map(|asked| {
            let decree = self.decree(operation.key);
            decree.settle(asked, operation);
            operation.outcome != Outcome::Ok || decree.told(asked, operation)
        });
        let told = told.map(|fits| fits && self.decree(operation.key).may_have_been_proposed());
        self.flow(told, operation.key, operation.complete)
    }
}

impl Decree {
    /// A proposal is not under way any more: it stands, or it failed.
    fn settle(&mut self, asked: Asked, operation: &Operation) {
        let Asked::Propose(proposed) = asked else {
            return;
        };
        let proposals = match self {
            Decree::Open(proposals) => proposals.get_mut(&proposed),
            Decree::Decided { value, at, proposals } => {
                (*value == proposed && operation.invoke < *at).then_some(proposals)
            }
        };
        let Some(one) = proposals else { return };
        one.under_way -= 1;
        one.stands |= operation.outcome != Outcome::Fail;
        if one.under_way == 0
            && !one.stands
            && let Decree::Open(proposals) = self
        {
            proposals.remove(&proposed);
        }
    }

    /// Whether an answer fits, by the steps of the object alone: null is told before the value was fixed, which was after the
    /// operation had begun and before anybody was told the value; everything else after that.
    fn told(&mut self, asked: Asked, operation: &Operation) -> bool {
        let told = operation.output;
        let state = match self {
            _ if told.is_null() => Value::NULL,
            Decree::Decided { value, .. } => *value,
            Decree::Open(proposals) => {
                let proposals = proposals.get(&told).copied().unwrap_or_default();
                *self = Decree::Decided {
                    value: told,
                    at: operation.complete,
                    proposals,
                };
                told
            }
        };
        let began_before = match self {
            Decree::Decided { at, .. } => operation.invoke < *at,
            Decree::Open(_) => true,
        };
        (began_before || !told.is_null()) && decree::step(&state, &asked, Some(&told)).is_some()
    }

    /// Whether somebody may have proposed the value in time.
    fn may_have_been_proposed(&self) -> bool {
        match self {
            Decree::Open(_) => true,
            Decree::Decided { proposals, .. } => proposals.stands || proposals.under_way > 0,
        }
    }
}

#[cfg(test)]
mod tests;
