//! The program as a user types it: whole runs in the sandbox, their verdicts, exit codes and files.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const HARNESS: &str = env!("CARGO_BIN_EXE_harness");
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// A store of its own for each test.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Place {
        Place {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(HARNESS);
        command.args(arguments);
        if !arguments
            .iter()
            .any(|it| ["doctor", "schema", "--help", "--version"].contains(it))
        {
            command.arg("--store").arg(self.store());
        }
        command.stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn latest(&self) -> PathBuf {
        fs::canonicalize(self.store().join("latest")).unwrap()
    }

    fn results(&self) -> Value {
        serde_json::from_slice(&fs::read(self.latest().join("results.json")).unwrap()).unwrap()
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }
}

/// Whether this machine has what a run needs. Where it has not, a test says so and is skipped; in CI it fails.
fn has_sandbox() -> bool {
    let doctor = Command::new(HARNESS).arg("doctor").output().unwrap();
    if doctor.status.success() {
        return true;
    }
    let why = String::from_utf8_lossy(&doctor.stdout).replace('\n', " ");
    assert!(std::env::var_os("CI").is_none(), "skipped: {why}");
    println!("skipped: {why}");
    false
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_run_of_the_correct_system_is_valid_and_leaves_everything_it_says() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let output = place.run(&[
        "test",
        "--nemesis",
        "partition,kill",
        "--time-limit",
        "8",
        "--seed",
        "11",
    ]);
    let text = out(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", err(&output));
    let results = place.results();
    assert_eq!(results["verdict"], "valid");
    assert_eq!(results["run"]["seed"], 11);
    assert!(
        text.contains(results["reason"]["sentence"].as_str().unwrap()),
        "the sentence is the same everywhere"
    );
    // A fault that is over in an instant may find nobody about to use what it breaks.
    let faults = results["faults"].as_array().unwrap();
    let confirmed = faults.iter().filter(|fault| fault["confirmed"] == true).count();
    assert!(confirmed > 0 && confirmed * 4 >= faults.len() * 3, "{text}");
    for file in [
        "report.html",
        "history.jsonl",
        "schedule.json",
        "options.json",
        "witness.jsonl",
    ] {
        assert!(place.latest().join(file).is_file(), "{file}");
    }
    for node in ["n1", "n5"] {
        let log = fs::read_to_string(place.latest().join("nodes").join(node).join("stderr.log")).unwrap();
        assert!(log.contains("listening on 10.0.0."), "{log}");
    }
    let schema: Value = serde_json::from_slice(&place.run(&["schema", "results"]).stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let problems: Vec<String> = validator
        .iter_errors(&results)
        .map(|error| error.to_string())
        .collect();
    assert!(problems.is_empty(), "{problems:?}");
    // The same verdict again, from the history file alone, moved to where nothing else is.
    let moved = place.folder.path().join("moved.jsonl");
    fs::copy(place.latest().join("history.jsonl"), &moved).unwrap();
    let again = place.run(&["check", moved.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(0), "{}", err(&again));
    assert!(out(&again).contains(results["reason"]["sentence"].as_str().unwrap()));
    assert!(out(&place.run(&["list"])).contains("VALID"));
    let shown = place.run(&["show", "11"]);
    assert_eq!((shown.status.code(), out(&shown)), (Some(0), text));
}

#[test]
fn a_planted_bug_is_found_and_its_counterexample_stands_alone() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let output = place.run(&[
        "test",
        "--nemesis",
        "none",
        "--time-limit",
        "3",
        "--bug",
        "accept-below-promise",
    ]);
    let text = out(&output);
    assert_eq!(output.status.code(), Some(1), "{text}{}", err(&output));
    assert!(
        text.contains(" INVALID  Decree ") && text.contains("was decided twice"),
        "{text}"
    );
    let results = place.results();
    assert_eq!(results["exit_code"], 1);
    let violation = &results["violations"][0];
    assert_eq!(
        (&violation["shrink"]["verified"], &violation["shrink"]["minimal"]),
        (&true.into(), &true.into())
    );
    let core = place.latest().join("counterexample.jsonl");
    let alone = place.run(&["check", core.to_str().unwrap()]);
    assert_eq!(alone.status.code(), Some(1), "{}{}", out(&alone), err(&alone));
    let page = fs::read_to_string(place.latest().join("report.html")).unwrap();
    assert!(page.contains("NOT LINEARIZABLE") && page.contains("Why no order works"));
    assert_eq!(place.run(&["check", "latest:invalid"]).status.code(), Some(1));
}

#[test]
fn without_faults_the_sentence_says_so() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let output = place.run(&[
        "test",
        "--nemesis",
        "none",
        "--time-limit",
        "2",
        "--node-count",
        "3",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}{}", out(&output), err(&output));
    assert!(
        out(&output).contains("are linearizable, without faults."),
        "{}",
        out(&output)
    );
}

/// A system whose nodes never talk to each other; all clients are served by the first.
fn loners(read_path: &str) -> String {
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

#[test]
fn a_fault_that_nobody_felt_is_not_enough_to_be_valid() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let descriptor = place.write("loners.toml", &loners("decrees"));
    let output = place.run(&["test", &descriptor, "--nemesis", "partition", "--time-limit", "3"]);
    let text = out(&output);
    assert_eq!(output.status.code(), Some(2), "{text}{}", err(&output));
    assert!(
        text.contains(" UNKNOWN  Too little was tested to call this valid."),
        "{text}"
    );
    assert!(
        text.contains("no partition took effect") && text.contains("was not"),
        "{text}"
    );
}

#[test]
fn a_run_in_which_an_operation_never_worked_is_unknown() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let descriptor = place.write("loners.toml", &loners("nowhere"));
    let output = place.run(&[
        "test",
        &descriptor,
        "--nemesis",
        "none",
        "--time-limit",
        "2",
        "--recovery-time",
        "1",
    ]);
    assert_eq!(output.status.code(), Some(2), "{}{}", out(&output), err(&output));
    assert!(
        out(&output).contains("no read succeeded in the main phase"),
        "{}",
        out(&output)
    );
}

#[test]
fn a_node_that_does_not_start_is_an_error_in_its_own_words() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let broken = loners("decrees").replace("\"--id\", \"{node}\"", "\"--id\", \"nobody\"");
    let descriptor = place.write("broken.toml", &broken);
    let output = place.run(&["test", &descriptor, "--time-limit", "2"]);
    let text = out(&output);
    assert_eq!(output.status.code(), Some(255), "{text}{}", err(&output));
    assert!(
        text.contains(" ERROR  Failed to start n1: exit status 255"),
        "{text}"
    );
    assert!(
        text.contains("failed to start node nobody: it is not among the peers"),
        "{text}"
    );
    assert!(text.contains("No operation was run."), "{text}");
}

