//! Asking nodes whether they are the primary.
//!
//! All are asked at once, each for a bounded time, and what they answer is believed as far as it goes: two may say yes, as
//! they do when one has not heard yet that it no longer is. What follows from it is for others to say.

use super::readiness::{command, innermost};
use super::{NodeState, Shared};
use crate::process::{Program, ProgramSpec, words};
use crate::resp;
use crate::system::{HttpRequest, PrimaryQuestion};
use crate::untrusted::printable;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// An answer's body is read up to here.
const BODY_BYTES_MAX: usize = 1 << 20;
/// How much of a reason is shown, in characters.
const SHOWN_CHARS_MAX: usize = 120;

/// What a node says to the question whether it is the primary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrimaryTold {
    /// Which node.
    pub node: String,
    /// That it is; or what it says instead, or why it says nothing, fit for a line.
    pub says: Result<(), String>,
}

impl Shared {
    /// Asks all nodes at once; in their order. Whoever stops waiting ends the asking.
    pub(super) async fn ask_for_primary(self: &Arc<Self>) -> Vec<PrimaryTold> {
        let mut asking = JoinSet::new();
        for place in 0..self.nodes.len() {
            let shared = Arc::clone(self);
            asking.spawn(async move { (place, shared.is_primary(place).await) });
        }
        let mut told = asking.join_all().await;
        told.sort_by_key(|(place, _)| *place);
        let told = told.into_iter().map(|(place, says)| PrimaryTold {
            node: self.nodes[place].name.clone(),
            says,
        });
        told.collect()
    }

    async fn is_primary(&self, place: usize) -> Result<(), String> {
        let node = &self.nodes[place];
        let (Some(question), Some(recipe)) = (&node.primary, &self.spec.system.node.primary) else {
            return Err("its descriptor does not say how it is asked".to_owned());
        };
        let state = node.lock().phase.state();
        if state != NodeState::Up {
            return Err(state.to_string());
        }
        let asking = async {
            match question {
                PrimaryQuestion::Http(request, yes) => {
                    let (status, body) = self.exchange(request, recipe.timeout).await?;
                    yes.is_said(status, &body)
                }
                PrimaryQuestion::Resp(address, words, yes) => {
                    let bytes = resp::command(words.iter().map(String::as_str));
                    let reply = command(*address, bytes).await.map_err(shown)?;
                    yes.is_said(&reply)
                }
                PrimaryQuestion::Program(argv) => {
                    let mut program = Program::start(&ProgramSpec {
                        argv: argv.clone(),
                        dir: &node.dir,
                        log: &node.dir.join("primary.log"),
                        epoch: self.spec.epoch,
                        name: &format!("{} primary?", node.name),
                    })
                    .map_err(|why| shown(format!("{}: {why}", argv[0])))?;
                    // When nobody waits any more it is killed.
                    let status = program.ended().await.status;
                    match status.success() {
                        true => Ok(()),
                        false => Err(words(status)),
                    }
                }
            }
        };
        let answer = tokio::time::timeout(recipe.timeout, asking).await;
        answer.unwrap_or_else(|_| Err(format!("no answer within {} ms", recipe.timeout.as_millis())))
    }

    pub(super) async fn exchange(
        &self,
        request: &HttpRequest,
        timeout: Duration,
    ) -> Result<(u16, Vec<u8>), String> {
        let method = reqwest::Method::from_bytes(request.method.as_bytes())
            .expect("the descriptor's methods were checked when it was read");
        let mut builder = self.prober.request(method, &request.url).timeout(timeout);
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        let failed = |error: reqwest::Error| shown(innermost(&error));
        let mut response = builder.send().await.map_err(failed)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > BODY_BYTES_MAX {
                return Err(format!("its answer is longer than {BODY_BYTES_MAX} bytes"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok((response.status().as_u16(), body))
    }
}

fn shown(why: impl std::fmt::Display) -> String {
    printable(&why.to_string(), SHOWN_CHARS_MAX)
}
