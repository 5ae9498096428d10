//! The membership: asked of one node, and changed by asking one node about another.
//!
//! Everything here is one question to one node, with a bounded time; an answer is believed as far as it goes, for a node that
//! is behind may list what was. Whom to ask, how often, and what follows from it is for others to say.

use super::{ClusterError, NodeState, Shared};
use crate::system::{HttpRequest, MemberChange, MemberRecipe, Named};
use crate::untrusted::printable;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How far joins are counted: as far as a port with two more digits at its end goes. Whoever has joined more often begins anew.
const JOINS_MAX: u32 = 100;
/// How much of a reason is shown, in characters.
const SHOWN_CHARS_MAX: usize = 120;

/// Why a question about the membership was not answered as it was meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MemberError {
    /// The descriptor does not say how it is asked.
    #[error("the descriptor does not say how members are taken out and in ([node.member])")]
    NotSaid,
    /// The node that was to be asked is not up, or there is no such node.
    #[error("{node} is {state}")]
    NotUp {
        /// Which.
        node: String,
        /// What it is.
        state: String,
    },
    /// It said something else, or nothing.
    #[error("{node} says: {why}")]
    Says {
        /// Which.
        node: String,
        /// What, fit for a line.
        why: String,
    },
}

impl Shared {
    /// Who are members, as one node has it: by name, with what the system calls each.
    pub(super) async fn members(&self, asked: usize) -> Result<BTreeMap<String, String>, MemberError> {
        let recipe = self.member_recipe()?;
        let nodes: Vec<Named<'_>> = (0..self.nodes.len()).map(|place| self.named(place)).collect();
        let request = recipe.list(self.named(asked));
        let (status, body) = self.ask(asked, &request, recipe).await?;
        let members = recipe.members(status, &body, &nodes);
        members.map_err(|why| self.says(asked, &why))
    }

    /// Asks one node to change the membership about another. That it says yes is not yet that it is so.
    pub(super) async fn change_members(
        &self,
        asked: usize,
        member: usize,
        change: MemberChange<'_>,
    ) -> Result<(), MemberError> {
        let recipe = self.member_recipe()?;
        let request = recipe.change(self.named(asked), self.named(member), change);
        let (status, body) = self.ask(asked, &request, recipe).await?;
        recipe.is_done(change, status).map_err(|why| {
            let said = String::from_utf8_lossy(&body[..body.len().min(SHOWN_CHARS_MAX)]).into_owned();
            self.says(asked, &format!("{why}: {said}"))
        })
    }

    /// A node that is down has never been started, and joins these members when it is.
    pub(super) async fn begin_anew(
        self: &Arc<Self>,
        place: usize,
        members: Vec<String>,
    ) -> Result<(), ClusterError> {
        let shared = Arc::clone(self);
        let joins = self
            .nodes
            .iter()
            .map(|node| (node.name.clone(), node.lock().joins));
        let joins: BTreeMap<String, u32> = joins.collect();
        let cleared = tokio::task::spawn_blocking(move || {
            shared.nodes[place].begin_anew(&shared.spec, &shared.network, &members, &joins)
        });
        cleared.await.expect("it does not panic, and nobody gives it up")
    }

    /// A node is about to join as a new member, and is not to be taken for the old one.
    pub(super) fn will_join(&self, place: usize) {
        let mut life = self.nodes[place].lock();
        life.joins = (life.joins + 1) % JOINS_MAX;
    }

    fn member_recipe(&self) -> Result<&MemberRecipe, MemberError> {
        self.spec.system.node.member.as_ref().ok_or(MemberError::NotSaid)
    }

    async fn ask(
        &self,
        place: usize,
        request: &HttpRequest,
        recipe: &MemberRecipe,
    ) -> Result<(u16, Vec<u8>), MemberError> {
        let node = &self.nodes[place];
        let state = node.lock().phase.state();
        if state != NodeState::Up {
            return Err(MemberError::NotUp {
                node: node.name.clone(),
                state: state.to_string(),
            });
        }
        let exchange = self.exchange(request, recipe.timeout).await;
        exchange.map_err(|why| self.says(place, &why))
    }

    fn says(&self, place: usize, why: &str) -> MemberError {
        MemberError::Says {
            node: self.nodes[place].name.clone(),
            why: printable(why, SHOWN_CHARS_MAX),
        }
    }

    /// A node as others name it. With proxies there would be as many addresses as there are others.
    fn named(&self, place: usize) -> Named<'_> {
        let node = &self.nodes[place];
        Named {
            node: &node.name,
            index: node.index,
            ip: self.network.ip(&node.name),
            joins: node.lock().joins,
        }
    }
}
