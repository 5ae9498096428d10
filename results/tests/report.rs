//! The documents of whole histories: the verdict and its evidence, the final block, the page; and that hostile
//! texts stay texts everywhere.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use checker::Model;
use history::History;
use results::coverage::Coverage;
use results::{BlockOptions, Outcome, Results, final_block, report_html, schema};
use serde_json::json;
use std::path::Path;
use std::process::Command;

/// A history file, line by line, as a run would have written it.
struct Script {
    lines: Vec<String>,
    index: u64,
}

impl Script {
    fn new(nemesis: &[&str]) -> Script {
        let header = json!({
            "schema": "harness.history/v1", "run": "20261123T064512Z-7", "system": "paxos", "workload": "decree",
            "model": "decree", "seed": 7, "nodes": ["n1", "n2", "n3", "n4", "n5"], "clients": 10,
            "nemesis": nemesis, "client_timeout_ns": 1_000_000_000, "started_at": "2026-11-23T06:45:12Z",
        });
        Script {
            lines: vec![header.to_string()],
            index: 0,
        }
    }

    fn line(&mut self, time_ms: u64, mut line: serde_json::Value) -> &mut Script {
        line["index"] = self.index.into();
        line["time"] = (time_ms * 1_000_000).into();
        self.index += 1;
        self.lines.push(line.to_string());
        self
    }

    fn phase(&mut self, time_ms: u64, phase: &str) -> &mut Script {
        self.line(
            time_ms,
            json!({"process": "harness", "type": "info", "f": "phase", "value": phase}),
        )
    }

    /// An operation that was answered, from one moment to another.
    fn op(
        &mut self,
        client: u64,
        f: &str,
        input: &serde_json::Value,
        output: &serde_json::Value,
        from_ms: u64,
        to_ms: u64,
    ) -> &mut Script {
        let node = format!("n{}", client % 5 + 1);
        let event = |kind: &str, value: &serde_json::Value| json!({"process": client, "type": kind, "f": f, "key": 147, "value": value, "node": node});
        self.line(from_ms, event("invoke", input))
            .line(to_ms, event("ok", output))
    }

    fn kill(&mut self, id: u32, node: &str, from_ms: u64, to_ms: u64) -> &mut Script {
        let fault = json!({"kind": "kill", "nodes": [node]});
        let step = |step: &str, felt: Option<bool>| json!({"process": "nemesis", "type": "info", "f": "kill", "value": {"id": id, "step": step, "fault": fault, "felt": felt, "evidence": "pid 17 gone"}});
        self.line(from_ms, step("requested", None))
            .line(from_ms, step("installed", Some(true)));
        self.line(to_ms, step("healing", None))
            .line(to_ms, step("healed", None))
    }

    fn cut(&mut self, id: u32, felt: bool, from_ms: u64, to_ms: u64) -> &mut Script {
        let fault = json!({"kind": "partition", "shape": "halves", "sides": [["n1", "n2"], ["n3", "n4", "n5"]], "cut": [["n1", "n3"], ["n3", "n1"]]});
        let step = |step: &str, felt: Option<bool>| json!({"process": "nemesis", "type": "info", "f": "partition", "value": {"id": id, "step": step, "fault": fault, "felt": felt}});
        self.line(from_ms, step("requested", None))
            .line(from_ms, step("installed", None));
        self.line(to_ms, step("healing", None))
            .line(to_ms, step("healed", Some(felt)))
    }

    fn history(&self) -> History {
        // Lines stand in the order of time, as they would in a run.
        let time = |line: &String| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["time"]
                .as_u64()
                .unwrap_or(0)
        };
        let mut lines = self.lines.clone();
        lines.sort_by_key(time);
        history::read_bytes((lines.join("\n") + "\n").as_bytes()).unwrap()
    }
}

fn told(history: &History) -> (Results, String, String) {
    let analysis = checker::check(history, Model::Decree).unwrap();
    let coverage = Coverage::of(history);
    let mut results = Results::new(None, history, &analysis, &coverage);
    // How long it took differs each time.
    results.checks.iter_mut().for_each(|check| check.took_s = 0.0);
    let block = final_block(&results, Some("store/paxos/1"), BlockOptions { color: false });
    let page = report_html(&results, history, Some(&analysis), &coverage, None).unwrap();
    let problems: Vec<String> = jsonschema::validator_for(&schema())
        .unwrap()
        .iter_errors(&serde_json::to_value(&results).unwrap())
        .map(|error| error.to_string())
        .collect();
    assert_eq!(problems, Vec::<String>::new());
    (results, block, page)
}

