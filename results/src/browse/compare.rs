//! Two runs side by side: verdict, operations, faults, options; what differs is marked, and comes first.

use super::Badge;
use super::runs::{Listed, address_of};
use crate::document::Results;
use crate::run_info::RunInfo;
use crate::text::{count, visible};
use askama::Template;
use std::collections::BTreeSet;

/// One of the two.
pub struct Side<'a> {
    /// The run.
    pub listed: &'a Listed,
    /// Its results, if it came so far.
    pub results: Option<Results>,
    /// What it was asked to be.
    pub info: Option<RunInfo>,
}

#[derive(Template)]
#[template(path = "compare.html")]
struct Page {
    heads: Vec<Head>,
    groups: Vec<Group>,
    same: Vec<Line>,
}

struct Head {
    address: String,
    id: String,
    badge: Badge,
    sentence: String,
}

struct Group {
    name: &'static str,
    lines: Vec<Line>,
}

struct Line {
    name: String,
    one: String,
    other: String,
    differs: bool,
}

/// The page.
///
/// # Errors
/// When the template cannot be filled in, which is a defect.
pub fn page(one: &Side<'_>, other: &Side<'_>) -> Result<String, askama::Error> {
    let head = |side: &Side<'_>| Head {
        address: address_of(&side.listed.row),
        id: visible(&side.listed.row.id, 60),
        badge: Badge::of(side.listed.row.verdict, side.listed.is_in_progress),
        sentence: visible(&side.listed.row.sentence, 400),
    };
    let (differing, same): (Vec<Line>, Vec<Line>) =
        options(one, other).into_iter().partition(|line| line.differs);
    let groups = vec![
        Group {
            name: "Options that differ",
            lines: differing,
        },
        Group {
            name: "Operations",
            lines: operations(one, other),
        },
        Group {
            name: "Faults",
            lines: faults(one, other),
        },
        Group {
            name: "Evidence",
            lines: evidence(one, other),
        },
    ];
    Page {
        heads: vec![head(one), head(other)],
        groups,
        same,
    }
    .render()
}

fn line(name: impl Into<String>, one: String, other: String) -> Line {
    let differs = one != other;
    Line {
        name: visible(&name.into(), 80),
        one,
        other,
        differs,
    }
}

/// A line with a value of each, where a run without results has none.
fn of(name: &str, one: &Side<'_>, other: &Side<'_>, value: &dyn Fn(&Results) -> String) -> Line {
    let told = |side: &Side<'_>| side.results.as_ref().map_or_else(|| "–".to_owned(), value);
    line(name, told(one), told(other))
}

/// What was measured is never quite the same: that it differs says nothing.
fn operations(one: &Side<'_>, other: &Side<'_>) -> Vec<Line> {
    let mut lines = measured(one, other);
    lines.iter_mut().for_each(|line| line.differs = false);
    lines
}

fn measured(one: &Side<'_>, other: &Side<'_>) -> Vec<Line> {
    let mut lines = vec![
        of("all", one, other, &|it| count(it.ops.total)),
        of("ok", one, other, &|it| count(it.ops.ok)),
        of("failed", one, other, &|it| count(it.ops.fail)),
        of("unknown", one, other, &|it| count(it.ops.info)),
        of("per second", one, other, &|it| {
            format!("{:.0}", it.ops.rate_per_s)
        }),
        of("overlapping another", one, other, &|it| {
            format!("{:.0} %", it.coverage.overlap_share * 100.0)
        }),
        of("main phase", one, other, &|it| format!("{:.1} s", it.duration_s)),
    ];
    for f in keys(one, other, &|it| it.ops.by_f.keys().cloned().collect()) {
        lines.push(of(&format!("{f}: median, 99 %"), one, other, &|it| {
            let latency = it.ops.by_f.get(&f).and_then(|row| row.latency_ms.as_ref());
            latency.map_or_else(
                || "–".to_owned(),
                |it| format!("{:.1} ms, {:.1} ms", it.p50, it.p99),
            )
        }));
    }
    lines
}

fn faults(one: &Side<'_>, other: &Side<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    for kind in keys(one, other, &|it| {
        it.coverage.faults.iter().map(|row| row.kind.clone()).collect()
    }) {
        lines.push(of(&kind, one, other, &|it| {
            let row = it.coverage.faults.iter().find(|row| row.kind == kind);
            row.map_or_else(
                || "none".to_owned(),
                |row| format!("{}×, {:.1} s", count(row.count), row.active_s),
            )
        }));
    }
    lines.push(of("confirmed", one, other, &|it| {
        let confirmed = it.faults.iter().filter(|fault| fault.confirmed).count();
        format!("{} of {}", count(confirmed), count(it.faults.len()))
    }));
    lines.push(of("without quorum", one, other, &|it| {
        format!(
            "{}×, {:.1} s",
            count(it.coverage.no_quorum.count),
            it.coverage.no_quorum.total_s
        )
    }));
    lines
}

fn evidence(one: &Side<'_>, other: &Side<'_>) -> Vec<Line> {
    let rules = keys(one, other, &|it| {
        it.coverage
            .evidence
            .iter()
            .map(|rule| rule.rule.clone())
            .collect()
    });
    let told = |rule: &str| {
        of(&rule.replace('-', " "), one, other, &|it| {
            let found = it.coverage.evidence.iter().find(|it| it.rule == rule);
            found.map_or_else(
                || "not asked".to_owned(),
                |it| match it.asked {
                    true => it.sign().to_owned(),
                    false => "not asked".to_owned(),
                },
            )
        })
    };
    rules.iter().map(|rule| told(rule)).collect()
}

fn options(one: &Side<'_>, other: &Side<'_>) -> Vec<Line> {
    let options = |side: &Side<'_>| {
        side.info
            .as_ref()
            .map(|info| info.options.clone())
            .unwrap_or_default()
    };
    let (first, second) = (options(one), options(other));
    let names: BTreeSet<&String> = first.keys().chain(second.keys()).collect();
    let told = |value: Option<&serde_json::Value>| match value {
        None | Some(serde_json::Value::Null) => "–".to_owned(),
        Some(serde_json::Value::String(text)) => visible(text, 200),
        Some(value) => visible(&value.to_string(), 200),
    };
    let told = |name: &&String| {
        line(
            name.replace('_', " "),
            told(first.get(*name)),
            told(second.get(*name)),
        )
    };
    names.iter().map(told).collect()
}

/// The names that either has, each once.
fn keys(one: &Side<'_>, other: &Side<'_>, of: &dyn Fn(&Results) -> Vec<String>) -> Vec<String> {
    let all = [one, other]
        .into_iter()
        .filter_map(|side| side.results.as_ref())
        .flat_map(of);
    all.collect::<BTreeSet<String>>().into_iter().collect()
}
