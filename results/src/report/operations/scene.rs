//! The JSON of the block: names, texts, and what there is in the picture beside the operations.

use super::choice::Chosen;
use super::columns::{Column, microseconds};
use super::lines::Lines;
use super::texts::Texts;
use super::{Contradiction, Surroundings};
use crate::text::visible;
use history::History;
use history::timeline::phases;
use serde_json::{Value, json};

/// How many of a list there are at most, so that no file makes a page that cannot be opened.
const LIST_MAX: usize = 20_000;
/// How much there is to the left and right of a contradiction when the page opens, in its own lengths and at least.
const AIR_MIN_US: u64 = 20_000;

/// The scene around the operations. Texts are harmless to look at; the reader puts them into the page as text.
pub fn scene(
    history: &History,
    chosen: &Chosen,
    lines: &Lines,
    around: &Surroundings<'_>,
    mut texts: Texts,
    (columns, keys): &(Vec<Column>, Vec<u32>),
) -> Value {
    let header = history.header.as_ref();
    let spans = |spans: &[(u64, u64)]| -> Vec<[u64; 2]> {
        let first = spans.iter().take(LIST_MAX);
        first
            .map(|(start, end)| [microseconds(*start), microseconds(*end)])
            .collect()
    };
    let lanes = around.lanes.iter().zip(0..).flat_map(|(lane, node)| {
        let span = move |span: &super::LaneSpan| {
            json!([
                node,
                span.class,
                microseconds(span.start_ns),
                microseconds(span.end_ns),
                span.title,
                u8::from(span.flaps)
            ])
        };
        lane.iter().map(span)
    });
    let violation = |it: &Contradiction| {
        let core = it.core.iter();
        let core: Vec<Value> = core
            .map(|(letter, number)| json!([letter, history.operations[*number as usize].invoke]))
            .collect();
        let [from, to] = [it.span.0, it.span.1].map(microseconds);
        json!([from, to, super::search_for_key(history, it.key), core])
    };
    let keys: Vec<u64> = keys
        .iter()
        .map(|key| texts.code(&history.values, history.keys[*key as usize]))
        .collect();
    let name = |name: &String| visible(name, 40);
    json!({
        "operations": chosen.numbers.len(),
        "clients": header.map_or(0, |header| header.clients),
        "timeout": header.map_or(0, |header| microseconds(header.client_timeout_ns)),
        "nothing": crate::text::nothing(history),
        "span": span(history),
        "window": window(history, around),
        "nodes": history.nodes.iter().map(name).collect::<Vec<_>>(),
        "functions": history.functions.iter().map(name).collect::<Vec<_>>(),
        "lines": lines.names.iter().map(|(name, node)| json!([name, node])).collect::<Vec<_>>(),
        "phases": phases(history).iter().take(LIST_MAX).map(|(phase, start, end)| json!([phase.name(), microseconds(*start), microseconds(*end)])).collect::<Vec<_>>(),
        "lanes": lanes.take(LIST_MAX).collect::<Vec<_>>(),
        "noQuorum": spans(around.no_quorum),
        "onAndOff": spans(around.on_and_off),
        "violations": around.violations.iter().map(violation).collect::<Vec<_>>(),
        "keys": keys,
        "texts": texts.into_list(),
        "columns": columns.iter().map(|column| json!([column.name, column.bytes.len()])).collect::<Vec<_>>(),
    })
}

/// From the first operation to the last moment: the axis of the whole run.
fn span(history: &History) -> [u64; 2] {
    let (start, end) = super::super::whole_run::span(history);
    [
        microseconds(start),
        microseconds(end).max(microseconds(start) + 1),
    ]
}

/// What is in view when the page opens: the contradiction with some air, or the whole run.
fn window(history: &History, around: &Surroundings<'_>) -> [u64; 2] {
    let core = around.violations.first().map_or(&[][..], |it| &it.core);
    let operations = core
        .iter()
        .map(|(_, number)| &history.operations[*number as usize]);
    let start = operations.clone().map(|it| microseconds(it.start_ns)).min();
    let end = operations
        .map(|it| microseconds(crate::coverage::known_end_ns(it)))
        .max();
    let (Some(start), Some(end)) = (start, end) else {
        return span(history);
    };
    let air = ((end.saturating_sub(start)) / 2).max(AIR_MIN_US);
    [start.saturating_sub(air), end.saturating_add(air)]
}
