//! What CI servers are told.

use crate::hostile::hostile;
use crate::script::{Script, told, worked};
use crate::sentences::failing;
use pulldown_cmark::{Event, Options, Parser, Tag};
use results::{
    Environment, Outcome, Results, RunInfo, annotation, junit_xml, junit_xml_of, markdown, markdown_of,
};
use roxmltree::{Document, Node};

pub fn info() -> RunInfo {
    RunInfo {
        id: "20261123T064512Z-7".into(),
        system: "paxos".into(),
        workload: "decree".into(),
        nemesis: vec!["partition".into(), "kill".into()],
        scenario: None,
        seed: 7,
        replay_of: None,
        argv: vec!["test".into(), "--nemesis".into(), "partition,kill".into()],
        options: serde_json::Map::new(),
        started_at: "2026-11-23T06:45:12Z".into(),
        nodes: vec!["n1".into()],
        clients: 1,
        descriptor: None,
        command: vec![],
        node_args: vec![],
        program: None,
        program_file: None,
        environment: Environment {
            harness: "0.1.0".into(),
            commit: None,
            os: "Linux".into(),
            cpus: 2,
            memory_bytes: 1,
            network: "switch".into(),
            load_max: None,
        },
    }
}

fn attribute<'a>(node: Node<'a, 'a>, name: &str) -> &'a str {
    node.attribute(name).unwrap_or_default()
}

/// The message of the only failure.
pub fn junit_message(results: &Results) -> String {
    let xml = junit_xml(results, None).unwrap();
    let document = Document::parse(&xml).unwrap();
    let failures: Vec<Node> = document
        .descendants()
        .filter(|it| it.has_tag_name("failure"))
        .collect();
    assert_eq!(failures.len(), 1, "{xml}");
    attribute(failures[0], "message").to_owned()
}

#[test]
fn a_violation_is_a_failure_of_one_case_and_the_others_pass() {
    let (mut results, ..) = told(&failing().history());
    results.run = Some(info());
    let xml = junit_xml(&results, Some("store/paxos/1")).unwrap();
    let document = Document::parse(&xml).unwrap();
    let cases: Vec<Node> = document
        .descendants()
        .filter(|it| it.has_tag_name("testcase"))
        .collect();
    assert_eq!(cases.len(), results.checks.len());
    assert!(
        cases
            .iter()
            .all(|it| attribute(*it, "classname") == "paxos.decree.partition+kill")
    );
    let failure = document
        .descendants()
        .find(|it| it.has_tag_name("failure"))
        .unwrap();
    assert_eq!(attribute(failure.parent().unwrap(), "name"), "linearizable");
    assert_eq!(attribute(failure, "type"), results.violations[0].code);
    assert!(
        failure
            .text()
            .unwrap()
            .contains("A comes before B: A had its answer 386 ms before B began.")
    );
    let property = |name: &str| {
        let mut all = document.descendants().filter(|it| it.has_tag_name("property"));
        all.find(|it| attribute(*it, "name") == name)
            .map(|it| attribute(it, "value").to_owned())
    };
    assert_eq!(property("seed").as_deref(), Some("7"));
    assert_eq!(property("run").as_deref(), Some("20261123T064512Z-7"));
    assert_eq!(property("report").as_deref(), Some("store/paxos/1/report.html"));
    let suite = document
        .descendants()
        .find(|it| it.has_tag_name("testsuite"))
        .unwrap();
    assert_eq!(
        (attribute(suite, "failures"), attribute(suite, "errors")),
        ("1", "0")
    );
}

#[test]
fn too_little_evidence_and_no_verdict_are_errors_and_not_passes() {
    let mut script = Script::new(&["kill"]);
    worked(&mut script);
    let (results, ..) = told(&script.history());
    assert_eq!(results.verdict, Outcome::Unknown);
    let types = |results: &Results| {
        let xml = junit_xml(results, None).unwrap();
        let document = Document::parse(&xml).unwrap();
        let errors = document.descendants().filter(|it| it.has_tag_name("error"));
        errors
            .map(|it| {
                (
                    attribute(it, "type").to_owned(),
                    attribute(it, "message").to_owned(),
                )
            })
            .collect::<Vec<_>>()
    };
    let missing = types(&results);
    assert!(!missing.is_empty() && missing.iter().all(|(kind, _)| kind == "unknown"));
    assert!(
        missing
            .iter()
            .any(|(_, words)| words.contains("no kill took effect")),
        "{missing:?}"
    );
    assert_eq!(annotation(&results), None);
    let broken = Results::error(None, &script.history(), "Failed to start n1.".into(), vec![]);
    assert_eq!(
        types(&broken),
        [("error".to_owned(), "Failed to start n1.".to_owned())]
    );
    worked(&mut script).kill(1, "n3", 100, 200);
    let mut whole = Script::new(&["kill"]);
    worked(&mut whole).kill(1, "n3", 100, 200);
    let (valid, ..) = told(&whole.history());
    assert_eq!(valid.verdict, Outcome::Valid);
    assert_eq!(types(&valid), []);
    assert!(!junit_xml(&valid, None).unwrap().contains("<failure"));
}

