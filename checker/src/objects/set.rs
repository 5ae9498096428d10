//! A set of elements: one by one (`add`, `remove`, `contains`), or read as a whole.
//!
//! Without reads of the whole, every element is an object of its own; with them they hang together, at the points of these
//! reads only. One scan decides both ([`scan`]), with thousands of unknown outcomes or none.
//!
//! An `add` or `remove` is answered `[v, true]` when it changed the set, `[v, false]` when it did not, and `v` or null when the
//! system does not say. A read answers with an array of all elements, in any order.
//!
//! Read next: `scan` for the algorithm, `around` for what is left of a thousand updates around a counterexample, `words`
//! for how it is told.

mod around;
mod members;
mod scan;
mod words;

use crate::census::{Census, Sight, Tally};
use crate::objects::elements::{Elements, array, split};
use crate::proof::explain::Telling;
use crate::theory::{Exchange, Theory};
use crate::{Budget, CallOf, CheckError, Judgement, Object, Options};
use history::{History, Operation, Outcome, Value};
use members::{Members, mix};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// The object.
#[derive(Debug)]
pub struct Set<'h> {
    history: &'h History,
    functions: Vec<Function>,
    elements: Elements,
    /// The element of an argument.
    arguments: FxHashMap<Value, u32>,
    /// What single elements were answered, by operation's answer: the element, and whether it changed, or is in.
    pairs: FxHashMap<Value, (u32, bool)>,
    /// The set of an answer to a read of the whole.
    wholes: FxHashMap<Value, u32>,
    shown: Vec<Shown>,
    /// By key, the elements that some read showed, and those whose `add` certainly had no effect, once at least.
    seen: FxHashSet<(u32, u32)>,
    failed: FxHashSet<(u32, u32)>,
}

/// A set that a read showed.
#[derive(Debug)]
pub(crate) struct Shown {
    /// Its elements in their order, each once.
    pub elements: Box<[u32]>,
    /// The same for all equal sets.
    print: u64,
    /// An element that the answer has twice.
    twice: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Add,
    Remove,
    Contains,
    Read,
}

/// What a set is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Asked {
    /// Put this in.
    Add(u32),
    /// Take this out.
    Remove(u32),
    /// Is this in?
    Contains(u32),
    /// What is in?
    Read,
    /// Put all of these in, by others: what `around` makes of them.
    AddAll(Arc<[u32]>),
    /// Take all of these out, by others.
    RemoveAll(Arc<[u32]>),
}

/// What a set answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Told {
    /// It changed the set, or is in; or not.
    Bool(bool),
    /// It is done.
    Done,
    /// All that is in.
    Whole(u32),
}

