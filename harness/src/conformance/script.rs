//! What is asked of a workload to see whether it is plugged in rightly: each of its functions, in an order in which something can
//! be seen. What has to come out is not said here: the `oracle` knows.

use crate::workload::Kind;
use checker::Model;
use serde_json::{Value, json};

/// One operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The function.
    pub f: &'static str,
    /// What it is asked with.
    pub argument: Value,
    /// What is special about it, for people; empty where nothing is.
    pub when: &'static str,
}

/// The operations for a workload.
#[derive(Clone, Debug)]
pub struct Script {
    /// On one object, one after another.
    pub steps: Vec<Step>,
    /// Then through each other node, on the same object.
    pub everywhere: Vec<Step>,
    /// An operation that changes an object which nothing was done with before. Its argument is the owner or the value.
    pub update: Step,
    /// What shows afterwards whether that was kept.
    pub look: Step,
    /// Whether there is a single object.
    pub is_single: bool,
}

fn step(f: &'static str, argument: Value, when: &'static str) -> Step {
    Step { f, argument, when }
}

fn plain(f: &'static str, argument: Value) -> Step {
    step(f, argument, "")
}

fn told(f: &'static str, when: &'static str) -> Step {
    step(f, Value::Null, when)
}

/// The script of a workload, with those of its optional functions that the system `offers`.
pub fn of(kind: &Kind, offers: &dyn Fn(&str) -> bool) -> Script {
    let has = |f: &str| kind.functions.contains(&f) || (kind.optional.contains(&f) && offers(f));
    match kind.model {
        Model::Decree => read_after(
            vec![
                told("read", "before anything was proposed"),
                plain("propose", json!(1)),
                step("propose", json!(2), "after 1 was chosen"),
            ],
            plain("propose", json!(1)),
        ),
        Model::CasRegister => {
            let mut steps = vec![
                told("read", "before the first write"),
                plain("write", json!(1)),
                told("read", ""),
                plain("write", json!(2)),
            ];
            if has("cas") {
                steps.push(plain("cas", json!([2, 3])));
                steps.push(step("cas", json!([1, 4]), "of a value that is not there"));
            }
            read_after(steps, plain("write", json!(1)))
        }
        Model::MultiRegister => {
            let read = json!([["read", "a", null], ["read", "b", null]]);
            let write = json!([["write", "a", 1], ["write", "b", 2]]);
            Script {
                steps: vec![
                    step("txn", read.clone(), "before the first write"),
                    plain("txn", write.clone()),
                    plain("txn", json!([["read", "a", null], ["write", "b", 3]])),
                    plain("txn", read.clone()),
                ],
                everywhere: vec![plain("txn", read.clone())],
                update: plain("txn", write),
                look: plain("txn", read),
                is_single: false,
            }
        }
        Model::Set => {
            let mut steps = vec![
                told("read", "before anything was added"),
                plain("add", json!(1)),
                plain("add", json!(2)),
            ];
            if has("contains") {
                steps.push(plain("contains", json!(2)));
                steps.push(step("contains", json!(3), "of what was not added"));
            }
            if has("remove") {
                steps.push(plain("remove", json!(2)));
            }
            read_after(steps, plain("add", json!(1)))
        }
        Model::Append => read_after(
            vec![
                told("read", "before anything was appended"),
                plain("append", json!(1)),
                plain("append", json!(2)),
            ],
            plain("append", json!(1)),
        ),
        Model::Counter => read_after(
            vec![
                told("read", "before anything was added"),
                plain("add", json!(1)),
                plain("add", json!(1)),
            ],
            plain("add", json!(1)),
        ),
        Model::OwnedMutex | Model::FencedLock => Script {
            steps: vec![
                plain("acquire", json!("first")),
                step("acquire", json!("second"), "while another holds it"),
                step("release", json!("second"), "by one that does not hold it"),
                plain("release", json!("first")),
            ],
            everywhere: vec![plain("acquire", json!("other")), plain("release", json!("other"))],
            update: plain("acquire", json!("owner")),
            look: plain("release", json!("owner")),
            is_single: false,
        },
        Model::UniqueIds => Script {
            steps: vec![told("generate", ""), told("generate", "again")],
            everywhere: vec![told("generate", "")],
            update: told("generate", ""),
            look: told("generate", ""),
            is_single: true,
        },
        // The only other workloads are queues; the test below says so.
        _ => Script {
            steps: vec![
                told("dequeue", "while it is empty"),
                plain("enqueue", json!(1)),
                plain("enqueue", json!(2)),
                told("dequeue", ""),
                told("dequeue", ""),
                told("dequeue", "when it is empty again"),
            ],
            everywhere: vec![plain("enqueue", json!(3)), told("dequeue", "")],
            update: plain("enqueue", json!(1)),
            look: told("dequeue", ""),
            is_single: false,
        },
    }
}

/// Where what is there can be read as a whole.
fn read_after(mut steps: Vec<Step>, update: Step) -> Script {
    let read = told("read", "");
    steps.push(read.clone());
    Script {
        steps,
        everywhere: vec![read.clone()],
        update,
        look: read,
        is_single: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::ALL;
    use std::collections::BTreeSet;

    #[test]
    fn every_function_of_every_workload_is_asked_for_and_no_other() {
        for kind in &ALL {
            let script = of(kind, &|_| true);
            let asked: BTreeSet<&str> = script.steps.iter().map(|step| step.f).collect();
            let has: BTreeSet<&str> = kind.functions.iter().chain(kind.optional).copied().collect();
            assert_eq!(asked, has, "{}", kind.name);
            let more = script.everywhere.iter().chain([&script.update, &script.look]);
            assert!(more.clone().all(|step| has.contains(step.f)), "{}", kind.name);
        }
    }

    #[test]
    fn what_a_system_does_not_have_is_not_asked_for() {
        let set = Kind::of("set").unwrap();
        let script = of(set, &|f| f != "remove");
        assert!(script.steps.iter().all(|step| step.f != "remove"));
        assert!(script.steps.iter().any(|step| step.f == "contains"));
    }
}
