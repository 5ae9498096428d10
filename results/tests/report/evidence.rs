//! *Valid* has to be earned.

use crate::script::{Script, told, worked};
use results::Outcome;
use serde_json::json;

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
    assert_eq!(results.coverage.no_quorum.count, 1);
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
