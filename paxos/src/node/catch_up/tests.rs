//! One node catches up with another over a connection that loses what it likes.

use super::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;

const OTHER: &str = "n2";

fn behind() -> CatchUp {
    let places = [(NodeId::new(OTHER), (0, 0))].into();
    CatchUp::new(1, 0, Vec::new(), places)
}

fn news(start: u64, from: u64, count: u64, known: u64) -> News {
    News {
        start,
        from,
        count,
        known,
    }
}

/// Another node with so many decisions, and what of them is known here.
struct Pair {
    here: CatchUp,
    decisions: u64,
    known: BTreeSet<u64>,
    random: ChaCha8Rng,
    loss: f64,
    answers: u64,
}

impl Pair {
    fn new(decisions: u64, loss: f64) -> Pair {
        Pair {
            here: behind(),
            decisions,
            known: BTreeSet::new(),
            random: ChaCha8Rng::seed_from_u64(7),
            loss,
            answers: 0,
        }
    }

    fn is_lost(&mut self) -> bool {
        self.random.random_bool(self.loss)
    }

    /// A turn, to its end: questions, answers and what is told, in their order, each of which may get lost.
    fn turn(&mut self) {
        let (node, _, from) = self.here.question().unwrap();
        let mut question = Some(from);
        while let Some(from) = question.filter(|_| !self.is_lost() && !self.is_lost()) {
            self.answers += 1;
            let names = from..self.decisions.min(from + NAMES_MAX as u64);
            let known = names.clone().take_while(|name| self.known.contains(name)).count() as u64;
            let unknown: Vec<u64> = names.clone().filter(|name| !self.known.contains(name)).collect();
            question = self
                .here
                .answered(&node, news(1, from, names.count() as u64, known));
            if !self.is_lost() {
                for name in unknown {
                    if !self.is_lost() {
                        self.known.insert(name);
                    }
                }
            }
        }
    }
}

#[test]
fn one_turn_is_enough_when_nothing_gets_lost() {
    let mut pair = Pair::new(10 * NAMES_MAX as u64 + 1, 0.0);
    pair.turn();
    assert_eq!(pair.known.len() as u64, pair.decisions);
    let answers = pair.answers;
    assert!(
        answers <= 23,
        "{answers}: two for each page, and one that finds nothing more"
    );
    pair.turn();
    assert_eq!(pair.answers, answers + 1, "with nothing new, one answer is all");
    assert_eq!(pair.here.question().unwrap().2, pair.decisions);
}

#[test]
fn what_got_lost_is_asked_for_again_until_it_has_come() {
    let mut pair = Pair::new(10 * NAMES_MAX as u64 + 1, 0.1);
    for _ in 0..1_000 {
        pair.turn();
    }
    assert_eq!(pair.known.len() as u64, pair.decisions);
    assert_eq!(pair.here.question().unwrap().2, pair.decisions);
}

#[test]
fn a_name_that_never_comes_is_asked_for_twice_in_a_turn_and_no_more() {
    let mut here = behind();
    for _ in 0..3 {
        let (node, _, from) = here.question().unwrap();
        assert_eq!(from, 0);
        assert_eq!(here.answered(&node, news(1, 0, 5, 0)), Some(0));
        assert_eq!(here.answered(&node, news(1, 0, 5, 0)), None);
        assert_eq!(here.answered(&node, news(1, 0, 5, 0)), None);
    }
    let node = NodeId::new(OTHER);
    assert_eq!(
        here.answered(&node, news(1, 0, 5, 3)),
        Some(3),
        "some of it has come"
    );
    assert_eq!(here.answered(&node, news(1, 3, 2, 2)), None);
    assert_eq!(here.question().unwrap().2, 5);
}

#[test]
fn an_answer_from_behind_the_gap_does_not_close_it() {
    let mut here = behind();
    let node = NodeId::new(OTHER);
    here.answered(&node, news(1, 0, NAMES_MAX as u64, 3));
    assert_eq!(here.answered(&node, news(1, NAMES_MAX as u64, 9, 9)), None);
    assert_eq!(here.question().unwrap().2, 3);
    // Nor does one that comes late take anything back.
    here.answered(&node, news(1, 0, 3, 2));
    assert_eq!(here.question().unwrap().2, 3);
}

#[test]
fn what_another_start_has_numbered_anew_is_looked_at_anew() {
    let mut here = behind();
    let node = NodeId::new(OTHER);
    here.answered(&node, news(1, 0, 100, 100));
    here.answered(&node, news(2, 40, 10, 5));
    assert_eq!(here.question().unwrap(), (node, 2, 45));
}
