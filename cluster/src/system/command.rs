//! One client operation over RESP: what is asked.

use super::answer::{AnswerRules, Judged};
use super::operation::{RequestTemplate, RequestVariables};
use crate::resp::{self, Reply};
use serde_json::Value;

/// How one function of a workload is carried out: what to command, and what the reply means.
#[derive(Debug, Clone)]
pub struct RespOperation {
    /// The TCP port at which a node takes commands.
    pub port: u16,
    command: Vec<RequestTemplate>,
    answers: AnswerRules,
}

impl RespOperation {
    pub(super) fn new(
        port: u16,
        command: Vec<RequestTemplate>,
        answers: AnswerRules,
    ) -> Result<RespOperation, String> {
        if command.is_empty() {
            return Err("command is empty; it is a list, such as [\"GET\", \"{key}\"]".to_owned());
        }
        if command.iter().any(RequestTemplate::has_steps) {
            return Err("{steps} is used, which only a request over HTTP can have".to_owned());
        }
        if port == 0 {
            return Err("port is 0; a port is from 1 to 65535".to_owned());
        }
        Ok(RespOperation {
            port,
            command,
            answers,
        })
    }

    /// The command for these variables, as it is sent. A word is whatever its variables are, without any quoting: words
    /// are sent with their lengths.
    pub fn command(&self, variables: &RequestVariables<'_>) -> Vec<u8> {
        let words: Vec<String> = self
            .command
            .iter()
            .map(|template| template.word(variables))
            .collect();
        resp::command(words.iter().map(String::as_str))
    }

    /// What a reply means to an operation with this argument.
    pub fn judge(&self, reply: &Reply, argument: &Value) -> Judged {
        self.answers.judge_reply(reply, argument)
    }

    /// Which of the descriptor's answers decides about this reply, in words. `None` when none fits.
    pub fn deciding(&self, reply: &Reply) -> Option<String> {
        self.answers.deciding_reply(reply)
    }

    /// Whether whatever is ok has a result of its own, and not only that it was done.
    pub fn tells(&self) -> bool {
        self.answers.tell()
    }
}
