//! The section of a run without a violation: what was tried, what the system did, where it could have broken.

use crate::coverage::Coverage;
use crate::document::{Outcome, Results};
use crate::evidence::Rule;
use crate::report::timeline;
use crate::text::{self, count, moment, noun, seconds, stretch, times, visible};
use history::History;
use std::collections::BTreeMap;

/// For a run without a violation: why its verdict can be believed.
pub struct Believe {
    pub title: &'static str,
    pub tried: Vec<(String, String)>,
    pub did: Vec<(&'static str, String)>,
    pub could: Vec<String>,
    pub rules: Vec<RuleView>,
    pub hardest: String,
    pub witness: String,
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

pub fn believe(results: &Results, history: &History, coverage: &Coverage) -> Believe {
    let tried = coverage.kinds.iter().map(|kind| {
        (
            kind.kind.clone(),
            format!("{} × · {:.1} s", count(kind.installed), seconds(kind.active_ns)),
        )
    });
    let missing = coverage
        .not_exercised
        .iter()
        .map(|kind| (kind.to_string(), "not exercised".to_owned()));
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
        hardest: hardest(history),
        witness: witness(history).unwrap_or_default(),
    }
}

/// The second in which the most operations were open on one object.
pub fn hardest(history: &History) -> String {
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
    match best {
        Some((most, at, key)) => format!(
            "{}: {most} operations at once on {} {}.",
            moment(at),
            noun(history),
            visible(&history.key_name(key), 40)
        ),
        None => String::new(),
    }
}

/// A legal order of the object with the most operations that is short enough to be shown.
pub fn witness(history: &History) -> Option<String> {
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
        .take(14)
        .map(|number| timeline::call(history, &history.operations[*number as usize]))
        .collect();
    let more = if order.len() > calls.len() { " · …" } else { "" };
    Some(format!(
        "{} {}: {}{more}",
        text::capitalized(model.noun()),
        visible(&history.key_name(key), 40),
        calls.join(" · ")
    ))
}
