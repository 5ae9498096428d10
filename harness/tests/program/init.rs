//! `harness init --ci`: jobs that a CI server understands.

use crate::place::{Place, err, has, has_sandbox, out};
use saphyr::{LoadableYamlNode, Yaml};
use std::fs;

fn field<'a>(yaml: &'a Yaml<'a>, path: &[&str]) -> &'a Yaml<'a> {
    path.iter().fold(yaml, |yaml, name| {
        yaml.as_mapping_get(name)
            .unwrap_or_else(|| panic!("there is no {name} of {path:?}"))
    })
}

#[test]
fn the_job_for_github_always_keeps_the_run() {
    let place = Place::new();
    let folder = place.folder.path().to_str().unwrap().to_owned();
    let odd = r#"test ./db.toml --name "a: b" # not a comment"#;
    let output = place.run(&["init", "--ci", "github", &folder, "--run", odd]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let path = place.folder.path().join(".github/workflows/harness.yml");
    assert!(out(&output).starts_with(path.to_str().unwrap()));
    let text = fs::read_to_string(&path).unwrap();
    let documents = Yaml::load_from_str(&text).unwrap();
    let steps = field(&documents[0], &["jobs", "harness", "steps"])
        .as_sequence()
        .unwrap();
    let says = |name: &str, value: &str| {
        let step = steps
            .iter()
            .find(|it| it.as_mapping_get(name).and_then(Yaml::as_str) == Some(value));
        step.unwrap_or_else(|| panic!("no step has {name}: {value}"))
    };
    says("run", &format!("harness {odd}"));
    let upload = says("if", "always()");
    assert!(
        field(upload, &["uses"])
            .as_str()
            .unwrap()
            .starts_with("actions/upload-artifact@")
    );
    assert_eq!(field(upload, &["with", "path"]).as_str(), Some("store/current/"));
    // What is there is somebody's.
    fs::write(&path, "mine").unwrap();
    let again = place.run(&["init", "--ci", "github", &folder]);
    assert_eq!(again.status.code(), Some(255));
    assert!(
        err(&again).contains("it is there already; --print shows the job"),
        "{}",
        err(&again)
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
}

#[test]
fn the_job_for_gitlab_always_keeps_the_run_and_reports_junit() {
    let place = Place::new();
    let output = place.run(&["init", "--ci", "gitlab", "--print"]);
    assert_eq!(output.status.code(), Some(0), "{}", err(&output));
    let text = out(&output);
    let documents = Yaml::load_from_str(&text).unwrap();
    let artifacts = field(&documents[0], &["harness", "artifacts"]);
    assert_eq!(field(artifacts, &["when"]).as_str(), Some("always"));
    assert_eq!(
        field(artifacts, &["paths"]).as_sequence().unwrap()[0].as_str(),
        Some("store/")
    );
    let junit = field(artifacts, &["reports", "junit"]).as_str().unwrap();
    let script = field(&documents[0], &["harness", "script"])
        .as_sequence()
        .unwrap();
    let run = script
        .iter()
        .filter_map(Yaml::as_str)
        .find(|it| it.starts_with("harness test"));
    assert!(run.unwrap().ends_with(&format!("--junit {junit}")));
}

#[test]
fn a_descriptor_of_ones_own_system_is_written_only_if_it_can_be_one() {
    let place = Place::new();
    let folder = place.folder.path().join("mydb").display().to_string();
    let start = "/usr/bin/mydb --listen {ip}:7000 --dir {data}";
    let said = |start: &str, ready: &str| {
        let arguments = [
            "init", "--lang", "sh", &folder, "--start", start, "--ready", ready,
        ];
        place.run(&[&arguments[..], &["--clients-do", "queue"]].concat())
    };
    let wrong = said("mydb {port}", "http://{ip}:7000/up");
    assert_eq!(wrong.status.code(), Some(255));
    assert!(err(&wrong).contains("port"), "{}", err(&wrong));
    assert!(!place.folder.path().join("mydb/system.toml").exists());
    let right = said(start, "http://{ip}:7000/up");
    assert_eq!(right.status.code(), Some(0), "{}", err(&right));
    assert!(
        out(&right).contains("enqueue") && out(&right).contains("harness doctor"),
        "{}",
        out(&right)
    );
    let text = fs::read_to_string(place.folder.path().join("mydb/system.toml")).unwrap();
    for line in [
        r#"name = "mydb""#,
        r#"command = ["/usr/bin/mydb", "--listen", "{ip}:7000", "--dir", "{data}"]"#,
        "ports = [7000]",
        r#"url = "http://{ip}:7000/up""#,
        "[workload.queue]",
    ] {
        assert!(text.lines().any(|it| it == line), "{line}\n{text}");
    }
    assert!(!place.folder.path().join("mydb/server.py").exists());
    let alone = place.run(&["init", "--lang", "python", "--start", "mydb"]);
    assert_eq!(alone.status.code(), Some(254));
    assert!(err(&alone).contains("--ready"), "{}", err(&alone));
}

#[test]
fn a_server_that_is_not_known_and_a_folder_that_is_not_there_are_refused() {
    let place = Place::new();
    let unknown = place.run(&["init", "--ci", "gitub"]);
    assert_eq!(unknown.status.code(), Some(254));
    assert!(err(&unknown).contains("github"), "{}", err(&unknown));
    let nothing = place.run(&["init"]);
    assert_eq!(nothing.status.code(), Some(254));
    assert!(
        err(&nothing).contains("--lang python, go, shell, rust or java"),
        "{}",
        err(&nothing)
    );
    let nowhere = place.run(&["init", "--ci", "github", "/no/such/folder"]);
    assert_eq!(nowhere.status.code(), Some(255));
    assert!(err(&nowhere).contains("there is no folder /no/such/folder"));
}

#[test]
fn a_descriptor_without_a_program_is_written_for_whatever_the_protocol_has_words_for() {
    let place = Place::new();
    let listing = out(&place.run(&["list", "workloads", "--format", "json"]));
    let rows: Vec<serde_json::Value> = serde_json::from_str(&listing).unwrap();
    let workloads = rows.iter().map(|row| row["workload"].as_str().unwrap());
    let of_redis = ["register", "set", "append", "queue", "counter"];
    for workload in workloads {
        for (language, ready) in [("http", "http://{ip}:7000/up"), ("resp", "resp://{ip}:7000")] {
            let folder = place.folder.path().join(language).join(workload);
            let shown = folder.to_str().unwrap();
            let said = [
                "init",
                "--lang",
                language,
                shown,
                "--start",
                "mydb {ip}",
                "--ready",
                ready,
            ];
            let output = place.run(&[&said[..], &["--clients-do", workload]].concat());
            if language == "resp" && !of_redis.contains(&workload) {
                assert_eq!(output.status.code(), Some(255), "{workload}");
                assert!(
                    err(&output).contains("is known of register, set,"),
                    "{}",
                    err(&output)
                );
                continue;
            }
            assert_eq!(output.status.code(), Some(0), "{workload}: {}", err(&output));
            let text = fs::read_to_string(folder.join("system.toml")).unwrap();
            assert!(text.contains(&format!("[workload.{workload}.")), "{text}");
            assert!(text.contains("7000") && !text.contains("client ="), "{text}");
        }
    }
    let folder = place.folder.path().join("portless");
    let shown = folder.to_str().unwrap();
    let portless = place.run(&[
        "init",
        "--lang",
        "resp",
        shown,
        "--start",
        "mydb",
        "--ready",
        "resp://{ip}",
    ]);
    assert_eq!(portless.status.code(), Some(255));
    assert!(
        err(&portless).contains("does not say the port"),
        "{}",
        err(&portless)
    );
}

#[test]
fn what_was_written_is_examined_at_once_where_it_can_be_started() {
    if !has_sandbox() || !has("python3", "--version") {
        return;
    }
    let place = Place::new();
    let folder = |name: &str| place.folder.path().join(name).display().to_string();
    let example = place.run(&["init", "--lang", "http", &folder("example")]);
    assert_eq!(
        example.status.code(),
        Some(0),
        "{}{}",
        out(&example),
        err(&example)
    );
    let told = out(&example);
    assert!(
        told.contains("Is it plugged in rightly, as it is? harness doctor "),
        "{told}"
    );
    assert!(told.trim_end().ends_with("expectations hold."), "{told}");
    // A node that ends at once: what was written is there, and what is wrong with it is said.
    let start = |program: &str| {
        let arguments = ["--start", program, "--ready", "http://{ip}:7000/up"];
        place.run(&[&["init", "--lang", "http", &folder(program)][..], &arguments].concat())
    };
    let wrong = start("false");
    assert_eq!(wrong.status.code(), Some(255), "{}{}", out(&wrong), err(&wrong));
    assert!(
        out(&wrong).contains("expected to run, ended with exit status 1"),
        "{}",
        out(&wrong)
    );
    assert!(place.folder.path().join("false/system.toml").is_file());
    // What is not there yet cannot be started, and that is no mistake.
    let later = start("no-such-program-yet");
    assert_eq!(later.status.code(), Some(0), "{}{}", out(&later), err(&later));
    let words = "It was not examined yet: the program of the nodes, no-such-program-yet, is not there";
    assert!(out(&later).contains(words), "{}", out(&later));
    let files_only = place.run(&["init", "--lang", "http", &folder("files"), "--no-check"]);
    assert_eq!(files_only.status.code(), Some(0), "{}", err(&files_only));
    assert!(!out(&files_only).contains("as it is?"), "{}", out(&files_only));
}
