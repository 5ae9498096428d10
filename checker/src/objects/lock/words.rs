//! What went wrong with a lock, in words.

use super::{Lock, LockCall, Told};
use crate::Telling;
use crate::objects::holding::{at_the_same_time, inside};

/// What kind of violation a core is.
pub(super) fn tell<const REENTRANT: bool, const FENCED: bool>(
    lock: &Lock<'_, REENTRANT, FENCED>,
    name: &str,
    core: &[&LockCall],
) -> Telling {
    let history = lock.history;
    let client = |call: &LockCall| history.client(&history.operations[call.number as usize]);
    let telling = |code, sentence, rule: &str| Telling {
        code,
        sentence,
        rule: rule.to_owned(),
    };
    let it = inside(name);
    let refused = core.iter().find(|call| call.output == Some(Told::Refused));
    if let Some(refused) = refused {
        return match refused.input.acquire {
            true => telling(
                "lock.refused-while-free",
                format!(
                    "Client {} was refused {it} although nobody can have held it.",
                    client(refused)
                ),
                "What is free is given to whoever asks.",
            ),
            false => telling(
                "lock.refused-while-held",
                format!(
                    "Client {} could not release {it} although it held it.",
                    client(refused)
                ),
                "Whoever holds a lock can release it.",
            ),
        };
    }
    let acquires: Vec<&&LockCall> = core
        .iter()
        .filter(|call| call.input.acquire && call.output.is_some())
        .collect();
    let token = |call: &LockCall| match call.output {
        Some(Told::Token(token)) => token,
        _ => None,
    };
    let is_held = |first: &LockCall, then: &LockCall| {
        let overlaps =
            |it: &&&LockCall| !it.input.acquire && it.input.owner == first.input.owner && it.precedes(then);
        !core.iter().any(|it| overlaps(&it))
    };
    match acquires.as_slice() {
        [one] if FENCED && token(one).is_none() => telling(
            "lock.no-token",
            format!("Client {} was given {it} without a fencing token.", client(one)),
            "Every acquire of a fenced lock is given a token.",
        ),
        [] => telling(
            "lock.released-not-held",
            format!(
                "Client {} released {it} without holding it.",
                core.first().map_or(0, |call| client(call))
            ),
            "Only its owner releases a lock.",
        ),
        [first, second]
            if first.input.owner != second.input.owner
                && token(first).is_some()
                && token(first) >= token(second)
                && first.precedes(second) =>
        {
            token_sentence(name, token(first), token(second))
        }
        [first, second] if first.input.owner != second.input.owner && is_held(first, second) => telling(
            "lock.two-holders",
            at_the_same_time(history, name, first.number, second.number),
            "A lock is held by one at a time.",
        ),
        [first, second] if first.input.owner == second.input.owner && core.len() == 2 => {
            match token(first).is_some() && token(first) >= token(second) {
                true => token_sentence(name, token(first), token(second)),
                false => telling(
                    "lock.acquired-twice",
                    format!(
                        "Client {} was given {it} twice, and had not given it back.",
                        client(second)
                    ),
                    "A lock that is held is not given out again.",
                ),
            }
        }
        [one] => telling(
            "lock.released-not-held",
            format!("Client {} released {it} without holding it.", client(one)),
            "Only its owner releases a lock.",
        ),
        _ => Telling::general(name, core.len()),
    }
}

fn token_sentence(name: &str, first: Option<i64>, second: Option<i64>) -> Telling {
    let [first, second] = [first, second].map(Option::unwrap_or_default);
    let of = inside(name);
    let (code, sentence) = match first == second {
        true => (
            "lock.token-repeated",
            format!("Fencing token {first} of {of} was given out twice."),
        ),
        false => (
            "lock.token-went-back",
            format!("The fencing token of {of} went from {first} back to {second}."),
        ),
    };
    Telling {
        code,
        sentence,
        rule: "A fencing token is greater than every one before.".to_owned(),
    }
}

/// Why one call has to be before another.
pub(super) fn why(first: &LockCall, then: &LockCall) -> Option<String> {
    let same = first.input.owner == then.input.owner;
    if let (Some(Told::Token(Some(a))), Some(Told::Token(Some(b)))) = (first.output, then.output)
        && a < b
    {
        return Some(format!("token {a} is less than token {b}."));
    }
    match (first.input.acquire, then.input.acquire) {
        (true, false) if same => Some("its owner acquires a lock before it releases it.".to_owned()),
        (false, true) => Some("the lock has to be released before it is acquired again.".to_owned()),
        _ => None,
    }
}
