//! How far the checker got where it reached a limit: on which object, what widened its search, and what would help.

use super::RunInfo;
use super::make::bounded;
use crate::text::{self, binary, command, count, counted, visible};
use checker::{Analysis, Limit, Undecided};
use history::{History, Operation};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many objects are told; the rest are counted in the sentence of the verdict.
const OBJECTS_MAX: usize = 5;
/// How many operations of an object are told.
const SUSPECTS_MAX: usize = 12;
/// Longer names of objects are no words to type.
const KEY_CHARS_MAX: usize = 60;
/// With more operations than this on an object, fewer would be a help.
const LARGE: usize = 30;

/// Where the checker reached a limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UnknownRow {
    /// `time` or `memory`: the limit of the first object.
    pub limit: String,
    /// How long the whole check took, in seconds.
    pub took_s: f64,
    /// The most bytes that its searches held at one time.
    pub peak_bytes: usize,
    /// How many objects were not decided.
    pub undecided: usize,
    /// Those that came least far, with how far; at most five.
    pub objects: Vec<UndecidedRow>,
    /// What would help, in sentences, each with its command or flag.
    #[serde(rename = "try")]
    pub ways: Vec<String>,
}

/// An object without a verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UndecidedRow {
    /// The object, as JSON.
    pub key: serde_json::Value,
    /// `time` or `memory`.
    pub limit: String,
    /// How many of the operations that must have taken effect were behind the search.
    pub placed: usize,
    /// How many there are.
    pub of: usize,
    /// When, on the run's clock, the event was that it had come to, in seconds; none before the first.
    pub widened_at_s: Option<f64>,
    /// How many states of affairs it had to keep apart there.
    pub width: usize,
    /// The operations that were open there and widened it, those without an outcome first; at most twelve.
    pub suspects: Vec<SuspectRow>,
    /// How the search went: at most 200 moments of it, the last that of the limit.
    #[serde(default)]
    pub course: Vec<MomentRow>,
}

/// A moment of a search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MomentRow {
    /// How long the check had taken, that of other objects included, in seconds.
    pub at_s: f64,
    /// How many operations were behind the search.
    pub placed: usize,
    /// How many states of affairs it had come to.
    pub states: usize,
    /// How many bytes all searches held that were under way.
    pub held_bytes: usize,
}

/// An operation that widened a search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SuspectRow {
    /// The number of its invocation among the file's events.
    pub index: u32,
    /// The client.
    pub client: u64,
    /// The node that was asked.
    pub node: Option<String>,
    /// The function.
    pub f: String,
    /// The argument.
    pub input: serde_json::Value,
    /// `ok` or `info`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its beginning.
    pub start_ns: u64,
    /// Its end, if it had one.
    pub end_ns: Option<u64>,
}

impl UnknownRow {
    /// None where every object was decided.
    pub(super) fn of(info: Option<&RunInfo>, history: &History, analysis: &Analysis) -> Option<UnknownRow> {
        let stuck = least_far(&analysis.undecided);
        let first = stuck.first()?;
        Some(UnknownRow {
            limit: name(first.limit).to_owned(),
            took_s: analysis.stats.took.as_secs_f64(),
            peak_bytes: analysis.stats.peak_bytes,
            undecided: stuck.len(),
            objects: stuck
                .iter()
                .take(OBJECTS_MAX)
                .map(|it| object(history, it))
                .collect(),
            ways: ways(info, history, analysis, &stuck),
        })
    }

    /// What limit was reached, and with what: `The search reached its memory limit, holding 2.0 GiB, after 12 s.`
    pub fn sentence(&self) -> String {
        let took = match self.took_s {
            short if short < 1.0 => text::took(short),
            long => format!("{long:.1} s"),
        };
        match self.limit.as_str() {
            "memory" => format!(
                "The search reached its memory limit, holding {}, after {took}.",
                binary(self.peak_bytes)
            ),
            _ => format!("The search reached its time limit after {took}."),
        }
    }
}

impl UndecidedRow {
    /// What it is called at the beginning of a line: `Register 7`; in a history without keys `The register`. `noun` is what
    /// objects of its kind are called.
    pub fn name(&self, noun: &str) -> String {
        match self.key.is_null() {
            true => format!("The {noun}"),
            false => format!(
                "{} {}",
                text::capitalized(noun),
                visible(&self.key.to_string(), KEY_CHARS_MAX)
            ),
        }
    }

    /// Since when it came no further, where that was most of what it did: `It came no further for 9.3 s of 12.0 s, in which it
    /// came to 1,204,551 states.`
    pub fn standstill(&self) -> Option<String> {
        let (first, last) = (self.course.first()?, self.course.last()?);
        let since = self.course.iter().find(|it| it.placed == last.placed)?;
        let (stood_s, all_s) = (last.at_s - since.at_s, last.at_s - first.at_s);
        (stood_s > all_s / 2.0).then(|| {
            format!(
                "It came no further for the last {} of {}, in which it came to {}.",
                text::took(stood_s),
                text::took(all_s),
                counted(last.states - since.states, "state")
            )
        })
    }

