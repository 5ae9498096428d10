//! The section of a run that the checker could not decide: how far it got, what widened its search, what would help.

use crate::document::{LimitsRow, Results, SuspectRow, UndecidedRow};
use crate::report::course;
use crate::report::operations::link_to_key;
use crate::text::{count, moment, visible};
use checker::Analysis;
use history::History;

pub struct UndecidedView {
    /// Which limit was reached.
    pub limit: String,
    /// Each object that is told.
    pub objects: Vec<ObjectView>,
    /// How many more there are, in words; empty for none.
    pub more: String,
    /// What would help: in words, and what to type.
    pub ways: Vec<(String, String)>,
}

pub struct ObjectView {
    pub name: String,
    /// How far the search came, in hundredths.
    pub share: f64,
    pub sentence: String,
    /// The operations that widened it: who asked whom, what, from when to when, and a class.
    pub suspects: Vec<SuspectView>,
    /// Drawings of how the search went.
    pub course: Vec<String>,
    /// A link to them in the picture of the run; may be empty.
    pub in_run: String,
}

pub struct SuspectView {
    pub who: String,
    pub what: String,
    pub when: String,
    pub outcome: &'static str,
}

/// None where every object was decided.
pub fn undecided(results: &Results, history: &History, analysis: &Analysis) -> Option<UndecidedView> {
    let unknown = results.unknown.as_ref()?;
    let noun = analysis.model.noun();
    let limits = results.checks.first().and_then(|check| check.limits.as_ref());
    let more = unknown.undecided - unknown.objects.len();
    Some(UndecidedView {
        limit: unknown.sentence(),
        objects: unknown
            .objects
            .iter()
            .map(|it| object(it, noun, history, limits))
            .collect(),
        more: match more {
            0 => String::new(),
            1 => format!("1 more {noun} was not decided."),
            more => format!("{} more {noun}s were not decided.", count(more)),
        },
        ways: unknown.ways.iter().map(|way| split(way)).collect(),
    })
}

/// What helps, and what to type for it.
fn split(way: &str) -> (String, String) {
    let (words, command) = way.split_once(": ").unwrap_or((way, ""));
    (words.to_owned(), command.to_owned())
}

fn object(row: &UndecidedRow, noun: &str, history: &History, limits: Option<&LimitsRow>) -> ObjectView {
    let key = row.key.to_string();
    let place = (0..history.keys.len() as u32).find(|place| history.key_name(*place) == key);
    ObjectView {
        name: row.name(noun),
        share: row.placed as f64 / row.of.max(1) as f64 * 100.0,
        sentence: [Some(row.sentence()), row.standstill()]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" "),
        course: course::draw(row, limits),
        suspects: row.suspects.iter().map(suspect).collect(),
        in_run: place.map_or_else(String::new, |place| link_to_key(history, place)),
    }
}

fn suspect(row: &SuspectRow) -> SuspectView {
    let node = row
        .node
        .as_ref()
        .map_or(String::new(), |node| format!(" → {}", visible(node, 20)));
    let f = visible(&row.f, 20);
    let what = match row.input.is_null() {
        true => f,
        false => format!("{f}({})", visible(&row.input.to_string(), 40)),
    };
    SuspectView {
        who: format!("client {}{node}", row.client),
        what,
        when: match row.end_ns {
            Some(end) if row.kind != "info" => format!("{} – {}", moment(row.start_ns), moment(end)),
            _ => format!("from {}", moment(row.start_ns)),
        },
        outcome: match row.kind.as_str() {
            "info" => "unknown outcome",
            _ => "answered",
        },
    }
}