#[test]
fn the_summary_has_the_argument_and_the_command() {
    let (mut results, ..) = told(&failing().history());
    results.run = Some(info());
    insta::assert_snapshot!(markdown(&results, Some("store/paxos/1")));
    assert_eq!(
        annotation(&results).unwrap(),
        format!("::error title=INVALID paxos decree::{}", results.reason.sentence)
    );
}

#[test]
fn several_runs_are_a_suite_each_and_the_summary_tells_the_one_that_matters() {
    let (mut invalid, ..) = told(&failing().history());
    let mut whole = Script::new(&["kill"]);
    worked(&mut whole).kill(1, "n3", 100, 200);
    let (mut valid, ..) = told(&whole.history());
    let error = Results::error(
        None,
        &whole.history(),
        "The run of seed 9 left no results.".into(),
        vec![],
    );
    for (results, seed) in [(&mut valid, 7), (&mut invalid, 8)] {
        results.run = Some(RunInfo {
            id: format!("20261123T064512Z-{seed}"),
            seed,
            ..info()
        });
    }
    let runs = [
        (&valid, Some("store/a|b")),
        (&error, None),
        (&invalid, Some("store/8")),
    ];
    let xml = junit_xml_of(&runs).unwrap();
    let document = Document::parse(&xml).unwrap();
    let suites = document.descendants().filter(|it| it.has_tag_name("testsuite"));
    let told: Vec<(&str, &str, &str)> = suites
        .map(|it| {
            (
                attribute(it, "name"),
                attribute(it, "failures"),
                attribute(it, "errors"),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("20261123T064512Z-7", "0", "0"),
            ("history", "0", "1"),
            ("20261123T064512Z-8", "1", "0")
        ]
    );
    let summary = markdown_of(&runs);
    assert!(
        summary.starts_with("### 3 runs: 1 invalid, 1 error, 1 valid\n"),
        "{summary}"
    );
    assert!(summary.contains("| 7 | VALID | "), "{summary}");
    assert!(
        summary.contains(r"`store/a\|b`"),
        "a place is no column: {summary}"
    );
    assert!(
        summary.ends_with(&markdown(&invalid, Some("store/8"))),
        "{summary}"
    );
    assert_eq!(active(&summary), Vec::<String>::new(), "{summary}");
    // One run is told as it always was.
    assert_eq!(markdown_of(&runs[..1]), markdown(&valid, Some("store/a|b")));
    // More than there is room for are counted.
    let many = vec![(&valid, None); 100];
    assert!(markdown_of(&many).contains("60 more runs are in the store."));
}

/// Everything in a summary that is more than words, tables, lists and code.
fn active(summary: &str) -> Vec<String> {
    let parser = Parser::new_ext(summary, Options::all());
    let is_active = |event: &Event<'_>| {
        matches!(
            event,
            Event::Html(_)
                | Event::InlineHtml(_)
                | Event::InlineMath(_)
                | Event::DisplayMath(_)
                | Event::FootnoteReference(_)
                | Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::HtmlBlock)
        )
    };
    parser
        .filter(is_active)
        .map(|event| format!("{event:?}"))
        .collect()
}

#[test]
fn hostile_values_are_words_in_xml_and_markdown_and_one_line_for_github() {
    let (mut results, ..) = told(&hostile());
    let mut run = info();
    run.system = "pa|x`o<b>s".into();
    run.argv = vec!["test".into(), "```\n<script>".into()];
    results.run = Some(run);
    results.remarks = vec!["[a](http://b) @you ![c](d) <!-- `".into()];
    assert_eq!(junit_message(&results), results.reason.sentence);
    for text in [
        junit_xml(&results, Some("a\u{1b}b")).unwrap(),
        markdown(&results, Some("a\u{1b}b`")),
        annotation(&results).unwrap(),
    ] {
        assert!(!text.contains(['\u{1b}', '\u{0}', '\u{202e}']), "{text}");
    }
    let summary = markdown(&results, Some("a`b"));
    assert!(summary.chars().count() < results::markdown::CHARS_MAX);
    assert_eq!(active(&summary), Vec::<String>::new(), "{summary}");
    assert_eq!(annotation(&results).unwrap().lines().count(), 1);
    // And this check can say no.
    assert_eq!(active("<b>x</b> [a](b)").len(), 3);
}
