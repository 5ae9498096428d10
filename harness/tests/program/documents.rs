//! What CI servers and programs are told of a run: one sentence everywhere, documents that fulfil their schemas.

use crate::place::{Place, ROOT, err, has_sandbox, out};
use jsonschema::Validator;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

fn problems(validator: &Validator, document: &Value) -> Vec<String> {
    let errors = validator.iter_errors(document);
    errors.map(|error| format!("{error}: {document}")).collect()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

#[test]
fn a_violation_is_told_in_one_sentence_to_everybody_and_every_document_fulfils_its_schema() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let file = |name: &str| place.folder.path().join(name);
    fs::write(file("step.md"), "before").unwrap();
    let mut command = place.command(&[
        "test",
        "--nemesis",
        "kill",
        "--time-limit",
        "4",
        "--bug",
        "accept-below-promise",
        "--format",
        "ndjson",
    ]);
    command.arg("--junit").arg(file("copy.xml"));
    command.arg("--markdown").arg(file("copy.md"));
    command.env("GITHUB_ACTIONS", "true");
    command.env("GITHUB_STEP_SUMMARY", file("step.md"));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}{}", out(&output), err(&output));
    let results = place.results();
    let sentence = results["reason"]["sentence"].as_str().unwrap();
    // The annotation.
    let words = err(&output);
    let annotations: Vec<&str> = words.lines().filter(|line| line.starts_with("::")).collect();
    assert_eq!(
        annotations,
        [format!("::error title=INVALID paxos decree::{sentence}")]
    );
    // The files, and their copies.
    let read = |path| fs::read_to_string(path).unwrap();
    assert!(
        place
            .read("junit.xml")
            .contains(&format!("message=\"{sentence}\""))
    );
    assert_eq!(read(file("copy.xml")), place.read("junit.xml"));
    assert!(
        place
            .read("summary.md")
            .starts_with(&format!("### INVALID {sentence}\n"))
    );
    assert_eq!(read(file("copy.md")), place.read("summary.md"));
    assert_eq!(
        read(file("step.md")),
        format!("before\n{}", place.read("summary.md"))
    );
    assert!(
        place
            .read("counterexample.svg")
            .contains(&format!("<title>{sentence}</title>"))
    );
    assert!(place.read("report.html").contains("counterexample.svg"));
    let shown = place.run(&["show"]);
    assert!(out(&shown).contains(&format!(" INVALID  {sentence}\n")));
    assert!(
        place.latest().join("nodes/n1/data").exists(),
        "what went wrong may be there"
    );
    // Where the nodes' own words are.
    let logs = results["violations"][0]["logs"].as_array().unwrap();
    assert!(!logs.is_empty(), "{}", results["violations"][0]);
    for log in logs {
        let lines = place.read(log["file"].as_str().unwrap()).lines().count() as u64;
        let [from, to] = ["from_line", "to_line"].map(|end| log[end].as_u64().unwrap());
        assert!(1 <= from && from <= to && to <= lines, "{log}, of {lines}");
    }
    assert_eq!(results["checks"][0]["limits"]["time_s"], 300.0);
    // The schemas.
    assert_eq!(problems(&place.schema("results"), &results), Vec::<String>::new());
    let of_history = place.schema("history");
    let history = lines(&place.read("history.jsonl"));
    let wrong: Vec<String> = history.iter().flat_map(|it| problems(&of_history, it)).collect();
    assert_eq!(wrong, Vec::<String>::new());
    for (kind, process) in [("kill", "nemesis"), ("phase", "harness")] {
        assert!(
            history
                .iter()
                .any(|it| it["f"] == kind && it["process"] == process)
        );
    }
    let of_events = place.schema("events");
    let events = lines(&out(&output));
    let wrong: Vec<String> = events.iter().flat_map(|it| problems(&of_events, it)).collect();
    assert_eq!(wrong, Vec::<String>::new());
    the_stream_tells_the_run(&events, &results, &history);
}

