//! Runs that are cut short: kill -9, Ctrl-C, SIGTERM, a full disk.

use crate::place::{HARNESS, Place, err, has_sandbox, out, processes_of};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

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
    assert!(out(&output).contains(": stopped by Ctrl-C."), "{}", out(&output));
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
