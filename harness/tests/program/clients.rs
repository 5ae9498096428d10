//! Client programs: those that `harness init` writes, one in Rust, and those that do everything wrong.

use crate::place::{Place, ROOT, err, has, has_sandbox, nothing_is_wrong, out};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// The example of `harness init` in a language.
fn example(place: &Place, language: &str) -> String {
    let folder = place.folder.path().join("example");
    std::fs::create_dir_all(&folder).unwrap();
    let output = place.run(&["init", "--lang", language, folder.to_str().unwrap(), "--no-check"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    folder.join("system.toml").display().to_string()
}

/// Tests a single node of a descriptor for a few seconds.
fn tested(place: &Place, descriptor: &str, more: &str) -> (Option<i32>, Value) {
    let arguments = "--node-count 1 --concurrency 3 --rate 60 --seed 5 --progress none";
    let arguments: Vec<&str> = ["test", descriptor]
        .into_iter()
        .chain(arguments.split(' '))
        .chain(more.split(' '))
        .collect();
    place.tested(&arguments)
}

/// The example was worked with, and nothing was found wrong with it.
fn is_right(place: &Place, descriptor: &str) {
    let (_, results) = tested(
        place,
        descriptor,
        "--workload cas-register --nemesis pause --op-limit 400 --time-limit 60",
    );
    nothing_is_wrong(&results, &["read", "write", "cas"]);
}

#[test]
fn the_example_in_python_works_at_once_and_a_kill_shows_when_it_keeps_nothing() {
    if !has_sandbox() || !has("python3", "--version") {
        return;
    }
    let place = Place::new();
    let descriptor = example(&place, "python");
    is_right(&place, &descriptor);
    let log = place.read("clients/0.log");
    assert!(log.contains("started, pid"), "{log}");
    // With its folder it is right under kills as well; without, it keeps everything in memory.
    let kills = "--workload register --nemesis kill --time-limit 5";
    let (code, results) = tested(&place, &descriptor, kills);
    assert_ne!(code, Some(1), "{results}");
    let text = std::fs::read_to_string(&descriptor).unwrap();
    let in_memory = text.replace(r#", "{data}""#, "");
    assert_ne!(in_memory, text);
    std::fs::write(&descriptor, in_memory).unwrap();
    let (code, results) = tested(
        &place,
        &descriptor,
        "--workload register --nemesis kill --time-limit 20 --fail-fast",
    );
    assert_eq!(code, Some(1), "{results}");
    assert_eq!(results["violations"][0]["shrink"]["verified"], true);
}

#[test]
fn a_run_keeps_what_it_was_about_and_that_works_without_the_originals() {
    if !has_sandbox() || !has("python3", "--version") {
        return;
    }
    let place = Place::new();
    let descriptor = example(&place, "python");
    let quickly = "--workload register --nemesis none --time-limit 2";
    let (_, results) = tested(&place, &descriptor, quickly);
    assert_eq!(results["files"]["descriptor"], "system/descriptor.toml");
    assert!(place.read("report.html").contains("system/descriptor.toml"));
    let folder = Path::new(&descriptor).parent().unwrap();
    let original = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap();
    assert_eq!(place.read("system/descriptor.toml"), original("system.toml"));
    assert_eq!(place.read("system/client.py"), original("client.py"));
    std::fs::remove_dir_all(folder).unwrap();
    let kept = place.latest().join("system/descriptor.toml");
    let (_, results) = tested(&place, kept.to_str().unwrap(), quickly);
    nothing_is_wrong(&results, &["read", "write"]);
}

/// The example in a language works when each of these commands has been run in its folder; none of them finds anything to
/// say about it. `needs` are programs that have to be here, each with what it answers to.
fn example_works(language: &str, needs: &[(&str, &str)], commands: &[&[&str]]) {
    let has = |(program, argument): &(&str, &str)| has(program, argument);
    if !has_sandbox() || !needs.iter().chain(&[("python3", "--version")]).all(has) {
        return;
    }
    let place = Place::new();
    let descriptor = example(&place, language);
    for command in commands {
        let output = Command::new(command[0])
            .args(&command[1..])
            .current_dir(Path::new(&descriptor).parent().unwrap())
            .env("GOCACHE", place.folder.path().join("go"))
            .output()
            .unwrap();
        let told = format!("{}{}", out(&output), err(&output));
        assert!(output.status.success() && told.is_empty(), "{command:?}: {told}");
    }
    is_right(&place, &descriptor);
}

#[test]
fn the_example_in_shell_works_at_once() {
    example_works("shell", &[("bash", "--version"), ("curl", "--version")], &[]);
}

#[test]
fn the_example_in_go_compiles_and_works() {
    let build = ["go", "build", "-o", "client", "client.go"];
    example_works(
        "go",
        &[("go", "version")],
        &[&["gofmt", "-l", "client.go"], &build],
    );
}

#[test]
fn the_example_in_rust_compiles_and_works() {
    let format = ["rustfmt", "--edition", "2024", "--check", "client.rs"];
    let build = [
        "rustc",
        "--edition",
        "2024",
        "-D",
        "warnings",
        "-O",
        "-o",
        "client",
        "client.rs",
    ];
    example_works("rust", &[("rustc", "--version")], &[&format, &build]);
}

#[test]
fn the_example_in_java_compiles_and_works() {
    let build = ["javac", "-Xlint:all", "-Werror", "Client.java"];
    example_works("java", &[("javac", "-version")], &[&build]);
}

#[test]
fn a_client_in_rust_is_built_outside_the_workspace_and_works() {
    if !has_sandbox() || !has("python3", "--version") {
        return;
    }
    let place = Place::new();
    let example = format!("{ROOT}/examples/rust-client");
    let target = place.folder.path().join("target");
    let built = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--locked",
            "--offline",
            "--jobs",
            "2",
            "--manifest-path",
        ])
        .arg(format!("{example}/Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", err(&built));
    // As it is, but for where it was built.
    let text = std::fs::read_to_string(format!("{example}/system.toml")).unwrap();
    let program = target.join("debug/rust-client");
    let text = text
        .replace("{dir}/target/debug/rust-client", program.to_str().unwrap())
        .replace("{dir}/../..", ROOT);
    let descriptor = place.write("rust.toml", &text);
    is_right(&place, &descriptor);
}

#[test]
fn what_speaks_http_or_resp_needs_no_program() {
    if !has_sandbox() {
        return;
    }
    let examples = [
        ("http", "python3", "cas-register", &["read", "write", "cas"][..]),
        ("resp", "redis-server", "register", &["read", "write"]),
    ];
    for (language, program, workload, functions) in examples {
        if !has(program, "--version") {
            continue;
        }
        let place = Place::new();
        let descriptor = example(&place, language);
        let folder = Path::new(&descriptor).parent().unwrap();
        assert!(!std::fs::read_to_string(&descriptor).unwrap().contains("client ="));
        assert_eq!(folder.join("server.py").exists(), language == "http");
        let quickly = format!("--workload {workload} --nemesis none --time-limit 2");
        let (_, results) = tested(&place, &descriptor, &quickly);
        nothing_is_wrong(&results, functions);
    }
}

#[test]
fn no_template_is_longer_than_a_page() {
    let place = Place::new();
    for language in ["python", "go", "shell", "rust", "java"] {
        let program = out(&place.run(&["init", "--lang", language, "--print"]));
        assert!((10..60).contains(&program.lines().count()), "{language}");
    }
}

#[test]
fn init_overwrites_nothing_and_writes_all_or_none() {
    let place = Place::new();
    let folder = place.folder.path().to_str().unwrap().to_owned();
    place.write("client.py", "mine");
    let refused = place.run(&["init", "--lang", "python", &folder]);
    assert_eq!(refused.status.code(), Some(255));
    assert!(
        err(&refused).contains("client.py: it is there already"),
        "{}",
        err(&refused)
    );
    assert!(!place.folder.path().join("system.toml").exists());
    assert_eq!(
        std::fs::read_to_string(place.folder.path().join("client.py")).unwrap(),
        "mine"
    );
    for arguments in [
        vec!["init", "--lang", "pyton"],
        vec!["init", "--lang", "go", "--ci", "github"],
    ] {
        assert_eq!(place.run(&arguments).status.code(), Some(254), "{arguments:?}");
    }
}

/// A client that does what it is told in a variable to do wrong, once in a while, and is right otherwise.
const WRONG: &str = r#"
import json, sys, time
sys.path.insert(0, sys.argv[1])
say = lambda line: print(line if isinstance(line, str) else json.dumps(line), flush=True)
start = json.loads(sys.stdin.readline())
say({"ready": True})
import http.client
def request(method, key, body=None):
    c = http.client.HTTPConnection(start["ip"], 8000, timeout=1)
    c.request(method, f"/keys/{key}", json.dumps(body))
    return json.load(c.getresponse())
for line in sys.stdin:
    op = json.loads(line)
    if op["f"] == "read":
        right = {"id": op["id"], "type": "ok", "value": request("GET", op["key"])}
    else:
        request("PUT", op["key"], op["value"])
        right = {"id": op["id"], "type": "ok"}
    turn = (op["id"] + start["client"]) % 8
    if turn == 7: say("Traceback \x1b[2J")
    elif turn == 6: say({**right, "id": op["id"] + 1})
    elif turn == 5: sys.stdout.write("x" * (2 << 20)); say(right)
    elif turn == 4: sys.exit(3)
    elif turn == 3: say(right); say({"id": op["id"] + 1, "type": "ok", "value": -1})
    elif turn == 2: say({"id": op["id"], "type": "ok"}) if op["f"] == "read" else say({"id": op["id"], "type": "fine"})
    elif turn == 1: time.sleep(30)
    else: say(right)
"#;

#[test]
fn whatever_a_client_program_does_wrong_it_is_started_anew_and_nobody_is_accused() {
    if !has_sandbox() || !has("python3", "--version") {
        return;
    }
    let place = Place::new();
    let descriptor = example(&place, "python");
    std::fs::write(Path::new(&descriptor).with_file_name("client.py"), WRONG).unwrap();
    let text = std::fs::read_to_string(&descriptor).unwrap();
    std::fs::write(
        &descriptor,
        text.replace(r#"{dir}/client.py""#, r#"{dir}/client.py", "{dir}""#),
    )
    .unwrap();
    let (code, results) = tested(
        &place,
        &descriptor,
        "--workload register --nemesis none --time-limit 10 --client-timeout 300ms",
    );
    assert_ne!(code, Some(1), "{results}");
    let history = place.read("history.jsonl");
    for words in [
        "answered what is no outcome",
        "answered operation",
        "longer than 1048576 bytes",
        "ended during the operation",
        "did not answer in time",
    ] {
        assert!(history.contains(words), "{words}");
    }
    assert!(
        !history.contains('\u{1b}') && !history.contains(":-1,"),
        "an answer to nothing was taken"
    );
    let log = place.read("clients/0.log");
    assert!(log.matches("started, pid").count() > 3, "{log}");
}

#[test]
fn a_client_program_that_does_not_begin_ends_the_run_with_its_own_words() {
    if !has_sandbox() || !has("python3", "--version") {
        return;
    }
    let place = Place::new();
    let descriptor = example(&place, "python");
    let program = Path::new(&descriptor).with_file_name("client.py");
    let does_not_begin = || {
        let options = "--node-count 1 --time-limit 2 --nemesis none --progress none";
        let arguments: Vec<&str> = ["test", &descriptor]
            .into_iter()
            .chain(options.split(' '))
            .collect();
        let output = place.run(&arguments);
        let told = format!("{}{}", out(&output), err(&output));
        assert_eq!(output.status.code(), Some(255), "{told}");
        told
    };
    for (text, words) in [
        ("import mydb\n", "No module named 'mydb'"),
        (
            "print('hello', flush=True)\n",
            "its first line is not {\"ready\": true}: hello",
        ),
        ("import sys; sys.exit(7)\n", "exit status 7"),
    ] {
        std::fs::write(&program, text).unwrap();
        let told = does_not_begin();
        assert!(told.contains(words), "{told}");
        assert!(told.contains("clients/"), "{told}");
    }
    let text = std::fs::read_to_string(&descriptor).unwrap();
    std::fs::write(
        &descriptor,
        text.replace("[\"python3\", \"{dir}/client.py\"]", "[\"no-such-program\"]"),
    )
    .unwrap();
    let told = does_not_begin();
    assert!(told.contains("run no-such-program: No such file"), "{told}");
}
