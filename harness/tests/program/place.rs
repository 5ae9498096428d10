//! A folder with a store in it for each test, and what a run has left there.

use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

pub const HARNESS: &str = env!("CARGO_BIN_EXE_harness");
pub const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Nothing was found wrong, and each function was of use: how often, and whether enough was seen, depends on the machine.
pub fn nothing_is_wrong(results: &Value, functions: &[&str]) {
    let wrong = results["violations"].as_array().map(Vec::len);
    assert_eq!(wrong, Some(0), "{results}");
    were_of_use(results, functions);
}

/// Each function succeeded at least once.
pub fn were_of_use(results: &Value, functions: &[&str]) {
    for f in functions {
        let ok = results["ops"]["by_f"][f]["ok"].as_u64();
        assert!(ok > Some(0), "{f}: {ok:?} of them ok: {results}");
    }
}

/// A store of its own for each test.
pub struct Place {
    pub folder: tempfile::TempDir,
}

impl Place {
    pub fn new() -> Place {
        Place {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(HARNESS);
        command.args(arguments);
        if !arguments.iter().any(|it| {
            [
                "doctor",
                "docs",
                "init",
                "schema",
                "completions",
                "man",
                "--help",
                "--version",
            ]
            .contains(it)
        }) {
            command.arg("--store").arg(self.store());
        }
        command.stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// A run that gets as far as a verdict: its exit code and its results.
    pub fn tested(&self, arguments: &[&str]) -> (Option<i32>, Value) {
        let output = self.run(arguments);
        let told = format!("{}{}", out(&output), err(&output));
        assert!(matches!(output.status.code(), Some(0..=2)), "{told}");
        (output.status.code(), self.results())
    }

    pub fn latest(&self) -> PathBuf {
        fs::canonicalize(self.store().join("latest")).unwrap()
    }

    /// The JSON Schema of a format, as a validator.
    pub fn schema(&self, format: &str) -> jsonschema::Validator {
        let schema = self.run(&["schema", format]).stdout;
        jsonschema::validator_for(&serde_json::from_slice(&schema).unwrap()).unwrap()
    }

    /// A file of the latest run.
    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.latest().join(file)).unwrap()
    }

    pub fn results(&self) -> Value {
        serde_json::from_str(&self.read("results.json")).unwrap()
    }

    pub fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }
}

/// Whether this machine has what a run needs. Where it has not, a test says so and is skipped; in CI it fails.
pub fn has_sandbox() -> bool {
    let doctor = Command::new(HARNESS).arg("doctor").output().unwrap();
    if doctor.status.success() {
        return true;
    }
    skip(&String::from_utf8_lossy(&doctor.stdout).replace('\n', " "))
}

/// Whether nodes can have disks of their own here.
pub fn has_disks() -> bool {
    let doctor = Command::new(HARNESS).arg("doctor").output().unwrap();
    String::from_utf8_lossy(&doctor.stdout).contains("✓ disk: ") || skip("no disks that can lose power")
}

fn skip(why: &str) -> bool {
    assert!(std::env::var_os("CI").is_none(), "skipped: {why}");
    println!("skipped: {why}");
    false
}

/// Whether a program is there; without it a test says so and is skipped, and in CI it fails.
pub fn has(program: &str, argument: &str) -> bool {
    let output = Command::new(program).arg(argument).output();
    let found = output.is_ok_and(|output| output.status.success());
    found || skip(&format!("there is no {program}"))
}

pub fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Processes whose command line names this place: the harness, its warden and its nodes.
pub fn processes_of(place: &Place) -> Vec<String> {
    let name = place.folder.path().display().to_string();
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let lines = entries.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(&name))
        .collect()
}

/// A system whose nodes never talk to each other; all clients are served by the first.
pub fn loners(read_path: &str) -> String {
    format!(
        r#"
name = "loners"
description = "nodes that never talk to each other"
[node]
command = ["{{harness}}", "paxos-node", "--id", "{{node}}", "--listen", "{{ip}}:7000", "--data", "{{data}}", "--peers", "{{node}}={{ip}}:7001"]
[node.ready]
url = "http://{{ip}}:7000/health"
[workload.decree.propose]
method = "POST"
url = "http://10.0.0.1:7000/decrees/{{key}}/propose"
headers = {{ content-type = "application/json" }}
body = '{{"value": {{value}}}}'
answers = [ {{ status = 200, outcome = "ok", value = "/value" }} ]
[workload.decree.read]
method = "GET"
url = "http://10.0.0.1:7000/{read_path}/{{key}}"
answers = [ {{ status = 200, outcome = "ok", value = "/value" }} ]
"#
    )
}
