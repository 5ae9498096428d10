//! Requests over HTTP, and what their answers mean.

use crate::{ETCD, PAXOS, SOUND, requests};
use cluster::System;
use cluster::system::{Answer, HttpOperation, Judged, NodeVariables, ReadyQuestion, RequestVariables};
use serde_json::{Value, json};
use std::net::Ipv4Addr;

fn paxos(function: &str) -> HttpOperation {
    let system = System::parse(PAXOS, "paxos.toml").unwrap();
    requests(&system, "decree").remove(function).unwrap()
}

fn judged(function: &str, status: u16, body: &str) -> Judged {
    paxos(function).judge(status, body.as_bytes())
}

#[test]
fn paxos_is_started_with_all_its_peers() {
    let system = System::parse(PAXOS, "paxos.toml").unwrap();
    let hosts = [
        ("n1".to_owned(), Ipv4Addr::new(10, 0, 0, 1)),
        ("n2".to_owned(), Ipv4Addr::new(10, 0, 0, 2)),
    ];
    let variables = NodeVariables {
        node: "n2",
        index: 2,
        ip: hosts[1].1,
        data: "/run/n2/data",
        dir: "/systems",
        harness: "/bin/harness",
        hosts: &hosts,
        joins: &std::collections::BTreeMap::new(),
    };
    let command = system.node.command_line(&variables);
    let expected = "/bin/harness paxos-node --id n2 --listen 10.0.0.2:7000 --data /run/n2/data \
                    --peers n1=10.0.0.1:7001,n2=10.0.0.2:7001 \
         --checkpoint-bytes 32768";
    assert_eq!(command.argv.join(" "), expected);
    let ReadyQuestion::Get { url, status } = system.node.ready.question("n2", 2, hosts[1].1) else {
        panic!("it is asked over HTTP");
    };
    assert_eq!(url, "http://10.0.0.2:7000/health");
    assert!(status.contains(200) && !status.contains(503));
}

