//! Runs that lie in a store, made without running anything: what they were asked to be, and a history.

use crate::place::Place;
use std::fs;
use std::path::PathBuf;

/// Two proposals of one decree that overlap, and agree.
pub const AGREED: &str = r#"{"index":0,"time":5000000,"process":0,"type":"invoke","f":"propose","key":1,"value":17}
{"index":1,"time":6000000,"process":1,"type":"invoke","f":"propose","key":1,"value":18}
{"index":2,"time":9000000,"process":0,"type":"ok","f":"propose","key":1,"value":17}
{"index":3,"time":12000000,"process":1,"type":"ok","f":"propose","key":1,"value":17}
"#;

/// One decree that was decided twice.
pub const TWICE: &str = r#"{"index":0,"time":5000000,"process":0,"type":"invoke","f":"propose","key":1,"value":17}
{"index":1,"time":9000000,"process":0,"type":"ok","f":"propose","key":1,"value":17}
{"index":2,"time":12000000,"process":1,"type":"invoke","f":"propose","key":1,"value":18}
{"index":3,"time":19000000,"process":1,"type":"ok","f":"propose","key":1,"value":18}
"#;

impl Place {
    /// Puts a run there that has this history and no verdict yet.
    pub fn put_run(&self, id: &str, nemesis: &str, history: &str) -> PathBuf {
        let folder = self.store().join("paxos").join(id);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("history.jsonl"), history).unwrap();
        let seed = id.split_once('-').unwrap().1;
        let info = format!(
            r#"{{"id":"{id}","system":"paxos","workload":"decree","nemesis":["{nemesis}"],"seed":{seed},"argv":["test","--seed","{seed}"],
            "options":{{"rate":{seed},"evidence":"off"}},"started_at":"2026-11-23T06:45:12Z","nodes":["n1","n2"],"clients":2,"command":[],
            "environment":{{"harness":"0.1.0","os":"Linux","cpus":2,"memory_bytes":1,"network":"switch"}}}}"#
        );
        fs::write(folder.join("options.json"), info).unwrap();
        folder
    }

    /// Three runs: an invalid one, a valid one, and the newest, which has no verdict.
    pub fn put_three(&self) {
        self.put_run("20261123T064512Z-11", "kill", TWICE);
        self.put_run("20261123T064612Z-12", "partition", AGREED);
        self.put_run("20261124T064512Z-13", "kill", AGREED);
        assert_eq!(self.run(&["check", "11"]).status.code(), Some(1));
        assert_eq!(self.run(&["check", "12"]).status.code(), Some(0));
    }
}
