//! `harness doctor SYSTEM`: what is plugged in rightly holds, and what cannot be examined is refused.
//!
//! Read next: `wrong`, for each way of being wrong.

mod wrong;

use crate::place::{Place, err, has, has_sandbox, out, processes_of};
use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

/// Registers over HTTP on one node, in a file, which do wrong what their second argument says.
const SERVER: &str = include_str!("conformance/server.py");

/// The descriptor of the server with a bug, or of a right one.
fn descriptor(place: &Place, bug: &str) -> String {
    let server = place.write("server.py", SERVER);
    let operation = |f: &str, method: &str, more: &str| {
        format!(
            "[workload.cas-register.{f}]\nmethod = \"{method}\"\nurl = \"http://{{ip}}:8000/keys/{{key}}\"\n{more}\n"
        )
    };
    let parts = [
        format!(
            "name = \"wrong\"\ndescription = \"a server with a bug\"\n[node]\n\
             command = [\"python3\", \"{server}\", \"{{ip}}\", \"{bug}\", \"{{data}}\"]\nports = [8000]\n\
             [node.ready]\nurl = \"http://{{ip}}:8000/ready\"\ntimeout_ms = 20000\ntry_timeout_ms = 1000\n"
        ),
        operation(
            "read",
            "GET",
            r#"answers = [{ status = 200, outcome = "ok", value = "/value" }]"#,
        ),
        operation(
            "write",
            "PUT",
            "body = '{value}'\nanswers = [{ status = 200, outcome = \"ok\" }]",
        ),
        operation(
            "cas",
            "POST",
            "body = '{\"old\": {old}, \"new\": {new}}'\nanswers = [{ status = 200, outcome = \"ok\" }, \
             { status = 409, outcome = \"fail\" }]",
        ),
    ];
    place.write("system.toml", &parts.concat())
}

/// The same with one thing written in another way.
fn changed(place: &Place, from: &str, to: &str) -> String {
    let path = descriptor(place, "");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(&path, text.replace(from, to)).unwrap();
    path
}