impl Object for Set<'_> {
    type Input = Asked;
    type Output = Told;
    type State = Members;

    fn initial(&self) -> Members {
        Members::default()
    }

    fn step(&self, members: &Members, input: &Asked, output: Option<&Told>) -> Option<Members> {
        let (next, answer) = match input {
            Asked::Add(element) => (members.with(*element), !members.has(*element)),
            Asked::Remove(element) => (members.without(*element), members.has(*element)),
            Asked::Contains(element) => (members.clone(), members.has(*element)),
            Asked::AddAll(all) => {
                return Some(all.iter().fold(members.clone(), |it, element| it.with(*element)));
            }
            Asked::RemoveAll(all) => {
                return Some(
                    all.iter()
                        .fold(members.clone(), |it, element| it.without(*element)),
                );
            }
            Asked::Read => {
                let Some(Told::Whole(whole)) = output else {
                    return Some(members.clone());
                };
                return members.is(&self.shown[*whole as usize]).then(|| members.clone());
            }
        };
        match output {
            Some(Told::Bool(told)) => (*told == answer).then_some(next),
            _ => Some(next),
        }
    }

    fn is_pure(&self, input: &Asked, output: Option<&Told>) -> bool {
        match input {
            Asked::Contains(_) | Asked::Read => true,
            Asked::Add(_) | Asked::Remove(_) => output == Some(&Told::Bool(false)),
            Asked::AddAll(_) | Asked::RemoveAll(_) => false,
        }
    }

    fn answer(&self, members: &Members, input: &Asked) -> Option<Told> {
        match input {
            Asked::Add(element) => Some(Told::Bool(!members.has(*element))),
            Asked::Remove(element) | Asked::Contains(element) => Some(Told::Bool(members.has(*element))),
            Asked::Read | Asked::AddAll(_) | Asked::RemoveAll(_) => None,
        }
    }

    fn search(&self, calls: &[CallOf<Self>], budget: &Budget) -> Judgement {
        scan::scan(self, calls, budget)
    }

    fn relevant(&self, core: &[&CallOf<Self>], free: &[&CallOf<Self>]) -> Vec<usize> {
        around::relevant(self, core, free)
    }

    fn around(&self, core: &[&CallOf<Self>], free: Vec<CallOf<Self>>) -> Vec<CallOf<Self>> {
        around::around(self, core, free)
    }

    fn show_input(&self, input: &Asked) -> String {
        let show = |element: &u32| self.elements.show(*element);
        match input {
            Asked::Add(element) => format!("add({})", show(element)),
            Asked::Remove(element) => format!("remove({})", show(element)),
            Asked::Contains(element) => format!("contains({})", show(element)),
            Asked::Read => "read".to_owned(),
            Asked::AddAll(all) => format!("add {}", self.elements.show_all(all, ['{', '}'])),
            Asked::RemoveAll(all) => format!("remove {}", self.elements.show_all(all, ['{', '}'])),
        }
    }

    fn show_state(&self, members: &Members) -> Option<String> {
        let mut all: Vec<u32> = members.iter().collect();
        all.sort_unstable();
        Some(self.elements.show_all(&all, ['{', '}']))
    }

    fn show_output(&self, output: &Told) -> String {
        match output {
            Told::Bool(told) => told.to_string(),
            Told::Done => "ok".to_owned(),
            Told::Whole(whole) => self
                .elements
                .show_all(&self.shown[*whole as usize].elements, ['{', '}']),
        }
    }

    fn tell(&self, name: &str, core: &[&CallOf<Self>]) -> Telling {
        self.telling(name, core)
    }

    fn why(&self, core: &[&CallOf<Self>], must_be_first: usize, then: usize) -> Option<String> {
        self.clause(core, must_be_first, then)
    }
}

impl<'h> Theory<'h> for Set<'h> {
    const ALGORITHM: &'static str = "set, one scan by element and read";
    const FUNCTIONS: &'static [&'static str] = &["add", "remove", "contains", "read"];

    fn of(history: &'h History, _: &Options) -> Result<Self, CheckError> {
        let functions = history.functions.iter().map(|f| match f.as_str() {
            "add" => Function::Add,
            "remove" => Function::Remove,
            "contains" => Function::Contains,
            _ => Function::Read,
        });
        let mut set = Set {
            history,
            functions: functions.collect(),
            elements: Elements::default(),
            arguments: FxHashMap::default(),
            pairs: FxHashMap::default(),
            wholes: FxHashMap::default(),
            shown: Vec::new(),
            seen: FxHashSet::default(),
            failed: FxHashSet::default(),
        };
        for operation in &history.operations {
            set.learn(operation).map_err(|problem| CheckError::Malformed {
                event: operation.invoke,
                problem,
            })?;
        }
        Ok(set)
    }

    fn call(&self, operation: &Operation) -> Result<Exchange<Self>, &'static str> {
        let f = self.functions[operation.f as usize];
        let element = || self.arguments[&operation.input];
        let input = match f {
            Function::Add => Asked::Add(element()),
            Function::Remove => Asked::Remove(element()),
            Function::Contains => Asked::Contains(element()),
            Function::Read => Asked::Read,
        };
        let told = match operation.outcome {
            Outcome::Fail => return Ok(None),
            Outcome::Info => None,
            Outcome::Ok if f == Function::Read => Some(Told::Whole(self.wholes[&operation.output])),
            Outcome::Ok if self.is_echo(operation) => Some(Told::Done),
            Outcome::Ok => Some(Told::Bool(self.pairs[&operation.output].1)),
        };
        Ok(Some((input, told)))
    }

    fn census(&self) -> Option<Census> {
        Some(self.count())
    }
}

