//! The way to the other nodes.
//!
//! A question that is not answered in time is lost, and its connection closed with it, so that no node sits
//! on a connection that a healed network no longer knows. Nothing is retried and nothing queued without
//! bound: the protocol asks again by itself, under a new ballot.

use crate::acceptor::{Proposal, Refusal};
use crate::ballot::Ballot;
use crate::node::{Answer, Question, Transport};
use crate::value::Value;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::Semaphore;

const QUESTION_TIMEOUT: Duration = Duration::from_millis(300);
const CONNECT_TIMEOUT: Duration = Duration::from_millis(200);
/// How many questions to one node may be under way; more are lost.
const UNDER_WAY_MAX: usize = 128;

/// What a node asks another one's acceptor.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeerQuestion {
    /// Rule 1a.
    Prepare {
        /// For which decree.
        decree: String,
        /// The ballot.
        ballot: Ballot,
    },
    /// Rule 2a.
    Accept {
        /// For which decree.
        decree: String,
        /// The proposal.
        proposal: Proposal,
    },
    /// Rule *learn*.
    Learn {
        /// Which decree.
        decree: String,
        /// What was chosen.
        value: Value,
    },
}

/// What it is answered.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeerAnswer {
    /// Rule 1b, with what was accepted before.
    Promised(Option<Proposal>),
    /// Rule 2b.
    Accepted,
    /// A no.
    Refused(Refusal),
    /// The learner has heard it.
    Learned,
}

/// Every node's address, and the connections to them.
pub struct Peers {
    http: reqwest::Client,
    nodes: HashMap<String, Peer>,
}

struct Peer {
    url: String,
    under_way: Semaphore,
}

impl Peers {
    /// The way to these nodes.
    ///
    /// # Errors
    /// When the HTTP client cannot be set up.
    pub fn new(peers: &[(String, SocketAddr)]) -> reqwest::Result<Peers> {
        let http = reqwest::Client::builder()
            .retry(reqwest::retry::never())
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(QUESTION_TIMEOUT)
            .tcp_nodelay(true)
            .build()?;
        let peer = |address: &SocketAddr| Peer {
            url: format!("http://{address}/peer"),
            under_way: Semaphore::new(UNDER_WAY_MAX),
        };
        Ok(Peers {
            http,
            nodes: peers
                .iter()
                .map(|(id, address)| (id.clone(), peer(address)))
                .collect(),
        })
    }

    async fn send(&self, node: &str, question: &PeerQuestion) -> Option<PeerAnswer> {
        let peer = self.nodes.get(node)?;
        let _permit = peer.under_way.try_acquire().ok()?;
        let answer = self.http.post(&peer.url).json(question).send().await.ok()?;
        answer.error_for_status().ok()?.json().await.ok()
    }
}

impl Transport for Peers {
    async fn ask(&self, node: &str, decree: &str, question: Question) -> Option<Answer> {
        let decree = decree.to_owned();
        let question = match question {
            Question::Prepare(ballot) => PeerQuestion::Prepare { decree, ballot },
            Question::Accept(proposal) => PeerQuestion::Accept { decree, proposal },
        };
        match (self.send(node, &question).await?, question) {
            (PeerAnswer::Promised(accepted), PeerQuestion::Prepare { .. }) => {
                Some(Answer::Promised(accepted))
            }
            (PeerAnswer::Accepted, PeerQuestion::Accept { .. }) => Some(Answer::Accepted),
            (PeerAnswer::Refused(refusal), _) => Some(Answer::Refused(refusal)),
            // An answer to something else is no answer.
            _ => None,
        }
    }

    async fn tell(&self, node: &str, decree: &str, value: &Value) {
        let question = PeerQuestion::Learn {
            decree: decree.to_owned(),
            value: value.clone(),
        };
        // Best effort: whoever does not hear it asks a majority.
        self.send(node, &question).await;
    }
}
