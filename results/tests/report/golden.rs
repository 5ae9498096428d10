//! Documents that earlier versions wrote: today's schema accepts them, and today's reader reads them.

use crate::sentences::failing;
use results::{
    BlockOptions, Outcome, ProgramFile, Results, RunInfo, final_block, junit_xml, markdown, schema,
};
use serde_json::{Value, json};

/// `results.json` of a run by the first version of the format, before faults had words and power failures.
const FIRST: &str = include_str!("golden/results-first.json");

fn problems(document: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    validator
        .iter_errors(document)
        .map(|error| error.to_string())
        .collect()
}

#[test]
fn the_first_version_of_the_format_is_still_valid_and_still_read() {
    let document: Value = serde_json::from_str(FIRST).unwrap();
    assert_eq!(problems(&document), Vec::<String>::new());
    let results: Results = serde_json::from_str(FIRST).unwrap();
    assert_eq!(results.verdict, Outcome::Invalid);
    // It did not tell which rules it had occasion to ask.
    assert!(results.coverage.evidence.iter().all(|rule| rule.asked));
    let sentence = "Decree 9 was decided twice: first as 150, then as 143.";
    let block = final_block(&results, None, BlockOptions { color: false });
    for text in [
        block,
        markdown(&results, None),
        junit_xml(&results, None).unwrap(),
    ] {
        assert!(text.contains(sentence), "{text}");
    }
}

#[test]
fn fields_of_later_versions_are_no_error() {
    let mut document: Value = serde_json::from_str(FIRST).unwrap();
    document["of_a_later_version"] = serde_json::json!({"a": [1]});
    document["reason"]["of_a_later_version"] = 1.into();
    assert_eq!(problems(&document), Vec::<String>::new());
    serde_json::from_value::<Results>(document).unwrap();
}

#[test]
fn a_document_that_lacks_its_verdict_is_refused_by_both() {
    let mut document: Value = serde_json::from_str(FIRST).unwrap();
    document.as_object_mut().unwrap().remove("verdict");
    assert!(!problems(&document).is_empty());
    assert!(serde_json::from_value::<Results>(document).is_err());
}

/// Objects whose fields have names of the run's own.
const BY_NAME: [&str; 8] = [
    "/run/options",
    "/ops/by_f",
    "/ops/by_node",
    "/ops/by_phase",
    "/violations/answers_by_node",
    "/violations/core/input",
    "/violations/core/output",
    "/files",
];

/// What a reader of the first document would look for in the second and not find, or find to be of another type.
fn gone(first: &Value, now: &Value, path: &str) -> Vec<String> {
    match (first, now) {
        (Value::Null, _) | (_, Value::Null) => Vec::new(),
        _ if BY_NAME.contains(&path) => Vec::new(),
        (Value::Object(first), Value::Object(now)) => {
            let within = |(name, value): (&String, &Value)| {
                let path = format!("{path}/{name}");
                now.get(name)
                    .map_or(vec![path.clone()], |it| gone(value, it, &path))
            };
            first.iter().flat_map(within).collect()
        }
        (Value::Array(first), Value::Array(now)) => {
            let both = first.first().zip(now.first());
            both.map_or(Vec::new(), |(first, now)| gone(first, now, path))
        }
        _ if std::mem::discriminant(first) == std::mem::discriminant(now) => Vec::new(),
        _ => vec![format!("{path} is another type")],
    }
}

#[test]
fn whatever_a_reader_of_the_first_version_knows_is_still_there() {
    let first: Value = serde_json::from_str(FIRST).unwrap();
    let (mut results, ..) = crate::script::told(&failing().history());
    results.run = Some(crate::ci::info());
    let mut now = serde_json::to_value(results).unwrap();
    assert_eq!(gone(&first, &now, ""), Vec::<String>::new());
    // And this check can say no.
    now["violations"][0].as_object_mut().unwrap().remove("edges");
    now["reason"]["detail"] = json!("one sentence");
    assert_eq!(
        gone(&first, &now, ""),
        ["/reason/detail is another type", "/violations/edges"]
    );
}

#[test]
fn what_breaks_an_order_is_there_as_a_value_and_null_is_one() {
    let null = json!(null);
    let mut script = crate::script::Script::new(&[]);
    script.phase(0, "run");
    script.op(0, "propose", &json!(17), &json!(17), 1_000, 1_010);
    script.op(1, "read", &null, &null, 1_020, 1_030);
    let (results, ..) = crate::script::told(&script.history());
    let document = serde_json::to_value(&results).unwrap();
    let orders = &document["violations"][0]["orders"];
    let [by_answer, by_time] = [&orders[0], &orders[1]];
    assert_eq!((&by_answer["must"], &by_answer["was"]), (&json!(17), &null));
    assert!(by_answer.as_object().unwrap().contains_key("was"));
    assert!(!by_time.as_object().unwrap().contains_key("was"), "{by_time}");
    let again: Results = serde_json::from_value(document.clone()).unwrap();
    assert_eq!(
        serde_json::to_value(again).unwrap(),
        document,
        "as it was written"
    );
    assert_eq!(document["violations"][0]["shrink"]["steps"], json!([2]));
}

#[test]
fn the_system_the_limits_and_the_witness_are_told_where_there_are_any() {
    let mut script = crate::script::Script::new(&["kill"]);
    crate::script::worked(&mut script).kill(1, "n3", 100, 200);
    let history = script.history();
    let hour = checker::Options {
        limits: checker::Limits {
            time: Some(std::time::Duration::from_secs(3600)),
            memory_bytes: None,
        },
        ..checker::Options::default()
    };
    let analysis = checker::check_with(&history, checker::Model::Decree, &hour).unwrap();
    let coverage = results::coverage::Coverage::of(&history);
    let told = |info: Option<&RunInfo>| {
        let results = Results::new(info, &history, &analysis, &coverage);
        let document = serde_json::to_value(results).unwrap();
        assert_eq!(problems(&document), Vec::<String>::new());
        document
    };
    let mut info = crate::ci::info();
    let document = told(Some(&info));
    assert_eq!(document["verdict"], "valid", "{document}");
    assert_eq!(
        document["checks"][0]["limits"],
        json!({"time_s": 3600.0, "memory_bytes": null, "hit": null})
    );
    assert_eq!(
        document["checks"][1].get("limits"),
        None,
        "only the checker has any"
    );
    assert_eq!(document["witness"], json!({"file": document["files"]["witness"]}));
    assert_eq!(
        document["system"]["sha256"],
        json!(null),
        "as in runs of earlier versions"
    );
    info.program_file = Some(ProgramFile {
        path: "/usr/bin/mydb".to_owned(),
        bytes: 9,
        sha256: "9f41".to_owned(),
        version: Some("mydb 3".to_owned()),
    });
    let document = told(Some(&info));
    assert_eq!(
        document["system"],
        json!({"name": "paxos", "version": "mydb 3", "program": "/usr/bin/mydb", "bytes": 9, "sha256": "9f41", "command": []})
    );
    assert_eq!(document["run"].get("program_file"), None, "it is told once");
    // A file that somebody has is no run: nothing is kept beside it.
    let of_file = told(None);
    assert_eq!((of_file.get("system"), of_file.get("witness")), (None, None));
}
