//! How much is explored: who asks what, how many attempts and crashes there are. And that the correct core keeps
//! its promises in all of it.

use super::world::Model;
use crate::bug::{Bug, Planted};
use stateright::{Checker, Model as _};

/// What a client asks, and of which node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Have this value chosen.
    Propose(usize, u64),
    /// What was chosen?
    Read(usize),
}

/// What never arrives, though it may: it makes a scenario smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Everything may.
    Nothing,
    /// Nobody hears that a value was chosen, but who counted it.
    News,
    /// Nor does anybody hear a no.
    NewsAndRefusals,
}

/// One bounded world.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What it shows.
    pub name: &'static str,
    /// How many nodes, each an acceptor.
    pub nodes: usize,
    /// What each client asks, one thing after another.
    pub clients: &'static [&'static [Ask]],
    /// How often each node's timers may go off, each beginning another attempt.
    pub wakes: [u32; 3],
    /// How often a node asks again before it takes a higher ballot.
    pub resends: u32,
    /// How many crashes there may be in all.
    pub crashes: u32,
    /// Whether clients may be told that their time is over.
    pub expires: bool,
    /// Whether a node hears its own answers before anything else happens. Otherwise they are as late as any.
    pub own_answers_first: bool,
    /// Whether nodes ask each other what they have learned.
    pub catches_up: bool,
    /// What never arrives.
    pub lost: Lost,
    /// A node that nothing reaches and that nothing is heard of.
    pub mute: Option<usize>,
    /// The rule that every node breaks.
    pub planted: Planted,
}

use Ask::{Propose, Read};

const NOTHING: Scenario = Scenario {
    name: "",
    nodes: 3,
    clients: &[],
    wakes: [0; 3],
    resends: 0,
    crashes: 0,
    expires: false,
    own_answers_first: false,
    catches_up: false,
    lost: Lost::Nothing,
    mute: None,
    planted: Planted::NOTHING,
};

/// The scenarios, each with the number of states that there are in it. The small ones first.
pub const ALL: [(Scenario, usize); 11] = [
    (
        Scenario {
            name: "an isolated proposer that asks again, and another",
            clients: &[&[Propose(0, 1)], &[Propose(1, 2)]],
            wakes: [1, 1, 0],
            resends: 1,
            mute: Some(0),
            own_answers_first: true,
            lost: Lost::News,
            ..NOTHING
        },
        95,
    ),
    (
        Scenario {
            name: "a crash, then another proposal of the same node",
            clients: &[&[Propose(0, 1), Propose(0, 2)]],
            crashes: 1,
            own_answers_first: true,
            ..NOTHING
        },
        82_032,
    ),
    (
        Scenario {
            name: "a proposal, then a read elsewhere",
            clients: &[&[Propose(0, 1), Read(1)]],
            catches_up: true,
            ..NOTHING
        },
        183_975,
    ),
    (
        Scenario {
            name: "a proposal and two reads elsewhere",
            clients: &[&[Propose(0, 1)], &[Read(1), Read(2)]],
            own_answers_first: true,
            lost: Lost::NewsAndRefusals,
            ..NOTHING
        },
        213_784,
    ),
    (
        Scenario {
            name: "clients that do not wait",
            clients: &[&[Propose(0, 1)], &[Propose(1, 2)]],
            expires: true,
            own_answers_first: true,
            lost: Lost::News,
            ..NOTHING
        },
        460_463,
    ),
    (
        Scenario {
            name: "two proposers and a crash",
            clients: &[&[Propose(0, 1)], &[Propose(1, 2)]],
            crashes: 1,
            own_answers_first: true,
            lost: Lost::News,
            ..NOTHING
        },
        587_704,
    ),
    (
        Scenario {
            name: "two proposers and a read",
            clients: &[&[Propose(0, 1), Read(2)], &[Propose(1, 2)]],
            own_answers_first: true,
            lost: Lost::NewsAndRefusals,
            ..NOTHING
        },
        645_529,
    ),
    (
        Scenario {
            name: "two proposers, the first tries again",
            clients: &[&[Propose(0, 1)], &[Propose(1, 2)]],
            wakes: [1, 0, 0],
            own_answers_first: true,
            lost: Lost::NewsAndRefusals,
            ..NOTHING
        },
        699_180,
    ),
    (
        Scenario {
            name: "a proposal, then a read where another read is waiting",
            clients: &[&[Propose(2, 1), Read(0)], &[Read(0)]],
            own_answers_first: true,
            lost: Lost::News,
            ..NOTHING
        },
        821_493,
    ),
    (
        Scenario {
            name: "two proposers",
            clients: &[&[Propose(0, 1)], &[Propose(1, 2)]],
            ..NOTHING
        },
        859_787,
    ),
    (
        Scenario {
            name: "two proposers one after another, and a read",
            clients: &[&[Propose(0, 1), Propose(1, 2), Read(2)]],
            own_answers_first: true,
            lost: Lost::News,
            ..NOTHING
        },
        1_704_984,
    ),
];

impl Scenario {
    /// The same with a bug.
    pub fn with(&self, bug: Bug) -> Scenario {
        Scenario {
            planted: Some(bug).into(),
            ..self.clone()
        }
    }
}

/// Explores a scenario to its end and returns the number of its states.
fn explore(scenario: &Scenario) -> usize {
    let checker = Model::of(scenario.clone())
        .checker()
        .threads(2)
        .spawn_bfs()
        .join();
    checker.assert_properties();
    checker.unique_state_count()
}

#[test]
fn the_correct_core_keeps_every_promise_in_every_state() {
    let mut others = Vec::new();
    for (scenario, states) in &ALL {
        let found = explore(scenario);
        println!("{found:>9} states  {}", scenario.name);
        if found != *states {
            others.push((scenario.name, found));
        }
    }
    assert_eq!(others, [], "the number of states has changed");
}
