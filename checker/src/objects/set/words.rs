//! The words of a counterexample of a set.

use super::{Asked, Set, Told, around::element};
use crate::proof::explain::Telling;
use crate::proof::wording::gap;
use crate::{CallOf, Label};
use history::{Operation, Outcome};

type Of<'h> = CallOf<Set<'h>>;

impl Set<'_> {
    fn operation(&self, call: &Of<'_>) -> &Operation {
        &self.history.operations[call.number as usize]
    }

    fn wait(&self, first: &Of<'_>, second: &Of<'_>) -> String {
        let (first, second) = (self.operation(first), self.operation(second));
        gap(second.start_ns.saturating_sub(first.end_ns))
    }

    /// Whether a call was told that an element is in when it took effect; nothing when it was not told.
    fn saw(&self, call: &Of<'_>, it: u32) -> Option<bool> {
        match (&call.input, call.output) {
            (Asked::Read, Some(Told::Whole(whole))) => Some(self.set(whole).has(it)),
            (Asked::Contains(of), Some(Told::Bool(is_in))) if *of == it => Some(is_in),
            (Asked::Add(of), Some(Told::Bool(changed))) if *of == it => Some(!changed),
            (Asked::Remove(of), Some(Told::Bool(changed))) if *of == it => Some(changed),
            _ => None,
        }
    }

    /// Whether an element is in after a call that was about it; nothing where the call does not say.
    fn leaves(&self, call: &Of<'_>, it: u32) -> Option<bool> {
        match &call.input {
            Asked::Add(of) if *of == it && call.output.is_some() => Some(true),
            Asked::Remove(of) if *of == it && call.output.is_some() => Some(false),
            _ => self.saw(call, it),
        }
    }

    pub(super) fn telling(&self, name: &str, core: &[&Of<'_>]) -> Telling {
        let told = match core {
            [call] => self.alone(name, call),
            [first, second] => self.pair(name, first, second),
            _ => None,
        };
        let rule = match told {
            Some(_) => "An element is in from when it is added until it is removed.",
            None => "",
        };
        let general = || Telling::general(name, core.len());
        told.map_or_else(general, |(code, sentence)| Telling {
            code,
            sentence,
            rule: rule.to_owned(),
        })
    }

    /// Of the calls about an element that had begun when a call ended: whether one could have put it in.
    fn may_be_in(&self, call: &Of<'_>, it: u32) -> bool {
        let at = self.operation(call);
        let begun = self
            .history
            .operations
            .iter()
            .take_while(|other| other.invoke < at.complete);
        let mut adds = begun.filter(|other| {
            other.key == at.key
                && other.outcome != Outcome::Fail
                && !std::ptr::eq(*other, at)
                && self.functions[other.f as usize] == super::Function::Add
                && self.arguments[&other.input] == it
        });
        adds.next().is_some()
    }

    fn alone(&self, name: &str, call: &Of<'_>) -> Option<(&'static str, String)> {
        if let Some(Told::Whole(whole)) = call.output
            && let Some(twice) = self.set(whole).twice
        {
            let it = self.elements.show(twice);
            return Some(("set.duplicated", format!("A read of {name} shows {it} twice.")));
        }
        let of_read = match call.output {
            Some(Told::Whole(whole)) => &self.set(whole).elements[..],
            _ => &[],
        };
        let own = element(call);
        let elements = of_read.iter().copied().chain(own);
        let mut seen = elements.filter(|it| self.saw(call, *it) == Some(true));
        let it = seen.find(|it| !self.may_be_in(call, *it))?;
        let shown = self.elements.show(it);
        Some(match self.failed.contains(&(self.operation(call).key, it)) {
            true => (
                "set.aborted",
                format!("{shown} was in {name}, and its add was reported as failed."),
            ),
            false => (
                "set.unexpected",
                format!("{shown} was in {name}, and nobody had added it by then."),
            ),
        })
    }

    fn pair(&self, name: &str, first: &Of<'_>, second: &Of<'_>) -> Option<(&'static str, String)> {
        if let (Some(Told::Whole(one)), Some(Told::Whole(other))) = (first.output, second.output) {
            let (one, other) = (self.set(one), self.set(other));
            let only = |a: &super::Shown, b: &super::Shown| a.elements.iter().copied().find(|it| !b.has(*it));
            return Some(match (only(one, other), only(other, one)) {
                (Some(lost), _) if first.precedes(second) => (
                    "set.going-back",
                    format!(
                        "{} was in {name}, and {} later it was not.",
                        self.elements.show(lost),
                        self.wait(first, second)
                    ),
                ),
                (Some(a), Some(b)) => (
                    "set.diverging",
                    format!(
                        "One read of {name} shows {} and not {}, another {} and not {}.",
                        self.elements.show(a),
                        self.elements.show(b),
                        self.elements.show(b),
                        self.elements.show(a)
                    ),
                ),
                _ => return None,
            });
        }
        let it = element(first).or(element(second))?;
        let shown = self.elements.show(it);
        let was = self.leaves(first, it)?;
        let found = self.saw(second, it)?;
        if was == found || !first.precedes(second) {
            return None;
        }
        let wait = self.wait(first, second);
        let is_seen = self.seen.contains(&(self.operation(first).key, it));
        Some(match (&first.input, was) {
            (Asked::Add(_), true) if first.output != Some(Told::Bool(false)) => match is_seen {
                true => (
                    "set.stale-read",
                    format!("{shown} was added to {name}, and {wait} later it was not in."),
                ),
                false => (
                    "set.lost",
                    format!("The add of {shown} to {name} was acknowledged, and nobody ever saw it."),
                ),
            },
            (Asked::Remove(_), false) if first.output != Some(Told::Bool(false)) => (
                "set.stale-read",
                format!("{shown} was removed from {name}, and {wait} later it was still in."),
            ),
            (_, true) => (
                "set.going-back",
                format!("{shown} was in {name}, and {wait} later it was not."),
            ),
            (_, false) => (
                "set.going-back",
                format!("{shown} was not in {name}, and {wait} later it was."),
            ),
        })
    }

    /// Why one comes before the other, as the end of a sentence.
    pub(super) fn clause(&self, core: &[&Of<'_>], first: usize, then: usize) -> Option<String> {
        let (one, other) = (core[first], core[then]);
        let own = element(one).or(element(other));
        let all = [one, other].into_iter().filter_map(|call| match call.output {
            Some(Told::Whole(whole)) => Some(self.set(whole)),
            _ => None,
        });
        let shown = all.flat_map(|shown| shown.elements.iter().copied());
        let mut differs = own.into_iter().chain(shown).filter_map(|it| {
            let (left, found) = (self.leaves(one, it)?, self.leaves(other, it)?);
            (left != found).then_some(it)
        });
        let it = differs.next()?;
        let name = self.elements.show(it);
        Some(match (self.saw(one, it), self.saw(other, it)) {
            (Some(true), _) if self.leaves(one, it) == Some(true) => {
                format!("{} found {name} in.", Label::of(first))
            }
            (Some(false), _) if self.leaves(one, it) == Some(false) => {
                format!("{} found {name} not in.", Label::of(first))
            }
            (_, Some(true)) => format!("{} found {name} in.", Label::of(then)),
            (_, Some(false)) => format!("{} found {name} not in.", Label::of(then)),
            _ => return None,
        })
    }
}
