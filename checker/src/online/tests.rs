//! Whoever follows decrees sees a contradiction at the very event that completes it, as the checker does of every beginning.

use super::{Decree, Decrees};
use crate::{CheckError, Model, Verdict, check};
use history::{History, follow_file, read_bytes};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::io::Write;

fn follow(lines: &[String]) -> (Decrees, History) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(lines.concat().as_bytes()).unwrap();
    let mut decrees = Decrees::default();
    let names = follow_file(file.path(), &mut decrees).unwrap();
    (decrees, names)
}

fn is_legal(lines: &[String]) -> bool {
    let history = read_bytes(lines.concat().as_bytes()).unwrap();
    check(&history, Model::Decree).unwrap().verdict == Verdict::Valid
}

/// A function, a key and a value.
type Doing = (&'static str, u64, u64);

/// Clients of two decrees that are told anything.
fn drawn(random: &mut ChaCha8Rng, events: usize) -> Vec<String> {
    let mut lines = Vec::new();
    // Each client's process, and what it is doing.
    let mut clients: Vec<(u64, Option<Doing>)> = (0..4).map(|client| (client, None)).collect();
    while lines.len() < events {
        let client = random.random_range(0..clients.len());
        let (process, doing) = &mut clients[client];
        let Some((f, key, value)) = *doing else {
            let f = if random.random_ratio(2, 3) {
                "propose"
            } else {
                "read"
            };
            let (key, value) = (random.random_range(0..2), random.random_range(1..4));
            *doing = Some((f, key, value));
            lines.push(line(
                *process,
                "invoke",
                f,
                key,
                (f == "propose").then_some(value),
            ));
            continue;
        };
        *doing = None;
        let kind = ["ok", "ok", "ok", "ok", "fail", "info"][random.random_range(0..6)];
        // Mostly what is proposed most, so that some histories are legal for long.
        let told = match random.random_range(0..16) {
            0 if f == "read" => None,
            0 | 1 => Some(value),
            2 => Some(random.random_range(1..4)),
            _ => Some(1),
        };
        lines.push(line(*process, kind, f, key, told));
        if kind == "info" {
            *process += 4;
        }
    }
    lines
}

fn line(process: u64, kind: &str, f: &str, key: u64, value: Option<u64>) -> String {
    let value = value.map_or("null".to_owned(), |value| value.to_string());
    format!("{{\"process\":{process},\"type\":\"{kind}\",\"f\":\"{f}\",\"key\":{key},\"value\":{value}}}\n")
}

#[test]
fn a_contradiction_is_seen_at_the_event_that_completes_it_and_never_before() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let (mut legal, mut broken) = (0, 0);
    for _ in 0..3_000 {
        let lines = drawn(&mut random, 16);
        let (decrees, _) = follow(&lines);
        let Some(seen) = decrees.broken() else {
            assert!(is_legal(&lines), "{}", lines.concat());
            legal += 1;
            continue;
        };
        let event = seen.event as usize;
        assert!(
            is_legal(&lines[..event]),
            "too late, at {event}:\n{}",
            lines.concat()
        );
        assert!(
            !is_legal(&lines[..=event]),
            "too early, at {event}:\n{}",
            lines.concat()
        );
        broken += 1;
    }
    assert!(legal > 200 && broken > 300, "{legal} legal, {broken} broken");
}

#[test]
fn operations_are_counted_and_not_kept() {
    let mut lines: Vec<String> = Vec::new();
    for number in 0..50 {
        lines.push(line(number, "invoke", "propose", 7, Some(1)));
        let kind = ["ok", "fail", "info"][number as usize % 3];
        lines.push(line(number, kind, "propose", 7, Some(1)));
    }
    let (decrees, names) = follow(&lines);
    let counts = decrees.counts();
    assert_eq!((counts.invoked, counts.ok, counts.failed), (50, 17, 17));
    assert_eq!((decrees.broken(), decrees.decrees()), (None, 1));
    lines.push(line(60, "invoke", "read", 8, None));
    assert_eq!(follow(&lines).0.decrees(), 2);
    assert_eq!((names.events, names.operations.len()), (100, 0));
    assert_eq!(names.key_name(0), "7");
}

#[test]
fn what_is_not_about_decrees_is_said() {
    let write = vec![line(0, "invoke", "write", 1, Some(3))];
    let refused = follow(&write).0.understood().unwrap_err();
    assert!(matches!(refused, CheckError::UnknownFunction { .. }), "{refused}");
    let null = vec![
        line(0, "invoke", "read", 1, None),
        line(1, "invoke", "propose", 1, None),
    ];
    let refused = follow(&null).0.understood().unwrap_err();
    assert!(
        matches!(refused, CheckError::Malformed { event: 1, .. }),
        "{refused}"
    );
}

#[test]
fn proposals_that_failed_are_forgotten() {
    let mut lines: Vec<String> = Vec::new();
    for number in 0..50 {
        lines.push(line(number, "invoke", "propose", 7, Some(number)));
    }
    // Two of value 3, of which one fails; that of 8 goes on, and nobody knows of that of 9.
    lines.push(line(50, "invoke", "propose", 7, Some(3)));
    for number in (0..50).filter(|number| *number != 8) {
        let kind = if number == 9 { "info" } else { "fail" };
        lines.push(line(number, kind, "propose", 7, Some(number)));
    }
    let (decrees, _) = follow(&lines);
    let [Decree::Open(proposals)] = &decrees.decrees[..] else {
        panic!("{decrees:?}");
    };
    assert_eq!(proposals.len(), 3, "{proposals:?}");
    lines.push(line(60, "invoke", "read", 7, None));
    for (told, is_legal) in [(3, true), (8, true), (9, true), (5, false)] {
        let answer = line(60, "ok", "read", 7, Some(told));
        let (decrees, _) = follow(&[lines.as_slice(), &[answer]].concat());
        assert_eq!(decrees.broken().is_none(), is_legal, "{told}");
    }
}
