//! What went wrong with a semaphore or a mutex, in words.

use super::{Semaphore, SemaphoreCall, Told};
use crate::Telling;
use crate::objects::holding::{at_the_same_time, inside};

/// What kind of violation a core is.
pub(super) fn tell<const MUTEX: bool>(
    semaphore: &Semaphore<'_, MUTEX>,
    name: &str,
    core: &[&SemaphoreCall],
) -> Telling {
    let history = semaphore.history;
    let client = |call: &SemaphoreCall| history.client(&history.operations[call.number as usize]);
    let told = |acquire: bool, output: Told| {
        let fits = move |call: &&&SemaphoreCall| call.input.acquire == acquire && call.output == Some(output);
        core.iter().copied().filter(move |call| fits(&call))
    };
    let acquires: Vec<&SemaphoreCall> = told(true, Told::Done).collect();
    let releases: Vec<&SemaphoreCall> = told(false, Told::Done).collect();
    let telling = |code, sentence, rule: &str| Telling {
        code,
        sentence,
        rule: rule.to_owned(),
    };
    let lock = inside(name);
    if let Some(refused) = told(true, Told::Refused).next() {
        return telling(
            if MUTEX {
                "mutex.refused-while-free"
            } else {
                "semaphore.refused-while-free"
            },
            format!(
                "Client {} was refused {lock} although it cannot have been taken.",
                client(refused)
            ),
            "What is free is given to whoever asks.",
        );
    }
    if let Some(refused) = told(false, Told::Refused).next() {
        return telling(
            if MUTEX {
                "mutex.refused-while-held"
            } else {
                "semaphore.refused-while-held"
            },
            format!(
                "Client {} could not release {lock} although it was taken.",
                client(refused)
            ),
            "What is taken can be given back.",
        );
    }
    let permits = core.first().map_or(1, |call| call.input.permits);
    match (acquires.as_slice(), releases.as_slice()) {
        ([first, second], []) if MUTEX => telling(
            "mutex.two-holders",
            at_the_same_time(history, name, first.number, second.number),
            "A lock is held by one at a time.",
        ),
        ([], [release]) => telling(
            if MUTEX {
                "mutex.released-while-free"
            } else {
                "semaphore.released-while-free"
            },
            format!("Client {} released {lock}, and nobody held it.", client(release)),
            "What is given back was taken before.",
        ),
        (acquires, releases) if acquires.len() > releases.len() && !MUTEX => telling(
            "semaphore.too-many-holders",
            format!("More than {permits} permits of {lock} were taken at the same time."),
            "A semaphore gives out no more permits than it has.",
        ),
        (acquires, releases) if acquires.len() > releases.len() => telling(
            "mutex.two-holders",
            format!("{name} was acquired again before it can have been released."),
            "A lock is held by one at a time.",
        ),
        (acquires, releases) if acquires.len() < releases.len() => telling(
            if MUTEX {
                "mutex.released-while-free"
            } else {
                "semaphore.released-while-free"
            },
            format!("{name} was released more often than it was acquired."),
            "What is given back was taken before.",
        ),
        _ => Telling::general(name, core.len()),
    }
}

/// Why one call has to be before another.
pub(super) fn why<const MUTEX: bool>(first: &SemaphoreCall, then: &SemaphoreCall) -> Option<String> {
    let it = if MUTEX { "the lock" } else { "a permit" };
    match (first.input.acquire, then.input.acquire) {
        (true, false) => Some(format!("{it} is acquired before it is released.")),
        (false, true) => Some(format!("{it} has to be given back before it is acquired again.")),
        _ => None,
    }
}