#[test]
fn hostile_words_of_a_node_stay_words() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    // The node is a shell that says nasty things before it becomes the real one; the values are nasty too.
    let hostile = loners("decrees").replace(
        r#"command = ["{harness}", "#,
        r#"command = ["/bin/sh", "-c", "printf '</script><script>alert(1)</script> \\033[31m decree=1\\n' >&2; exec \"$@\"", "sh", "{harness}", "#,
    );
    let descriptor = place.write("hostile.toml", &hostile);
    // Every node decides alone, and this descriptor asks each its own: a violation, whose logs are shown.
    let descriptor_text = fs::read_to_string(&descriptor)
        .unwrap()
        .replace("http://10.0.0.1:", "http://{ip}:");
    let descriptor = place.write("hostile.toml", &descriptor_text);
    let output = place.run(&["test", &descriptor, "--nemesis", "none", "--time-limit", "2"]);
    assert_eq!(output.status.code(), Some(1), "{}{}", out(&output), err(&output));
    assert!(!out(&output).contains('\u{1b}'));
    let page = fs::read_to_string(place.latest().join("report.html")).unwrap();
    assert!(!page.contains("<script>alert") && !page.contains('\u{1b}'));
    let log = fs::read_to_string(place.latest().join("nodes/n1/stderr.log")).unwrap();
    assert!(
        log.contains("</script><script>alert(1)"),
        "the log itself keeps what was said"
    );
}

