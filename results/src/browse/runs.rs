//! The list of runs: newest first, a page at a time, narrowed by what is in the address.

use super::Badge;
use crate::document::Outcome;
use crate::store::{RunFilter, RunRow};
use crate::text::{count, counted, visible};
use askama::Template;
use std::collections::BTreeSet;

/// How many runs a page has.
pub const RUNS_PER_PAGE: usize = 100;

/// A run and whether it is in progress.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The run.
    pub row: RunRow,
    /// Whether somebody is writing it.
    pub is_in_progress: bool,
}

#[derive(Template)]
#[template(path = "runs.html")]
struct Page {
    store: String,
    rows: Vec<Row>,
    systems: Vec<Choice>,
    verdicts: Vec<Choice>,
    kinds: Vec<Choice>,
    seed: String,
    said: String,
    is_narrowed: bool,
    newer: Option<String>,
    older: Option<String>,
    live: Option<(String, String)>,
    remark: String,
}

struct Row {
    address: String,
    value: String,
    report: Option<String>,
    id: String,
    started: String,
    system: String,
    faults: String,
    seed: String,
    badge: Badge,
    sentence: String,
    operations: String,
    duration: String,
}

struct Choice {
    value: String,
    name: String,
    is_chosen: bool,
}

/// The page with the runs that the filter takes. `remark` is said above them: what of the address was not understood.
///
/// # Errors
/// When the template cannot be filled in, which is a defect.
pub fn page(
    store: &str,
    all: &[Listed],
    filter: &RunFilter,
    number: usize,
    remark: &str,
) -> Result<String, askama::Error> {
    let meant: Vec<&Listed> = all.iter().filter(|it| filter.takes(&it.row)).collect();
    let last = meant.len().saturating_sub(1) / RUNS_PER_PAGE;
    let number = number.min(last);
    let shown = meant.iter().skip(number * RUNS_PER_PAGE).take(RUNS_PER_PAGE);
    let said = match meant.len() == all.len() {
        true => counted(all.len(), "run"),
        false => format!("{} of {}", count(meant.len()), counted(all.len(), "run")),
    };
    let address = |page: usize| format!("/?{}page={page}", query(filter));
    let live = all.iter().find(|it| it.is_in_progress);
    Page {
        store: visible(store, 200),
        rows: shown.map(|it| row(it)).collect(),
        systems: choices(names(all), filter.system.as_deref()),
        verdicts: choices(
            verdicts(),
            filter.verdict.map(|it| it.word().to_lowercase()).as_deref(),
        ),
        kinds: choices(kinds(all), filter.nemesis.as_deref()),
        seed: filter.seed.map_or_else(String::new, |seed| seed.to_string()),
        said,
        is_narrowed: *filter != RunFilter::default(),
        newer: (number > 0).then(|| address(number - 1)),
        older: (number < last).then(|| address(number + 1)),
        live: live.map(|it| (address_of(&it.row), visible(&it.row.id, 60))),
        remark: visible(remark, 200),
    }
    .render()
}

/// Where a run is in the browser.
pub fn address_of(row: &RunRow) -> String {
    format!("/runs/{}/{}/", encoded(&row.name), encoded(&row.id))
}

/// A text as part of an address.
pub fn encoded(text: &str) -> String {
    let mut shown = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                shown.push(char::from(byte))
            }
            _ => shown += &format!("%{byte:02X}"),
        }
    }
    shown
}

fn row(listed: &Listed) -> Row {
    let row = &listed.row;
    let address = address_of(row);
    let has_report = row.verdict.is_some_and(|it| it != Outcome::Error) && !listed.is_in_progress;
    let name = match row.name == row.system {
        true => row.system.clone(),
        false => format!("{} ({})", row.system, visible(&row.name, 60)),
    };
    Row {
        report: match has_report {
            true => Some(format!("{address}report.html")),
            // A run without a verdict may have none: its own page knows.
            false => (row.verdict == Some(Outcome::Error)).then(|| address.clone()),
        },
        address,
        value: format!("{}/{}", row.name, row.id),
        id: visible(&row.id, 60),
        // Of a folder that does not say when, its name is all there is.
        started: match row.started_at.replace('T', " ").trim_end_matches('Z') {
            "" => visible(&row.id, 60),
            started => started.to_owned(),
        },
        system: name,
        faults: match row.nemesis.as_slice() {
            [] => "none".to_owned(),
            kinds => visible(&kinds.join(", "), 80),
        },
        seed: row.seed.map_or_else(|| "–".to_owned(), |seed| seed.to_string()),
        badge: Badge::of(row.verdict, listed.is_in_progress),
        sentence: visible(&row.sentence, 200),
        operations: count(row.operations),
        duration: format!("{:.0} s", row.duration_s),
    }
}

fn choices(names: Vec<(String, String)>, chosen: Option<&str>) -> Vec<Choice> {
    let any = Choice {
        value: String::new(),
        name: "any".to_owned(),
        is_chosen: chosen.is_none(),
    };
    let others = names.into_iter().map(|(value, name)| Choice {
        is_chosen: chosen == Some(value.as_str()),
        name: visible(&name, 60),
        value,
    });
    std::iter::once(any).chain(others).collect()
}

fn verdicts() -> Vec<(String, String)> {
    let all = [Outcome::Invalid, Outcome::Valid, Outcome::Unknown, Outcome::Error];
    all.map(|it| (it.word().to_lowercase(), it.word().to_lowercase()))
        .to_vec()
}

fn names(all: &[Listed]) -> Vec<(String, String)> {
    let names: BTreeSet<&str> = all
        .iter()
        .flat_map(|it| [it.row.system.as_str(), it.row.name.as_str()])
        .collect();
    names
        .into_iter()
        .map(|name| (name.to_owned(), name.to_owned()))
        .collect()
}

fn kinds(all: &[Listed]) -> Vec<(String, String)> {
    let kinds: BTreeSet<&str> = all
        .iter()
        .flat_map(|it| it.row.nemesis.iter().map(String::as_str))
        .collect();
    let named = kinds.into_iter().map(|kind| (kind.to_owned(), kind.to_owned()));
    named
        .chain([("none".to_owned(), "without faults".to_owned())])
        .collect()
}

/// The filter as the beginning of a query.
fn query(filter: &RunFilter) -> String {
    let verdict = filter.verdict.map(|it| it.word().to_lowercase());
    let seed = filter.seed.map(|seed| seed.to_string());
    let parts = [
        ("system", filter.system.as_deref()),
        ("verdict", verdict.as_deref()),
        ("nemesis", filter.nemesis.as_deref()),
        ("seed", seed.as_deref()),
    ];
    let said = parts
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name}={}&", encoded(value?))));
    said.collect()
}