fn the_stream_tells_the_run(events: &[Value], results: &Value, history: &[Value]) {
    let times: Vec<u64> = events.iter().map(|it| it["t_ns"].as_u64().unwrap()).collect();
    assert!(times.windows(2).all(|pair| pair[0] <= pair[1]), "{times:?}");
    let of_type = |kind: &str| -> Vec<&Value> { events.iter().filter(|it| it["type"] == kind).collect() };
    assert_eq!(events[0]["type"], "run_started");
    // How busy the machine was is known in the end, and which program was tested, which is told with the system.
    let mut run = results["run"].clone();
    assert!(run["environment"]["load_max"].as_f64() > Some(0.0), "{run}");
    run["environment"]["load_max"] = Value::Null;
    let system = &results["system"];
    assert_eq!(system["sha256"].as_str().map(str::len), Some(64), "{system}");
    assert!(system["bytes"].as_u64() > Some(0), "{system}");
    assert_eq!(events[0]["run"], run);
    let last = &events[events.len() - 1];
    assert_eq!(last["type"], "run_finished");
    assert_eq!(
        (&last["verdict"], &last["exit_code"], &last["sentence"]),
        (&json!("invalid"), &json!(1), &results["reason"]["sentence"])
    );
    let phases: Vec<&Value> = of_type("phase").into_iter().map(|it| &it["name"]).collect();
    assert_eq!(phases, ["set up", "run", "heal", "recover", "final", "tear down"]);
    assert!(of_type("progress").len() >= 3);
    let steps = |of: &[&Value], id: &str, step: &str| -> Vec<(Value, Value)> {
        of.iter()
            .map(|it| (it.pointer(id).unwrap().clone(), it.pointer(step).unwrap().clone()))
            .collect()
    };
    let noted: Vec<&Value> = history.iter().filter(|it| it["process"] == "nemesis").collect();
    assert!(!noted.is_empty());
    assert_eq!(
        steps(&of_type("fault"), "/id", "/step"),
        steps(&noted, "/value/id", "/value/step")
    );
    let violations = of_type("violation");
    assert_eq!(violations.len(), results["violations"].as_array().unwrap().len());
    assert_eq!(violations[0]["sentence"], results["reason"]["sentence"]);
    let done: Vec<&Value> = of_type("check_progress")
        .into_iter()
        .map(|it| &it["done"])
        .collect();
    // In between it is told every second.
    let ends = (done.first(), done.last());
    assert_eq!(ends, (Some(&&json!(0)), Some(&&results["ops"]["total"])));
}

#[test]
fn json_is_one_document_and_a_valid_run_is_no_annotation() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let mut command = place.command(&[
        "test",
        "--nemesis",
        "none",
        "--time-limit",
        "2",
        "--format",
        "json",
    ]);
    command.env("GITHUB_ACTIONS", "true");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    assert_eq!(out(&output), place.read("results.json"));
    assert!(!err(&output).contains("::error"), "{}", err(&output));
    assert!(place.read("junit.xml").contains("failures=\"0\" errors=\"0\""));
    assert!(!place.latest().join("counterexample.svg").exists());
    let results = place.results();
    let witness = results["witness"]["file"].as_str().unwrap();
    assert_eq!(results["files"]["witness"], witness);
    let orders = place.read(witness).lines().count();
    assert_eq!(results["checks"][0]["keys"]["valid"], orders);
    // The program is the one that is at hand, to the byte.
    let system = &results["system"];
    assert_eq!(system["name"], "paxos");
    assert!(
        system["version"].as_str().unwrap().starts_with("harness "),
        "{system}"
    );
    let sum = std::process::Command::new("sha256sum")
        .arg(crate::place::HARNESS)
        .output()
        .unwrap();
    assert!(
        out(&sum).starts_with(system["sha256"].as_str().unwrap()),
        "{system}"
    );
    // Nobody needs the disks of a run in which nothing went wrong.
    assert!(!place.latest().join("nodes/n1/data").exists());
    assert!(place.latest().join("nodes/n1/stderr.log").exists());
    let refused = place.run(&["export", "svg"]);
    assert_eq!(refused.status.code(), Some(255));
    assert!(
        err(&refused).contains("draw the counterexample: there is none, the verdict is valid"),
        "{}",
        err(&refused)
    );
}