#[test]
fn what_was_mistyped_is_refused_with_a_suggestion_and_254() {
    let place = Place::new();
    let refused = |arguments: &[&str], words: &str| {
        let output = place.run(arguments);
        assert_eq!(output.status.code(), Some(254), "{arguments:?}: {}", err(&output));
        assert!(err(&output).contains(words), "{arguments:?}: {}", err(&output));
    };
    refused(
        &["test", "--nemesis", "partiton"],
        "unknown nemesis `partiton`: did you mean `partition`?",
    );
    refused(&["test", "--nemessis", "kill"], "--nemesis");
    refused(
        &["test", "--nemesis", "partition:halfs"],
        "did you mean `halves`?",
    );
    refused(&["tset"], "test");
    refused(
        &["test", "--time-limit", "soon"],
        "`soon` is not a duration; write 60, 90s, 5m or 500ms",
    );
    refused(&["test", "--node-count", "0"], "--node-count");
    refused(
        &["test", "--bug", "own-value"],
        "did you mean `own-value-always`?",
    );
    refused(
        &["test", "--nemesis", "partition:bridge", "--node-count", "2"],
        "needs at least 3 nodes",
    );
    refused(&["test", "paxo"], "unknown system `paxo`: did you mean `paxos`?");
    assert!(!place.store().exists(), "nothing was started");
    assert_eq!(place.run(&["--help"]).status.code(), Some(0));
    assert_eq!(place.run(&["--version"]).status.code(), Some(0));
}

#[test]
fn a_broken_descriptor_is_refused_with_file_line_and_field() {
    let place = Place::new();
    let descriptor = place.write(
        "my.toml",
        &loners("decrees").replace("method = \"GET\"", "method = \"GRAB\""),
    );
    let output = place.run(&["test", &descriptor]);
    assert_eq!(output.status.code(), Some(254), "{}", err(&output));
    assert!(
        err(&output).contains("my.toml:") && err(&output).contains("method"),
        "{}",
        err(&output)
    );
    let output = place.run(&["test", "./no-such.toml"]);
    assert_eq!(output.status.code(), Some(254), "{}", err(&output));
    assert!(err(&output).contains("no-such.toml"), "{}", err(&output));
}

const LINES: &str = r#"{"index":0,"time":5,"process":0,"type":"invoke","f":"propose","key":1,"value":17}
{"index":1,"time":9,"process":0,"type":"ok","f":"propose","key":1,"value":17}
{"index":2,"time":12,"process":1,"type":"invoke","f":"read","key":1,"value":null}
{"index":3,"time":19,"process":1,"type":"ok","f":"read","key":1,"value":17}
"#;

#[test]
fn a_torn_last_line_is_accepted_and_said_and_garbage_is_refused_with_its_line() {
    let place = Place::new();
    let torn = place.write("torn.jsonl", &LINES[..LINES.len() - 20]);
    let output = place.run(&["check", &torn]);
    assert!(
        out(&output).contains("The last line of the history (line 4) was cut off after"),
        "{}",
        out(&output)
    );
    let garbage = place.write(
        "garbage.jsonl",
        &LINES.replacen('\n', "\n\u{1b}]0;owned\u{7}\n", 1),
    );
    let output = place.run(&["check", &garbage]);
    assert_eq!(output.status.code(), Some(255));
    assert!(
        err(&output).contains("garbage.jsonl: line 2: is not an event"),
        "{}",
        err(&output)
    );
    assert!(!err(&output).contains('\u{1b}'));
    let output = place.run(&["check", "latest"]);
    assert_eq!(output.status.code(), Some(255));
    assert!(err(&output).contains("there are no runs"), "{}", err(&output));
}

/// Starts a long run, and waits until clients have recorded something.
fn under_way(place: &Place) -> Child {
    let mut command = place.command(&["test", "--time-limit", "60", "--nemesis", "partition,kill"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while Instant::now() < deadline {
        let history = fs::read_to_string(place.store().join("current/history.jsonl")).unwrap_or_default();
        if history.lines().count() > 500 {
            return child;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    panic!("no operation was recorded within half a minute");
}

/// Processes whose command line names this place: the harness and its nodes.
fn processes_of(place: &Place) -> Vec<String> {
    let name = place.folder.path().display().to_string();
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let lines = entries.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(&name))
        .collect()
}

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id() as i32), signal).unwrap();
}

