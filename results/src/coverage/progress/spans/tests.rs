use super::*;
use history::Fault;
use history::FaultNote;
use history::FaultStep::{Healed, Healing, Installed, Requested};

const MAIN_NS: (u64, u64) = (0, 100);

fn history(nodes: usize) -> History {
    History {
        nodes: (1..=nodes).map(|number| format!("n{number}")).collect(),
        ..History::default()
    }
}

fn kill(node: u32) -> Fault {
    let nodes = vec![format!("n{node}")];
    Fault::Kill {
        nodes,
        power: false,
        flap: None,
        slow_start: None,
    }
}

fn cut(pairs: &[(u32, u32)]) -> Fault {
    let name = |number: u32| format!("n{number}");
    let cut = pairs.iter().map(|(a, b)| (name(*a), name(*b))).collect();
    let (shape, sides) = ("one-way".into(), vec![]);
    Fault::Partition {
        shape,
        sides,
        cut,
        flap: None,
    }
}

/// Adds a fault that is asked for, in force, no longer in force, and mended at these moments.
fn add(history: &mut History, fault: &Fault, moments: [u64; 4]) {
    let id = history.notes.len() as u32;
    for (time_ns, step) in moments.into_iter().zip([Requested, Installed, Healing, Healed]) {
        let (fault, felt, evidence) = (fault.clone(), None, None);
        let note = FaultNote {
            id,
            step,
            fault,
            felt,
            evidence,
        };
        history.notes.push((time_ns, Note::Fault(note)));
    }
}

/// All spans, as words: `n1 n2 n3: 10-20`.
fn found(history: &History) -> Vec<String> {
    let faults = history::timeline::faults(history);
    let words = |span: &Span| {
        let names = span.names(&history.nodes).join(" ");
        format!("{names}: {}-{}", span.start_ns, span.end_ns)
    };
    let mut found: Vec<String> = spans(history, &faults, MAIN_NS, 0).iter().map(words).collect();
    found.sort();
    found
}

#[test]
fn a_set_goes_on_through_changes_that_do_not_touch_it() {
    let mut history = history(5);
    add(&mut history, &kill(5), [10, 10, 30, 30]);
    add(&mut history, &kill(4), [20, 20, 40, 40]);
    let expected = ["n1 n2 n3 n4: 10-20", "n1 n2 n3 n5: 30-40", "n1 n2 n3: 10-40"];
    assert_eq!(found(&history), expected);
}

#[test]
fn a_link_that_carries_one_way_only_connects_nobody() {
    let mut history = history(3);
    add(&mut history, &cut(&[(1, 2)]), [10, 10, 30, 30]);
    assert_eq!(found(&history), ["n1 n3: 10-30", "n2 n3: 10-30"]);
}

#[test]
fn every_pair_has_to_be_connected() {
    // A ring: each node reaches its two neighbours only, and no three reach each other.
    let mut history = history(5);
    let ring = [(1, 3), (1, 4), (2, 4), (2, 5), (3, 5)];
    add(&mut history, &cut(&ring), [10, 10, 30, 30]);
    assert!(found(&history).is_empty());
}

#[test]
fn while_something_is_being_broken_or_mended_nobody_is_sure() {
    let mut history = history(3);
    add(&mut history, &cut(&[(2, 1)]), [10, 20, 60, 90]);
    add(&mut history, &kill(3), [40, 50, 70, 80]);
    // n1 n2 are apart from 10 to 90; what is in force from 20 to 80 leaves pairs with n3 until 40.
    assert_eq!(found(&history), ["n1 n3: 20-40", "n2 n3: 20-40"]);
}

#[test]
fn a_node_that_ended_by_itself_is_not_up() {
    let mut history = history(3);
    add(&mut history, &kill(3), [10, 10, 50, 50]);
    let (node, status) = ("n1".to_owned(), "exit status 1".to_owned());
    history.notes.push((30, Note::Exit { node, status }));
    assert_eq!(found(&history), ["n1 n2: 10-30"]);
}

#[test]
fn a_span_ends_with_the_main_phase_and_begins_with_it() {
    let mut history = history(3);
    let id = 1;
    for step in [Requested, Installed] {
        let (fault, felt, evidence) = (kill(3), None, None);
        let note = FaultNote {
            id,
            step,
            fault,
            felt,
            evidence,
        };
        history.notes.push((0, Note::Fault(note)));
    }
    assert_eq!(found(&history), ["n1 n2: 0-100"]);
}

#[test]
fn large_and_odd_clusters_are_looked_at_in_bounded_time() {
    let mut large = history(99);
    // Everybody is cut from the next but one, and so on: there are very many majorities.
    let pairs: Vec<(u32, u32)> = (1..=97).map(|node| (node, node + 2)).collect();
    for from in 0..20 {
        add(
            &mut large,
            &cut(&pairs[from..]),
            [from as u64, from as u64, 50, 50],
        );
    }
    assert!(!found(&large).is_empty());
    for nodes in [0, 129] {
        let mut odd = history(nodes);
        add(&mut odd, &cut(&[(1, 1), (7, 8), (1, 700)]), [10, 5, 3, 2]);
        add(&mut odd, &kill(900), [u64::MAX, 0, u64::MAX, 1]);
        assert!(found(&odd).is_empty());
    }
}

#[test]
fn a_span_ends_when_the_last_fault_begins_to_be_mended() {
    // From 60 on n3 is on its way back, and helps before it is seen to.
    let mut history = history(3);
    add(&mut history, &kill(3), [10, 10, 60, 80]);
    assert_eq!(found(&history), ["n1 n2: 10-60"]);
}
