//! What the network offers to nodes beside each other: key-value stores that keep more or less of a promise, and an oracle of
//! timestamps. A node sends them a request, as to any other.
//!
//! All of them answer at once. Their dice come from the run's seed. Read next: `sequential` and `last_write_wins`.

use super::error::ErrorCode;
use super::keyed::{self, Answer};
use super::last_write_wins::LastWriteWins;
use super::sequential::Sequential;
use super::{Message, object};
use crate::untrusted::printable;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Their names.
pub const SERVICES: [&str; 4] = ["lin-kv", "seq-kv", "lww-kv", "lin-tso"];

/// The random streams of the two that throw dice.
const STREAM_SEQUENTIAL: u64 = 300;
const STREAM_LAST_WRITE_WINS: u64 = 301;

/// All services of a run.
#[derive(Debug)]
pub struct Services {
    linearizable: HashMap<String, Value>,
    sequential: Sequential,
    last_write_wins: LastWriteWins,
    timestamp: u64,
}

impl Services {
    /// Empty stores, for a run of this seed.
    pub fn new(seed: u64) -> Services {
        let dice = |stream| {
            let mut dice = ChaCha8Rng::seed_from_u64(seed);
            dice.set_stream(stream);
            dice
        };
        Services {
            linearizable: HashMap::new(),
            sequential: Sequential::new(dice(STREAM_SEQUENTIAL)),
            last_write_wins: LastWriteWins::new(dice(STREAM_LAST_WRITE_WINS)),
            timestamp: 0,
        }
    }

    /// Answers a message to a service; nothing when there is no service of this name.
    pub fn answer(&mut self, request: &Message) -> Option<Message> {
        let answer = match request.dest.as_str() {
            "lin-kv" => self.linearizable(&request.body),
            "seq-kv" => keyed::read(&request.body)
                .and_then(|(key, asked)| self.sequential.ask(&request.src, &key, &asked)),
            "lww-kv" => {
                keyed::read(&request.body).and_then(|(key, asked)| self.last_write_wins.ask(&key, &asked))
            }
            "lin-tso" => self.timestamp(&request.body),
            _ => return None,
        };
        let mut body = answer.unwrap_or_else(|code| refusal(code, request));
        if let Some(number) = request.body.get("msg_id") {
            body.insert("in_reply_to".to_owned(), number.clone());
        }
        Some(Message {
            src: request.dest.clone(),
            dest: request.src.clone(),
            body,
        })
    }

    fn linearizable(&mut self, body: &Map<String, Value>) -> Answer {
        let (key, request) = keyed::read(body)?;
        let (after, answer) = keyed::apply(self.linearizable.get(&key), &request)?;
        if let Some(value) = after {
            self.linearizable.insert(key, value);
        }
        Ok(answer)
    }

    fn timestamp(&mut self, body: &Map<String, Value>) -> Answer {
        if body.get("type") != Some(&Value::from("ts")) {
            return Err(ErrorCode::NotSupported);
        }
        self.timestamp += 1;
        Ok(object(json!({"type": "ts_ok", "ts": self.timestamp})))
    }
}

/// The body of the answer in the place of a node that has no process.
pub(crate) fn not_there(node: &str, request: Value) -> Map<String, Value> {
    let text = format!("{node} has no process");
    let code = u64::from(ErrorCode::NodeNotFound);
    object(json!({"type": "error", "code": code, "text": text, "in_reply_to": request}))
}

fn refusal(code: ErrorCode, request: &Message) -> Map<String, Value> {
    let about = |name: &str| {
        let value = request.body.get(name).map_or_else(String::new, Value::to_string);
        printable(&value, 100)
    };
    let text = match code {
        ErrorCode::NodeNotFound => format!("there is no {}", request.dest),
        ErrorCode::NotSupported => format!("{} has no requests of type {}", request.dest, about("type")),
        ErrorCode::MalformedRequest => format!("a {} needs more than that", about("type")),
        ErrorCode::KeyDoesNotExist => format!("there is no key {}", about("key")),
        ErrorCode::PreconditionFailed => format!("key {} does not hold {}", about("key"), about("from")),
    };
    object(json!({"type": "error", "code": u64::from(code), "text": text}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(services: &mut Services, service: &str, body: Value) -> Value {
        let request = Message {
            src: "n1".to_owned(),
            dest: service.to_owned(),
            body: object(body),
        };
        let answer = services.answer(&request).unwrap();
        assert_eq!((answer.src.as_str(), answer.dest.as_str()), (service, "n1"));
        Value::Object(answer.body)
    }

    #[test]
    fn the_linearizable_store_reads_writes_and_compares() {
        let mut services = Services::new(1);
        let mut ask = |body| ask(&mut services, "lin-kv", body);
        let missing = ask(json!({"type": "read", "key": 1, "msg_id": 4}));
        assert_eq!(
            (&missing["code"], &missing["in_reply_to"]),
            (&json!(20), &json!(4))
        );
        let cas = |from, to| json!({"type": "cas", "key": 1, "from": from, "to": to});
        assert_eq!(ask(cas(1, 2))["code"], 20);
        let mut creating = cas(0, 5);
        creating["create_if_not_exists"] = json!(true);
        assert_eq!(ask(creating)["type"], "cas_ok");
        assert_eq!(ask(cas(1, 2))["code"], 22);
        assert_eq!(ask(cas(5, 6))["type"], "cas_ok");
        assert_eq!(ask(json!({"type": "read", "key": 1}))["value"], 6);
        assert_eq!(ask(json!({"type": "write", "key": 1}))["code"], 12);
        assert_eq!(ask(json!({"type": "delete", "key": 1}))["code"], 10);
    }

    #[test]
    fn timestamps_grow_and_nobody_answers_for_a_service_that_is_none() {
        let mut services = Services::new(1);
        let first = ask(&mut services, "lin-tso", json!({"type": "ts"}));
        let second = ask(&mut services, "lin-tso", json!({"type": "ts"}));
        assert!(first["ts"].as_u64() < second["ts"].as_u64());
        let request = Message {
            src: "n1".to_owned(),
            dest: "s3".to_owned(),
            body: Map::new(),
        };
        assert_eq!(services.answer(&request), None);
    }

    #[test]
    fn every_name_is_answered() {
        let mut services = Services::new(1);
        for name in SERVICES {
            assert_eq!(ask(&mut services, name, json!({"type": "no"}))["code"], 10);
        }
    }
}
