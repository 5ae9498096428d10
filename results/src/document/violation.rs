//! A violation as a row of the document: the core, the reasons, the orders, and how it was found.
//!
//! Read next: `around` for the faults and answers beside it, `logs` for the nodes' words.

use super::around::answers_by_node;
use super::make::bounded;
use super::{AnswerRow, ChangeRow, FaultRow, LogRow, changes};
use crate::text::{self, counted};
use checker::ReasonKind;
use checker::weaker::{Answer, Bound, Still, StillHolds};
use history::{History, Operation};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// One object's contradiction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ViolationRow {
    /// What it means here that an operation was answered with null: `undecided`, `empty`.
    #[serde(default)]
    pub nothing: String,
    /// What the object still keeps of its promise, and what it does not, in sentences; what was not decided is left out.
    #[serde(default)]
    pub still: Vec<String>,
    /// The object, as JSON.
    pub key: serde_json::Value,
    /// The kind.
    pub code: String,
    /// What went wrong.
    pub sentence: String,
    /// Who asked what.
    pub detail: Vec<String>,
    /// From the first core operation's beginning to the last one's end.
    pub window_s: [f64; 2],
    /// The operations.
    pub core: Vec<CoreRow>,
    /// Why each must come before the other.
    pub edges: Vec<EdgeRow>,
    /// Every order, and where it breaks; empty where there are too many.
    pub orders: Vec<OrderRow>,
    /// How far an order comes, where the orders are too many to be shown; else null.
    #[serde(default)]
    pub frontier: Option<FrontierRow>,
    /// What was weakened.
    pub weakened: WeakenedRow,
    /// How the core was found.
    pub shrink: ShrinkRow,
    /// Faults that began or ended while the core operations were under way, in the order of time.
    #[serde(default)]
    pub between: Vec<ChangeRow>,
    /// What each node answered about the object, and how often; the most frequent first, at most 24 of a node.
    #[serde(default)]
    pub answers_by_node: BTreeMap<String, Vec<AnswerRow>>,
    /// Where the lines are that nodes wrote around it, as the page shows them. Of the first five violations of a run,
    /// for they are read when a log is.
    #[serde(default)]
    pub logs: Vec<LogRow>,
}

/// Of more operations the last are shown one by one: those at which the search died.
const SHOWN_MAX: usize = 26;

impl ViolationRow {
    /// The core operations that are shown one by one: all, or of very many the last to begin.
    pub fn shown(&self) -> &[CoreRow] {
        &self.core[self.core.len().saturating_sub(SHOWN_MAX)..]
    }

    /// That there are more than are shown, in words: `574 operations that began before these are in results.json.`
    pub fn hidden(&self) -> Option<String> {
        match self.core.len() - self.shown().len() {
            0 => None,
            hidden => Some(format!(
                "{} that began before these {} in results.json.",
                counted(hidden, "operation"),
                if hidden == 1 { "is" } else { "are" }
            )),
        }
    }

    /// How many digits after the second it takes to see which operation was over before which began: the
    /// argument can be worked through with what is on the page alone.
    pub fn digits(&self) -> usize {
        let shown = |time_ns: u64, digits: usize| format!("{:.digits$}", time_ns as f64 / 1e9);
        let tells = |digits: &usize| {
            let in_order = |end_ns: u64, start_ns: u64| {
                end_ns >= start_ns || shown(end_ns, *digits) != shown(start_ns, *digits)
            };
            let mut ends = self.shown().iter().filter_map(|member| member.end_ns);
            let starts = || self.shown().iter().map(|member| member.start_ns);
            ends.all(|end| starts().all(|start| in_order(end, start)))
        };
        (3..9).find(tells).unwrap_or(9)
    }
}

/// One core operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CoreRow {
    /// A, B, ...
    pub label: String,
    /// The number of its invocation among the file's events.
    pub index: u32,
    /// The client.
    pub client: u64,
    /// The logical process.
    pub process: u32,
    /// The node that was asked.
    pub node: Option<String>,
    /// The function.
    pub f: String,
    /// The argument. One of more than 4,096 bytes is a text with its beginning and its size.
    pub input: serde_json::Value,
    /// The answer, as large as the argument may be.
    pub output: serde_json::Value,
    /// `ok`, `fail` or `info`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether its answer is part of the argument, or only the time at which it began.
    pub answer_counts: bool,
    /// Its beginning.
    pub start_ns: u64,
    /// Its end, if it had one.
    pub end_ns: Option<u64>,
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EdgeRow {
    /// Who must come first.
    pub from: String,
    /// Who must come later.
    pub to: String,
    /// `real-time` or `value`.
    pub kind: String,
    /// For real time: the gap.
    pub gap_ms: Option<f64>,
    /// In words.
    pub sentence: String,
}

