//! A string for each key, that is got, put and appended to; empty at first.
//!
//! A get answers with the whole string, and so with everything that led there: where appended strings differ and a text
//! can be taken apart in one way only, it names the put that it began with and the appends since, in their order. Then
//! the string is a register, an append that was seen is a compare-and-set in it, and one that was not is a write that
//! nobody saw: the register's [`zones`](super::register::zones) decide. Otherwise the search for any object does.
//!
//! Read next: [`taken_apart`] for how a text is taken apart.

mod taken_apart;

use super::register::zones;
use crate::proof::wording::plain;
use crate::search;
use crate::theory::{Exchange, Theory};
use crate::{Budget, CallOf, CheckError, Judgement, Object, Options, Telling};
use history::{History, Operation, Outcome, Value};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// The object.
#[derive(Debug)]
pub struct AppendString<'h> {
    history: &'h History,
    texts: FxHashMap<Value, Arc<str>>,
    /// Every text that was got anywhere, sorted.
    seen: Vec<Arc<str>>,
}

/// What a string is asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Asked {
    /// What is it?
    Get,
    /// Be this.
    Put(Arc<str>),
    /// Go on with this.
    Append(Arc<str>),
}

/// What it answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Told {
    /// This is it.
    Text(Arc<str>),
    /// It is done.
    Done,
}

/// What it remembers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Text {
    /// The beginning of a text that somebody got.
    Known(Arc<str>),
    /// Anything else. Whatever is appended to it, nobody got that.
    Unseen,
}

impl AppendString<'_> {
    fn text(&self, text: Arc<str>) -> Text {
        let place = self.seen.partition_point(|seen| **seen < *text);
        let is_beginning =
            text.is_empty() || self.seen.get(place).is_some_and(|seen| seen.starts_with(&*text));
        if is_beginning {
            Text::Known(text)
        } else {
            Text::Unseen
        }
    }
}

impl Object for AppendString<'_> {
    type Input = Asked;
    type Output = Told;
    type State = Text;

    fn initial(&self) -> Text {
        Text::Known("".into())
    }

    fn step(&self, state: &Text, input: &Asked, output: Option<&Told>) -> Option<Text> {
        match (input, output) {
            (Asked::Get, Some(Told::Text(told))) => match state {
                Text::Known(text) if text == told => Some(state.clone()),
                Text::Known(_) | Text::Unseen => None,
            },
            (Asked::Get, None) => Some(state.clone()),
            (Asked::Put(text), None | Some(Told::Done)) => Some(self.text(text.clone())),
            (Asked::Append(more), None | Some(Told::Done)) => Some(match state {
                Text::Known(text) => self.text(format!("{text}{more}").into()),
                Text::Unseen => Text::Unseen,
            }),
            (Asked::Get, Some(Told::Done)) | (Asked::Put(_) | Asked::Append(_), Some(Told::Text(_))) => None,
        }
    }

    fn is_pure(&self, input: &Asked, _: Option<&Told>) -> bool {
        *input == Asked::Get
    }

    fn answer(&self, state: &Text, input: &Asked) -> Option<Told> {
        match (input, state) {
            (Asked::Get, Text::Known(text)) => Some(Told::Text(text.clone())),
            (Asked::Get, Text::Unseen) => None,
            (Asked::Put(_) | Asked::Append(_), _) => Some(Told::Done),
        }
    }

    fn state_bytes(&self, state: &Text) -> usize {
        let text = match state {
            Text::Known(text) => text.len() + 16,
            Text::Unseen => 0,
        };
        size_of::<Text>() + text
    }

    fn search(&self, calls: &[CallOf<Self>], budget: &Budget) -> Judgement {
        self.judge_by(calls, budget).1
    }

    /// A string that is in no text that was got does not lead to one; and what is put has to be the beginning of one.
    fn relevant(&self, core: &[&CallOf<Self>], free: &[&CallOf<Self>]) -> Vec<usize> {
        let got: FxHashSet<&str> = core.iter().filter_map(|call| got(call)).collect();
        let matters = |call: &CallOf<Self>| match &call.input {
            Asked::Get => false,
            Asked::Put(text) => got.iter().any(|it| it.starts_with(&**text)),
            Asked::Append(more) => got.iter().any(|it| it.contains(&**more)),
        };
        (0..free.len()).filter(|place| matters(free[*place])).collect()
    }

    fn show_input(&self, input: &Asked) -> String {
        match input {
            Asked::Get => "get".to_owned(),
            Asked::Put(text) => format!("put(\"{}\")", plain(text)),
            Asked::Append(more) => format!("append(\"{}\")", plain(more)),
        }
    }

    fn show_state(&self, state: &Text) -> Option<String> {
        Some(match state {
            Text::Known(text) => format!("\"{}\"", plain(text)),
            Text::Unseen => "a text that nobody got".to_owned(),
        })
    }

    fn show_output(&self, output: &Told) -> String {
        match output {
            Told::Text(text) => format!("\"{}\"", plain(text)),
            Told::Done => "ok".to_owned(),
        }
    }

    fn tell(&self, name: &str, core: &[&CallOf<Self>]) -> Telling {
        let client = |call: &CallOf<Self>| {
            self.history
                .client(&self.history.operations[call.number as usize])
        };
        let gets: Vec<(&CallOf<Self>, &str)> =
            core.iter().filter_map(|call| Some((*call, got(call)?))).collect();
        let later = |(call, text): &(&CallOf<Self>, &str)| {
            core.iter().find_map(|other| match &other.input {
                Asked::Append(more) | Asked::Put(more)
                    if other.precedes(call) && !more.is_empty() && !text.contains(&**more) =>
                {
                    Some(plain(more))
                }
                _ => None,
            })
        };
        match gets.as_slice() {
            [(one, _)] if core.len() == 1 => Telling {
                code: "append-string.from-nowhere",
                sentence: format!(
                    "Client {} got a text from {name} that no puts and appends make.",
                    client(one)
                ),
                rule: "A text begins with what was put and goes on with what was appended.".to_owned(),
            },
            [(one, text)] if let Some(more) = later(&(one, text)) => Telling {
                code: "append-string.lost-update",
                sentence: format!(
                    "Client {} got a text from {name} without \"{more}\", which was in it by then.",
                    client(one)
                ),
                rule: "What was put or appended before a get began is in what it gets.".to_owned(),
            },
            [(a, one), (b, other)]
                if core.len() == 2 && !one.starts_with(other) && !other.starts_with(one) =>
            {
                Telling {
                    code: "append-string.two-orders",
                    sentence: format!(
                        "Clients {} and {} got texts from {name} that are not one the beginning of the other.",
                        client(a),
                        client(b)
                    ),
                    rule: "What is appended stays where it is.".to_owned(),
                }
            }
            _ => Telling::general(name, core.len()),
        }
    }
}

