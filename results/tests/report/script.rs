//! Histories that a test writes line by line, and everything that is told about them.

use checker::{Limits, Model};
use history::History;
use results::coverage::Coverage;
use results::{BlockOptions, Results, final_block, report_html, schema};
use serde_json::json;

/// A history file, line by line, as a run would have written it.
pub struct Script {
    pub lines: Vec<String>,
    pub index: u64,
}

impl Script {
    pub fn new(nemesis: &[&str]) -> Script {
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

    /// Says something more, or something else, in the header.
    pub fn header(&mut self, field: &str, value: serde_json::Value) -> &mut Script {
        let mut header: serde_json::Value = serde_json::from_str(&self.lines[0]).unwrap();
        header[field] = value;
        self.lines[0] = header.to_string();
        self
    }

    pub fn line(&mut self, time_ms: u64, mut line: serde_json::Value) -> &mut Script {
        line["index"] = self.index.into();
        line["time"] = (time_ms * 1_000_000).into();
        self.index += 1;
        self.lines.push(line.to_string());
        self
    }

    pub fn phase(&mut self, time_ms: u64, phase: &str) -> &mut Script {
        self.line(
            time_ms,
            json!({"process": "harness", "type": "info", "f": "phase", "value": phase}),
        )
    }

    /// An operation that was answered, from one moment to another.
    pub fn op(
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

    pub fn kill(&mut self, id: u32, node: &str, from_ms: u64, to_ms: u64) -> &mut Script {
        let fault = json!({"kind": "kill", "nodes": [node]});
        let step = |step: &str, felt: Option<bool>| json!({"process": "nemesis", "type": "info", "f": "kill", "value": {"id": id, "step": step, "fault": fault, "felt": felt, "evidence": "pid 17 gone"}});
        self.line(from_ms, step("requested", None))
            .line(from_ms, step("installed", Some(true)));
        self.line(to_ms, step("healing", None))
            .line(to_ms, step("healed", None))
    }

    pub fn cut(&mut self, id: u32, felt: bool, from_ms: u64, to_ms: u64) -> &mut Script {
        let sides = [vec!["n1", "n2"], vec!["n3", "n4", "n5"]];
        let pairs = sides[0]
            .iter()
            .flat_map(|a| sides[1].iter().map(move |b| (*a, *b)));
        let cut: Vec<[&str; 2]> = pairs.flat_map(|(a, b)| [[a, b], [b, a]]).collect();
        let fault = json!({"kind": "partition", "shape": "halves", "sides": sides, "cut": cut});
        let step = |step: &str, felt: Option<bool>| json!({"process": "nemesis", "type": "info", "f": "partition", "value": {"id": id, "step": step, "fault": fault, "felt": felt}});
        self.line(from_ms, step("requested", None))
            .line(from_ms, step("installed", None));
        self.line(to_ms, step("healing", None))
            .line(to_ms, step("healed", Some(felt)))
    }

    /// Two clients are told two decisions.
    pub fn decided_twice() -> Script {
        let mut script = Script::new(&[]);
        script.phase(0, "run");
        script.op(0, "propose", &json!(17), &json!(17), 1_000, 1_010);
        script.op(1, "propose", &json!(42), &json!(42), 1_020, 1_030);
        script
    }

    pub fn history(&self) -> History {
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

pub fn told(history: &History) -> (Results, String, String) {
    told_within(history, Model::Decree, &Limits::default())
}

/// The same for another object, where the checker has these limits.
pub fn told_within(history: &History, model: Model, limits: &Limits) -> (Results, String, String) {
    let options = checker::Options {
        limits: *limits,
        ..checker::Options::default()
    };
    told_with(history, model, &options)
}

/// The same for another object, checked as these options say.
pub fn told_with(history: &History, model: Model, options: &checker::Options) -> (Results, String, String) {
    let analysis = checker::check_with(history, model, options).unwrap();
    let coverage = Coverage::of(history);
    let mut results = Results::new(None, history, &analysis, &coverage);
    // How long it took differs each time.
    results.checks.iter_mut().for_each(|check| check.took_s = 0.0);
    let violations = results.violations.iter_mut();
    violations.for_each(|violation| violation.shrink.took_s = 0.0);
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
pub fn worked(script: &mut Script) -> &mut Script {
    let null = json!(null);
    script.phase(0, "set-up").phase(10, "run");
    script
        .op(0, "propose", &json!(17), &json!(17), 20, 60)
        .op(1, "read", &null, &json!(17), 30, 70);
    script
        .op(2, "propose", &json!(18), &json!(17), 110, 150)
        .op(3, "read", &null, &json!(17), 120, 160)
}

/// How large the page of a few operations is.
pub fn ordinary() -> usize {
    let mut script = Script::new(&["kill"]);
    worked(&mut script);
    told(&script.history()).2.len()
}
