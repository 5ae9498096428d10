//! `results.json`: the verdict, and everything that it rests on, for programs.
//!
//! The layout is stable: within `harness.results/v1` fields are only added, and enums may grow. Times are
//! seconds or milliseconds from the start of the run's clock, as the names say; `*_ns` are integers.

use crate::evidence::Rule;
use crate::replays::Replays;
use crate::run_info::{RunInfo, Scenario};
use history::StopReason;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

mod around;
mod counts;
mod decide;
mod make;
mod undecided;

pub use around::{AnswerRow, ChangeRow, changes};
pub use undecided::{SuspectRow, UndecidedRow, UnknownRow};

/// The name of the format.
pub const SCHEMA: &str = "harness.results/v1";

/// The JSON Schema of `results.json`.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Results).to_value()
}

/// What a run found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// No violation, and enough evidence to say so.
    Valid,
    /// A violation was found.
    Invalid,
    /// Not decided, or too little was tested.
    Unknown,
    /// No verdict: set-up failed, or the record could not be kept.
    Error,
}

impl Outcome {
    /// The word, in capitals, for headings.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Valid => "VALID",
            Outcome::Invalid => "INVALID",
            Outcome::Unknown => "UNKNOWN",
            Outcome::Error => "ERROR",
        }
    }

    /// The outcome of a word, in whatever case.
    pub fn from_name(name: &str) -> Option<Outcome> {
        [Outcome::Valid, Outcome::Invalid, Outcome::Unknown, Outcome::Error]
            .into_iter()
            .find(|outcome| outcome.word().eq_ignore_ascii_case(name))
    }

    /// The process's exit code; 1 always and only means that a violation was found.
    pub fn exit_code(self) -> u8 {
        match self {
            Outcome::Valid => 0,
            Outcome::Invalid => 1,
            Outcome::Unknown => 2,
            Outcome::Error => 255,
        }
    }
}

/// The whole document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Results {
    /// Always [`SCHEMA`] in this version.
    pub schema: String,
    /// The verdict.
    pub verdict: Outcome,
    /// The exit code that goes with it.
    pub exit_code: u8,
    /// Why.
    pub reason: ReasonGiven,
    /// The run; none for a history file that no run of ours wrote.
    pub run: Option<RunInfo>,
    /// How long the main phase took, in seconds.
    pub duration_s: f64,
    /// Why the main phase ended before its time: `violation` or `stall` (both by `--fail-fast`), or `interrupt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<StopReason>,
    /// The phases, in order.
    pub phases: Vec<PhaseSpan>,
    /// Operations.
    pub ops: Operations,
    /// Faults, in the order in which they were asked for.
    pub faults: Vec<FaultRow>,
    /// What was exercised.
    pub coverage: CoverageRow,
    /// The object that the history was checked against, by its name: `decree`, `register`.
    #[serde(default)]
    pub model: String,
    /// What was checked.
    pub checks: Vec<Check>,
    /// Every explained violation.
    pub violations: Vec<ViolationRow>,
    /// How far the checker got; none where it decided everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<UnknownRow>,
    /// How often the violation came back; none for a run that nobody replayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replays: Option<Replays>,
    /// Something about the history that a reader must know: a torn last line.
    pub remarks: Vec<String>,
    /// The files beside this one.
    pub files: BTreeMap<String, String>,
}

impl Results {
    /// What a reader must know of the run before anything else, in sentences: whether it went on for as long as it was
    /// to, whether its faults tell a story, and how its nodes were started if not as the descriptor says.
    pub fn circumstances(&self) -> Vec<String> {
        let run = self.run.as_ref();
        let scenario = run.and_then(|run| run.scenario.as_ref()).map(Scenario::sentence);
        let changed = run.and_then(RunInfo::changed_command);
        self.cut_short()
            .into_iter()
            .chain(scenario)
            .chain(changed)
            .collect()
    }

    /// `Ran 4.4 s of 20 s: stopped at the first violation (--fail-fast).`
    fn cut_short(&self) -> Option<String> {
        let why = match self.stopped {
            Some(StopReason::Violation) => ": stopped at the first violation (--fail-fast)",
            Some(StopReason::Stall) => ": stopped because the system stood still (--fail-fast)",
            Some(StopReason::Interrupt) => ": stopped by Ctrl-C",
            None => "",
        };
        let whole_s = self.run.as_ref().and_then(RunInfo::time_limit_s)?;
        let is_short = self.duration_s + SHORT_BY_S < whole_s;
        (is_short || !why.is_empty()).then(|| {
            let (ran, whole) = (self.duration_s, (whole_s * 10.0).round() / 10.0);
            format!("Ran {ran:.1} s of {whole} s{why}.")
        })
    }
}

/// A main phase that ended so little before its time was not cut short.
const SHORT_BY_S: f64 = 0.2;

/// Why the verdict is what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReasonGiven {
    /// `violation`, `checker-limit`, `evidence`, `error` or `none`.
    pub kind: String,
    /// The kind of violation, the rule that failed, or empty.
    pub code: String,
    /// One sentence, the same everywhere.
    pub sentence: String,
    /// More sentences.
    pub detail: Vec<String>,
}

/// A phase of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PhaseSpan {
    /// `set up`, `run`, `heal`, `recover`, `final`, `tear down`.
    pub name: String,
    /// Its beginning.
    pub start_s: f64,
    /// Its end.
    pub end_s: f64,
}

