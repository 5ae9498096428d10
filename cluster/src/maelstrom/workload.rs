//! The workloads that clients carry out on Maelstrom's nodes: which message asks for a function, and what an answer means.

use super::{is_definite, object};
use crate::system::{Answer, Judged};
use crate::untrusted::printable;
use serde_json::{Map, Value, json};
use std::str::FromStr;

/// A workload of Maelstrom's that there is a checker for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workload {
    /// Registers that are read, written, and compared and set; linearizable.
    LinKv,
    /// Ids of which no two are the same.
    UniqueIds,
    /// Elements that come to be everywhere, told from neighbour to neighbour.
    Broadcast,
    /// A set that grows.
    GSet,
    /// A counter that grows.
    GCounter,
    /// A counter that grows and shrinks.
    PnCounter,
}

/// Workloads of Maelstrom's that there is no checker for, and which it would take.
const UNCHECKED: [(&str, &str); 4] = [
    ("kafka", "for logs with offsets"),
    ("txn-list-append", "for transactions over several lists"),
    ("txn-rw-register", "for transactions over several registers"),
    (
        "echo",
        "for echoes, and none is planned: they promise nothing that a fault could break",
    ),
];

/// What an error text may have.
const TEXT_CHARS_MAX: usize = 200;

impl Workload {
    /// All of them.
    pub const ALL: [Workload; 6] = [
        Workload::LinKv,
        Workload::UniqueIds,
        Workload::Broadcast,
        Workload::GSet,
        Workload::GCounter,
        Workload::PnCounter,
    ];

    /// Maelstrom's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Workload::LinKv => "lin-kv",
            Workload::UniqueIds => "unique-ids",
            Workload::Broadcast => "broadcast",
            Workload::GSet => "g-set",
            Workload::GCounter => "g-counter",
            Workload::PnCounter => "pn-counter",
        }
    }

    /// What clients do.
    pub fn functions(self) -> &'static [&'static str] {
        match self {
            Workload::LinKv => &["read", "write", "cas"],
            Workload::UniqueIds => &["generate"],
            Workload::Broadcast | Workload::GSet | Workload::GCounter | Workload::PnCounter => {
                &["add", "read"]
            }
        }
    }

    /// What a node is told after its name, before clients come: in a broadcast, who its neighbours are. They make a grid.
    pub fn introduction(self, nodes: &[String]) -> Option<Map<String, Value>> {
        if self != Workload::Broadcast {
            return None;
        }
        let width = (1..=nodes.len()).find(|width| width * width >= nodes.len())?;
        let neighbours = |place: usize| -> Vec<&String> {
            let left = (!place.is_multiple_of(width)).then(|| place - 1);
            let right = (!(place + 1).is_multiple_of(width)).then_some(place + 1);
            let (above, below) = (place.checked_sub(width), Some(place + width));
            let places = [above, left, right, below].into_iter().flatten();
            places.filter_map(|place| nodes.get(place)).collect()
        };
        let topology: Map<String, Value> = nodes
            .iter()
            .enumerate()
            .map(|(place, node)| (node.clone(), json!(neighbours(place))))
            .collect();
        Some(object(json!({"type": "topology", "topology": topology})))
    }

    /// The body of a request, without its number. `argument` is what the history has: `[old, new]` for a cas.
    pub fn request(self, function: &str, key: &str, argument: &Value) -> Map<String, Value> {
        // Maelstrom's keys are numbers.
        let key = key
            .parse::<u64>()
            .map_or_else(|_| json!(key), |number| json!(number));
        let kind = self.asks(function);
        object(match (self, kind) {
            (Workload::LinKv, "write") => json!({"type": kind, "key": key, "value": argument}),
            (Workload::LinKv, "cas") => {
                json!({"type": kind, "key": key, "from": argument[0], "to": argument[1]})
            }
            (Workload::LinKv, _) => json!({"type": kind, "key": key}),
            (Workload::Broadcast, "broadcast") => json!({"type": kind, "message": argument}),
            (Workload::GSet, "add") => json!({"type": kind, "element": argument}),
            (Workload::GCounter | Workload::PnCounter, "add") => json!({"type": kind, "delta": argument}),
            _ => json!({"type": kind}),
        })
    }

    /// The type of the message that asks for a function.
    fn asks(self, function: &str) -> &'static str {
        match (self, function) {
            (Workload::LinKv, "write") => "write",
            (Workload::LinKv, "cas") => "cas",
            (Workload::UniqueIds, _) => "generate",
            (Workload::Broadcast, "add") => "broadcast",
            (Workload::GSet | Workload::GCounter | Workload::PnCounter, "add") => "add",
            _ => "read",
        }
    }

    /// What the body of an answer to a request means. Bounded by the answer, whatever it is.
    pub fn judge(self, function: &str, body: &Map<String, Value>) -> Judged {
        let kind = body.get("type").and_then(Value::as_str).unwrap_or_default();
        if kind == "error" {
            return self.judge_error(function, body);
        }
        let asked = self.asks(function);
        if kind != format!("{asked}_ok") {
            let kind = printable(kind, TEXT_CHARS_MAX);
            return unclear(format!("a {asked} was answered with `{kind}`"));
        }
        let (part, is_right, what): (_, fn(&Value) -> bool, _) = match (self, function) {
            (Workload::LinKv, "read") => ("value", |_| true, "value"),
            (Workload::UniqueIds, _) => ("id", |id| !id.is_null(), "id"),
            (Workload::Broadcast, "read") => ("messages", Value::is_array, "list"),
            (Workload::GSet, "read") => ("value", Value::is_array, "list"),
            (Workload::GCounter | Workload::PnCounter, "read") => ("value", Value::is_i64, "integer"),
            _ => return told(Answer::Ok, None, None),
        };
        match body.get(part).filter(|value| is_right(value)) {
            Some(value) => told(Answer::Ok, Some(value.clone()), None),
            None => unclear(format!("the {kind} has no {what} in `{part}`")),
        }
    }

    fn judge_error(self, function: &str, body: &Map<String, Value>) -> Judged {
        let Some(code) = body.get("code").and_then(Value::as_u64) else {
            return unclear("an error without a code".to_owned());
        };
        if (self, function, code) == (Workload::LinKv, "read", 20) {
            return told(Answer::Ok, Some(Value::Null), None);
        }
        let text = body.get("text").and_then(Value::as_str).unwrap_or_default();
        let error = format!("error {code} {}", printable(text, TEXT_CHARS_MAX));
        let answer = if is_definite(code) {
            Answer::Fail
        } else {
            Answer::Info
        };
        told(answer, None, Some(error.trim_end().to_owned()))
    }
}

