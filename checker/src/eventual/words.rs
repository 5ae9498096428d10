//! What is wrong with a final read of a set, in the words of a promise about the end. The explanation of the weakened history
//! knows of one read only, and cannot say who else saw what.

use super::is_read;
use crate::analysis::Violation;
use crate::proof::wording::plain;
use history::{History, Operation};

/// Says a violation anew where it is that an element is missing in the end.
pub(super) fn say(history: &History, violation: &mut Violation) {
    let core = || {
        violation
            .core
            .iter()
            .map(|it| &history.operations[it.operation as usize])
    };
    let Some(read) = core().find(|it| is_read(history, it)) else {
        return;
    };
    let shown = shown(history, read);
    let element = |it: &Operation| history.values.json(it.input).into_owned();
    let Some(lost) = core().find(|it| !is_read(history, it) && !shown.contains(&element(it))) else {
        return;
    };
    let element = plain(&element(lost));
    violation.code = "eventual-set.missing";
    violation.sentence = format!(
        "The add of {element}{} was acknowledged, and in the end {} did not show it.",
        through(history, lost),
        history.node_name(read).map_or_else(|| "a read".to_owned(), plain)
    );
}

/// The elements that a read was told, as JSON.
fn shown(history: &History, read: &Operation) -> Vec<String> {
    let told = serde_json::from_str(&history.values.json(read.output));
    let elements: Vec<serde_json::Value> = told.unwrap_or_default();
    elements.iter().map(ToString::to_string).collect()
}

fn through(history: &History, operation: &Operation) -> String {
    history
        .node_name(operation)
        .map_or_else(String::new, |node| format!(" through {}", plain(node)))
}