/// One order of the core.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OrderRow {
    /// The labels, first to last.
    pub order: Vec<String>,
    /// Where it breaks.
    pub fails_at: String,
    /// What the operation at which it breaks would have had to be told there, as JSON, or in words where it is no value. Not
    /// there where it is no answer that breaks the order, or where there is not one such answer.
    #[serde(default, deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    pub must: Option<serde_json::Value>,
    /// What it was told; null where it was told that there is nothing. Not there where it is no answer that breaks the order.
    #[serde(default, deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    pub was: Option<serde_json::Value>,
    /// In words.
    pub sentence: String,
}

/// The furthest that an order of the core comes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FrontierRow {
    /// The labels of a longest legal beginning, first to last.
    pub order: Vec<String>,
    /// After each of them the state that the object can have then, in words; null where nothing can be said of it. What else
    /// was done may have led to several: `1 or 2`.
    #[serde(default)]
    pub states: Vec<Option<String>>,
    /// For each other core operation why it cannot come next: the order that begins so and ends with it.
    pub next: Vec<OrderRow>,
}

/// A field that is there, be it null.
fn said<'de, D: Deserializer<'de>>(field: D) -> Result<Option<serde_json::Value>, D::Error> {
    serde_json::Value::deserialize(field).map(Some)
}

/// What was weakened, which can only make a history more legal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WeakenedRow {
    /// Reads that were dropped.
    pub dropped_reads: usize,
    /// Updates that may happen at any time or never.
    pub optional_updates: usize,
}

/// How the core was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ShrinkRow {
    /// Operations on the object.
    pub from: usize,
    /// Operations in the core.
    pub to: usize,
    /// From the one to the other: how many were left each time that pieces of one size had been weakened.
    #[serde(default)]
    pub steps: Vec<usize>,
    /// How many weakened histories were tried.
    pub checks: usize,
    /// How long that took, verification included.
    #[serde(default)]
    pub took_s: f64,
    /// Weakening any core operation further makes the rest legal.
    pub minimal: bool,
    /// What ended it before that was tried of every operation: `not-wanted` (`--no-shrink`), `time` (`--shrink-budget`, or
    /// the time of the check), `memory`, `steps`; none where nothing did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_early: Option<String>,
    /// The independent checker agrees.
    pub verified: bool,
}

impl ShrinkRow {
    /// That there may be a smaller one, and why; nothing where there is none.
    pub fn caveat(&self) -> Option<String> {
        let why = match self.ended_early.as_deref() {
            _ if self.minimal => return None,
            Some("not-wanted") => " It was not made smaller (--no-shrink).",
            Some("time") => " The time to make it smaller was over (--shrink-budget).",
            Some("memory") => " To make it smaller would take more memory (--checker-memory).",
            Some("steps") => " To make it smaller would take too many steps.",
            _ => "",
        };
        Some(format!("It may not be the smallest counterexample.{why}"))
    }
}

