//! Who held a lock at the same time, and for how long: as the clients saw it.

use crate::proof::wording::gap;
use history::{History, Operation, Outcome};

/// Two acquires whose holders both had the lock: "Clients 1 and 5 held the lock at the same time for 210 ms."
pub(super) fn at_the_same_time(history: &History, name: &str, first: u32, second: u32) -> String {
    let [a, b] = [first, second].map(|number| &history.operations[number as usize]);
    let (from, until) = (
        a.end_ns.max(b.end_ns),
        end(history, first).min(end(history, second)),
    );
    let long = match until.checked_sub(from) {
        Some(time @ 1..) => format!(" for {}", gap(time)),
        Some(0) | None => String::new(),
    };
    let [p, q] = [a, b].map(|operation| history.client(operation));
    match p == q {
        true => format!(
            "Client {p} was given {} twice at the same time{long}.",
            inside(name)
        ),
        false => format!(
            "Clients {} and {} held {} at the same time{long}.",
            p.min(q),
            p.max(q),
            inside(name)
        ),
    }
}

/// The name of an object inside a sentence.
pub(super) fn inside(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().collect::<String>() + letters.as_str()
    })
}

/// When the holder of an acquire began to give the lock back, or was never heard of again.
fn end(history: &History, acquire: u32) -> u64 {
    let held = &history.operations[acquire as usize];
    let is_release = |it: &&Operation| {
        it.process == held.process
            && it.key == held.key
            && it.outcome != Outcome::Fail
            && history.function_name(it) == "release"
    };
    let later = history.operations[acquire as usize..].iter().find(is_release);
    later.map_or_else(|| history.end_ns(), |release| release.start_ns)
}