    /// How far the search came: `1,204 of 1,318 operations placed; 38 open at 41.2 s, 12 of them without an outcome.`
    pub fn sentence(&self) -> String {
        let placed = format!(
            "{} of {} placed",
            count(self.placed),
            counted(self.of, "operation")
        );
        let Some(at_s) = self.widened_at_s else {
            return format!("{placed}.");
        };
        let unknown = self.suspects.iter().filter(|it| it.kind == "info").count();
        let open = match (self.suspects.len(), unknown) {
            (0, _) => String::new(),
            (open, 0) => format!(", {} open", count(open)),
            (open, unknown) => format!(", {} open, {} without an outcome", count(open), count(unknown)),
        };
        format!(
            "{placed}; at {at_s:.3} s it kept {} apart{open}.",
            counted(self.width, "state")
        )
    }
}

/// The objects that were not decided, least far first.
pub(super) fn least_far(undecided: &[Undecided]) -> Vec<&Undecided> {
    let mut stuck: Vec<&Undecided> = undecided.iter().collect();
    // By the share that was placed, without division.
    stuck.sort_by(|a, b| (a.placed * b.of, a.key).cmp(&(b.placed * a.of, b.key)));
    stuck
}

pub(super) fn name(limit: Limit) -> &'static str {
    match limit {
        Limit::Time => "time",
        Limit::Memory => "memory",
    }
}

fn object(history: &History, stuck: &Undecided) -> UndecidedRow {
    let suspects = stuck.suspects.iter().take(SUSPECTS_MAX);
    UndecidedRow {
        key: bounded(&history.values.json(history.keys[stuck.key as usize])),
        limit: name(stuck.limit).to_owned(),
        placed: stuck.placed,
        of: stuck.of,
        widened_at_s: time_of(history, stuck).map(text::seconds),
        width: stuck.width,
        suspects: suspects
            .map(|number| suspect(history, &history.operations[*number as usize]))
            .collect(),
        course: stuck.course.iter().map(moment).collect(),
    }
}

fn moment(moment: &checker::Moment) -> MomentRow {
    MomentRow {
        at_s: moment.at.as_micros() as f64 / 1e6,
        placed: moment.placed,
        states: moment.states,
        held_bytes: moment.held_bytes,
    }
}

/// When the event was that the search had come to.
fn time_of(history: &History, stuck: &Undecided) -> Option<u64> {
    let mine = history.operations.iter().filter(|it| it.key == stuck.key);
    let mut times = mine.filter_map(|it| match stuck.event {
        event if event == it.invoke => Some(it.start_ns),
        event if event == it.complete => Some(it.end_ns),
        _ => None,
    });
    times.next()
}

fn suspect(history: &History, operation: &Operation) -> SuspectRow {
    SuspectRow {
        index: operation.invoke,
        client: history.client(operation),
        node: history.node_name(operation).map(str::to_owned),
        f: history.function_name(operation).to_owned(),
        input: bounded(&history.values.json(operation.input)),
        kind: match operation.outcome {
            history::Outcome::Ok => "ok".into(),
            history::Outcome::Fail => "fail".into(),
            history::Outcome::Info => "info".into(),
        },
        start_ns: operation.start_ns,
        end_ns: (operation.end_ns != u64::MAX).then_some(operation.end_ns),
    }
}

fn ways(info: Option<&RunInfo>, history: &History, analysis: &Analysis, stuck: &[&Undecided]) -> Vec<String> {
    let again = match info {
        Some(info) => format!("harness check {} ", visible(&info.id, 60)),
        None => String::new(),
    };
    let gib = (analysis.stats.peak_bytes.saturating_mul(4) >> 30).max(4);
    let minutes = (analysis.stats.took.as_secs() / 6).max(10);
    let reached = |limit: Limit| stuck.iter().any(|it| it.limit == limit);
    let memory = reached(Limit::Memory).then(|| format!("--checker-memory {gib}GiB"));
    let time = reached(Limit::Time).then(|| format!("--checker-timeout {minutes}m"));
    let mut ways = Vec::new();
    ways.extend(memory.iter().map(|flag| format!("More memory: {again}{flag}")));
    ways.extend(time.iter().map(|flag| format!("More time: {again}{flag}")));
    // A run without it has its whole verdict in the end; that of the object alone is there sooner.
    if let ([one], 2..) = (stuck, history.keys.len()) {
        let key = visible(&history.key_name(one.key), KEY_CHARS_MAX);
        let flags: Vec<String> = memory.into_iter().chain(time).collect();
        ways.push(format!(
            "The same on that object alone, which is told and not kept: {again}{} {}",
            command(&["--key".to_owned(), key]),
            flags.join(" ")
        ));
    }
    let mut suspects = stuck.iter().flat_map(|it| &it.suspects);
    if suspects.any(|it| history.operations[*it as usize].outcome == history::Outcome::Info) {
        let longer = option(info, "client_timeout_s").map_or(5.0, |now| now * 5.0);
        ways.push(format!(
            "In another run, fewer unknown outcomes, each of which may have happened or not: --client-timeout {longer}s"
        ));
    }
    if let Some(most) = stuck.iter().map(|it| it.of).max().filter(|most| *most > LARGE) {
        let fewer = option(info, "ops_per_key").map_or(most / 2, |now| now as usize / 2);
        ways.push(format!(
            "In another run, smaller objects: --ops-per-key {}",
            fewer.max(1)
        ));
    }
    ways
}

/// A number among the options of a run.
fn option(info: Option<&RunInfo>, name: &str) -> Option<f64> {
    info?.options.get(name)?.as_f64()
}
