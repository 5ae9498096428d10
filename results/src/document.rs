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
mod logs;
mod make;
mod undecided;
mod violation;

pub use around::{AnswerRow, ChangeRow, changes};
pub use logs::LogRow;
pub use undecided::{MomentRow, SuspectRow, UndecidedRow, UnknownRow};
pub use violation::{CoreRow, EdgeRow, FrontierRow, OrderRow, ShrinkRow, ViolationRow, WeakenedRow};

/// The name of the format.
pub const SCHEMA: &str = "harness.results/v1";
/// The name of its JSON Schema. Nothing is to be found under it: a reader knows by it which schema it has.
const SCHEMA_ID: &str = "urn:harness:schema:results:v1";

/// The JSON Schema of `results.json`.
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Results);
    schema.insert("$id".to_owned(), SCHEMA_ID.into());
    schema.to_value()
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
    /// The run; none for a history file that no run of ours wrote. The program of its nodes is told with the system.
    pub run: Option<RunInfo>,
    /// The system under test, as it was when the run began; none for a history file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<SystemRow>,
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
    /// The proof that every object has a legal order; none where one has not, or was not decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<WitnessRow>,
    /// How often the violation came back; none for a run that nobody replayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replays: Option<Replays>,
    /// Something about the history that a reader must know: a torn last line.
    pub remarks: Vec<String>,
    /// The files beside this one, by what they are; none where nothing was kept.
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

/// The system under test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SystemRow {
    /// Its name, as the descriptor says it.
    pub name: String,
    /// What its program says its version is; null where the descriptor does not say how to ask for it.
    pub version: Option<String>,
    /// The program file of its nodes; null where it was not found.
    pub program: Option<String>,
    /// How large that file is; null where it was not found.
    #[serde(default)]
    pub bytes: Option<u64>,
    /// The SHA-256 of that file, in hexadecimal digits; null where it could not be read.
    pub sha256: Option<String>,
    /// How a node was started, as the descriptor says, with what flags added.
    pub command: Vec<String>,
}

impl SystemRow {
    fn of(info: &RunInfo) -> SystemRow {
        let program = info.program_file.as_ref();
        SystemRow {
            name: info.system.clone(),
            version: program.and_then(|it| it.version.clone()),
            program: program.map(|it| it.path.clone()),
            bytes: program.map(|it| it.bytes),
            sha256: program.map(|it| it.sha256.clone()),
            command: info.command.clone(),
        }
    }
}

/// Where the proof is that every object has a legal order. The independent checker has verified each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WitnessRow {
    /// The file, beside this one: a line for each object, with its name (`key`) and the numbers of the invocations of
    /// its operations in that order (`order`).
    pub file: String,
}

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
    /// Within which limits, and which of them was reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<LimitsRow>,
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
    /// How many states of affairs searches came to; 0 when nothing was searched.
    #[serde(default)]
    pub states: usize,
    /// The most bytes that searches held at one time; 0 when nothing was searched.
    pub peak_memory_bytes: usize,
}

/// The limits of a check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LimitsRow {
    /// How long it could take, in seconds; null for as long as it takes.
    pub time_s: Option<f64>,
    /// How many bytes its searches could hold at one time; null for as many as it takes.
    pub memory_bytes: Option<usize>,
    /// Which limit was reached: `time` or `memory`, that of the object which came least far; null for none.
    pub hit: Option<String>,
}
