//! Locks with owners.

use crate::script::{analysis, assert_told, assert_valid, strict_violation, violation};
use checker::{Model, Verdict};

const OVERLAP: &str = "1 invoke acquire\n 1 ok acquire\n 5 invoke acquire\n 5 ok acquire
    1 invoke release\n 1 ok release\n 5 invoke release\n 5 ok release";

#[test]
fn two_holders_are_told_with_their_time() {
    let it = violation(Model::OwnedMutex, OVERLAP);
    let sentence = "Clients 1 and 5 held the lock at the same time for 10 ms.";
    assert_told(&it, "lock.two-holders", sentence, 2);
}

#[test]
fn a_crashed_acquire_is_no_holder_and_a_crashed_release_may_have_happened() {
    assert_valid(
        Model::OwnedMutex,
        &OVERLAP
            .replace("1 ok acquire", "1 info acquire")
            .replace("1 invoke release\n 1 ok release\n", ""),
    );
    let script = "1 invoke acquire\n 1 ok acquire\n 1 invoke release\n 1 info release
        5 invoke acquire\n 5 ok acquire";
    assert_valid(Model::OwnedMutex, script);
}

#[test]
fn only_the_owner_releases() {
    let script = "1 invoke acquire\n 1 ok acquire\n 5 invoke release\n 5 ok release";
    assert_valid(Model::Mutex, script);
    let it = violation(Model::OwnedMutex, script);
    let sentence = "Client 5 released the lock without holding it.";
    assert_told(&it, "lock.released-not-held", sentence, 1);
    // The argument says who it was.
    assert_valid(
        Model::OwnedMutex,
        &script.replace("quire", "quire 9").replace("lease", "lease 9"),
    );
}

#[test]
fn a_lock_that_is_held_is_acquired_again_if_it_is_reentrant() {
    let script = "1 invoke acquire\n 1 ok acquire\n 1 invoke acquire\n 1 ok acquire
        1 invoke release\n 1 ok release\n 5 invoke acquire\n 5 ok acquire";
    let it = violation(Model::OwnedMutex, script);
    let sentence = "Client 1 was given the lock twice, and had not given it back.";
    assert_told(&it, "lock.acquired-twice", sentence, 2);
    // It was acquired twice, and released once.
    let it = violation(Model::ReentrantMutex, script);
    assert_eq!(it.code, "lock.two-holders");
    let both = script.replace("5 invoke", "1 invoke release\n 1 ok release\n 5 invoke");
    assert_valid(Model::ReentrantMutex, &both);
}

#[test]
fn a_fencing_token_that_goes_back_is_told() {
    let script = "1 invoke acquire\n 1 ok acquire 7\n 1 invoke release\n 1 ok release
        5 invoke acquire\n 5 ok acquire 5\n 5 invoke release\n 5 ok release";
    let it = violation(Model::FencedLock, script);
    let sentence = "The fencing token of the lock went from 7 back to 5.";
    assert_told(&it, "lock.token-went-back", sentence, 2);
    let it = violation(Model::FencedLock, &script.replace("acquire 5", "acquire 7"));
    let sentence = "Fencing token 7 of the lock was given out twice.";
    assert_told(&it, "lock.token-repeated", sentence, 2);
    assert_valid(Model::FencedLock, &script.replace("acquire 5", "acquire 9"));
}

#[test]
fn a_fenced_lock_without_a_token_is_told() {
    let it = violation(Model::FencedLock, "1 invoke acquire\n 1 ok acquire");
    let sentence = "Client 1 was given the lock without a fencing token.";
    assert_told(&it, "lock.no-token", sentence, 1);
}

#[test]
fn a_refusal_counts_when_it_is_asked_to() {
    let it = strict_violation(Model::OwnedMutex, "1 invoke acquire\n 1 fail acquire");
    let sentence = "Client 1 was refused the lock although nobody can have held it.";
    assert_told(&it, "lock.refused-while-free", sentence, 1);
    let held = "1 invoke acquire\n 1 ok acquire\n 1 invoke release\n 1 fail release";
    let it = strict_violation(Model::OwnedMutex, held);
    let sentence = "Client 1 could not release the lock although it held it.";
    assert_told(&it, "lock.refused-while-held", sentence, 2);
}

#[test]
fn what_was_released_is_no_part_of_a_counterexample() {
    let mut script = String::new();
    for number in 0..500 {
        let process = number % 4;
        script += &format!("{process} invoke acquire\n {process} ok acquire\n");
        script += &format!("{process} invoke release\n {process} ok release\n");
        script += &format!("{} invoke acquire\n", 100 + number);
    }
    assert_valid(Model::OwnedMutex, &script);
    let it = violation(Model::OwnedMutex, &format!("{script}{OVERLAP}"));
    let sentence = "Clients 1 and 5 held the lock at the same time for 10 ms.";
    assert_told(&it, "lock.two-holders", sentence, 2);
}

#[test]
fn the_result_says_what_was_used() {
    let by = |strict| analysis(Model::OwnedMutex, "1 invoke acquire\n 1 fail acquire", strict);
    assert_eq!(by(false).stats.algorithm, "lock, intervals");
    assert_eq!(by(true).stats.algorithm, "frontier search");
    assert_eq!(by(true).verdict, Verdict::Invalid);
}
