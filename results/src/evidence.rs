//! When *valid* is earned: rules about what a run must have exercised, each with its measured value.
//!
//! No violation plus too little evidence is `unknown`, not `valid`: a run in which nothing worked, or in
//! which no fault was felt, says nothing about the system.

use crate::coverage::exposure;
use crate::coverage::{Comeback, Coverage, Failover, Progress};
use crate::text::{count, names, seconds, times, visible};
use checker::{Analysis, Verdict};
use history::timeline::{FaultSpan, excuse};
use history::{History, Note};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// At least this share of operations has to overlap another on the same object.
const OVERLAP_SHARE_MIN: f64 = 0.05;
/// At least this share of operations must have a known outcome.
const UNKNOWN_SHARE_MAX: f64 = 0.30;

/// How much has to have been tested for a run without a violation to be valid. A violation is one in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strictness {
    /// Every rule counts.
    #[default]
    Strict,
    /// Only that the check came to its end and that each kind of operation worked.
    Relaxed,
    /// Only that the check came to its end.
    Off,
}

impl Strictness {
    /// All of them.
    pub const ALL: [Strictness; 3] = [Strictness::Strict, Strictness::Relaxed, Strictness::Off];

    /// The word, as after `--evidence`.
    pub fn name(self) -> &'static str {
        match self {
            Strictness::Strict => "strict",
            Strictness::Relaxed => "relaxed",
            Strictness::Off => "off",
        }
    }

    /// Whether a rule, by its name, has to be fulfilled.
    pub fn counts(self, rule: &str) -> bool {
        match self {
            Strictness::Strict => true,
            Strictness::Relaxed => {
                matches!(
                    rule,
                    "checker-finished" | "every-operation-worked" | "final-reads"
                )
            }
            // Without final reads nothing has been checked of what counts in the end.
            Strictness::Off => matches!(rule, "checker-finished" | "final-reads"),
        }
    }

    /// What was broken and does not count, in a sentence.
    pub(crate) fn remark(self, rules: &[Rule]) -> Option<String> {
        let waived = rules.iter().filter(|rule| !rule.ok && !self.counts(&rule.rule));
        let values: Vec<&str> = waived.map(|rule| rule.value.as_str()).collect();
        let said = format!(
            "With --evidence {} this did not count: {}.",
            self.name(),
            values.join("; ")
        );
        (!values.is_empty()).then_some(said)
    }
}

/// One rule, and what was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rule {
    /// Its name, stable for machines.
    pub rule: String,
    /// Whether it is fulfilled; a rule that was not asked is not broken.
    pub ok: bool,
    /// Whether the run gave occasion to ask it. What was not asked says nothing for the system.
    #[serde(default = "asked")]
    pub asked: bool,
    /// What was measured, in words.
    pub value: String,
}

/// Earlier versions of the format did not tell: they asked every rule that they named.
fn asked() -> bool {
    true
}

impl Rule {
    fn new(rule: &str, ok: bool, value: String) -> Rule {
        Rule {
            rule: rule.to_owned(),
            ok,
            asked: true,
            value,
        }
    }

    /// One that there was no occasion to ask, and why.
    fn not_asked(rule: &str, why: String) -> Rule {
        Rule {
            asked: false,
            ..Rule::new(rule, true, why)
        }
    }

    /// How it is shown: fulfilled, not asked, or broken.
    pub fn sign(&self) -> &'static str {
        match (self.asked, self.ok) {
            (_, false) => "✕",
            (false, true) => "–",
            (true, true) => "✓",
        }
    }

    /// Its name as it is read.
    pub fn name(&self) -> String {
        self.rule.replace('-', " ")
    }
}

/// The rules that there was no occasion to ask, in a sentence; nothing when all were asked.
pub fn not_asked(rules: &[Rule]) -> Option<String> {
    let names = rules.iter().filter(|rule| !rule.asked);
    let told: Vec<String> = names
        .map(|rule| format!("{} ({})", visible(&rule.name(), 60), visible(&rule.value, 200)))
        .collect();
    (!told.is_empty()).then(|| format!("Not asked: {}", told.join(", ")))
}

