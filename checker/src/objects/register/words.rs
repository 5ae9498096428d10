//! Contradictions of a register in words: which kind it is, and why one call must come before another.

use super::{Asked, Register, Told};
use crate::proof::explain::Telling;
use crate::proof::wording::{gap, value};
use crate::{CallOf, Label};
use history::timeline::phases;
use history::{Operation, Outcome, Phase, Value};

/// Of more calls no single kind of contradiction can be said to be theirs.
const FEW: usize = 12;

/// The value that a call found in the register.
fn found(call: &CallOf<Register>) -> Option<Value> {
    match (call.input, call.output) {
        (Asked::Read, Some(Told::Value(value))) => Some(value),
        (Asked::Cas(old, _), Some(Told::Done)) => Some(old),
        _ => None,
    }
}

/// The value that a call left there, if it took effect.
fn left(call: &CallOf<Register>) -> Option<Value> {
    match (call.input, call.output) {
        (Asked::Write(value), _) => Some(value),
        (Asked::Cas(_, new), output) if output != Some(Told::Refused) => Some(new),
        _ => None,
    }
}

/// The kind of a contradiction.
pub fn tell(register: &Register, name: &str, core: &[&CallOf<Register>]) -> Telling {
    let words = Words { register, name };
    if core.len() > FEW {
        return Telling::general(name, core.len());
    }
    words
        .unwritten(core)
        .or_else(|| words.two_winners(core))
        .or_else(|| words.denied(core))
        .or_else(|| words.going_back(core))
        .or_else(|| words.stale(core))
        .unwrap_or_else(|| Telling::general(name, core.len()))
}

/// Why `then` cannot come before `must_be_first`.
pub fn why(
    register: &Register,
    core: &[&CallOf<Register>],
    must_be_first: usize,
    then: usize,
) -> Option<String> {
    let show = |it: Value| value(&register.values, it);
    let (first, second) = (core[must_be_first], core[then]);
    let (a, b) = (Label::of(must_be_first), Label::of(then));
    let was = |call: &CallOf<Register>, it: Value| match call.input {
        Asked::Read => format!("was told {}", show(it)),
        _ => format!("replaced {}", show(it)),
    };
    match (found(first), left(first), found(second), left(second)) {
        (_, Some(new), Some(it), _) if new == it => {
            Some(format!("{b} {}, which {a} put there.", was(second, it)))
        }
        (Some(it), _, _, Some(new)) if new != it => Some(format!(
            "{a} {}, and {b} put {} in its place.",
            was(first, it),
            show(new)
        )),
        (Some(it), _, Some(other), _) if it != other => Some(format!(
            "{a} {}, and once {b} {} it was gone.",
            was(first, it),
            was(second, other)
        )),
        (_, Some(_), _, Some(new)) => {
            let sees = |place: &usize| found(core[*place]) == Some(new);
            let reader = (0..core.len()).find(sees)?;
            let c = Label::of(reader);
            Some(format!(
                "{c} {}, which {b} put there; what {a} put there was gone.",
                was(core[reader], new)
            ))
        }
        _ => None,
    }
}

struct Words<'a> {
    register: &'a Register<'a>,
    name: &'a str,
}

