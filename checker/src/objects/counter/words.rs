//! The words of a counterexample of a counter.

use super::{Asked, Counter, Told, amount};
use crate::proof::explain::Telling;
use crate::proof::wording::gap;
use crate::{CallOf, Label};
use history::Outcome;

type Of<'h> = CallOf<Counter<'h>>;

fn told(call: &Of<'_>) -> Option<i128> {
    match call.output {
        Some(Told::Value(value)) => Some(value),
        _ => None,
    }
}

/// Why one comes before the other, as the end of a sentence.
pub(super) fn clause(core: &[&Of<'_>], first: usize, then: usize) -> Option<String> {
    match (told(core[first]), told(core[then])) {
        (Some(one), Some(other)) if one != other => Some(format!(
            "{} was told {one}, and {} {other}.",
            Label::of(first),
            Label::of(then)
        )),
        (Some(one), None) => Some(format!("{} was told only {one}.", Label::of(first))),
        (None, Some(other)) => Some(format!("{} was told {other}.", Label::of(then))),
        _ => None,
    }
}

impl Counter<'_> {
    pub(super) fn telling(&self, name: &str, core: &[&Of<'_>]) -> Telling {
        let told = match core {
            [call] => self.alone(name, call),
            [.., last] => self.several(name, core, last),
            [] => None,
        };
        match told {
            Some((code, sentence)) => Telling {
                code,
                sentence,
                rule: "A counter is the sum of what was added to it.".to_owned(),
            },
            None => Telling::general(name, core.len()),
        }
    }

    /// Whether nothing leads back, up or down.
    fn is_monotone(&self, core: &[&Of<'_>]) -> bool {
        let key = core
            .first()
            .map(|call| self.history.operations[call.number as usize].key);
        let of_key = self.history.operations.iter().filter(|it| Some(it.key) == key);
        let mut signs = of_key.filter_map(|it| {
            let (input, _) = crate::theory::Theory::call(self, it).ok()??;
            match input {
                Asked::Add(amount) if amount != 0 => Some(amount > 0),
                _ => None,
            }
        });
        let first = signs.next();
        signs.all(|sign| Some(sign) == first)
    }

    fn alone(&self, name: &str, call: &Of<'_>) -> Option<(&'static str, String)> {
        let value = told(call)?;
        let at = &self.history.operations[call.number as usize];
        let begun = self
            .history
            .operations
            .iter()
            .take_while(|it| it.invoke < at.complete);
        let (mut up, mut down) = (0, 0);
        for operation in begun.filter(|it| it.key == at.key && it.outcome != Outcome::Fail) {
            if let Ok(Some((Asked::Add(amount), _))) = crate::theory::Theory::call(self, operation) {
                up += amount.max(0);
                down += amount.min(0);
            }
        }
        Some(match (value > up, value < down) {
            (true, _) => (
                "counter.too-much",
                format!("{name} was told to be {value}, and no more than {up} can have been added by then."),
            ),
            (_, true) => (
                "counter.too-little",
                format!(
                    "{name} was told to be {value}, and no more than {} can have been taken away by then.",
                    -down
                ),
            ),
            _ => (
                "counter.impossible",
                format!("{name} was told to be {value}, and no choice of what was added gives that."),
            ),
        })
    }

    fn several(&self, name: &str, core: &[&Of<'_>], last: &Of<'_>) -> Option<(&'static str, String)> {
        if !self.is_monotone(core) {
            return None;
        }
        let value = told(last)?;
        let at = |call: &Of<'_>| &self.history.operations[call.number as usize];
        let others = &core[..core.len() - 1];
        if let [first] = others
            && let Some(before) = told(first)
        {
            if before == value && first.input != Asked::Read && last.input != Asked::Read {
                return Some((
                    "counter.duplicate",
                    format!("Two additions to {name} were both answered {value}."),
                ));
            }
            let wait = gap(at(last).start_ns.saturating_sub(at(first).end_ns));
            return first.precedes(last).then(|| {
                (
                    "counter.going-back",
                    format!("{name} was told to be {before}, and {wait} later {value}."),
                )
            });
        }
        let anchor = others
            .iter()
            .find_map(|call| (call.input == Asked::Read).then(|| told(call)).flatten());
        let added: i128 = others.iter().filter_map(|call| amount(call)).sum();
        let before = anchor.unwrap_or(0);
        let own = amount(last).unwrap_or(0);
        if !others.iter().all(|call| call.precedes(last)) {
            return None;
        }
        // Both are of one sign, so this is beyond the value.
        let is_passed = (before + added + own).abs() > value.abs();
        Some(match anchor {
            _ if !is_passed => (
                "counter.impossible",
                format!(
                    "{added} was added to {name} before it was told to be {value}, and no choice of the rest gives that."
                ),
            ),
            Some(before) => (
                "counter.lost-update",
                format!(
                    "{name} was {before}, then {added} was added, and after that it was told to be {value}."
                ),
            ),
            None => (
                "counter.lost-update",
                format!("At least {added} had been added to {name} when it was told to be {value}."),
            ),
        })
    }
}