/// All rules for a history. Those about faults apply when faults were asked for.
pub fn rules(history: &History, analysis: &Analysis, coverage: &Coverage) -> Vec<Rule> {
    let mut rules = vec![
        Rule::new(
            "checker-finished",
            analysis.verdict != Verdict::Unknown,
            format!(
                "{} of {} objects decided",
                count(analysis.keys.valid + analysis.keys.invalid),
                count(analysis.keys.total)
            ),
        ),
        every_function_worked(coverage),
    ];
    if analysis.model.is_eventual() {
        rules.push(final_reads(history));
    }
    let requested: Vec<String> = history
        .header
        .iter()
        .flat_map(|header| header.nemesis.clone())
        .collect();
    if !requested.is_empty() {
        rules.push(faults_took_effect(&requested, coverage));
        rules.push(faults_confirmed(coverage));
        rules.push(worked_under_faults(&requested, coverage));
        rules.push(progress(&coverage.progress));
        rules.extend(recovered(&coverage.comeback));
    }
    rules.push(Rule::new(
        "operations-overlap",
        coverage.overlap_share >= OVERLAP_SHARE_MIN,
        format!(
            "{:.0} % of operations overlapped another on the same object",
            coverage.overlap_share * 100.0
        ),
    ));
    rules.push(Rule::new(
        "outcomes-known",
        coverage.unknown_share < UNKNOWN_SHARE_MAX && coverage.main.total() > 0,
        format!(
            "{:.1} % of operations have an unknown outcome",
            coverage.unknown_share * 100.0
        ),
    ));
    rules.push(no_node_ended_by_itself(history, &coverage.faults));
    rules
}

fn every_function_worked(coverage: &Coverage) -> Rule {
    let missing: Vec<&str> = coverage
        .functions
        .difference(&coverage.main_ok_functions)
        .map(String::as_str)
        .collect();
    let value = match (coverage.functions.is_empty(), missing.as_slice()) {
        (true, _) => "there were no operations".to_owned(),
        (_, []) => format!("{} ok in the main phase", list(coverage.main_ok_functions.iter())),
        (_, missing) => format!("no {} succeeded in the main phase", list(missing.iter())),
    };
    let ok = !coverage.functions.is_empty() && missing.is_empty();
    Rule::new("every-operation-worked", ok, value)
}

/// Of an object that promises something in the end only, every node has to be read in the end.
fn final_reads(history: &History) -> Rule {
    let reads = checker::eventual::final_reads(history);
    let read = |node: &usize| {
        let of_node = |number: &u32| usize::from(history.operations[*number as usize].node) == *node;
        reads.iter().any(of_node)
    };
    let missing: Vec<&str> = (0..history.nodes.len())
        .filter(|node| !read(node))
        .map(|node| history.nodes[node].as_str())
        .collect();
    let value = match missing.as_slice() {
        _ if reads.is_empty() => "no read succeeded in the end".to_owned(),
        [] => format!(
            "{} in the end, through every node",
            crate::text::counted(reads.len(), "read")
        ),
        missing => format!("no read through {} succeeded in the end", list(missing.iter())),
    };
    Rule::new("final-reads", !reads.is_empty() && missing.is_empty(), value)
}

fn faults_took_effect(requested: &[String], coverage: &Coverage) -> Rule {
    let never = |kind: &&String| {
        !coverage
            .kinds
            .iter()
            .any(|it| it.kind == **kind && it.confirmed > 0)
    };
    let missing: Vec<&String> = requested.iter().filter(never).collect();
    let value = match missing.as_slice() {
        [] => format!("{} took effect", list(requested.iter())),
        missing => format!("no {} took effect", list(missing.iter())),
    };
    Rule::new("faults-took-effect", missing.is_empty(), value)
}

/// A fault in force for so long, while somebody is about to feel it, is felt by any system that works at all.
const FELT_WITHIN_NS: u64 = 1_000_000_000;