fn told(answer: Answer, value: Option<Value>, error: Option<String>) -> Judged {
    Judged { answer, value, error }
}

fn unclear(why: String) -> Judged {
    told(Answer::Info, None, Some(why))
}

impl FromStr for Workload {
    type Err = String;

    fn from_str(name: &str) -> Result<Workload, String> {
        let mut all = Workload::ALL.into_iter();
        if let Some(workload) = all.find(|workload| workload.name() == name) {
            return Ok(workload);
        }
        let names = Workload::ALL.map(Workload::name).join(", ");
        let unchecked = UNCHECKED.iter().find(|(known, _)| *known == name);
        Err(match unchecked {
            Some((_, what)) => format!(
                "{name} is a workload of Maelstrom's, but there is no checker {what}; there are {names}"
            ),
            None => format!(
                "unknown Maelstrom workload `{}`; there are {names}",
                printable(name, 60)
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(workload: Workload, function: &str, body: Value) -> (Answer, Option<Value>) {
        let judged = workload.judge(function, &object(body));
        (judged.answer, judged.value)
    }

    #[test]
    fn an_answer_is_ok_only_when_it_says_so() {
        let read = |body| judged(Workload::LinKv, "read", body);
        assert_eq!(
            read(json!({"type": "read_ok", "value": 3})),
            (Answer::Ok, Some(json!(3)))
        );
        assert_eq!(
            read(json!({"type": "error", "code": 20})),
            (Answer::Ok, Some(Value::Null))
        );
        assert_eq!(read(json!({"type": "write_ok"})).0, Answer::Info);
        assert_eq!(read(json!({"type": "read_ok"})).0, Answer::Info);
        assert_eq!(read(json!({})).0, Answer::Info);
    }

    #[test]
    fn an_error_fails_only_when_it_is_definite() {
        let cas = |code| judged(Workload::LinKv, "cas", json!({"type": "error", "code": code})).0;
        assert_eq!([20, 22, 11, 14].map(cas), [Answer::Fail; 4]);
        assert_eq!([0, 13, 1001].map(cas), [Answer::Info; 3]);
        assert_eq!(
            judged(Workload::LinKv, "cas", json!({"type": "error"})).0,
            Answer::Info
        );
    }

    #[test]
    fn what_a_checker_could_not_read_is_not_ok() {
        let counter = |value| {
            judged(
                Workload::PnCounter,
                "read",
                json!({"type": "read_ok", "value": value}),
            )
            .0
        };
        assert_eq!(
            (counter(json!(-3)), counter(json!("3")), counter(json!(0.5))),
            (Answer::Ok, Answer::Info, Answer::Info)
        );
        let set = |value| judged(Workload::GSet, "read", json!({"type": "read_ok", "value": value})).0;
        assert_eq!(
            (set(json!([1])), set(json!({"1": 1}))),
            (Answer::Ok, Answer::Info)
        );
    }

    #[test]
    fn a_refused_workload_is_told_from_an_unknown_one() {
        for name in ["kafka", "txn-list-append"] {
            assert!(
                name.parse::<Workload>()
                    .unwrap_err()
                    .contains("there is no checker for")
            );
        }
        assert!(
            "linkv"
                .parse::<Workload>()
                .unwrap_err()
                .starts_with("unknown Maelstrom workload")
        );
    }

    #[test]
    fn neighbours_make_a_grid() {
        let nodes: Vec<String> = (1..=5).map(|number| format!("n{number}")).collect();
        let told = Workload::Broadcast.introduction(&nodes).unwrap();
        let topology = json!({
            "n1": ["n2", "n4"], "n2": ["n1", "n3", "n5"], "n3": ["n2"], "n4": ["n1", "n5"], "n5": ["n2", "n4"],
        });
        assert_eq!(told["topology"], topology);
        assert_eq!(Workload::LinKv.introduction(&nodes), None);
    }
}