/// Operations that overlap, before, during and after a kill of n3.
fn worked(script: &mut Script) -> &mut Script {
    let null = json!(null);
    script.phase(0, "set-up").phase(10, "run");
    script
        .op(0, "propose", &json!(17), &json!(17), 20, 60)
        .op(1, "read", &null, &json!(17), 30, 70);
    script
        .op(2, "propose", &json!(18), &json!(17), 110, 150)
        .op(3, "read", &null, &json!(17), 120, 160)
}

#[test]
fn a_failing_run_is_told_in_the_same_words_everywhere() {
    let null = json!(null);
    let mut script = Script::new(&["partition", "kill"]);
    script.phase(0, "set-up").phase(10, "run");
    script.op(0, "propose", &json!(17), &json!(17), 31_362, 31_406);
    script.op(3, "propose", &json!(42), &json!(42), 31_792, 31_871);
    script.op(4, "read", &null, &json!(42), 31_880, 31_890);
    script
        .kill(17, "n3", 31_418, 31_655)
        .cut(18, true, 31_560, 36_020);
    let (results, block, page) = told(&script.history());
    assert_eq!(results.verdict, Outcome::Invalid);
    assert_eq!(
        results.reason.sentence,
        "Decree 147 was decided twice: first as 17, then as 42."
    );
    insta::assert_snapshot!(block);
    let plain: String = page
        .split("<h1>")
        .nth(1)
        .unwrap()
        .split("</h1>")
        .next()
        .unwrap()
        .split('<')
        .map(|part| part.split_once('>').map_or(part, |(_, text)| text))
        .collect();
    assert_eq!(plain, results.reason.sentence);
    for words in [
        "n3 killed",
        "✂ halves",
        "A comes before B",
        "A finished 386 ms",
        "client 3",
        "NOT LINEARIZABLE",
    ] {
        assert!(page.contains(words), "{words}");
    }
}

#[test]
fn a_run_that_was_tested_enough_is_valid_and_says_by_what() {
    let mut script = Script::new(&["kill"]);
    worked(&mut script).kill(1, "n3", 100, 200);
    let (results, block, page) = told(&script.history());
    assert_eq!(results.verdict, Outcome::Valid, "{block}");
    insta::assert_snapshot!(block);
    assert!(page.contains("Why you can believe it"));
}

#[test]
fn every_rule_of_evidence_can_say_no() {
    let failed = |script: &Script| {
        let (results, block, _) = told(&script.history());
        assert_eq!(results.verdict, Outcome::Unknown, "{block}");
        assert_eq!(results.exit_code, 2);
        let failed = results.coverage.evidence.into_iter().filter(|rule| !rule.ok);
        failed.map(|rule| (rule.rule, rule.value)).collect::<Vec<_>>()
    };
    let has = |failed: &[(String, String)], rule: &str, words: &str| {
        assert!(
            failed
                .iter()
                .any(|(name, value)| name == rule && value.contains(words)),
            "{rule}: {failed:?}"
        );
    };
    let mut none_done = Script::new(&["kill"]);
    worked(&mut none_done);
    has(&failed(&none_done), "faults-took-effect", "no kill took effect");
    let mut unfelt = Script::new(&["kill", "partition"]);
    worked(&mut unfelt)
        .kill(1, "n3", 100, 200)
        .cut(2, false, 100, 200);
    has(&failed(&unfelt), "faults-confirmed", "was not");
    let mut idle_under_fault = Script::new(&["kill"]);
    worked(&mut idle_under_fault).kill(1, "n3", 300, 400);
    has(
        &failed(&idle_under_fault),
        "worked-under-faults",
        "succeeded while a kill was active",
    );
    let mut alone = Script::new(&[]);
    alone
        .phase(0, "run")
        .op(0, "propose", &json!(1), &json!(1), 10, 20)
        .op(1, "read", &json!(null), &json!(1), 30, 40);
    has(
        &failed(&alone),
        "operations-overlap",
        "0 % of operations overlapped",
    );
    let mut only_reads = Script::new(&[]);
    only_reads
        .phase(0, "run")
        .op(1, "read", &json!(null), &json!(null), 10, 40)
        .op(2, "read", &json!(null), &json!(null), 20, 30);
    only_reads.line(
        50,
        json!({"process": 3, "type": "invoke", "f": "propose", "key": 147, "value": 1}),
    );
    has(
        &failed(&only_reads),
        "every-operation-worked",
        "no propose succeeded in the main phase",
    );
    has(
        &failed(&only_reads),
        "outcomes-known",
        "33.3 % of operations have an unknown outcome",
    );
    let mut exited = Script::new(&["kill"]);
    worked(&mut exited).kill(1, "n3", 100, 200);
    exited.line(170, json!({"process": "cluster", "type": "info", "f": "exit", "value": {"node": "n2", "status": "exit status 101"}}));
    has(
        &failed(&exited),
        "no-unexpected-exit",
        "n2 ended by itself (exit status 101)",
    );
    has(
        &failed(&Script::new(&[])),
        "every-operation-worked",
        "there were no operations",
    );
}