/// Every fault was felt; of short ones and those left to chance, which may find nobody about to use what they break,
/// three in four, give or take one: of a handful, chance alone spares two now and then.
fn faults_confirmed(coverage: &Coverage) -> Rule {
    let (confirmed, installed) = coverage.confirmed();
    if installed == 0 {
        return Rule::not_asked("faults-confirmed", "no fault was in force".to_owned());
    }
    let mut no_quorum = [&coverage.no_quorum[..], &coverage.quorum_on_and_off].concat();
    no_quorum.sort_unstable();
    let is_unfelt = |span: &&FaultSpan| span.installed_ns.is_some() && !span.confirmed();
    let is_long = |span: &&FaultSpan| {
        let longest_ns = exposure::longest_ns(span, &coverage.faults, &no_quorum, u64::MAX);
        span.fault.is_certain() && longest_ns >= FELT_WITHIN_NS
    };
    let unfelt = coverage.faults.iter().filter(is_unfelt);
    let unfelt = match (installed - confirmed).saturating_sub(1) * 4 > installed {
        true => unfelt.clone().next(),
        false => unfelt.clone().find(is_long),
    };
    let failed = coverage
        .faults
        .iter()
        .find(|span| span.trouble.is_some() && span.installed_ns.is_some());
    let value = match (failed, unfelt) {
        (Some(span), _) => {
            // A node's own last words may be among it, each on a line.
            let trouble = span.trouble.as_deref().unwrap_or_default();
            let words: Vec<&str> = trouble.split_ascii_whitespace().collect();
            let trouble = visible(&words.join(" "), 300);
            format!(
                "{} could not be undone: {trouble}",
                crate::text::fault(&span.fault)
            )
        }
        (None, Some(span)) => {
            format!(
                "{confirmed} of {installed} faults were felt; {} was not",
                crate::text::fault(&span.fault)
            )
        }
        (None, None) => format!("{confirmed} of {installed} faults were felt"),
    };
    Rule::new("faults-confirmed", failed.is_none() && unfelt.is_none(), value)
}

fn worked_under_faults(requested: &[String], coverage: &Coverage) -> Rule {
    const NAME: &str = "worked-under-faults";
    let kinds: Vec<_> = coverage
        .kinds
        .iter()
        .filter(|kind| requested.contains(&kind.kind) && kind.installed > 0)
        .collect();
    let (mut without_quorum, mut too_short) = (Vec::new(), Vec::new());
    for kind in &kinds {
        let failed = kind.by_function.iter().find(|(_, tally)| tally.ok == 0);
        let Some((f, tally)) = failed else { continue };
        // Without a quorum nothing can be expected to succeed: a fault that never left one asks for nothing.
        if kind.active_with_quorum_ns == 0 {
            without_quorum.push(kind.kind.as_str());
            continue;
        }
        // As long as the system may fail over, it is not asked for anything either.
        if kind.active_beyond_failover_ns == Some(0) {
            too_short.push(kind.kind.as_str());
            continue;
        }
        let value = format!(
            "no {} succeeded while a {} was active (0 of {})",
            visible(f, 40),
            kind.kind,
            count(tally.total())
        );
        return Rule::new(NAME, false, value);
    }
    let excused = without_quorum.len() + too_short.len();
    let mut why = Vec::new();
    if !without_quorum.is_empty() {
        let kinds = without_quorum.join(" or a ");
        why.push(format!("there was never a quorum during a {kinds}"));
    }
    if let (false, Some(failover)) = (too_short.is_empty(), &coverage.progress.failover) {
        let kinds = too_short.join(" or ");
        why.push(format!(
            "no {kinds} went on for long enough beyond the {}",
            may_take(failover)
        ));
    }
    match why.join("; ") {
        _ if kinds.is_empty() => Rule::not_asked(NAME, "no fault was in force".to_owned()),
        why if excused == kinds.len() => Rule::not_asked(NAME, why),
        why if excused > 0 => Rule::new(NAME, true, why),
        _ => {
            let value = "every kind of operation succeeded under every kind of fault";
            Rule::new(NAME, true, value.to_owned())
        }
    }
}