/// The text that a call got.
fn got<'a>(call: &'a CallOf<AppendString>) -> Option<&'a str> {
    match &call.output {
        Some(Told::Text(text)) => Some(text),
        Some(Told::Done) | None => None,
    }
}

impl<'h> Theory<'h> for AppendString<'h> {
    const FUNCTIONS: &'static [&'static str] = &["get", "put", "append"];

    fn of(history: &'h History, _: &Options) -> Result<Self, CheckError> {
        let mut texts = FxHashMap::from_iter([(Value::NULL, Arc::from(""))]);
        for operation in &history.operations {
            for value in [operation.input, operation.output] {
                if let std::collections::hash_map::Entry::Vacant(place) = texts.entry(value)
                    && let Ok(text) = serde_json::from_str::<String>(&history.values.json(value))
                {
                    place.insert(text.into());
                }
            }
        }
        let is_answer = |operation: &&Operation| {
            operation.outcome == Outcome::Ok && history.function_name(operation) == "get"
        };
        let answers = history.operations.iter().filter(is_answer);
        let mut seen: Vec<Arc<str>> = answers
            .filter_map(|operation| texts.get(&operation.output).cloned())
            .collect();
        seen.sort_unstable();
        seen.dedup();
        Ok(AppendString { history, texts, seen })
    }

    fn call(&self, operation: &Operation) -> Result<Exchange<Self>, &'static str> {
        let text = |value| self.texts.get(&value).cloned();
        let argument = || text(operation.input).ok_or("what is put or appended is a string");
        let input = match self.history.function_name(operation) {
            "put" => Asked::Put(argument()?),
            "append" => Asked::Append(argument()?),
            _ => Asked::Get,
        };
        Ok(match (operation.outcome, &input) {
            (Outcome::Fail, _) => None,
            (Outcome::Info, _) => Some((input, None)),
            (Outcome::Ok, Asked::Get) => {
                let told = text(operation.output).ok_or("what a get is answered is a string")?;
                Some((input, Some(Told::Text(told))))
            }
            (Outcome::Ok, _) => Some((input, Some(Told::Done))),
        })
    }

    fn judge_by(&self, calls: &[CallOf<Self>], budget: &Budget) -> (&'static str, Judgement) {
        let zones = match taken_apart::take_apart(calls) {
            Ok(Some(story)) => match zones::judge(&story.ledger, &mut budget.account()) {
                Ok(Some(Judgement::Illegal { suspects })) => Some(Judgement::Illegal {
                    suspects: story.with_readers(suspects),
                }),
                Ok(judgement) => judgement,
                // The search will reach the same limit, and say how far it came.
                Err(_) => None,
            },
            Ok(None) => None,
            Err(suspects) => Some(Judgement::Illegal { suspects }),
        };
        match zones {
            Some(judgement) => ("zones", judgement),
            None => search::judge(self, calls, budget),
        }
    }
}

#[cfg(test)]
mod tests;