#[test]
fn operations_outside_the_main_phase_do_not_count() {
    let mut script = Script::new(&[]);
    script.phase(0, "run").phase(5, "final");
    let null = json!(null);
    script
        .op(0, "propose", &json!(17), &json!(17), 20, 60)
        .op(1, "read", &null, &json!(17), 30, 70);
    let (results, ..) = told(&script.history());
    assert_eq!(results.verdict, Outcome::Unknown);
}

const HOSTILE: &str =
    "</script></style><script>alert(1)</script><img src=x onerror=alert(2)>\u{0}\u{1b}[31m\u{202e}&amp;\"'";

fn hostile() -> History {
    let mut script = Script::new(&["kill"]);
    script.phase(0, "set-up").phase(10, "run");
    script.op(0, "propose", &json!(HOSTILE), &json!(HOSTILE), 100, 140);
    script.op(
        3,
        "propose",
        &json!("x".repeat(1_000_000)),
        &json!("x".repeat(1_000_000)),
        200,
        240,
    );
    script.kill(1, "n3", 150, 190);
    script.history()
}

#[test]
fn hostile_values_are_text_in_every_document() {
    let (results, block, page) = told(&hostile());
    assert_eq!(results.verdict, Outcome::Invalid);
    assert!(!block.contains(['\u{1b}', '\u{0}', '\u{202e}']), "{block:?}");
    assert!(block.lines().all(|line| line.chars().count() < 400));
    assert!(!page.contains("<img src=x") && !page.contains("<script>alert"));
    assert!(!page.contains(['\u{1b}', '\u{0}', '\u{202e}']));
    assert_eq!(
        page.matches("</script>").count(),
        2,
        "only the page's own two scripts end"
    );
    assert!(page.len() < 300_000, "{}", page.len());
}

/// Opens a page in a real browser and returns what it says on the console and the page as it became.
fn browse(path: &Path, query: &str) -> (String, String) {
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
        ])
        .args([
            "--disable-component-update",
            "--disable-sync",
            "--enable-logging=stderr",
            "--v=0",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("file://{}{query}", path.display()))
        .output()
        .unwrap();
    let console = String::from_utf8_lossy(&output.stderr).into_owned();
    let console = console
        .lines()
        .filter(|line| line.contains("CONSOLE"))
        .collect::<Vec<_>>()
        .join("\n");
    (console, String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn in_a_browser_the_page_asks_for_nothing_and_the_console_stays_silent() {
    if Command::new("chromium").arg("--version").output().is_err() {
        assert!(
            std::env::var_os("CI").is_none(),
            "skipped: chromium is not installed"
        );
        println!("skipped: chromium is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    let (_, _, page) = told(&hostile());
    std::fs::write(&path, &page).unwrap();
    let (console, became) = browse(&path, "?theme=dark");
    // Whatever the page asked for would be refused by its own policy, and the refusal be on the console.
    assert_eq!(console, "");
    assert!(became.contains(r#"data-theme="dark""#), "the script ran");
    // And this check can say no.
    let asking = page.replace("</main>", r#"<img src="https://127.0.0.1:9/x.png"></main>"#);
    std::fs::write(&path, asking).unwrap();
    assert!(
        browse(&path, "").0.contains("127.0.0.1:9"),
        "a request would have been noticed"
    );
}