/// The longest time in which the system stood still although it could have worked, in words.
pub fn stall(progress: &Progress) -> Option<String> {
    let stall = progress.stalls.first()?;
    let parts = match stall.times {
        1 => String::new(),
        parts => format!(", in {} parts,", count(parts)),
    };
    let majority = match stall.nodes.as_slice() {
        [] => "a majority was".to_owned(),
        [one] => format!("{} was", visible(one, 40)),
        nodes => format!("{} were", names(nodes)),
    };
    let beyond = progress.failover.as_ref().map_or(String::new(), |failover| {
        format!(", beyond the {},", may_take(failover))
    });
    Some(format!(
        "no {} succeeded in {:.1} s{parts}{beyond} in which {majority} up and connected (0 of {})",
        visible(&stall.function, 40),
        seconds(stall.lasted_ns),
        count(stall.begun)
    ))
}

/// `10 s that redis may take to fail over`
fn may_take(failover: &Failover) -> String {
    format!(
        "{} s that {} may take to fail over",
        seconds(failover.may_take_ns),
        visible(&failover.system, 40)
    )
}

fn progress(progress: &Progress) -> Rule {
    const NAME: &str = "progress";
    let failover = progress.failover.as_ref().map(may_take);
    let value = match (stall(progress), progress.judged) {
        (Some(stall), _) => stall,
        (None, 0) => {
            let beyond = failover.map_or(String::new(), |it| format!(" beyond the {it}"));
            let why = format!(
                "under faults the same connected majority never lasted long enough{beyond} to ask for success"
            );
            return Rule::not_asked(NAME, why);
        }
        (None, judged) => format!(
            "every kind of operation succeeded while a majority was up and connected under faults (judged {}{})",
            times(judged),
            failover.map_or(String::new(), |it| format!(", not within the {it}"))
        ),
    };
    Rule::new(NAME, progress.stalls.is_empty(), value)
}

/// Every node answers again when everything was mended and it had its time, or the primary, where it alone serves; asked
/// only of a run that waited for it.
fn recovered(comeback: &Comeback) -> Option<Rule> {
    let (node, back_ns) = comeback.last().unwrap_or(("no node", 0));
    let (ok, value) = match comeback.missing().as_slice() {
        _ if comeback.nodes.is_empty() => return None,
        missing if comeback.served_by_primary => match missing.len() == comeback.nodes.len() {
            true => (false, "no node served again after the last fault".to_owned()),
            false => (
                true,
                format!(
                    "{}, the primary, served again after the last fault, after {:.2} s",
                    visible(node, 40),
                    seconds(back_ns)
                ),
            ),
        },
        [] => (
            true,
            format!(
                "every node answered again after the last fault, {} last, after {:.2} s",
                visible(node, 40),
                seconds(back_ns)
            ),
        ),
        missing => (
            false,
            format!("{} never answered again after the last fault", names(missing)),
        ),
    };
    Some(Rule::new("recovered", ok, value))
}

fn no_node_ended_by_itself(history: &History, faults: &[FaultSpan]) -> Rule {
    let exits: Vec<(&String, &String)> = history
        .notes
        .iter()
        .filter_map(|(at_ns, note)| match note {
            Note::Exit { node, status } if excuse(faults, node, *at_ns).is_none() => Some((node, status)),
            _ => None,
        })
        .collect();
    let value = match exits.first() {
        None => "no node ended by itself".to_owned(),
        Some((node, status)) => format!(
            "{} ended by itself ({}){}",
            visible(node, 40),
            visible(status, 80),
            match exits.len() - 1 {
                0 => String::new(),
                1 => ", and once more a node did".to_owned(),
                more => format!(", and {} more times a node did", count(more)),
            }
        ),
    };
    Rule::new("no-unexpected-exit", exits.is_empty(), value)
}

fn list<T: AsRef<str>>(names: impl Iterator<Item = T>) -> String {
    names
        .map(|name| visible(name.as_ref(), 40))
        .collect::<Vec<_>>()
        .join(", ")
}
