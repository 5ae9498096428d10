//! What a client program says when it is told something.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use harness_client::{Client, Operation, Outcome, ServeError, Start, serve_on};
use serde_json::{Value, json};

const START: &str =
    r#"{"protocol":1,"node":"n2","ip":"10.0.0.2","client":3,"workload":"register","deadline_ms":1500}"#;

/// A register in memory.
struct Register(Value);

impl Client for Register {
    fn invoke(&mut self, operation: &Operation) -> Outcome {
        match operation.f.as_str() {
            "read" => Outcome::Ok(Some(self.0.clone())),
            "write" => {
                self.0 = operation.value.clone();
                Outcome::Ok(None)
            }
            "hang" => Outcome::Info("no answer".to_owned()),
            f => Outcome::Fail(format!("there is no {f}\n")),
        }
    }
}

fn told(lines: &[&str]) -> (Result<(), ServeError>, String) {
    let mut said = Vec::new();
    let open = |start: &Start| match start.node.as_str() {
        "n2" => Ok(Register(Value::Null)),
        other => Err(format!("{other} refuses")),
    };
    let served = serve_on(lines.join("\n").as_bytes(), &mut said, open);
    (served, String::from_utf8(said).unwrap())
}

#[test]
fn each_operation_is_answered_on_a_line_of_its_own() {
    let (served, said) = told(&[
        START,
        r#"{"id":1,"f":"read","key":7,"value":null}"#,
        r#"{"id":2,"f":"write","key":7,"value":5}"#,
        r#"{"id":3,"f":"read","key":7,"value":null}"#,
        r#"{"id":4,"f":"hang","key":7,"value":null}"#,
        r#"{"id":5,"f":"pop","key":7,"value":null}"#,
    ]);
    served.unwrap();
    let lines: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        lines,
        [
            json!({"ready": true}),
            // Null is a result, and not the same as none.
            json!({"id": 1, "type": "ok", "value": null}),
            json!({"id": 2, "type": "ok"}),
            json!({"id": 3, "type": "ok", "value": 5}),
            json!({"id": 4, "type": "info", "error": "no answer"}),
            json!({"id": 5, "type": "fail", "error": "there is no pop\n"}),
        ]
    );
}

#[test]
fn what_is_not_the_protocol_is_refused() {
    let (served, said) = told(&[&START.replace("\"protocol\":1", "\"protocol\":2")]);
    assert!(matches!(served, Err(ServeError::Version(2))));
    assert_eq!(said, "");
    let (served, said) = told(&[&START.replace("n2", "n9")]);
    assert_eq!(served.unwrap_err().to_string(), "set up the client: n9 refuses");
    assert_eq!(said, "");
    assert!(matches!(told(&["hello"]).0, Err(ServeError::Protocol(_))));
    assert!(matches!(told(&[START, "{}"]).0, Err(ServeError::Protocol(_))));
    assert!(told(&[]).0.is_ok());
}