#[test]
fn a_proposal_and_a_read_are_asked_as_paxos_wants_it() {
    let variables = RequestVariables {
        node: "n1",
        ip: "10.0.0.1",
        key: "147",
        value: &json!(17),
    };
    let propose = paxos("propose").request(&variables);
    assert_eq!(
        (propose.method.as_str(), propose.url.as_str()),
        ("POST", "http://10.0.0.1:7000/decrees/147/propose")
    );
    assert_eq!(
        propose.headers,
        [("content-type".to_owned(), "application/json".to_owned())]
    );
    assert_eq!(propose.body.as_deref(), Some(r#"{"value": 17}"#));
    let read = paxos("read").request(&variables);
    assert_eq!(
        (read.method.as_str(), read.url.as_str()),
        ("GET", "http://10.0.0.1:7000/decrees/147")
    );
    assert_eq!(read.body, None);
}

#[test]
fn keys_and_values_cannot_break_out_of_their_place() {
    let value = json!({"a": "\"}\r\n"});
    let variables = RequestVariables {
        node: "n1",
        ip: "10.0.0.1",
        key: "a/../b?\r\n\"{value}é",
        value: &value,
    };
    let operation = &requests(&System::parse(SOUND, "kv.toml").unwrap(), "register")["write"];
    let request = operation.request(&variables);
    let key = "a%2F..%2Fb%3F%0D%0A%22%7Bvalue%7D%C3%A9";
    let url = format!("http://10.0.0.1:80/keys/{key}?value=%7B%22a%22%3A%22%5C%22%7D%5Cr%5Cn%22%7D");
    assert_eq!(request.url, url);
    assert_eq!(request.headers, [("x-key".to_owned(), key.to_owned())]);
    let body: Value = serde_json::from_str(&request.body.unwrap()).unwrap();
    assert_eq!(body, json!({"k": variables.key, "v": value, "by": "n1"}));
}

#[test]
fn a_compare_and_set_is_asked_as_etcd_wants_it_and_its_answers_are_read() {
    let etcd = System::parse(ETCD, "etcd.toml").unwrap();
    let operations = requests(&etcd, "cas-register");
    let request = operations["cas"].request(&RequestVariables {
        node: "n1",
        ip: "10.0.0.1",
        key: "7",
        value: &json!([1, "two"]),
    });
    let body: Value = serde_json::from_str(&request.body.unwrap()).unwrap();
    let compare = json!({"key": "Nw==", "target": "VALUE", "result": "EQUAL", "value": "MQ=="});
    assert_eq!(body["compare"], json!([compare]));
    let put = json!({"requestPut": {"key": "Nw==", "value": "InR3byI="}});
    assert_eq!(body["success"], json!([put]));
    let answer = |f: &str, status: u16, body: &str| {
        let judged = operations[f].judge(status, body.as_bytes());
        (judged.answer, judged.value)
    };
    assert_eq!(answer("cas", 200, r#"{"succeeded": true}"#), (Answer::Ok, None));
    assert_eq!(answer("cas", 200, r#"{"header": {}}"#), (Answer::Fail, None));
    assert_eq!(
        answer("cas", 503, r#"{"error": "no leader"}"#),
        (Answer::Info, None)
    );
    let holds = |text: &str| format!(r#"{{"kvs": [{{"value": "{text}"}}]}}"#);
    assert_eq!(
        answer("read", 200, &holds("InR3byI=")),
        (Answer::Ok, Some(json!("two")))
    );
    assert_eq!(
        answer("read", 200, &holds("bm8gSlNPTg==")),
        (Answer::Ok, Some(json!("no JSON")))
    );
    assert_eq!(answer("read", 200, "{}"), (Answer::Ok, Some(Value::Null)));
    // What is not base64, or not JSON in the first place, is nothing that anybody knows.
    assert_eq!(answer("read", 200, &holds("?")), (Answer::Info, None));
    assert_eq!(
        answer("read", 200, r#"{"kvs": [{"value": 5}]}"#),
        (Answer::Info, None)
    );
    assert_eq!(answer("read", 200, "<html>"), (Answer::Info, None));
    assert_eq!(answer("read", 503, "{}"), (Answer::Fail, None));
}

#[test]
fn a_variant_of_a_workload_says_only_what_is_different() {
    let etcd = System::parse(ETCD, "etcd.toml").unwrap();
    let serializable = requests(&etcd, "register/serializable");
    let variables = RequestVariables {
        node: "n1",
        ip: "10.0.0.1",
        key: "7",
        value: &json!(1),
    };
    let body = serializable["read"].request(&variables).body.unwrap();
    assert!(body.contains("serializable"), "{body}");
    let general = requests(&etcd, "register");
    assert_eq!(
        serializable["write"].request(&variables),
        general["write"].request(&variables)
    );
    assert!(etcd.operations("register/quorum").unwrap().is_none());
}

#[test]
fn the_answers_of_paxos_mean_what_they_say() {
    let ok = |value: Value| Judged {
        answer: Answer::Ok,
        value: Some(value),
        error: None,
    };
    let not = |answer, error: &str| Judged {
        answer,
        value: None,
        error: Some(error.to_owned()),
    };
    assert_eq!(judged("propose", 200, r#"{"value": 17}"#), ok(json!(17)));
    assert_eq!(judged("read", 200, r#"{"value": null}"#), ok(Value::Null));
    let refused = r#"{"outcome": "failed", "error": "no quorum"}"#;
    assert_eq!(judged("propose", 503, refused), not(Answer::Fail, "no quorum"));
    let unsure = r#"{"outcome": "unknown", "error": "overtaken"}"#;
    assert_eq!(judged("propose", 503, unsure), not(Answer::Info, "overtaken"));
    assert_eq!(judged("propose", 500, ""), not(Answer::Info, "status 500"));
}

#[test]
fn whoever_is_not_certain_says_info() {
    for (status, body) in [
        (200, "{}"),
        (200, "not JSON"),
        (200, ""),
        (200, "[17]"),
        (204, r#"{"value": 17}"#),
        (302, r#"{"outcome": "failed"}"#),
        (503, r#"{"outcome": "Failed"}"#),
        (503, r#"["failed"]"#),
        (0, ""),
        (65_535, "\u{0}"),
    ] {
        let judged = judged("propose", status, body);
        assert_eq!(judged.answer, Answer::Info, "{status} {body}");
        assert_eq!(judged.value, None);
        assert!(judged.error.is_some());
    }
    let missing = judged("propose", 200, "{}").error.unwrap();
    assert_eq!(missing, "status 200, but the answer has no \"/value\"");
}

#[test]
fn an_answer_may_be_hostile() {
    let deep = "[".repeat(1_000_000);
    assert_eq!(judged("read", 200, &deep).answer, Answer::Info);
    let escapes = judged("read", 503, r#"{"error": "\u001b[2J\n</script>"}"#)
        .error
        .unwrap();
    assert_eq!(escapes, "\\u{1b}[2J\\u{a}</script>");
    let long = format!(r#"{{"error": "{}"}}"#, "x".repeat(1 << 20));
    assert!(judged("read", 503, &long).error.unwrap().len() < 310);
    assert_eq!(
        paxos("read").judge(418, b"\xff\xfe\x1b]0;\x07").answer,
        Answer::Info
    );
    let teapot = judged("read", 302, "\u{1b}]0;title\u{7}").error.unwrap();
    assert_eq!(
        teapot,
        "status 302 fits no answer of the descriptor: \\u{1b}]0;title\\u{7}"
    );
}

#[test]
fn a_condition_must_hold_as_well_as_the_status() {
    let operation = &requests(&System::parse(SOUND, "kv.toml").unwrap(), "register")["write"];
    assert_eq!(operation.judge(201, br#"{"done": true}"#).answer, Answer::Ok);
    assert_eq!(operation.judge(201, br#"{"done": false}"#).answer, Answer::Info);
    assert_eq!(
        operation.judge(409, br#"{"why": {"code": 3}}"#).error.unwrap(),
        r#"{"code":3}"#
    );
}

#[test]
fn the_rule_that_decides_is_named() {
    let deciding = |status, body: &str| paxos("read").deciding(status, body.as_bytes());
    let failed = r#"{"outcome": "failed"}"#;
    for (status, body, rule) in [
        (
            200,
            "{}",
            r#"answers[0]: status 200, so ok with the value at "/value""#,
        ),
        (
            503,
            failed,
            r#"answers[1]: status 4xx, 5xx where /outcome = "failed", so fail"#,
        ),
        (503, "x", "answers[2]: status 4xx, 5xx, so info"),
    ] {
        assert_eq!(deciding(status, body).as_deref(), Some(rule));
    }
    assert_eq!(deciding(302, "{}"), None);
}