#[test]
fn kill_9_of_the_harness_leaves_no_process_and_a_history_that_can_be_checked() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let mut child = under_way(&place);
    assert!(
        processes_of(&place).len() >= 5,
        "the nodes run: {:?}",
        processes_of(&place)
    );
    child.kill().unwrap();
    let killed = Instant::now();
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    while !processes_of(&place).is_empty() {
        assert!(
            killed.elapsed() < Duration::from_secs(1),
            "left behind: {:?}",
            processes_of(&place)
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    let checked = place.run(&["check", "latest"]);
    assert!(
        matches!(checked.status.code(), Some(0 | 2)),
        "{}{}",
        out(&checked),
        err(&checked)
    );
    assert!(place.latest().join("report.html").is_file());
}

#[test]
fn ctrl_c_once_reports_what_there_is_and_twice_stops_at_once() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let child = under_way(&place);
    signal(&child, Signal::SIGINT);
    let output = child.wait_with_output().unwrap();
    assert!(
        matches!(output.status.code(), Some(0 | 2)),
        "{}{}",
        out(&output),
        err(&output)
    );
    assert!(
        out(&output).contains("VALID") || out(&output).contains("UNKNOWN"),
        "{}",
        out(&output)
    );
    let place = Place::new();
    let child = under_way(&place);
    signal(&child, Signal::SIGINT);
    std::thread::sleep(Duration::from_millis(50));
    signal(&child, Signal::SIGINT);
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(130),
        "{}{}",
        out(&output),
        err(&output)
    );
    assert!(processes_of(&place).is_empty());
}

#[test]
fn sigterm_ends_a_run_with_143() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let child = under_way(&place);
    signal(&child, Signal::SIGTERM);
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(143),
        "{}{}",
        out(&output),
        err(&output)
    );
}

#[test]
fn a_full_disk_under_the_store_is_an_error_and_what_was_written_is_kept() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let small = place.folder.path().join("small");
    fs::create_dir(&small).unwrap();
    // A file system of 600 KiB, in a mount namespace of this shell's own.
    let script = r#"mount -t tmpfs -o size=600k none "$1" && "$2" test --time-limit 20 --nemesis none --store "$1/store"; code=$?
        "$2" check latest --store "$1/store" 2>&1 | grep -c 'VALID\|UNKNOWN\|No space' ; exit $code"#;
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .args([small.as_os_str(), HARNESS.as_ref()])
        .output()
        .unwrap();
    assert_eq!(
        output.status.code(),
        Some(255),
        "{}{}",
        out(&output),
        err(&output)
    );
    assert!(
        out(&output).contains("No space left on device"),
        "{}{}",
        out(&output),
        err(&output)
    );
}

#[test]
fn every_command_of_the_readme_works() {
    let readme = fs::read_to_string(Path::new(ROOT).join("README.md")).unwrap();
    let commands: Vec<&str> = readme
        .split("```sh\n")
        .skip(1)
        .flat_map(|block| block.split("```").next().unwrap_or_default().lines())
        .collect();
    assert!(commands.len() > 5);
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let ci = fs::read_to_string(Path::new(ROOT).join(".ci/run")).unwrap();
    for command in commands {
        // The runs of this test are in a store of its own.
        let command = &command.replace(" store/", &format!(" {}/", place.store().display()));
        let Some(arguments) = command.strip_prefix("cargo run --release -- ") else {
            assert!(
                ci.lines().any(|line| line.starts_with(command.as_str())),
                "CI runs `{command}`"
            );
            continue;
        };
        let mut arguments: Vec<&str> = arguments.split(' ').collect();
        if arguments[0] == "test" {
            // The same run, only shorter.
            arguments.extend(["--time-limit", "4"]);
        }
        let output = place.run(&arguments);
        let expected: &[i32] = match (arguments.contains(&"--bug"), arguments[0]) {
            (true, _) => &[1],
            // Four seconds may be too few to find every kind of fault felt; that is said, and is no failure.
            (false, "test") => &[0, 2],
            (false, "check") => &[0, 1, 2],
            _ => &[0],
        };
        let code = output.status.code().unwrap_or(-1);
        assert!(
            expected.contains(&code),
            "{command}: {code}\n{}{}",
            out(&output),
            err(&output)
        );
    }
}