/// The row of a violation; its logs are read by whoever knows where they are.
pub(super) fn violation_row(
    history: &History,
    model: checker::Model,
    violation: &checker::Violation,
    faults: &[FaultRow],
) -> ViolationRow {
    let json = |value: history::Value| bounded(&history.values.json(value));
    let operation = |number: u32| &history.operations[number as usize];
    let label = |place: usize| violation.core[place].label.to_string();
    let end = |it: &Operation| (it.end_ns != u64::MAX).then_some(it.end_ns);
    let starts = violation
        .core
        .iter()
        .map(|member| operation(member.operation).start_ns);
    let ends = violation
        .core
        .iter()
        .filter_map(|member| end(operation(member.operation)));
    let core = violation.core.iter().map(|member| {
        let it = operation(member.operation);
        CoreRow {
            label: member.label.to_string(),
            index: it.invoke,
            client: history.client(it),
            process: it.process,
            node: history.node_name(it).map(str::to_owned),
            f: history.function_name(it).to_owned(),
            input: json(it.input),
            output: json(it.output),
            kind: match it.outcome {
                history::Outcome::Ok => "ok".into(),
                history::Outcome::Fail => "fail".into(),
                history::Outcome::Info => "info".into(),
            },
            answer_counts: member.answer_counts,
            start_ns: it.start_ns,
            end_ns: end(it),
        }
    });
    let edge = |reason: &checker::Reason| EdgeRow {
        from: label(reason.from),
        to: label(reason.to),
        kind: if reason.kind == ReasonKind::Value {
            "value".into()
        } else {
            "real-time".into()
        },
        gap_ms: match reason.kind {
            ReasonKind::RealTime { gap_ns } => Some(gap_ns as f64 / 1e6),
            ReasonKind::Value => None,
        },
        sentence: reason.sentence.clone(),
    };
    let order = |broken: &checker::BrokenOrder| OrderRow {
        order: broken.order.iter().map(|place| label(*place)).collect(),
        fails_at: label(broken.fails_at),
        must: broken.must.as_deref().map(shown),
        was: broken.was.as_deref().map(shown),
        sentence: broken.sentence.clone(),
    };
    let window_s = [
        text::seconds(starts.min().unwrap_or(0)),
        text::seconds(ends.max().unwrap_or(0)),
    ];
    ViolationRow {
        nothing: model.nothing().to_owned(),
        still: still(&violation.still),
        key: json(history.keys[violation.key as usize]),
        code: violation.code.to_owned(),
        sentence: text::line(&violation.sentence),
        detail: violation.detail.clone(),
        window_s,
        core: core.collect(),
        edges: violation.reasons.iter().map(edge).collect(),
        orders: violation.orders.iter().map(order).collect(),
        frontier: violation.frontier.as_ref().map(|frontier| FrontierRow {
            order: frontier.order.iter().map(|place| label(*place)).collect(),
            states: frontier.states.clone(),
            next: frontier.next.iter().map(order).collect(),
        }),
        weakened: WeakenedRow {
            dropped_reads: violation.weakened.dropped_reads,
            optional_updates: violation.weakened.optional_updates,
        },
        shrink: ShrinkRow {
            from: violation.shrink.from,
            to: violation.shrink.to,
            steps: violation.shrink.steps.clone(),
            checks: violation.shrink.checks,
            took_s: violation.shrink.took.as_secs_f64(),
            minimal: violation.shrink.minimal,
            ended_early: violation.shrink.ended_early.map(|it| {
                let name = match it {
                    checker::ShrinkEnd::NotWanted => "not-wanted",
                    checker::ShrinkEnd::Time => "time",
                    checker::ShrinkEnd::Memory => "memory",
                    checker::ShrinkEnd::Steps => "steps",
                };
                name.to_owned()
            }),
            verified: violation.shrink.verified,
        },
        between: changes(faults, window_s),
        answers_by_node: answers_by_node(history, violation.key),
        logs: Vec::new(),
    }
}

/// An answer that was put into words: the value, where the words are one.
fn shown(words: &str) -> serde_json::Value {
    serde_json::from_str(words).unwrap_or_else(|_| words.into())
}

/// What is known of weaker promises, in sentences: one for all when none is kept.
pub(super) fn still(still: &Still) -> Vec<String> {
    let known: Vec<&StillHolds> = decided(&still.promises).collect();
    let is_broken = |promise: &&StillHolds| {
        matches!(
            promise,
            StillHolds::Sequential(Answer::Broken)
                | StillHolds::OrderedSequential(Answer::Broken)
                | StillHolds::Regular(Answer::Broken)
                | StillHolds::Versions(Bound::None)
                | StillHolds::Age(Bound::None)
        )
    };
    if known.len() > 1 && known.iter().all(is_broken) {
        // What a part breaks the whole breaks.
        return vec!["No weaker promise is kept either.".to_owned()];
    }
    let scope = still.of.filter(|_| !known.iter().all(is_broken)).map(|of| {
        format!(
            "This is about the {} operations up to there alone; any other may have happened at any time, or not.",
            text::count(of)
        )
    });
    scope
        .into_iter()
        .chain(known.iter().map(|promise| promise.sentence()))
        .collect()
}

/// The weaker promises of which it is known whether they are kept.
fn decided(still: &[StillHolds]) -> impl Iterator<Item = &StillHolds> {
    still.iter().filter(|promise| {
        !matches!(
            promise,
            StillHolds::Sequential(Answer::Unknown)
                | StillHolds::OrderedSequential(Answer::Unknown)
                | StillHolds::Regular(Answer::Unknown)
                | StillHolds::Versions(Bound::Unknown)
                | StillHolds::Age(Bound::Unknown)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_of_a_part_alone_is_said_of_that_part() {
        let of = |of: Option<usize>, ordered: Answer, regular: Answer| {
            let promises = vec![
                StillHolds::OrderedSequential(ordered),
                StillHolds::Regular(regular),
            ];
            still(&Still { promises, of })
        };
        let (holds, broken) = (Answer::Holds, Answer::Broken);
        assert_eq!(of(None, holds, broken).len(), 2);
        let part = of(Some(1000), holds, broken);
        assert_eq!(part.len(), 3);
        assert!(part[0].contains("1,000 operations"), "{part:?}");
        let none = ["No weaker promise is kept either."];
        assert_eq!(of(Some(1000), broken, broken), none, "so the whole keeps none");
        assert_eq!(of(Some(1000), Answer::Unknown, broken).len(), 1);
        assert!(of(Some(1000), Answer::Unknown, Answer::Unknown).is_empty());
    }
}
