//! Descriptors of systems that have more than registers: what is asked of lists, locks and transactions, and how answers are
//! read.

use crate::{ETCD, requests};
use cluster::System;
use cluster::system::{Answer, HttpOperation, RequestVariables};
use serde_json::{Value, json};

fn etcd(workload: &str, f: &str) -> HttpOperation {
    http(ETCD, workload, f)
}

/// An operation of a descriptor.
fn http(descriptor: &str, workload: &str, f: &str) -> HttpOperation {
    let system = System::parse(descriptor, "system.toml").unwrap();
    requests(&system, workload).remove(f).unwrap()
}

/// What an operation of etcd is asked with on key 7.
fn asked(operation: &HttpOperation, value: &Value) -> Value {
    let request = operation.request(&RequestVariables {
        node: "n1",
        ip: "10.0.0.1",
        key: "7",
        value,
    });
    serde_json::from_str(&request.body.unwrap()).unwrap()
}

fn told(operation: &HttpOperation, argument: &Value, body: Value) -> (Answer, Option<Value>) {
    let judged = operation.judge_asked(200, body.to_string().as_bytes(), argument);
    (judged.answer, judged.value)
}

/// `text` in base64, by Python's base64.b64encode.
const B64_7_SLASH: &str = "Ny8=";
const B64_7_A: &str = "Ny9h";
const B64_7_B: &str = "Ny9i";

#[test]
fn a_range_of_keys_is_put_together_and_written_in_base64() {
    let body = asked(&etcd("set", "read"), &Value::Null);
    assert_eq!(body, json!({"key": B64_7_SLASH, "range_end": "NzA="}));
    let body = asked(&etcd("set", "add"), &json!(12));
    assert_eq!(body, json!({"key": "Ny8xMg==", "value": "MTI="}));
}

#[test]
fn a_list_is_read_element_by_element_and_none_of_them_is_made_up() {
    let read = etcd("append", "read");
    let list = |values: Value| told(&read, &Value::Null, json!({ "kvs": values }));
    let element = |text: &str| json!({ "value": text });
    assert_eq!(
        list(json!([element("MTI="), element("Nw==")])),
        (Answer::Ok, Some(json!([12, 7])))
    );
    assert_eq!(
        told(&read, &Value::Null, json!({})),
        (Answer::Ok, Some(json!([])))
    );
    assert_eq!(list(json!([element("?")])), (Answer::Info, None));
    assert_eq!(list(json!([{"key": "MTI="}])), (Answer::Info, None));
    assert_eq!(list(json!("MTI=")), (Answer::Info, None));
    assert_eq!(read.judge(200, b"<html>").answer, Answer::Info);
}

#[test]
fn a_number_can_be_a_text_and_missing_can_mean_zero() {
    let read = etcd("counter", "read");
    let of = |version: Value| told(&read, &Value::Null, json!({"kvs": [{ "version": version }]}));
    assert_eq!(of(json!("12")), (Answer::Ok, Some(json!(12))));
    assert_eq!(of(json!(12)), (Answer::Info, None));
    assert_eq!(told(&read, &Value::Null, json!({})), (Answer::Ok, Some(json!(0))));
    let acquire = etcd("fenced-lock", "acquire");
    let granted = json!({"succeeded": true, "header": {"revision": "31"}});
    assert_eq!(
        told(&acquire, &json!("0-1"), granted),
        (Answer::Ok, Some(json!(31)))
    );
    assert_eq!(
        told(&acquire, &json!("0-1"), json!({"succeeded": true})),
        (Answer::Info, None)
    );
    assert_eq!(told(&acquire, &json!("0-1"), json!({})), (Answer::Fail, None));
}

#[test]
fn a_transaction_is_asked_step_by_step_and_its_reads_are_filled_in() {
    let txn = etcd("multi-key", "txn");
    let steps = json!([["read", "a", null], ["write", "b", 9]]);
    let read = json!({"requestRange": {"key": B64_7_A}});
    let write = json!({"requestPut": {"key": B64_7_B, "value": "OQ=="}});
    assert_eq!(asked(&txn, &steps), json!({"success": [read, write]}));
    let answer = |first: Value| {
        told(
            &txn,
            &steps,
            json!({"succeeded": true, "responses": [first, {"response_put": {}}]}),
        )
    };
    let range = |kvs: Value| json!({"response_range": {"kvs": kvs}});
    assert_eq!(
        answer(range(json!([{"value": "NQ=="}]))),
        (Answer::Ok, Some(json!([["read", "a", 5], ["write", "b", 9]])))
    );
    assert_eq!(answer(range(json!([]))), (Answer::Ok, Some(steps.clone())));
    assert_eq!(answer(range(json!([{"value": 5}]))), (Answer::Info, None));
    // Nobody knows what an answer means that is about no transaction.
    assert_eq!(told(&txn, &Value::Null, json!({})), (Answer::Info, None));
}

const QUEUE: &str = r#"name = "queue"
description = "A queue"
node = { command = ["queue"], ready = { url = "http://{ip}/ready" } }

[workload.queue.dequeue]
method = "POST"
url = "http://{ip}/{key}/dequeue"
answers = [
  { status = 200, outcome = "ok", value = "/element" },
  { status = 404, outcome = "ok", empty = true },
]
"#;

#[test]
fn an_answer_can_say_that_there_was_nothing() {
    let dequeue = http(QUEUE, "queue", "dequeue");
    let judged = dequeue.judge(404, b"not JSON");
    assert_eq!((judged.answer, judged.value), (Answer::Ok, Some(Value::Null)));
    assert_eq!(dequeue.judge(200, b"not JSON").answer, Answer::Info);
    assert!(dequeue.tells());
    let silent = QUEUE.replace(", empty = true", "");
    assert!(!http(&silent, "queue", "dequeue").tells());
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for (from, to, why) in [
        (
            r#"value = "/element""#,
            r#"value = { at = "/element", missing = "zero" }"#,
            r#""null", a number or [] can"#,
        ),
        (
            r#"value = "/element""#,
            r#"value = { at = "/element", missing = [1] }"#,
            r#""null", a number or [] can"#,
        ),
        (
            r#"value = "/element""#,
            r#"value = "/element", empty = true"#,
            "an answer that is empty has no value",
        ),
        (
            r#"outcome = "ok", empty"#,
            r#"outcome = "fail", empty"#,
            "only an answer with outcome \"ok\" has a value",
        ),
        ("/dequeue\"", "/dequeue\"\nbody = '[{steps}]'", "{steps} is used"),
        (
            "/dequeue\"",
            "/dequeue\"\nbody = '{base64({old_key})}'",
            "unknown variable {old_key}",
        ),
        (
            "/dequeue\"",
            "/dequeue\"\nsteps = { read = '{node}', write = '' }",
            "unknown variable {node}; there are {key} {register} {value}",
        ),
    ] {
        assert_eq!(QUEUE.matches(from).count(), 1, "{from}");
        let told = System::parse(&QUEUE.replace(from, to), "queue.toml")
            .unwrap_err()
            .to_string();
        assert!(
            told.contains("workload.queue.dequeue") && told.contains(why),
            "{told}"
        );
    }
}
