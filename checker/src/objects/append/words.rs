//! The words of a counterexample of an append list.

use super::{Append, Asked, Told};
use crate::proof::explain::Telling;
use crate::proof::wording::gap;
use crate::{CallOf, Label};
use history::Outcome;
use rustc_hash::FxHashMap;

type Of<'h> = CallOf<Append<'h>>;

const RULE: &str = "A list grows only at its end, and a read shows all of it.";

fn list_of(call: &Of<'_>) -> Option<u32> {
    match call.output {
        Some(Told::List(list)) => Some(list),
        _ => None,
    }
}

fn element_of(call: &Of<'_>) -> Option<u32> {
    match call.input {
        Asked::Append(element) => Some(element),
        _ => None,
    }
}

impl Append<'_> {
    fn has(&self, list: u32, element: u32) -> bool {
        self.position(list, element).is_some()
    }

    /// Where an element stands, from 1.
    fn position(&self, list: u32, element: u32) -> Option<u32> {
        let ends = self.lists.beginnings(list);
        ends.filter(|at| self.lists.last(*at).is_some_and(|(last, _)| last == element))
            .last()
            .map(|at| self.lists.length(at))
    }

    fn key(&self, call: &Of<'_>) -> u32 {
        self.history.operations[call.number as usize].key
    }

    /// How long before one began the other had ended.
    fn wait(&self, first: &Of<'_>, second: &Of<'_>) -> String {
        let at = |call: &Of<'_>| &self.history.operations[call.number as usize];
        gap(at(second).start_ns.saturating_sub(at(first).end_ns))
    }

    pub(super) fn telling(&self, name: &str, core: &[&Of<'_>]) -> Telling {
        let told = match core {
            [read] => self.alone(name, read),
            [first, second] => self.pair(name, first, second),
            [_, _, _] => self.wrong_order(name, core),
            _ => None,
        };
        match told {
            Some((code, sentence)) => Telling {
                code,
                sentence,
                rule: RULE.to_owned(),
            },
            None => Telling::general(name, core.len()),
        }
    }

    fn alone(&self, name: &str, read: &Of<'_>) -> Option<(&'static str, String)> {
        let (mut shown, mut appended) = (FxHashMap::default(), FxHashMap::default());
        let elements = self.lists.elements(list_of(read)?);
        for element in &elements {
            *shown.entry(*element).or_insert(0) += 1;
        }
        let key = self.key(read);
        let begun = self
            .history
            .operations
            .iter()
            .take_while(|it| it.invoke < read.complete);
        for operation in begun.filter(|it| it.f == self.append && it.key == key) {
            if operation.outcome != Outcome::Fail {
                *appended.entry(self.appended[&operation.input]).or_insert(0) += 1;
            }
        }
        let times = |element: &u32| appended.get(element).copied().unwrap_or(0);
        let wrong = elements.iter().find(|element| shown[*element] > times(element))?;
        let (it, failed) = (self.elements.show(*wrong), self.failed.contains(&(key, *wrong)));
        Some(match (times(wrong), failed) {
            (0, true) => (
                "append.aborted",
                format!("A read of {name} shows {it}, whose append was reported as failed."),
            ),
            (0, false) => (
                "append.unexpected",
                format!("A read of {name} shows {it}, which nobody had appended by then."),
            ),
            (1, _) => (
                "append.duplicated",
                format!(
                    "A read of {name} shows {it} {} times; it was appended once.",
                    shown[wrong]
                ),
            ),
            (times, _) => (
                "append.duplicated",
                format!(
                    "A read of {name} shows {it} {} times; it was appended {times} times.",
                    shown[wrong]
                ),
            ),
        })
    }

    fn pair(&self, name: &str, first: &Of<'_>, second: &Of<'_>) -> Option<(&'static str, String)> {
        match (
            list_of(first),
            list_of(second),
            element_of(first),
            element_of(second),
        ) {
            (Some(one), Some(other), ..) if self.lists.begins(other, one) => Some((
                "append.going-back",
                format!(
                    "{name} was read with {} elements, and {} later with {}.",
                    self.lists.length(one),
                    self.wait(first, second),
                    self.lists.length(other)
                ),
            )),
            (Some(one), Some(other), ..) => {
                let (one, other) = (self.lists.elements(one), self.lists.elements(other));
                let same = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
                Some((
                    "append.diverging",
                    format!(
                        "Two reads of {name} disagree: at place {} one shows {}, the other {}.",
                        same + 1,
                        self.elements.show(*one.get(same)?),
                        self.elements.show(*other.get(same)?)
                    ),
                ))
            }
            (None, Some(list), Some(element), _) if !self.has(list, element) => {
                let it = self.elements.show(element);
                let wait = self.wait(first, second);
                Some(match self.seen_elements.contains(&(self.key(first), element)) {
                    true => (
                        "append.stale-read",
                        format!("A read of {name} lacks {it}, whose append had finished {wait} before."),
                    ),
                    false => (
                        "append.lost",
                        format!("The append of {it} to {name} was acknowledged, and no read shows it."),
                    ),
                })
            }
            _ => None,
        }
    }

    fn wrong_order(&self, name: &str, core: &[&Of<'_>]) -> Option<(&'static str, String)> {
        let list = core.iter().find_map(|call| list_of(call))?;
        let mut appends = core.iter().filter(|call| element_of(call).is_some());
        let (first, second) = (appends.next()?, appends.next()?);
        let (a, b) = (element_of(first)?, element_of(second)?);
        let wrong = match (self.position(list, a), self.position(list, b)) {
            (Some(a), Some(b)) => b < a,
            (None, Some(_)) => true,
            _ => false,
        };
        (wrong && first.precedes(second)).then(|| {
            let (a_name, b_name) = (self.elements.show(a), self.elements.show(b));
            let sentence = match self.has(list, a) {
                true => format!(
                    "In {name} {b_name} stands before {a_name}, whose append had finished {} earlier.",
                    self.wait(first, second)
                ),
                false => {
                    format!("{name} shows {b_name}, and not {a_name}, whose append had finished before.")
                }
            };
            ("append.order", sentence)
        })
    }

    /// Why one comes before the other, as the end of a sentence.
    pub(super) fn clause(&self, core: &[&Of<'_>], first: usize, then: usize) -> Option<String> {
        let (one, other) = (core[first], core[then]);
        match (list_of(one), list_of(other), element_of(one), element_of(other)) {
            (Some(short), Some(long), ..) if self.lists.begins(short, long) => Some(format!(
                "the list that {} was told goes on from it.",
                Label::of(then)
            )),
            (Some(list), _, _, Some(element)) if !self.has(list, element) => Some(format!(
                "{} was not shown {}.",
                Label::of(first),
                self.elements.show(element)
            )),
            (_, Some(list), Some(element), _) if self.has(list, element) => Some(format!(
                "{} was shown {}.",
                Label::of(then),
                self.elements.show(element)
            )),
            (_, _, Some(a), Some(b)) => {
                let read = core.iter().position(|call| {
                    list_of(call).is_some_and(|list| match (self.position(list, a), self.position(list, b)) {
                        (Some(a), Some(b)) => a < b,
                        (Some(_), None) => true,
                        _ => false,
                    })
                })?;
                let (a, b) = (self.elements.show(a), self.elements.show(b));
                Some(format!(
                    "{} was shown {a}, and not {b} before it.",
                    Label::of(read)
                ))
            }
            _ => None,
        }
    }
}
