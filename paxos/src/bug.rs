//! Planted bugs: each is one rule, wrong, at the place where the rule stands.
//!
//! A harness that is worth anything finds them. They are chosen by name when a node starts, and cost nothing
//! when none is: a comparison with a constant.

/// A rule that this node breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bug {
    /// Rule *chosen*: one acceptance less than a majority is taken for a decision.
    DecideOnMinority,
    /// Rule *2a*: the proposer takes its own value although the promises brought another.
    OwnValueAlways,
    /// Rule *2b*: the acceptor accepts a ballot below the one that it promised.
    AcceptBelowPromise,
    /// Durability of rule *2b*: what was accepted is not there after a restart.
    ForgetAcceptedOnRestart,
    /// Rule *read*: a read that should ask a majority answers from what this node has learned.
    ReadLocalState,
}

impl Bug {
    /// All of them.
    pub const ALL: [Bug; 5] = [
        Bug::DecideOnMinority,
        Bug::OwnValueAlways,
        Bug::AcceptBelowPromise,
        Bug::ForgetAcceptedOnRestart,
        Bug::ReadLocalState,
    ];

    /// The name, as in `--bug`.
    pub fn name(self) -> &'static str {
        match self {
            Bug::DecideOnMinority => "decide-on-minority",
            Bug::OwnValueAlways => "own-value-always",
            Bug::AcceptBelowPromise => "accept-below-promise",
            Bug::ForgetAcceptedOnRestart => "forget-accepted-on-restart",
            Bug::ReadLocalState => "read-local-state",
        }
    }

    /// The rule that is broken, by its name in the protocol.
    pub fn rule(self) -> &'static str {
        match self {
            Bug::DecideOnMinority => "chosen",
            Bug::OwnValueAlways => "2a",
            Bug::AcceptBelowPromise | Bug::ForgetAcceptedOnRestart => "2b",
            Bug::ReadLocalState => "read",
        }
    }

    /// What the node does wrong, in one sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Bug::DecideOnMinority => "takes a value for chosen with one acceptance less than a majority",
            Bug::OwnValueAlways => "proposes its own value although an acceptor has accepted another",
            Bug::AcceptBelowPromise => "accepts a proposal with a lower ballot than it promised",
            Bug::ForgetAcceptedOnRestart => "has forgotten after a restart what it had accepted",
            Bug::ReadLocalState => {
                "answers a read with `undecided` when it has not learned, without asking anyone"
            }
        }
    }
}