/// Examines a descriptor and sees to it that nothing is left behind.
fn examined(place: &Place, descriptor: &str, more: &[&str]) -> Output {
    let folder = place.folder.path().join("tmp");
    fs::create_dir_all(&folder).unwrap();
    let mut command = place.command(&[&["doctor", descriptor], more].concat());
    let output = command.env("TMPDIR", &folder).output().unwrap();
    let left: Vec<_> = fs::read_dir(&folder).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    // Without a sandbox the warden goes last, when it has seen that nothing is left.
    let ended = Instant::now();
    while !processes_of(place).is_empty() {
        let left = processes_of(place);
        assert!(ended.elapsed() < Duration::from_secs(60), "left behind: {left:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
    output
}

/// Nothing is found wrong.
fn is_right(place: &Place, descriptor: &str, more: &[&str]) -> String {
    let output = examined(place, descriptor, more);
    let told = out(&output);
    assert_eq!(output.status.code(), Some(0), "{told}{}", err(&output));
    assert!(
        !told.contains('✕') && told.contains("expectations hold.\n"),
        "{told}"
    );
    told
}

fn can_run() -> bool {
    has_sandbox() && has("python3", "--version")
}

#[test]
fn paxos_is_plugged_in_rightly() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let told = is_right(&place, "paxos", &["--node-count", "3"]);
    for line in [
        "✓ n1 alone is ready after ",
        "✓ n3 is ready after ",
        "✓ decree read before anything was proposed: null",
        "✓ decree propose 1: 1",
        "✓ decree propose 2 after 1 was chosen: 1",
        "✓ decree read through n3: 1",
        "✓ decree propose 1 while n1 is down: fail",
        "✓ n1 is ready again after ",
        "✓ decree read of what was there before the kill: 1",
        "✓ n1 ends ",
        "✓ decree propose 1 while n1 is paused: info (timed out)",
        "✓ n1 serves after it was paused, in ",
        "while all others are paused: ",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
}

#[test]
fn a_node_that_answers_in_words_of_its_own_for_a_while_is_asked_again() {
    if !can_run() {
        return;
    }
    let place = Place::new();
    // Each time it is back it answers five times with a status that no rule is about.
    let told = is_right(
        &place,
        &descriptor(&place, "mute at first"),
        &["--node-count", "1"],
    );
    for line in [
        "✓ n1 serves after it was killed, in ",
        "✓ n1 serves after it was ended, in ",
        "read of what was there before the kill: 1",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
}

#[test]
fn etcd_and_redis_are_plugged_in_rightly() {
    if !has_sandbox() || !has("etcd", "--version") || !has("redis-server", "--version") {
        return;
    }
    let place = Place::new();
    let told = is_right(&place, "etcd", &["--node-count", "3"]);
    for line in [
        "✓ multi-key txn [[\"read\",\"a\",null],[\"write\",\"b\",3]]: [[\"read\",\"a\",1],[\"write\",\"b\",3]]",
        "✓ set remove 2\n✓ set read: [1]",
        "✓ append read through n3: [1,2]",
        "✓ counter read: 2",
        "✓ lock acquire \"second\" while another holds it: fail",
        "– register/serializable is a variant, and was not looked at",
        "✓ register read of what was there before the kill: 1",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    // A replica refuses, which is its right.
    let told = is_right(&place, "redis", &["--node-count", "3"]);
    assert!(
        told.contains("– register read through n3: refused (-READONLY "),
        "{told}"
    );
}

#[test]
fn a_queue_is_asked_while_it_is_empty_and_one_in_memory_is_lost_with_its_node() {
    if !can_run() {
        return;
    }
    let place = Place::new();
    let objects = place.write("objects.toml", &crate::objects::descriptor(""));
    let output = examined(&place, &objects, &["--node-count", "1", "--workload", "queue"]);
    let told = out(&output);
    for line in [
        "✓ queue dequeue while it is empty: null",
        "✓ queue dequeue: 1\n✓ queue dequeue: 2\n✓ queue dequeue when it is empty again: null",
        "✕ queue dequeue of what was there before the kill: expected 1, was null",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert_eq!(told.matches('✕').count(), 1, "{told}");
}

#[test]
fn without_a_sandbox_it_is_examined_as_well() {
    if !has("python3", "--version") {
        return;
    }
    let place = Place::new();
    let right = descriptor(&place, "");
    is_right(&place, &right, &["--node-count", "1", "--network", "proxy"]);
}

/// What `init` writes for a language, examined as it says.
fn example_is_right(language: &str) {
    let place = Place::new();
    let folder = place.folder.path().join("my");
    let output = place.run(&["init", "--lang", language, folder.to_str().unwrap(), "--no-check"]);
    let typed = out(&output);
    let typed = typed.lines().last().unwrap().trim();
    let descriptor = typed.strip_prefix("harness doctor ").unwrap();
    if language == "go" {
        let built = std::process::Command::new("go")
            .args(["build", "-o", "client", "client.go"])
            .current_dir(&folder)
            .env("GOCACHE", place.folder.path().join("go"))
            .output()
            .unwrap();
        assert!(built.status.success(), "{}", err(&built));
    }
    assert!(Path::new(descriptor).is_file(), "{descriptor}");
    let told = is_right(&place, descriptor, &[]);
    assert!(
        told.contains("✓ register client program for n5 is ready after "),
        "{told}"
    );
    assert!(
        told.contains("✓ cas-register cas [1,4] of a value that is not there: fail"),
        "{told}"
    );
    assert!(
        told.contains("✓ register write 1 while n1 is paused: info ("),
        "{told}"
    );
}

#[test]
fn the_example_in_python_is_plugged_in_rightly() {
    if can_run() {
        example_is_right("python");
    }
}

#[test]
fn the_example_in_shell_is_plugged_in_rightly() {
    if can_run() && has("bash", "--version") && has("curl", "--version") {
        example_is_right("shell");
    }
}

#[test]
fn the_example_in_go_is_plugged_in_rightly() {
    if can_run() && has("go", "version") {
        example_is_right("go");
    }
}

#[test]
fn what_cannot_be_examined_is_refused_with_the_way_out() {
    let place = Place::new();
    let refused = |arguments: &[&str], words: &str| {
        let output = place.run(&[&["doctor"], arguments].concat());
        let told = err(&output);
        assert_eq!(output.status.code(), Some(254), "{told}");
        assert!(told.contains(words), "{told}");
    };
    refused(&["paxso"], "paxos");
    refused(&["./no-such.toml"], "read the descriptor ./no-such.toml");
    refused(&["paxos", "--workload", "registr"], "register");
    refused(
        &["paxos", "--workload", "register"],
        "[workload.register] is missing",
    );
    refused(&["paxos", "--node-count", "0"], "--node-count");
    refused(&["--node-count", "3"], "SYSTEM");
    refused(&["--maelstrom", "./node"], "harness test --maelstrom PROGRAM");
    refused(&["./x\u{1b}[2J.toml"], "./x\\u{1b}[2J.toml");
    let broken = place.write("broken.toml", "name = \"x\"\n[node]\ncommand = 3\n");
    refused(&[&broken], "broken.toml:3");
}