impl Set<'_> {
    /// Whether an answer says no more than that it is done.
    fn is_echo(&self, operation: &Operation) -> bool {
        let asks = self.functions[operation.f as usize] == Function::Contains;
        !asks && (operation.output.is_null() || operation.output == operation.input)
    }

    fn count(&self) -> Census {
        let mut tally = Tally::of(self.history);
        for (operation, number) in self.history.operations.iter().zip(0u32..) {
            let f = self.functions[operation.f as usize];
            let is_ok = operation.outcome == Outcome::Ok;
            if f == Function::Read {
                if is_ok {
                    tally.add(number, Sight::Reads(self.wholes[&operation.output]));
                }
                continue;
            }
            let element = self.arguments[&operation.input];
            let told = (is_ok && !self.is_echo(operation)).then(|| self.pairs[&operation.output].1);
            match (f, told) {
                (Function::Contains, Some(is_in)) => tally.add(number, Sight::Looks(element, is_in)),
                (Function::Add, Some(false)) => tally.add(number, Sight::Looks(element, true)),
                (Function::Add, _) => tally.add(number, Sight::Adds(element)),
                (Function::Remove, _) => tally.add(number, Sight::Removes(element)),
                _ => {}
            }
        }
        let elements = |whole: u32| {
            let shown = self.set(whole);
            shown.elements.iter().copied().chain(shown.twice).collect()
        };
        tally.finish(|element| self.elements.show(element), elements)
    }

    fn set(&self, whole: u32) -> &Shown {
        &self.shown[whole as usize]
    }

    /// Takes in what one operation put in or showed.
    fn learn(&mut self, operation: &Operation) -> Result<(), &'static str> {
        let values = &self.history.values;
        let f = self.functions[operation.f as usize];
        if f == Function::Read {
            if operation.outcome != Outcome::Ok {
                return Ok(());
            }
            let known = self.wholes.get(&operation.output).copied();
            let whole = match known {
                Some(whole) => whole,
                None => {
                    let text = array(values, operation.output)
                        .ok_or("a read of a set answers with an array of its elements, or null for none")?;
                    let elements = split(text, 1)
                        .map(|(json, _)| self.elements.of_json(json))
                        .collect();
                    self.shown.push(Shown::of(elements));
                    let whole = self.shown.len() as u32 - 1;
                    self.wholes.insert(operation.output, whole);
                    whole
                }
            };
            let elements = &self.shown[whole as usize].elements;
            self.seen
                .extend(elements.iter().map(|element| (operation.key, *element)));
            return Ok(());
        }
        let element = self.elements.of(values, operation.input);
        self.arguments.insert(operation.input, element);
        if f == Function::Add && operation.outcome == Outcome::Fail {
            self.failed.insert((operation.key, element));
        }
        if operation.outcome != Outcome::Ok || self.is_echo(operation) {
            return Ok(());
        }
        let (told, answer) = match self.pairs.get(&operation.output) {
            Some(known) => *known,
            None => {
                let text = array(values, operation.output).unwrap_or_default();
                let mut parts = split(text, 1).map(|(json, _)| json);
                let pair = match (parts.next(), parts.next(), parts.next()) {
                    (Some(element), Some("true"), None) => (self.elements.of_json(element), true),
                    (Some(element), Some("false"), None) => (self.elements.of_json(element), false),
                    _ => return Err("a set answers [element, true] or [element, false] about one element"),
                };
                self.pairs.insert(operation.output, pair);
                pair
            }
        };
        if told != element {
            return Err("a set answers about the element that it was asked about");
        }
        if answer && f == Function::Contains || !answer && f == Function::Add {
            self.seen.insert((operation.key, element));
        }
        Ok(())
    }
}

impl Shown {
    fn of(mut elements: Vec<u32>) -> Shown {
        elements.sort_unstable();
        let twice = elements
            .windows(2)
            .find(|pair| pair[0] == pair[1])
            .map(|pair| pair[0]);
        elements.dedup();
        Shown {
            print: elements.iter().fold(0, |print, element| print ^ mix(*element)),
            elements: elements.into_boxed_slice(),
            twice,
        }
    }

    /// Whether an element is in it.
    pub fn has(&self, element: u32) -> bool {
        self.elements.binary_search(&element).is_ok()
    }
}

#[cfg(test)]
mod tests;
