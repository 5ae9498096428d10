//! A list that is appended to, and read as a whole.
//!
//! Reads fix the order: in a legal history each list that was read is the beginning of the longest one, which says
//! when each of its elements came; what it does not have came after all of it. So the list is a line of slots
//! ([`crate::search::slots`]), and one scan decides: O(n log n) and the bytes of the lists, whatever the number of
//! unknown outcomes, also where an element is appended more than once.
//!
//! A state is a list that some read showed, or the beginning of one, by its number. All others are the same: what they
//! hold is never seen, and whatever is appended to them neither.
//!
//! Read next: `lists` for how lists are kept, `around` for what is left of a thousand appends around a
//! counterexample, `words` for how it is told.

mod around;
mod lists;
mod words;

use crate::census::{Census, Sight, Tally};
use crate::objects::elements::{Elements, array};
use crate::proof::explain::Telling;
use crate::search::slots::{Entry, Line, Role, scan};
use crate::theory::{Exchange, Theory};
use crate::{Budget, CallOf, CheckError, Judgement, Object, Options};
use history::{History, Operation, Outcome, Value};
use lists::{EMPTY, Lists, UNSEEN};
use rustc_hash::{FxHashMap, FxHashSet};

/// The object.
#[derive(Debug)]
pub struct Append<'h> {
    history: &'h History,
    append: u8,
    elements: Elements,
    lists: Lists<'h>,
    /// The element of an argument, and the list of an answer.
    appended: FxHashMap<Value, u32>,
    shown: FxHashMap<Value, u32>,
    /// By key, the lists that some read showed or went beyond, and their elements.
    seen: FxHashSet<(u32, u32)>,
    seen_elements: FxHashSet<(u32, u32)>,
    /// By key, the elements whose append certainly had no effect, once at least.
    failed: FxHashSet<(u32, u32)>,
}

/// What a list is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asked {
    /// What is in it?
    Read,
    /// Put this at the end.
    Append(u32),
    /// All appends between two lists, by others: what `around` makes of them.
    Between(u32, u32),
}

/// What a list answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Told {
    /// This is in it.
    List(u32),
    /// It is done.
    Done,
}

impl Object for Append<'_> {
    type Input = Asked;
    type Output = Told;
    type State = u32;

    fn initial(&self) -> u32 {
        EMPTY
    }

    fn step(&self, list: &u32, input: &Asked, output: Option<&Told>) -> Option<u32> {
        match (input, output) {
            (Asked::Read, Some(told)) => (*told == Told::List(*list)).then_some(*list),
            (Asked::Read, None) => Some(*list),
            (Asked::Append(element), _) if *list != UNSEEN => Some(self.lists.with(*list, *element)),
            (Asked::Append(_), _) => Some(UNSEEN),
            (Asked::Between(from, to), _) => (from == list).then_some(*to),
        }
    }

    fn is_pure(&self, input: &Asked, _: Option<&Told>) -> bool {
        *input == Asked::Read
    }

    fn answer(&self, list: &u32, input: &Asked) -> Option<Told> {
        match input {
            Asked::Read => (*list != UNSEEN).then_some(Told::List(*list)),
            Asked::Append(_) | Asked::Between(..) => Some(Told::Done),
        }
    }

    fn relevant(&self, core: &[&CallOf<Self>], free: &[&CallOf<Self>]) -> Vec<usize> {
        around::relevant(&self.lists, core, free)
    }

    fn around(&self, core: &[&CallOf<Self>], free: Vec<CallOf<Self>>) -> Vec<CallOf<Self>> {
        around::around(&self.lists, core, free)
    }

    fn search(&self, calls: &[CallOf<Self>], budget: &Budget) -> Judgement {
        let mut account = budget.account();
        if let Err(limit) = account.holds(calls.len() * 48) {
            return Judgement::not_begun(limit, calls);
        }
        let reads = || {
            calls
                .iter()
                .zip(0u32..)
                .filter_map(|(call, place)| match call.output {
                    Some(Told::List(list)) => Some((place, list)),
                    _ => None,
                })
        };
        let Some((longest, whole)) = reads().max_by_key(|(_, list)| self.lists.length(*list)) else {
            let required = (0..calls.len() as u32).filter(|place| calls[*place as usize].is_required());
            let mut order: Vec<u32> = required.collect();
            order.sort_unstable_by_key(|place| calls[*place as usize].complete);
            return Judgement::Legal { order };
        };
        let beginnings: FxHashSet<u32> = self.lists.beginnings(whole).collect();
        if let Some((other, _)) = reads().find(|(_, list)| !beginnings.contains(list)) {
            return Judgement::Illegal {
                suspects: vec![other, longest],
            };
        }
        let (mut entries, mut places) = (Vec::new(), Vec::new());
        for (call, place) in calls.iter().zip(0u32..) {
            let role = match (call.input, call.output) {
                (Asked::Append(element), _) => Role::Step(element),
                (Asked::Read, Some(Told::List(list))) => Role::See(self.lists.length(list)),
                _ => continue,
            };
            places.push(place);
            entries.push(Entry {
                role,
                invoke: call.invoke,
                complete: call.complete,
            });
        }
        let whole = self.lists.elements(whole);
        match scan(&entries, Line::Listed(&whole)) {
            Ok(order) => Judgement::Legal {
                order: order.into_iter().map(|entry| places[entry as usize]).collect(),
            },
            Err(broken) => {
                let place = |entry: u32| places[entry as usize];
                let mut suspects = vec![place(broken.call), longest];
                suspects.extend(broken.by.map(place));
                match whole.iter().collect::<FxHashSet<_>>().len() == whole.len() {
                    true => {}
                    // Which append made which step is part of the argument.
                    false => suspects.extend(
                        (0..calls.len() as u32).filter(|it| calls[*it as usize].invoke <= broken.event),
                    ),
                }
                Judgement::Illegal { suspects }
            }
        }
    }

    fn show_input(&self, input: &Asked) -> String {
        match input {
            Asked::Read => "read".to_owned(),
            Asked::Append(element) => format!("append({})", self.elements.show(*element)),
            Asked::Between(..) => "the appends of others".to_owned(),
        }
    }

    fn show_state(&self, list: &u32) -> Option<String> {
        Some(match *list {
            UNSEEN => "a list that no read saw".to_owned(),
            list => self.elements.show_all(&self.lists.elements(list), ['[', ']']),
        })
    }

    fn show_output(&self, output: &Told) -> String {
        match output {
            Told::List(list) => self.elements.show_all(&self.lists.elements(*list), ['[', ']']),
            Told::Done => "ok".to_owned(),
        }
    }

    fn tell(&self, name: &str, core: &[&CallOf<Self>]) -> Telling {
        self.telling(name, core)
    }

    fn why(&self, core: &[&CallOf<Self>], must_be_first: usize, then: usize) -> Option<String> {
        self.clause(core, must_be_first, then)
    }
}

