//! Causes that are named, and those that are told apart.

use super::*;
use serde_json::json;

fn likely(kind: EventType, value: Value, right: Right, received: &str, rule: Option<&str>) -> String {
    let ended = Event {
        index: 1,
        time: 1,
        process: 0,
        kind,
        f: "read".to_owned(),
        key: None,
        value,
        node: None,
        error: None,
    };
    let exchange = Exchange {
        received: received.into(),
        rule: rule.map(str::to_owned),
        ..Exchange::default()
    };
    let trouble = Trouble {
        ended: &ended,
        right: &right,
        exchange: &exchange,
        is_elsewhere: false,
        is_program: false,
        listening: &BTreeSet::new(),
    };
    of_operation(&trouble).join("; ")
}

const OK_RULE: Option<&str> = Some("answers[0]: status 200, so ok with the value at \"/v\"");

#[test]
fn the_place_where_the_value_stands_is_named() {
    let five = || Right::Ok(vec![json!(5)]);
    let answer = "HTTP/1.1 200 OK\n\n{\"data\": {\"a/b\": [0, 5]}}";
    let told = likely(EventType::Info, Value::Null, five(), answer, OK_RULE);
    assert!(told.contains(r#"value = "/data/a~1b/1""#), "{told}");
    let told = likely(
        EventType::Ok,
        json!("5"),
        five(),
        "HTTP/1.1 200 OK\n\n{}",
        OK_RULE,
    );
    assert!(told.contains("encoding = \"text\""), "{told}");
    let told = likely(
        EventType::Ok,
        json!("NQ=="),
        five(),
        "HTTP/1.1 200 OK\n\n{}",
        OK_RULE,
    );
    assert!(told.contains("encoding = \"base64\""), "{told}");
}

#[test]
fn base64_is_told_wherever_it_stands() {
    let five = || Right::Ok(vec![json!(5)]);
    // The pointer leads nowhere, and what it should lead to is not decoded either.
    let answer = "HTTP/1.1 200 OK\n\n{\"kvs\": [{\"key\": \"MQ==\", \"value\": \"NQ==\"}]}";
    let told = likely(EventType::Info, Value::Null, five(), answer, OK_RULE);
    let there = r#"stands at "/kvs/0/value", and is JSON in base64: say value = { at = "/kvs/0/value", encoding = "base64" }"#;
    assert!(told.contains(there), "{told}");
    // It leads to something else.
    let told = likely(EventType::Ok, json!("MQ=="), five(), answer, OK_RULE);
    assert!(told.contains(there), "{told}");
    // A list of such, and a text that is no JSON.
    let bare = "HTTP/1.1 200 OK\n\n{}";
    let list = Right::Ok(vec![json!([1, 2])]);
    let told = likely(EventType::Ok, json!(["MQ==", "Mg=="]), list, bare, OK_RULE);
    assert!(told.contains("encoding = \"base64\""), "{told}");
    let owner = Right::Ok(vec![json!("first")]);
    let told = likely(EventType::Ok, json!("Zmlyc3Q="), owner, bare, OK_RULE);
    assert!(told.contains("encoding = \"base64\""), "{told}");
    // Another value in base64 is another value.
    let told = likely(EventType::Ok, json!("Ng=="), five(), bare, OK_RULE);
    assert!(!told.contains("base64"), "{told}");
}

#[test]
fn a_status_that_no_rule_is_about_says_what_it_usually_means() {
    for (status, right, words) in [
        (404, Right::Ok(vec![json!(5)]), "the path in `url`"),
        (404, Right::Ok(vec![Value::Null]), "empty = true"),
        (405, Right::Ok(vec![json!(5)]), "not with this `method`"),
        (409, Right::Fail, "{ status = 409, outcome = \"fail\" }"),
        (418, Right::Ok(vec![json!(5)]), "what status 418 means"),
    ] {
        let received = format!("HTTP/1.1 {status} No\n\n");
        let told = likely(EventType::Info, Value::Null, right, &received, None);
        assert!(told.contains(words), "{status}: {told}");
    }
}

#[test]
fn a_port_where_nobody_listens_is_told_from_one_where_only_the_node_does() {
    let at = |text: &str| BTreeSet::from([text.parse().unwrap()]);
    let told = of_port("10.0.0.1:7000", &at("10.0.0.1:8000"), "[node.ready]");
    assert!(
        told.contains("listens at 10.0.0.1:8000: correct the port in [node.ready]"),
        "{told}"
    );
    let told = of_port("10.0.0.1:7000", &at("127.0.0.1:7000"), "");
    assert!(told.contains("let it listen at {ip}"), "{told}");
    assert!(of_port("10.0.0.1:7000", &BTreeSet::new(), "").contains("no TCP port at all"));
    assert_eq!(
        address_in("http://10.0.0.1:7000/health").as_deref(),
        Some("10.0.0.1:7000")
    );
}

#[test]
fn a_document_of_any_depth_and_size_is_looked_at_for_a_bounded_time() {
    let wide = json!(vec![1; 10_000]);
    assert!(places(&wide).len() <= 10_001);
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    assert!(places(&deep).len() <= DEPTH_MAX + 2);
}
