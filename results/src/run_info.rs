//! What is known about a run before it starts, and how busy the machine was meanwhile: `options.json`.

use crate::evidence::Strictness;
use crate::redaction::Redaction;
use crate::text::{command, visible};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A run's identity and everything that it was asked to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunInfo {
    /// UTC start time and seed: `20261123T064512Z-8412907`.
    pub id: String,
    /// The system under test, which is also the folder in the store.
    pub system: String,
    /// The workload that made the operations.
    pub workload: String,
    /// The kinds of fault that were asked for; empty for none.
    pub nemesis: Vec<String>,
    /// The schedule with a name that the faults are those of; none where they were drawn or come from a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<Scenario>,
    /// The seed of operations and faults.
    pub seed: u64,
    /// The run that this one is a replay of; none for a run of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay_of: Option<String>,
    /// What to type after `harness` to get this run again.
    pub argv: Vec<String>,
    /// Every option with its value, defaults included.
    pub options: serde_json::Map<String, serde_json::Value>,
    /// When it started, UTC, RFC 3339.
    pub started_at: String,
    /// The nodes' names.
    pub nodes: Vec<String>,
    /// How many clients there were.
    pub clients: u64,
    /// The copy of the system's descriptor in the run's folder; none where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub descriptor: Option<String>,
    /// How a node was started, as the descriptor says.
    pub command: Vec<String>,
    /// What the run's flags added to that command.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub node_args: Vec<String>,
    /// The program that the run's flags put in the place of the descriptor's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// The program file of a node, as it was when the run began; none where it was not found, until the run is over, and in
    /// runs of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program_file: Option<ProgramFile>,
    /// The machine.
    pub environment: Environment,
}

/// A program, so that it can be told from every other one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProgramFile {
    /// Where it is, links followed.
    pub path: String,
    /// How large it is.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
    /// What it says its version is; null where the descriptor does not say how to ask for it.
    pub version: Option<String>,
}

/// A schedule with a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Scenario {
    /// What it is called on the command line.
    pub name: String,
    /// What happens in it, in a sentence.
    pub about: String,
}

impl Scenario {
    /// `The faults are those of q1-missed: A proposal is accepted …`
    pub fn sentence(&self) -> String {
        let (name, about) = (visible(&self.name, 60), visible(&self.about, 300));
        format!("The faults are those of {name}: {about}")
    }
}

impl RunInfo {
    /// How much had to have been tested, as it was asked for; strict where nobody said.
    pub fn strictness(&self) -> Strictness {
        let said = self.options.get("evidence").and_then(|it| it.as_str());
        let named = |it: &Strictness| Some(it.name()) == said;
        Strictness::ALL.into_iter().find(named).unwrap_or_default()
    }

    /// What is to be blacked out of what nodes and clients said, wherever readers meet it; nothing where nobody asked for it.
    ///
    /// # Errors
    /// When what was asked for is no regular expression: then nobody knows what is to be hidden.
    pub fn redaction(&self) -> Result<Redaction, String> {
        match self.options.get("redact").and_then(|it| it.as_str()) {
            Some(expression) => Redaction::of(expression),
            None => Ok(Redaction::default()),
        }
    }

    /// What to type to get this run again, as the page tells it: without `--redact`, whose words are what nobody is to see there.
    pub fn argv_on_page(&self) -> Vec<String> {
        let mut argv = self.argv.clone();
        let own = argv.iter().take_while(|word| *word != "--");
        if let Some(place) = own.into_iter().position(|word| word == "--redact") {
            argv.drain(place..argv.len().min(place + 2));
        }
        argv
    }

    /// How many single operations the page may have; none where nobody said.
    pub fn report_max_ops(&self) -> Option<usize> {
        let said = self.options.get("report_max_ops").and_then(|it| it.as_u64());
        said.map(|most| usize::try_from(most).unwrap_or(usize::MAX))
    }

    /// For how long the main phase was to last, in seconds; none where nobody said.
    pub fn time_limit_s(&self) -> Option<f64> {
        self.options.get("time_limit_s").and_then(|it| it.as_f64())
    }

    /// In a sentence what the run's flags changed of how the descriptor starts a node; none where they did not.
    pub fn changed_command(&self) -> Option<String> {
        let quoted = |words: &[String]| visible(&command(words), 200);
        let program = self
            .program
            .iter()
            .map(|program| format!("from {}", quoted(std::slice::from_ref(program))));
        let args = (!self.node_args.is_empty()).then(|| format!("with {}", quoted(&self.node_args)));
        let changes: Vec<String> = program.chain(args).collect();
        (!changes.is_empty()).then(|| format!("The nodes were started {}.", changes.join(" ")))
    }
}

/// The machine that a run ran on, and the harness that ran it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Environment {
    /// The harness's version.
    pub harness: String,
    /// The commit that it was built from, with `-dirty` where something had been changed since; null where it was built
    /// without saying so.
    #[serde(default)]
    pub commit: Option<String>,
    /// Operating system and kernel.
    pub os: String,
    /// Processors that could be used.
    pub cpus: usize,
    /// Memory of the machine, in bytes.
    pub memory_bytes: u64,
    /// How nodes were connected: `switch` or `proxy`.
    pub network: String,
    /// The highest load average, over a minute, that the machine had while the run went on; null until it is over.
    #[serde(default)]
    pub load_max: Option<f64>,
}
