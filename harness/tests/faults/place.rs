//! A folder of its own for each test, runs in it, and what a run has left there.

use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};

pub const HARNESS: &str = env!("CARGO_BIN_EXE_harness");

/// Held by whoever has a run under way. A test that failed while it held this has nothing to do with the next one.
static ONE_RUN_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Whether this machine can have runs with this kind of fault. Where it cannot, a test says so and is skipped; in CI
/// it fails.
pub fn can_have(kind: &str) -> bool {
    let doctor = Command::new(HARNESS).arg("doctor").output().unwrap();
    let told = String::from_utf8_lossy(&doctor.stdout).into_owned();
    let can = told.contains(&format!("✓ {kind}: "));
    if !can {
        let why = told.replace('\n', " ");
        assert!(std::env::var_os("CI").is_none(), "skipped: no {kind}: {why}");
        println!("skipped: no {kind}: {why}");
    }
    can
}

/// A folder of its own, with a store in it.
pub struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Place {
        Place {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// One in memory, where nodes with clocks of their own have something else.
    pub fn in_shared_memory() -> Place {
        Place {
            folder: tempfile::tempdir_in("/dev/shm").unwrap(),
        }
    }

    /// Writes a file and gives its path.
    pub fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    pub fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    /// `harness test` with these arguments, to its end. One run at a time.
    pub fn output(&self, arguments: &[&str]) -> Output {
        let _alone = ONE_RUN_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let mut command = Command::new(HARNESS);
        command
            .arg("test")
            .args(arguments)
            .arg("--store")
            .arg(self.store());
        command.stdin(Stdio::null()).output().unwrap()
    }

    /// The same, which has to leave results.
    pub fn run(&self, arguments: &[&str]) -> Run {
        let output = self.output(arguments);
        let text = [&output.stdout, &output.stderr].map(|it| String::from_utf8_lossy(it).into_owned());
        let text = text.concat();
        let directory = fs::canonicalize(self.store().join("latest"))
            .unwrap_or_else(|error| panic!("{arguments:?} left no run: {error}\n{text}"));
        let results = fs::read(directory.join("results.json")).unwrap();
        Run {
            code: output.status.code(),
            results: serde_json::from_slice(&results).unwrap(),
            text,
            directory,
        }
    }

    /// A run with exactly these faults.
    pub fn run_schedule(&self, faults: &Value, arguments: &[&str]) -> Run {
        let file = self.write("faults.json", &json!({ "faults": faults }).to_string());
        self.run(&[&["--schedule", &file], arguments].concat())
    }
}

/// A run that is over.
pub struct Run {
    pub code: Option<i32>,
    pub results: Value,
    /// What it said.
    pub text: String,
    pub directory: PathBuf,
}

impl Run {
    /// The faults of `results.json`.
    pub fn faults(&self) -> &[Value] {
        self.results["faults"].as_array().unwrap()
    }

    /// The fault of this number.
    pub fn fault(&self, id: u64) -> &Value {
        let found = self.faults().iter().find(|fault| fault["id"] == id);
        found.unwrap_or_else(|| panic!("no fault {id}:\n{}", self.text))
    }

    /// What was seen of a fault, in one text.
    pub fn evidence(fault: &Value) -> String {
        let texts = fault["evidence"].as_array().unwrap().iter();
        texts
            .map(|text| text.as_str().unwrap())
            .collect::<Vec<_>>()
            .join("; ")
    }

    /// What a rule of evidence says: whether it is fulfilled, and the words.
    pub fn rule(&self, name: &str) -> (bool, String) {
        let rules = self.results["coverage"]["evidence"].as_array().unwrap();
        let rule = rules.iter().find(|rule| rule["rule"] == name);
        let rule = rule.unwrap_or_else(|| panic!("no rule {name}:\n{}", self.text));
        (rule["ok"] == true, rule["value"].as_str().unwrap().to_owned())
    }

    /// When the main phase began, in seconds.
    pub fn main_phase_s(&self) -> f64 {
        let phases = self.results["phases"].as_array().unwrap();
        let run = phases.iter().find(|phase| phase["name"] == "run").unwrap();
        run["start_s"].as_f64().unwrap()
    }

    /// The steps of faults in the history, in their order.
    pub fn steps(&self) -> Vec<Value> {
        let history = fs::read_to_string(self.directory.join("history.jsonl")).unwrap();
        let lines = history
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        let steps = lines.filter(|line| line["process"] == "nemesis");
        steps.map(|mut line| line["value"].take()).collect()
    }

    /// A file of the run's directory.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.directory.join(name)).unwrap()
    }
}