#[test]
fn a_run_without_a_verdict_is_an_error_for_a_ci_server_and_the_end_of_the_stream() {
    if !has_sandbox() {
        return;
    }
    let place = Place::new();
    let broken = crate::place::loners("decrees").replace("\"--id\", \"{node}\"", "\"--id\", \"nobody\"");
    let descriptor = place.write("broken.toml", &broken);
    let mut command = place.command(&["test", &descriptor, "--time-limit", "2", "--format", "ndjson"]);
    command.env("GITHUB_ACTIONS", "true");
    let output = command.output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(255),
        "{}{}",
        out(&output),
        err(&output)
    );
    assert!(!err(&output).contains("::error"), "only a violation is one");
    let events = lines(&out(&output));
    let last = &events[events.len() - 1];
    assert_eq!(
        (&last["type"], &last["verdict"]),
        (&json!("run_finished"), &json!("error"))
    );
    let run = last["directory"].as_str().unwrap();
    let junit = fs::read_to_string(format!("{run}/junit.xml")).unwrap();
    assert!(
        junit.contains("errors=\"1\"") && junit.contains("Failed to start n1"),
        "{junit}"
    );
    assert!(
        fs::read_to_string(format!("{run}/summary.md"))
            .unwrap()
            .starts_with("### ERROR ")
    );
}

#[test]
fn what_is_no_line_of_ours_is_refused_by_the_schemas() {
    let place = Place::new();
    let (history, events) = (place.schema("history"), place.schema("events"));
    let line = json!({"index": 0, "time": 5, "process": 0, "type": "invoke", "f": "read", "value": null});
    assert_eq!(problems(&history, &line), Vec::<String>::new());
    for (field, value) in [
        ("type", json!("okay")),
        ("process", json!("somebody")),
        ("time", json!(-1)),
    ] {
        let mut wrong = line.clone();
        wrong[field] = value;
        assert!(!problems(&history, &wrong).is_empty(), "{wrong}");
    }
    let line = json!({"v": 1, "t_ns": 5, "type": "phase", "name": "run"});
    assert_eq!(problems(&events, &line), Vec::<String>::new());
    for (field, value) in [
        ("type", json!("phrase")),
        ("v", json!(2)),
        ("t_ns", json!("5")),
        ("name", json!(3)),
    ] {
        let mut wrong = line.clone();
        wrong[field] = value;
        assert!(!problems(&events, &wrong).is_empty(), "{wrong}");
    }
}

#[test]
fn a_copy_that_could_not_be_written_is_refused_before_the_run() {
    let place = Place::new();
    for flag in ["--junit", "--markdown"] {
        let refused = place.run(&["test", flag, "/no/such/folder/x"]);
        assert_eq!(refused.status.code(), Some(254), "{}", err(&refused));
        let words = format!("{flag} /no/such/folder/x: there is no folder /no/such/folder");
        assert!(err(&refused).contains(&words), "{}", err(&refused));
    }
    assert!(!place.store().exists());
}

#[test]
fn every_descriptor_fulfils_the_schema_that_editors_are_given_and_broken_ones_do_not() {
    let place = Place::new();
    let schema = place.schema("descriptor");
    let read = |text: &str| serde_json::to_value(toml::from_str::<toml::Value>(text).unwrap()).unwrap();
    let example = place.folder.path().join("example");
    let written = place.run(&[
        "init",
        "--lang",
        "python",
        example.to_str().unwrap(),
        "--no-check",
    ]);
    assert_eq!(written.status.code(), Some(0), "{}", err(&written));
    let mut paths = vec![
        example.join("system.toml"),
        Path::new(ROOT).join("examples/rust-client/system.toml"),
    ];
    let systems = fs::read_dir(Path::new(ROOT).join("systems")).unwrap();
    let systems = systems.map(|entry| entry.unwrap().path());
    // Beside them are the folders with their clients.
    paths.extend(systems.filter(|path| path.extension().is_some_and(|it| it == "toml")));
    assert!(paths.len() > 4, "{paths:?}");
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(
            problems(&schema, &read(&text)),
            Vec::<String>::new(),
            "{}",
            path.display()
        );
    }
    let etcd = fs::read_to_string(Path::new(ROOT).join("systems/etcd.toml")).unwrap();
    for (from, to) in [
        ("restart_port", "restart_prot"),
        ("outcome = \"ok\"", "outcome = \"yes\""),
        ("status = 200", "status = \"2YY\""),
        ("method = \"POST\"", "command = \"POST\""),
        ("description =", "describtion ="),
        ("ports = [2379, 2380]", "ports = 2379"),
    ] {
        assert!(etcd.contains(from), "{from}");
        let broken = read(&etcd.replace(from, to));
        assert!(!problems(&schema, &broken).is_empty(), "{to} is not noticed");
    }
}
