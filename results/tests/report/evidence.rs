//! *Valid* has to be earned.

use crate::script::{Script, told, told_within, worked};
use checker::{Limits, Model};
use results::evidence::Rule;
use results::{Outcome, Results};
use serde_json::json;

/// A rule of evidence by its name.
fn rule_of(results: Results, name: &str) -> Rule {
    let mut rules = results.coverage.evidence.into_iter();
    rules.find(|rule| rule.rule == name).unwrap()
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
        .cut(2, false, 100, 2_000);
    has(&failed(&unfelt), "faults-confirmed", "was not");
    let mut idle_under_fault = Script::new(&["kill"]);
    worked(&mut idle_under_fault).kill(1, "n3", 300, 400);
    has(
        &failed(&idle_under_fault),
        "worked-under-faults",
        "succeeded while a kill was active (0 of 0)",
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
    let (results, ..) = told(&exited.history());
    assert_eq!(
        results.reason.sentence,
        "n2 ended by itself (exit status 101); no violation was found."
    );
    has(
        &failed(&Script::new(&[])),
        "every-operation-worked",
        "there were no operations",
    );
}

#[test]
fn short_faults_may_find_nobody_but_not_too_many_of_them() {
    let rule = |unfelt: u32| {
        let mut script = Script::new(&["partition"]);
        worked(&mut script);
        for id in 1..=5 {
            let from_ms = 100 + 20 * u64::from(id);
            script.cut(id, id > unfelt, from_ms, from_ms + 10);
        }
        let (results, ..) = told(&script.history());
        let rule = rule_of(results, "faults-confirmed");
        (rule.ok, rule.value)
    };
    assert_eq!(rule(2), (true, "3 of 5 faults were felt".to_owned()));
    let (ok, words) = rule(3);
    assert!(!ok && words.starts_with("2 of 5 faults were felt; "), "{words}");
}

#[test]
fn nobody_feels_a_fault_of_nodes_that_are_down() {
    let rule = |down: &[&str]| {
        let mut script = Script::new(&["partition", "kill"]);
        worked(&mut script);
        for id in 1..=5 {
            script.cut(id, id > 1, 400, 1_900);
        }
        for (id, node) in (10..).zip(down) {
            script.kill(id, node, 300, 1_900);
        }
        let (results, ..) = told(&script.history());
        rule_of(results, "faults-confirmed").ok
    };
    assert!(!rule(&[]), "one that lasts as long as this one is felt");
    assert!(!rule(&["n1", "n4"]), "n2 would have felt it");
    assert!(rule(&["n1", "n2"]), "one side was not there");
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

#[test]
fn a_fault_that_never_left_a_quorum_asks_for_no_success() {
    let mut script = Script::new(&["kill"]);
    worked(&mut script);
    for (id, node) in [(1, "n1"), (2, "n2"), (3, "n3")] {
        script.kill(id, node, 300, 400);
    }
    let (results, block, _) = told(&script.history());
    assert_eq!(results.verdict, Outcome::Valid, "{block}");
    let rule = |rule: &&results::evidence::Rule| rule.rule == "worked-under-faults";
    let found = results.coverage.evidence.iter().find(rule).unwrap();
    assert_eq!(found.value, "there was never a quorum during a kill");
    assert!(!found.asked, "nothing was asked, so nothing was shown");
    assert_eq!(results.coverage.no_quorum.count, 1);
}

#[test]
fn a_rule_that_was_not_asked_is_nowhere_shown_as_fulfilled() {
    let mut script = Script::new(&["kill"]);
    worked(&mut script).kill(1, "n3", 100, 200);
    let check = |results: &results::Results, name: &str| {
        let found = results.checks.iter().find(|check| check.name == name);
        found.unwrap().verdict.clone()
    };
    let (results, block, page) = told(&script.history());
    assert_eq!(results.verdict, Outcome::Valid, "{block}");
    assert_eq!(check(&results, "progress"), "not-asked");
    assert_eq!(check(&results, "worked under faults"), "valid");
    let why = "under faults the same connected majority never lasted long enough to ask for success";
    assert!(block.contains(&format!("Not asked: progress ({why})")), "{block}");
    let listed = |sign: &str| format!("{sign}</span> <b>progress</b> not asked: {why}");
    assert!(page.contains(&listed("–")) && !page.contains(&listed("✓")));
    assert!(page.contains(&format!(
        "<td class=\"sign-none\">–</td><td>progress</td><td>not asked: {why}"
    )));
    assert!(results::markdown(&results, None).contains("- Not asked: progress"));
    let junit = results::junit_xml(&results, None).unwrap();
    assert!(
        junit.contains("skipped=\"1\"") && junit.contains(&format!("<skipped message=\"{why}\"/>")),
        "{junit}"
    );
    // Beside a violation it is not among those that hold.
    script.op(3, "propose", &json!(42), &json!(42), 210, 220);
    let (results, block, _) = told(&script.history());
    assert_eq!(results.verdict, Outcome::Invalid);
    let sound = results
        .checks
        .iter()
        .filter(|check| check.verdict == "valid")
        .count();
    assert!(
        block.contains(&format!("✓ {sound} others   "))
            && block.contains("          – not asked: progress\n"),
        "{block}"
    );
    // And a run that was asked has it among those that were.
    let (results, block, page) = told(&stuck().history());
    assert_eq!(check(&results, "progress"), "unknown");
    assert!(
        !block.contains("Not asked") && page.contains("✕</span> <b>progress</b> no propose"),
        "{block}"
    );
}

/// Two nodes are killed for three seconds, in which every proposal fails, and everything before and after is well.
fn stuck() -> Script {
    let null = json!(null);
    let mut script = Script::new(&["kill"]);
    worked(&mut script).kill(1, "n1", 1_000, 4_000);
    script.kill(2, "n5", 1_000, 4_000);
    for number in 0..100 {
        let at_ms = 1_000 + 30 * number;
        script.op(2, "read", &null, &json!(17), at_ms, at_ms + 9);
        for (process, node) in [(3, "n4"), (4, "n3")] {
            let event = |kind: &str| json!({"process": process, "type": kind, "f": "propose", "key": 148, "value": 5, "node": node});
            script.line(at_ms, event("invoke")).line(at_ms + 9, event("fail"));
        }
    }
    script.op(0, "propose", &json!(18), &json!(17), 4_100, 4_150).op(
        1,
        "read",
        &null,
        &json!(17),
        4_100,
        4_150,
    );
    script.phase(5_000, "final");
    script
}

#[test]
fn a_majority_that_gets_nowhere_makes_a_run_unknown_and_is_its_sentence() {
    let mut script = stuck();
    let (results, block, page) = told(&script.history());
    let value = "no propose succeeded in 3.0 s in which n2 n3 n4 were up and connected (0 of 192)";
    let sentence = format!("N{}; no violation was found.", &value[1..]);
    assert_eq!((results.verdict, results.exit_code), (Outcome::Unknown, 2));
    assert_eq!(results.reason.code, "progress");
    assert_eq!(results.reason.sentence, sentence);
    assert!(block.contains(&sentence) && page.contains(&sentence));
    let found = |results: &results::Results| {
        let mut rules = results.coverage.evidence.clone().into_iter();
        let rule = rules.find(|rule| rule.rule == "progress").unwrap();
        (rule.ok, rule.value)
    };
    assert_eq!(found(&results), (false, value.to_owned()));
    let event = |kind: &str| json!({"process": 3, "type": kind, "f": "propose", "key": 148, "value": 5, "node": "n4"});
    script.line(2_515, event("invoke")).line(2_520, event("ok"));
    let (results, block, _) = told(&script.history());
    assert_eq!(results.verdict, Outcome::Valid, "{block}");
    let value =
        "every kind of operation succeeded while a majority was up and connected under faults (judged once)";
    assert_eq!(found(&results), (true, value.to_owned()));
}

#[test]
fn a_checker_that_gave_up_says_so() {
    let mut script = Script::new(&["kill"]);
    worked(&mut script).kill(1, "n3", 100, 200);
    let history = script.history();
    let mut analysis = checker::check(&history, checker::Model::Decree).unwrap();
    analysis.verdict = checker::Verdict::Unknown;
    (analysis.keys.valid, analysis.keys.unknown) = (0, 1);
    let coverage = results::coverage::Coverage::of(&history);
    let results = results::Results::new(None, &history, &analysis, &coverage);
    assert_eq!(results.verdict, Outcome::Unknown);
    assert_eq!(results.reason.kind, "checker-limit");
    assert_eq!(
        results.reason.sentence,
        "The checker could not decide 1 of 1 decree; no violation was found."
    );
}

#[test]
fn a_node_that_never_comes_back_makes_a_run_unknown() {
    let mut script = Script::new(&["kill"]);
    worked(&mut script).kill(1, "n3", 100, 200);
    script.phase(1_000, "heal").phase(1_010, "recover");
    let null = json!(null);
    for client in [0, 1, 3, 4] {
        let at_ms = 1_020 + client;
        script.op(client, "read", &null, &json!(17), at_ms, at_ms + 5);
    }
    script.phase(2_000, "final");
    let (results, block, _) = told(&script.history());
    assert_eq!(results.verdict, Outcome::Unknown, "{block}");
    assert_eq!(
        results.reason.sentence,
        "n3 never answered again after the last fault; no violation was found."
    );
    script.op(2, "read", &null, &json!(17), 2_100, 2_110);
    let (results, block, _) = told(&script.history());
    assert_eq!(results.verdict, Outcome::Valid, "{block}");
    let rule = results
        .coverage
        .evidence
        .into_iter()
        .find(|it| it.rule == "recovered");
    assert_eq!(
        rule.unwrap().value,
        "every node answered again after the last fault, n3 last, after 1.10 s"
    );
}

#[test]
fn where_only_the_primary_serves_one_node_is_enough_and_none_is_not() {
    let recovered = |answers: bool| {
        let mut script = Script::new(&["kill"]);
        script.header("served_by_primary", json!(true));
        worked(&mut script).kill(1, "n3", 100, 200);
        script.phase(1_000, "heal").phase(1_010, "recover");
        if answers {
            script.op(1, "read", &json!(null), &json!(17), 1_020, 1_110);
        }
        script.phase(2_000, "final");
        let (results, ..) = told(&script.history());
        let rule = rule_of(results, "recovered");
        (rule.ok, rule.value)
    };
    let words = "n2, the primary, served again after the last fault, after 0.10 s";
    assert_eq!(recovered(true), (true, words.to_owned()));
    let words = "no node served again after the last fault";
    assert_eq!(recovered(false), (false, words.to_owned()));
}

#[test]
fn what_a_system_may_take_to_fail_over_is_told_wherever_progress_is() {
    // Under a kill of 8 s, n4 is asked every 100 ms, and nothing succeeds for so long after its beginning.
    let told = |failover_ms: Option<u64>, stands_still_ms: u64| {
        let mut script = Script::new(&["kill"]);
        script
            .header("system", json!("mydb\u{1b}[31m"))
            .header("model", json!("cas-register"));
        if let Some(ms) = failover_ms {
            script.header("failover_ns", json!(ms * 1_000_000));
        }
        script.phase(0, "run").kill(1, "n3", 1_000, 9_000);
        for ms in (1_100..8_900).step_by(100) {
            let event = |kind: &str| json!({"process": 3, "type": kind, "f": "read", "key": 1, "value": null, "node": "n4"});
            let ended = if ms < 1_000 + stands_still_ms {
                "fail"
            } else {
                "ok"
            };
            script.line(ms, event("invoke")).line(ms + 20, event(ended));
        }
        script.phase(9_500, "final");
        let (results, ..) = told_within(&script.history(), Model::CasRegister, &Limits::default());
        let rule = rule_of(results, "progress");
        (rule.asked, rule.ok, rule.value)
    };
    let (asked, ok, value) = told(Some(10_000), 8_000);
    assert!(!asked && ok);
    assert_eq!(
        value,
        "under faults the same connected majority never lasted long enough beyond the 10 s that mydb\\u{1b}[31m may take to \
         fail over to ask for success"
    );
    let (asked, ok, value) = told(Some(4_500), 4_000);
    assert!(asked && ok);
    assert!(
        value.ends_with("(judged once, not within the 4.5 s that mydb\\u{1b}[31m may take to fail over)"),
        "{value}"
    );
    let (_, ok, value) = told(Some(4_500), 8_000);
    assert!(!ok);
    assert!(
        value.starts_with(
            "no read succeeded in 3.5 s, beyond the 4.5 s that mydb\\u{1b}[31m may take to fail over, in which n1 n2 n4 n5 \
             were up and connected (0 of "
        ),
        "{value}"
    );
    let (_, ok, value) = told(None, 8_000);
    assert!(
        !ok && value.starts_with("no read succeeded in 8.0 s in which "),
        "{value}"
    );
}

#[test]
fn nothing_has_to_work_under_faults_that_are_over_before_the_system_may_have_failed_over() {
    // Under a kill no write succeeds, but reads do; under a partition before it, both do, or there is none.
    let told = |kinds: &[&str], failover_ms: Option<u64>, kill_ms: u64| {
        let mut script = Script::new(kinds);
        script
            .header("system", json!("mydb"))
            .header("model", json!("cas-register"));
        if let Some(ms) = failover_ms {
            script.header("failover_ns", json!(ms * 1_000_000));
        }
        script.phase(0, "run");
        if kinds.contains(&"partition") {
            script.cut(2, true, 100, 1_000);
        }
        script.kill(1, "n3", 1_000, 1_000 + kill_ms);
        for ms in (110..900 + kill_ms).step_by(100) {
            for (process, f, ended) in [
                (3, "read", "ok"),
                (4, "write", if ms < 1_000 { "ok" } else { "fail" }),
            ] {
                let value = if f == "write" { json!(ms) } else { json!(null) };
                let key = if f == "write" { 1 } else { 2 };
                let event = |kind: &str| json!({"process": process, "type": kind, "f": f, "key": key, "value": value, "node": "n4"});
                script.line(ms, event("invoke")).line(ms + 20, event(ended));
            }
        }
        script.phase(9_500, "final");
        let (results, ..) = told_within(&script.history(), Model::CasRegister, &Limits::default());
        let rule = rule_of(results, "worked-under-faults");
        (rule.asked, rule.ok, rule.value)
    };
    let short = "no kill went on for long enough beyond the 5 s that mydb may take to fail over";
    assert_eq!(
        told(&["kill"], Some(5_000), 4_000),
        (false, true, short.to_owned())
    );
    // Beside a kind of fault under which everything worked, the other is named and does not count.
    assert_eq!(
        told(&["partition", "kill"], Some(5_000), 5_400),
        (true, true, short.to_owned())
    );
    let (asked, ok, value) = told(&["kill"], Some(5_000), 8_000);
    assert!(asked && !ok, "{value}");
    assert!(
        value.starts_with("no write succeeded while a kill was active (0 of "),
        "{value}"
    );
    let (_, ok, value) = told(&["kill"], None, 4_000);
    assert!(!ok, "who says nothing of it is asked at once: {value}");
}

#[test]
fn a_node_may_end_while_its_disk_fails_it() {
    let verdict = |exit_ms| {
        let mut script = Script::new(&["disk"]);
        worked(&mut script);
        let fault = json!({"kind": "disk", "nodes": ["n2"], "effect": {"does": "full"}});
        for (at_ms, step, felt) in [
            (100, "requested", None),
            (101, "installed", None),
            (180, "healing", None),
            (190, "healed", Some(true)),
        ] {
            script.line(at_ms, json!({"process": "nemesis", "type": "info", "f": "disk", "value": {"id": 1, "step": step, "fault": fault, "felt": felt}}));
        }
        script.line(exit_ms, json!({"process": "cluster", "type": "info", "f": "exit", "value": {"node": "n2", "status": "exit status 1"}}));
        told(&script.history()).0.verdict
    };
    assert_eq!(verdict(150), Outcome::Valid);
    assert_eq!(verdict(195), Outcome::Unknown, "its disk was well again");
}

#[test]
fn without_times_the_order_of_events_says_what_overlapped() {
    let share = |lines: &[&str]| {
        let log: String = lines
            .iter()
            .map(|line| format!("INFO  jepsen.util - {}\n", line.replace(' ', "\t")))
            .collect();
        let history = history::read_bytes(log.as_bytes()).unwrap();
        assert_eq!(
            (history.operations.len(), history.end_ns()),
            (2, 0),
            "there are no times"
        );
        told_within(&history, Model::CasRegister, &Limits::default())
            .0
            .coverage
            .evidence
            .into_iter()
            .find(|rule| rule.rule == "operations-overlap")
            .map(|rule| rule.value)
            .unwrap()
    };
    let write = ["0 :invoke :write 1", "0 :ok :write 1"];
    let read = ["1 :invoke :read nil", "1 :ok :read 1"];
    let unknown = ["2 :invoke :write 2", "2 :info :write :timed-out"];
    let after_another = [write[0], write[1], read[0], read[1]];
    assert!(share(&after_another).starts_with("0 % "));
    let at_one_time = [write[0], read[0], write[1], read[1]];
    assert_eq!(
        share(&at_one_time),
        "100 % of operations overlapped another on the same object"
    );
    // For how long it was tried whose outcome is unknown is not known either.
    let before = [unknown[0], unknown[1], write[0], write[1]];
    assert!(share(&before).starts_with("0 % "));
    let within = [write[0], unknown[0], unknown[1], write[1]];
    assert!(share(&within).starts_with("100 % "));
}