impl<'h> Theory<'h> for Append<'h> {
    const ALGORITHM: &'static str = "append list, one scan";
    const FUNCTIONS: &'static [&'static str] = &["append", "read"];

    fn of(history: &'h History, _: &Options) -> Result<Self, CheckError> {
        let mut append = Append {
            history,
            append: history.function("append").unwrap_or(u8::MAX),
            elements: Elements::default(),
            lists: Lists::new(),
            appended: FxHashMap::default(),
            shown: FxHashMap::default(),
            seen: FxHashSet::default(),
            seen_elements: FxHashSet::default(),
            failed: FxHashSet::default(),
        };
        for operation in &history.operations {
            append.learn(operation)?;
        }
        Ok(append)
    }

    fn call(&self, operation: &Operation) -> Result<Exchange<Self>, &'static str> {
        let input = match operation.f == self.append {
            true => Asked::Append(self.appended[&operation.input]),
            false => Asked::Read,
        };
        Ok(match (operation.outcome, input) {
            (Outcome::Ok, Asked::Read) => Some((input, Some(Told::List(self.shown[&operation.output])))),
            (Outcome::Ok, _) => Some((input, Some(Told::Done))),
            (Outcome::Info, _) => Some((input, None)),
            (Outcome::Fail, _) => None,
        })
    }

    fn census(&self) -> Option<Census> {
        Some(self.count())
    }
}

impl<'h> Append<'h> {
    fn count(&self) -> Census {
        let mut tally = Tally::of(self.history);
        for (operation, number) in self.history.operations.iter().zip(0u32..) {
            if operation.f == self.append {
                tally.add(number, Sight::Adds(self.appended[&operation.input]));
            } else if operation.outcome == Outcome::Ok {
                tally.add(number, Sight::Reads(self.shown[&operation.output]));
            }
        }
        tally.finish(
            |element| self.elements.show(element),
            |list| self.lists.elements(list),
        )
    }

    /// Takes in what one operation put in or showed.
    fn learn(&mut self, operation: &'h Operation) -> Result<(), CheckError> {
        let history = self.history;
        let values = &history.values;
        if operation.f == self.append {
            let element = self.elements.of(values, operation.input);
            self.appended.insert(operation.input, element);
            if operation.outcome == Outcome::Fail {
                self.failed.insert((operation.key, element));
            }
        } else if operation.outcome == Outcome::Ok {
            let list = match self.shown.get(&operation.output) {
                Some(known) => *known,
                None => {
                    let text = array(values, operation.output).ok_or(CheckError::Malformed {
                        event: operation.invoke,
                        problem: "a read of an append list answers with an array of its elements, or null for none",
                    })?;
                    let list = self.lists.insert(operation.key, text, &mut self.elements);
                    self.shown.insert(operation.output, list);
                    list
                }
            };
            let shown = &mut self.seen;
            let fresh = self
                .lists
                .beginnings(list)
                .take_while(|at| shown.insert((operation.key, *at)));
            let fresh: Vec<u32> = fresh.filter_map(|at| Some(self.lists.last(at)?.0)).collect();
            self.seen_elements
                .extend(fresh.into_iter().map(|element| (operation.key, element)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
