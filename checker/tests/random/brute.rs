//! The checker without any idea in it: every order is tried.

use crate::spec::{Answer, Spec};
use history::{History, Operation, Outcome};
use serde_json::Value;

/// Whether the operations of each key have a legal order.
pub fn is_legal(spec: &dyn Spec, history: &History) -> bool {
    let keys = 0..history.keys.len() as u32;
    keys.into_iter().all(|key| {
        let strict = |operation: &&Operation| {
            operation.outcome != Outcome::Fail || spec.strict_fail() && compares(history, operation)
        };
        let of_key = history.operations.iter().filter(|operation| operation.key == key);
        let operations: Vec<&Operation> = of_key.filter(strict).collect();
        goes_on(spec, history, &operations, &spec.initial())
    })
}

fn compares(history: &History, operation: &Operation) -> bool {
    ["cas", "acquire", "release"].contains(&history.function_name(operation))
}

fn goes_on(spec: &dyn Spec, history: &History, left: &[&Operation], state: &Value) -> bool {
    if left.iter().all(|operation| operation.outcome == Outcome::Info) {
        return true;
    }
    left.iter().enumerate().any(|(place, operation)| {
        let blocks = |other: &&&Operation| other.complete < operation.invoke;
        if left.iter().any(|other| blocks(&other)) {
            return false;
        }
        let json = |value| serde_json::from_str::<Value>(&history.values.json(value)).unwrap();
        let mut next = state.clone();
        let answer = spec.apply(
            &mut next,
            history.function_name(operation),
            &json(operation.input),
        );
        let fits = match operation.outcome {
            Outcome::Ok => {
                let told = Answer::Ok(json(operation.output));
                spec.fits(&mut next, &answer, &told, history.function_name(operation))
            }
            Outcome::Fail => answer == Answer::Fail,
            Outcome::Info => true,
        };
        let mut rest = left.to_vec();
        rest.remove(place);
        fits && goes_on(spec, history, &rest, &next)
    })
}