impl Words<'_> {
    fn show(&self, it: Value) -> String {
        value(&self.register.values, it)
    }

    fn operation(&self, call: &CallOf<Register>) -> &Operation {
        &self.register.history.operations[call.number as usize]
    }

    fn client(&self, call: &CallOf<Register>) -> u64 {
        self.register.history.client(self.operation(call))
    }

    /// Everything that was asked of the same register.
    fn all(&self, call: &CallOf<Register>) -> impl Iterator<Item = &Operation> {
        let key = self.operation(call).key;
        let operations = self.register.history.operations.iter();
        operations.filter(move |operation| operation.key == key)
    }

    fn leaves(&self, operation: &Operation, it: Value) -> bool {
        self.register
            .asked(operation)
            .is_some_and(|asked| matches!(asked, Asked::Write(new) | Asked::Cas(_, new) if new == it))
    }

    /// "Client 7 read 9 from x"
    fn saw(&self, call: &CallOf<Register>, it: Value) -> String {
        let (client, shown, name) = (self.client(call), self.show(it), self.name);
        match call.input {
            Asked::Read => format!("Client {client} read {shown} from {name}"),
            _ => format!("Client {client} replaced {shown} in {name}"),
        }
    }

    /// A value that nobody had written.
    fn unwritten(&self, core: &[&CallOf<Register>]) -> Option<Telling> {
        let [reader] = core else { return None };
        let it = found(reader).filter(|it| !it.is_null())?;
        let wrote = |operation: &&Operation| self.leaves(operation, it);
        let began = |operation: &&Operation| operation.outcome != Outcome::Fail && wrote(operation);
        if let Some(first) = self.all(reader).find(began) {
            let waited = first.start_ns.saturating_sub(self.operation(reader).end_ns);
            return Some(Telling {
                code: "register.read-from-nowhere",
                sentence: format!(
                    "{}, and nobody began to write {} until {} later.",
                    self.saw(reader, it),
                    self.show(it),
                    gap(waited)
                ),
                rule: "A value has to be written before it can be seen.".to_owned(),
            });
        }
        if self
            .all(reader)
            .any(|operation| operation.outcome == Outcome::Fail && wrote(&operation))
        {
            let by = self.client(reader);
            return Some(Telling {
                code: "register.aborted-effect",
                sentence: format!(
                    "A write that was reported as failed ({}) was read by client {by}.",
                    self.show(it)
                ),
                rule: "What is reported as failed must never take effect.".to_owned(),
            });
        }
        Some(Telling {
            code: "register.read-from-nowhere",
            sentence: format!(
                "{}, and nobody had written {}.",
                self.saw(reader, it),
                self.show(it)
            ),
            rule: "A value has to be written before it can be seen.".to_owned(),
        })
    }

    /// Two compare-and-sets of the same value.
    fn two_winners(&self, core: &[&CallOf<Register>]) -> Option<Telling> {
        let replaced = |call: &&CallOf<Register>| match call.input {
            Asked::Cas(old, _) => (call.output == Some(Told::Done)).then_some(old),
            _ => None,
        };
        let olds: Vec<Value> = core.iter().map(replaced).collect::<Option<_>>()?;
        let (first, others) = olds.split_first()?;
        if others.is_empty() || others.iter().any(|other| other != first) {
            return None;
        }
        let count = match olds.len() {
            2 => "Two compare-and-sets both".to_owned(),
            more => format!("All of {more} compare-and-sets"),
        };
        Some(Telling {
            code: "register.two-winners",
            sentence: format!("{count} replaced {} in {}.", self.show(*first), self.name),
            rule: "What was replaced is gone until somebody writes it again.".to_owned(),
        })
    }

    /// A compare-and-set that should have found its value.
    fn denied(&self, core: &[&CallOf<Register>]) -> Option<Telling> {
        let refused = |call: &&&CallOf<Register>| call.output == Some(Told::Refused);
        let denial = core.iter().find(refused)?;
        let Asked::Cas(old, _) = denial.input else {
            return None;
        };
        Some(Telling {
            code: "register.refused-wrongly",
            sentence: format!(
                "Client {} compared {} with {} in vain, though it was there all the while.",
                self.client(denial),
                self.name,
                self.show(old)
            ),
            rule: "A compare-and-set fails only when another value is there.".to_owned(),
        })
    }

    /// A value was seen, then another, then the first again.
    fn going_back(&self, core: &[&CallOf<Register>]) -> Option<Telling> {
        let last = core
            .iter()
            .filter(|call| found(call).is_some())
            .max_by_key(|call| call.invoke)?;
        let old = found(last)?;
        let between = |call: &&&CallOf<Register>| {
            call.precedes(last) && call.input == Asked::Read && found(call).is_some_and(|it| it != old)
        };
        let newer = core.iter().filter(between).max_by_key(|call| call.invoke)?;
        let it = found(newer)?;
        let is_early = |call: &&CallOf<Register>| {
            (found(call) == Some(old) || left(call) == Some(old)) && call.invoke < newer.invoke
        };
        if !old.is_null() && !core.iter().any(is_early) {
            return None;
        }
        let rule = "A value that was replaced comes back only when it is written again.".to_owned();
        Some(Telling {
            code: "register.going-back",
            sentence: match old.is_null() {
                true => format!(
                    "{} was read as {}, and then as null again.",
                    self.name,
                    self.show(it)
                ),
                false => format!(
                    "{} was read as {}, then as {old} again, with no write of {old} in between.",
                    self.name,
                    self.show(it),
                    old = self.show(old)
                ),
            },
            rule,
        })
    }

    /// Whether what nobody has seen can be said to be lost: somebody looked when everything was mended. Of a run that was stopped
    /// at a stale read nobody knows. A history without phases is all that there is.
    fn was_read_in_the_end(&self, call: &CallOf<Register>) -> bool {
        let phases = phases(self.register.history);
        let mut last = phases.iter().filter(|(phase, ..)| *phase == Phase::Final);
        let told = |it: &Operation| it.outcome == Outcome::Ok && self.register.asked(it) == Some(Asked::Read);
        phases.is_empty()
            || last.any(|(_, start_ns, _)| self.all(call).any(|it| told(it) && it.start_ns >= *start_ns))
    }

    /// A read after a write had finished that does not know of it.
    fn stale(&self, core: &[&CallOf<Register>]) -> Option<Telling> {
        let reader = core
            .iter()
            .filter(|call| found(call).is_some())
            .max_by_key(|call| call.invoke)?;
        let old = found(reader)?;
        let newer =
            |call: &&&CallOf<Register>| call.precedes(reader) && left(call).is_some_and(|it| it != old);
        let write = core.iter().filter(newer).max_by_key(|call| call.invoke)?;
        let it = left(write)?;
        let sees = |operation: &Operation| {
            operation.outcome == Outcome::Ok
                && match self.register.asked(operation) {
                    Some(Asked::Read) => operation.output == it,
                    Some(Asked::Cas(old, _)) => old == it,
                    Some(Asked::Write(_)) | None => false,
                }
        };
        let (shown, name) = (self.show(it), self.name);
        if !self.all(reader).any(sees) && self.was_read_in_the_end(reader) {
            return Some(Telling {
                code: "register.lost-write",
                sentence: match write.input {
                    Asked::Write(_) => {
                        format!("The write of {shown} to {name} was acknowledged, and no later read saw it.")
                    }
                    _ => format!(
                        "{name} was set to {shown}, which was acknowledged, and no later read saw it."
                    ),
                },
                rule: "Once a write has finished, every read that begins sees it or what came after."
                    .to_owned(),
            });
        }
        let waited = self
            .operation(reader)
            .start_ns
            .saturating_sub(self.operation(write).end_ns);
        Some(Telling {
            code: "register.stale-read",
            sentence: format!(
                "{} {} after the {} {shown} had finished.",
                self.saw(reader, old),
                gap(waited),
                match write.input {
                    Asked::Write(_) => "write of",
                    _ => "change to",
                }
            ),
            rule: "Once a write has finished, every read that begins sees it or what came after.".to_owned(),
        })
    }
}
