//! The section of a run without a violation: what was tried, what the system did, where it could have broken.

use crate::coverage::Coverage;
use crate::document::{Outcome, Results};
use crate::evidence::Rule;
use crate::report::{operations, timeline};
use crate::text::{self, count, counted, moment, noun, seconds, stretch, times, visible};
use history::History;
use std::collections::BTreeMap;
use std::path::Path;

/// For a run without a violation: why its verdict can be believed.
pub struct Believe {
    pub title: &'static str,
    pub tried: Vec<TriedView>,
    pub did: Vec<(&'static str, String)>,
    pub could: Vec<String>,
    pub rules: Vec<RuleView>,
    pub hardest: String,
    /// Its place in the picture of the run; empty where there is none.
    pub hardest_in_run: String,
    pub witness: Option<WitnessView>,
    /// The file with a legal order of each object; empty where there is none.
    pub witness_file: String,
}

/// A kind of fault, and how much of it there was.
pub struct TriedView {
    pub name: String,
    pub value: String,
    /// For how much of the main phase one was in force, in hundredths; none where there was none.
    pub share: Option<f64>,
}

/// A legal order of one object.
pub struct WitnessView {
    pub object: String,
    /// How it begins.
    pub beginning: String,
    /// How it goes on; may be empty.
    pub rest: String,
}

/// A rule of evidence, and what was measured.
pub struct RuleView {
    pub class: &'static str,
    pub sign: &'static str,
    pub name: String,
    pub value: String,
}

fn rule_view(rule: &Rule) -> RuleView {
    let (class, asked) = match (rule.asked, rule.ok) {
        (_, false) => ("sign-invalid", ""),
        (false, true) => ("sign-none", "not asked: "),
        (true, true) => ("sign-valid", ""),
    };
    RuleView {
        class,
        sign: rule.sign(),
        name: rule.name(),
        value: format!("{asked}{}", visible(&rule.value, 300)),
    }
}

pub fn believe(
    results: &Results,
    history: &History,
    coverage: &Coverage,
    directory: Option<&Path>,
) -> Believe {
    let main_ns = coverage.main_ns.1.saturating_sub(coverage.main_ns.0).max(1);
    let tried = coverage.kinds.iter().map(|kind| TriedView {
        name: kind.kind.clone(),
        value: format!("{} × · {:.1} s", count(kind.installed), seconds(kind.active_ns)),
        share: Some((kind.active_ns as f64 / main_ns as f64 * 100.0).min(100.0)),
    });
    let missing = coverage.not_exercised.iter().map(|kind| TriedView {
        name: kind.to_string(),
        value: "not exercised".to_owned(),
        share: None,
    });
    let (hardest, hardest_in_run) = hardest(history, coverage);
    let witness_file = results.files.get("witness");
    let is_there = |file: &&String| directory.is_some_and(|it| it.join(file).is_file());
    let begun: usize = coverage.kinds.iter().map(|kind| kind.begun.total()).sum();
    let ok: usize = coverage.kinds.iter().map(|kind| kind.begun.ok).sum();
    let share = if begun == 0 {
        "–".to_owned()
    } else {
        format!("{:.1} %", ok as f64 / begun as f64 * 100.0)
    };
    let mut did = vec![
        ("ok among those begun under a fault", share),
        (
            "lost quorum",
            format!(
                "{}, {:.1} s",
                times(coverage.no_quorum.len()),
                seconds(coverage.no_quorum_ns())
            ),
        ),
    ];
    if !coverage.quorum_on_and_off.is_empty() {
        let lasted_s = seconds(coverage.quorum_on_and_off_ns());
        did.push(("had a quorum on and off", format!("{lasted_s:.1} s")));
    }
    if let Some((median, worst)) = coverage.recovery() {
        did.push((
            "back after a fault's end",
            format!("{} median, {} at worst", stretch(median), stretch(worst)),
        ));
    }
    Believe {
        title: if results.verdict == Outcome::Valid {
            "Why you can believe it"
        } else {
            "What was tested, and what was missing"
        },
        tried: tried.chain(missing).collect(),
        did,
        could: vec![
            format!(
                "{} operations overlapped another on the same object ({:.0} %)",
                count(coverage.overlapping),
                coverage.overlap_share * 100.0
            ),
            format!(
                "{} operations were in flight as a fault began or ended",
                count(coverage.in_flight_at_change)
            ),
            format!(
                "{} operations began without a quorum",
                count(coverage.no_quorum_begun.total())
            ),
        ],
        rules: results.coverage.evidence.iter().map(rule_view).collect(),
        hardest,
        hardest_in_run,
        witness: witness(history),
        witness_file: witness_file.filter(is_there).cloned().unwrap_or_default(),
    }
}

/// When the most operations were open on one object, in words, and its place in the picture of the run.
fn hardest(history: &History, coverage: &Coverage) -> (String, String) {
    /// What is shown of the run before and after it.
    const AROUND_NS: u64 = 100_000_000;
    let mut best: Option<(usize, u64, u32)> = None;
    let mut open: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
    for operation in &history.operations {
        let ends = open.entry(operation.key).or_default();
        ends.retain(|end| *end > operation.start_ns);
        ends.push(if operation.end_ns == u64::MAX {
            operation.start_ns
        } else {
            operation.end_ns
        });
        if best.is_none_or(|(most, ..)| ends.len() > most) {
            best = Some((ends.len(), operation.start_ns, operation.key));
        }
    }
    let Some((most, at, key)) = best else {
        return (String::new(), String::new());
    };
    let in_force = coverage.faults.iter().filter(|span| {
        let active = span.active_ns(u64::MAX);
        active.is_some_and(|(start, end)| (start..end).contains(&at))
    });
    let under = match in_force.count() {
        0 => String::new(),
        faults => format!(", under {}", counted(faults, "fault")),
    };
    let words = format!(
        "{}: {} at once on {} {}{under}.",
        moment(at),
        counted(most, "operation"),
        noun(history),
        visible(&history.key_name(key), 40)
    );
    let around = (at.saturating_sub(AROUND_NS), at.saturating_add(AROUND_NS));
    (words, operations::link_to_moment(history, around, key))
}

/// A legal order of the object with the most operations that is short enough to be shown.
fn witness(history: &History) -> Option<WitnessView> {
    const BEGINNING: usize = 14;
    let mut sizes = vec![0usize; history.keys.len()];
    history
        .operations
        .iter()
        .for_each(|operation| sizes[operation.key as usize] += 1);
    let key = (0..sizes.len())
        .filter(|key| sizes[*key] <= 40)
        .max_by_key(|key| sizes[*key])? as u32;
    let model = text::model(history)?;
    let order = checker::witness(history, model, key).ok()??;
    let calls: Vec<String> = order
        .iter()
        .map(|number| timeline::call(history, &history.operations[*number as usize]))
        .collect();
    let (beginning, rest) = calls.split_at(calls.len().min(BEGINNING));
    Some(WitnessView {
        object: format!(
            "{} {}",
            text::capitalized(model.noun()),
            visible(&history.key_name(key), 40)
        ),
        beginning: beginning.join(" · "),
        rest: rest.join(" · "),
    })
}
