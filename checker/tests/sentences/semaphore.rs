//! Semaphore, and mutex without owner.

use crate::script::{assert_told, assert_valid, history, strict_violation, violation};
use checker::{Model, check};

#[test]
fn two_holders_are_told_with_their_time() {
    let script = "1 invoke acquire\n 1 ok acquire\n 5 invoke acquire\n 5 ok acquire
        2 invoke release\n 2 fail release\n 1 invoke release\n 1 ok release\n 5 invoke release\n 5 ok release";
    let it = violation(Model::Mutex, script);
    let sentence = "Clients 1 and 5 held the lock at the same time for 30 ms.";
    assert_eq!((it.code, it.sentence.as_str()), ("mutex.two-holders", sentence));
}

#[test]
fn a_release_of_what_is_free_is_told() {
    let it = violation(Model::Mutex, "3 invoke release\n 3 ok release");
    let sentence = "Client 3 released the lock, and nobody held it.";
    assert_told(&it, "mutex.released-while-free", sentence, 1);
}

#[test]
fn a_release_that_may_have_happened_lets_the_next_one_in() {
    let script = "1 invoke acquire\n 1 ok acquire\n 1 invoke release\n 1 info release
        5 invoke acquire\n 5 ok acquire";
    assert_valid(Model::Mutex, script);
    let third = format!("{script}\n 6 invoke acquire\n 6 ok acquire");
    let it = violation(Model::Mutex, &third);
    let sentence = "The lock was acquired again before it can have been released.";
    assert_told(&it, "mutex.two-holders", sentence, 3);
}

#[test]
fn what_is_long_over_is_no_part_of_a_counterexample() {
    let mut script = String::new();
    for _ in 0..500 {
        script += "1 invoke acquire\n 1 ok acquire\n 1 invoke release\n 1 ok release\n";
    }
    script += "1 invoke acquire\n 1 ok acquire\n 5 invoke acquire\n 5 ok acquire\n";
    let it = violation(Model::Mutex, &script);
    let sentence = "Clients 1 and 5 held the lock at the same time.";
    assert_told(&it, "mutex.two-holders", sentence, 2);
}

#[test]
fn a_refusal_counts_when_it_is_asked_to() {
    let script = "1 invoke acquire\n 1 fail acquire";
    assert_valid(Model::Mutex, script);
    let it = strict_violation(Model::Mutex, script);
    let sentence = "Client 1 was refused the lock although it cannot have been taken.";
    assert_told(&it, "mutex.refused-while-free", sentence, 1);
    let script = "2 invoke acquire\n 2 ok acquire\n 1 invoke release\n 1 fail release";
    let it = strict_violation(Model::Mutex, script);
    let sentence = "Client 1 could not release the lock although it was taken.";
    assert_told(&it, "mutex.refused-while-held", sentence, 2);
}

#[test]
fn more_holders_than_permits_are_told() {
    let script = "0 invoke permits 2\n 0 ok permits 2\n 1 invoke acquire\n 1 ok acquire
        2 invoke acquire\n 2 ok acquire\n 3 invoke acquire\n 3 ok acquire";
    let it = violation(Model::Semaphore, script);
    let sentence = "More than 2 permits of the semaphore were taken at the same time.";
    assert_told(&it, "semaphore.too-many-holders", sentence, 3);
    assert_valid(Model::Semaphore, &script.replace("permits 2", "permits 3"));
}

#[test]
fn several_permits_are_taken_at_once() {
    let script = "0 invoke permits 3\n 0 ok permits 3\n 1 invoke acquire 2\n 1 ok acquire 2
        2 invoke acquire 2\n 2 ok acquire 2";
    let it = violation(Model::Semaphore, script);
    assert_eq!(it.code, "semaphore.too-many-holders");
    assert_valid(Model::Semaphore, &script.replace("permits 3", "permits 4"));
}

#[test]
fn how_many_permits_there_are_has_to_be_said() {
    let refused = |script: &str| check(&history(script), Model::Semaphore).unwrap_err().to_string();
    assert_eq!(
        refused("1 invoke acquire"),
        "check event 0: nothing says how many permits there are; an operation `permits` with their number does"
    );
    assert_eq!(
        refused("1 invoke permits 0\n 1 ok permits 0"),
        "check event 0: the argument of `permits` is how many there are, 1 or more"
    );
    assert_eq!(
        refused("1 invoke permits 2\n 1 ok permits 2\n 1 invoke permits 3"),
        "check event 2: the number of permits changes; a semaphore has the same all the time"
    );
    assert_eq!(
        refused("1 invoke permits 2\n 1 ok permits 2\n 1 invoke acquire -1"),
        "check event 2: the number of permits to acquire or release is 1 or more"
    );
}

#[test]
fn thousands_of_crashed_calls_do_not_hurt() {
    let mut script = String::new();
    for number in 0..5000 {
        let process = 10 * number;
        let f = if number % 2 == 0 { "acquire" } else { "release" };
        script += &format!("{process} invoke {f}\n{process} info {f}\n");
        script += "1 invoke acquire\n1 ok acquire\n1 invoke release\n1 ok release\n";
    }
    assert_valid(Model::Mutex, &script);
}