/// Operations, counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Operations {
    /// All.
    pub total: usize,
    /// Certainly happened.
    pub ok: usize,
    /// Certainly did not.
    pub fail: usize,
    /// Nobody knows.
    pub info: usize,
    /// By function.
    pub by_f: BTreeMap<String, FunctionRow>,
    /// By the node that was asked.
    #[serde(default)]
    pub by_node: BTreeMap<String, FunctionRow>,
    /// By the phase in which they began; empty for a history without phases.
    #[serde(default)]
    pub by_phase: BTreeMap<String, FunctionRow>,
    /// Per second of the main phase.
    pub rate_per_s: f64,
}

/// The operations of one function, node or phase.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FunctionRow {
    /// Certainly happened.
    pub ok: usize,
    /// Certainly did not.
    pub fail: usize,
    /// Nobody knows.
    pub info: usize,
    /// How long the ok ones took.
    pub latency_ms: Option<Latency>,
}

/// Latencies in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Latency {
    /// The shortest.
    pub min: f64,
    /// The median.
    pub p50: f64,
    /// Nine of ten were below.
    pub p90: f64,
    /// 99 of 100 were below.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

/// One fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FaultRow {
    /// Its number in the schedule.
    pub id: u32,
    /// `partition`, `kill`, …
    pub kind: String,
    /// How it began, in words: `kill n3`.
    #[serde(default)]
    pub beginning: String,
    /// How it ended, in words: `start n3`.
    #[serde(default)]
    pub ending: String,
    /// Whether a kill was a power failure: the disks lost what was not synced.
    #[serde(default)]
    pub power: bool,
    /// The partition's shape.
    pub shape: Option<String>,
    /// The partition's sides.
    pub sides: Option<Vec<Vec<String>>>,
    /// Every node that it touches.
    pub nodes: Vec<String>,
    /// When it was asked for.
    pub requested_s: f64,
    /// When it was in force.
    pub started_s: Option<f64>,
    /// When it was over.
    pub ended_s: Option<f64>,
    /// Whether it was in force and felt.
    pub confirmed: bool,
    /// What was seen of it.
    pub evidence: Vec<String>,
}

/// What was exercised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CoverageRow {
    /// By kind of fault.
    pub faults: Vec<KindRow>,
    /// Operations that began while nothing was broken.
    pub calm: KindRow,
    /// Stretches without a connected majority.
    pub no_quorum: NoQuorum,
    /// From a fault's end to the first success.
    pub recovery_s: Option<Recovery>,
    /// The share of operations that overlapped another on the same object.
    pub overlap_share: f64,
    /// The share of operations with an unknown outcome.
    pub unknown_share: f64,
    /// Kinds of fault that were not done.
    pub not_exercised: Vec<String>,
    /// The rules of evidence.
    pub evidence: Vec<Rule>,
}

/// Operations that began during a kind of fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KindRow {
    /// The kind.
    pub kind: String,
    /// How many such faults were in force.
    pub count: usize,
    /// For how long.
    pub active_s: f64,
    /// Operations that began meanwhile.
    pub ops_begun: usize,
    /// Of them, certainly happened.
    pub ok: usize,
    /// Of them, certainly did not.
    pub fail: usize,
    /// Of them, nobody knows.
    pub info: usize,
}

/// Stretches without a connected majority of running nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NoQuorum {
    /// How many.
    pub count: usize,
    /// How long in all.
    pub total_s: f64,
    /// Operations that began meanwhile.
    pub ops_begun: usize,
    /// How long there was one on and off, as a fault that took it away came and went; not part of the rest.
    #[serde(default)]
    pub on_and_off_s: f64,
}

/// From a fault's end to the first success.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Recovery {
    /// The median.
    pub median: f64,
    /// The worst.
    pub max: f64,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// `valid`, `invalid` or `unknown`; `not-asked` where the run gave no occasion to ask, which counts for nothing.
    pub verdict: String,
    /// What was found, in words.
    pub result: String,
    /// How long it took.
    pub took_s: f64,
    /// How many objects had which verdict; only of the first check, which asks each object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<KeysRow>,
    /// How hard that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stats: Option<StatsRow>,
}

/// Objects, counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KeysRow {
    /// All.
    pub total: usize,
    /// With a legal order.
    pub valid: usize,
    /// Without one.
    pub invalid: usize,
    /// Not decided within the limits.
    pub unknown: usize,
}

/// How hard a check was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StatsRow {
    /// The algorithm; where there were several, each with how many objects it decided.
    pub algorithm: String,
    /// How many operations the object with the most has.
    pub largest_key_ops: usize,
    /// The most bytes that searches held at one time; 0 when nothing was searched.
    pub peak_memory_bytes: usize,
}

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
    /// Every order, and where it breaks.
    pub orders: Vec<OrderRow>,
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
}

impl ViolationRow {
    /// How many digits after the second it takes to see which operation was over before which began: the
    /// argument can be worked through with what is on the page alone.
    pub fn digits(&self) -> usize {
        let shown = |time_ns: u64, digits: usize| format!("{:.digits$}", time_ns as f64 / 1e9);
        let tells = |digits: &usize| {
            let in_order = |end_ns: u64, start_ns: u64| {
                end_ns >= start_ns || shown(end_ns, *digits) != shown(start_ns, *digits)
            };
            let mut ends = self.core.iter().filter_map(|member| member.end_ns);
            let starts = || self.core.iter().map(|member| member.start_ns);
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
    /// In words.
    pub sentence: String,
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
    /// How many weakened histories were tried.
    pub checks: usize,
    /// Weakening any core operation further makes the rest legal.
    pub minimal: bool,
    /// The independent checker agrees.
    pub verified: bool,
}
