//! What nodes say to each other about one decree. Messages may be lost, delayed, repeated and reordered.

use crate::ballot::Ballot;
use crate::value::Value;
use serde::{Deserialize, Serialize};

/// A value under a ballot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Proposal {
    /// The ballot.
    pub ballot: Ballot,
    /// The value.
    pub value: Value,
}

/// A message about one decree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Message {
    /// Rule 1a: will you promise this ballot?
    Prepare {
        /// The ballot.
        ballot: Ballot,
    },
    /// Rule 1b: yes, and this is what I had accepted.
    Promised {
        /// The ballot that was asked about.
        ballot: Ballot,
        /// The proposal of the highest ballot that was accepted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        accepted: Option<Proposal>,
    },
    /// Rule 2a: will you accept this proposal?
    Accept {
        /// The proposal.
        proposal: Proposal,
    },
    /// Rule 2b: yes.
    Accepted {
        /// The ballot that was asked about.
        ballot: Ballot,
    },
    /// Either rule's no: a higher ballot was promised.
    Refused {
        /// The ballot that was asked about.
        ballot: Ballot,
        /// What was promised: whoever goes on must go above it.
        promised: Ballot,
    },
    /// Rule *learn*: what have you learned?
    Ask,
    /// Rule *learn*: this value was chosen.
    Learn {
        /// The value.
        value: Value,
    },
}
