//! A client's way to its node through a program of the user's own: JSON lines on its stdin and stdout, as
//! `docs/client-programs.md` says.
//!
//! What the program says is not trusted. Whatever is not an answer to the question (no JSON, another id, a line that is
//! too long, an exit, silence beyond the deadline) leaves the outcome unknown, and the program is killed and started anew
//! before the next operation.

use super::Outcome;
use super::exchange::Tap;
use anyhow::{Result, anyhow, bail};
use cluster::process::{LineError, Program, ProgramSpec, Unasked, words};
use cluster::system::{Answer, Judged};
use history::EventType;
use results::text::visible;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The version of the protocol, which the first line names.
const PROTOCOL: u32 = 1;
/// How long a program may take from its start to its first line: interpreters take their time on a busy machine.
const READY_MAX: Duration = Duration::from_secs(20);
/// How much longer than the deadline an answer is waited for, so that a program that keeps the time itself is not killed.
const GRACE: Duration = Duration::from_millis(250);
/// Ids are drawn, so that an answer is to the question and to no other; in every language such a number is a number.
const ID_MAX: u64 = 1 << 53;
/// How much of what a program wrote is shown.
const SHOWN_CHARS_MAX: usize = 200;

/// What is needed to start the program of one client.
#[derive(Debug, Clone)]
pub(super) struct ProgramOfClient {
    /// The program, then its arguments.
    pub argv: Vec<String>,
    /// Where it runs, and where its log is.
    pub dir: PathBuf,
    /// The zero of the run's clock.
    pub epoch: Instant,
    /// The client's number, from 0.
    pub number: u64,
    /// The node that it talks to.
    pub node: String,
    /// That node's address.
    pub ip: String,
    /// The workload's name, as the descriptor has it.
    pub workload: String,
    /// How long an operation may take.
    pub deadline: Duration,
}

/// The program, when it runs.
pub(super) struct ProgramConnection {
    of: ProgramOfClient,
    running: Option<Program>,
}

/// The first line to a program.
#[derive(Serialize)]
struct Greeting<'a> {
    protocol: u32,
    node: &'a str,
    ip: &'a str,
    client: u64,
    workload: &'a str,
    deadline_ms: u64,
}

/// Its first line to us.
#[derive(Deserialize)]
struct Ready {
    ready: bool,
}

/// Its answer to an operation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answered {
    id: u64,
    r#type: Answer,
    /// Null when it says so, nothing when it does not.
    #[serde(default, deserialize_with = "said")]
    value: Option<Value>,
    error: Option<String>,
}

fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl ProgramConnection {
    /// Nothing is started yet.
    pub fn new(of: ProgramOfClient) -> ProgramConnection {
        ProgramConnection { of, running: None }
    }

    /// Sees to it that the program runs and waits for an operation.
    ///
    /// # Errors
    /// When it cannot be started, or does not say that it is ready.
    pub async fn open(&mut self) -> Result<()> {
        if let Some(program) = &mut self.running
            && program.unasked().await == Unasked::Waits
        {
            return Ok(());
        }
        // One that has ended, or speaks unasked, is of no more use.
        self.close().await;
        let mut program = Program::start(&ProgramSpec {
            argv: self.of.argv.clone(),
            dir: &self.of.dir,
            log: &self.log(),
            epoch: self.of.epoch,
            name: &format!("client-{}", self.of.number),
        })
        .map_err(|error| anyhow!("run {}: {error}", self.of.argv[0]))?;
        match self.greet(&mut program).await {
            Ok(()) => {
                self.running = Some(program);
                Ok(())
            }
            Err(why) => {
                let exit = program.end().await;
                let mut told = format!("{why} ({})", words(exit.status));
                for line in &exit.stderr {
                    told.push_str(&format!("\n  | {line}"));
                }
                bail!("{told}\n  its stderr is in {}", self.log().display())
            }
        }
    }

    async fn greet(&self, program: &mut Program) -> Result<(), String> {
        let greeting = Greeting {
            protocol: PROTOCOL,
            node: &self.of.node,
            ip: &self.of.ip,
            client: self.of.number,
            workload: &self.of.workload,
            deadline_ms: u64::try_from(self.of.deadline.as_millis()).unwrap_or(u64::MAX),
        };
        let line = serde_json::to_string(&greeting).expect("a greeting is plain JSON");
        let exchange = async {
            // One that has ended already is heard of by its missing line.
            let _ = program.write_line(&line).await;
            program.read_line().await
        };
        let line = match tokio::time::timeout(READY_MAX, exchange).await {
            Ok(Ok(line)) => line,
            Ok(Err(LineError::End)) => return Err("it ended before it had said {\"ready\": true}".to_owned()),
            Ok(Err(error)) => return Err(error.to_string()),
            Err(_) => {
                return Err(format!(
                    "it did not say {{\"ready\": true}} within {READY_MAX:?}; does it flush its output?"
                ));
            }
        };
        match serde_json::from_slice(&line) {
            Ok(Ready { ready: true }) => Ok(()),
            _ => Err(format!(
                "its first line is not {{\"ready\": true}}: {}",
                excerpt(&line)
            )),
        }
    }

    /// Kills the program, if there is one.
    async fn close(&mut self) {
        if let Some(program) = self.running.take() {
            program.end().await;
        }
    }

    fn log(&self) -> PathBuf {
        self.of.dir.join(format!("{}.log", self.of.number))
    }

    /// Asks for one operation, once, of a program that runs.
    pub async fn ask(&mut self, f: &str, key: u64, argument: &Value, tap: &mut Tap) -> Outcome {
        let Some(program) = &mut self.running else {
            return Outcome::without(EventType::Fail, "the client program does not run".to_owned());
        };
        let id = rand::random_range(1..=ID_MAX);
        let line = json!({"id": id, "f": f, "key": key, "value": argument}).to_string();
        tap.sent(|| line.clone().into_bytes());
        let exchange = async {
            program.write_line(&line).await.map_err(LineError::Io)?;
            let line = program.read_line().await?;
            tap.received(|| line.clone());
            Ok(line)
        };
        let answered = match tokio::time::timeout(self.of.deadline + GRACE, exchange).await {
            Ok(Ok(line)) => understand(&line, id, argument),
            Ok(Err(LineError::End)) => Err("the client program ended during the operation".to_owned()),
            Ok(Err(error)) => Err(format!("the client program: {error}")),
            Err(_) => Err("the client program did not answer in time".to_owned()),
        };
        match answered {
            Ok(outcome) => outcome,
            Err(why) => {
                self.close().await;
                Outcome::without(EventType::Info, why)
            }
        }
    }
}

/// What an answer says of the operation with this id.
///
/// # Errors
/// When it is no answer to that.
fn understand(line: &[u8], id: u64, argument: &Value) -> Result<Outcome, String> {
    let answered: Answered = serde_json::from_slice(line).map_err(|error| {
        format!(
            "the client program answered what is no outcome ({error}): {}",
            excerpt(line)
        )
    })?;
    if answered.id != id {
        let other = answered.id;
        return Err(format!(
            "the client program answered operation {other} when it was asked for {id}"
        ));
    }
    match (answered.r#type, answered.value) {
        (Answer::Ok, None) if argument.is_null() => Err(
            "the client program said ok without a value, of an operation that was given none: nobody knows its result"
                .to_owned(),
        ),
        (answer, value) => Ok(Outcome::of(Judged {
            answer,
            value: value.filter(|_| answer == Answer::Ok),
            error: answered.error.map(|error| visible(&error, SHOWN_CHARS_MAX)),
        })),
    }
}

fn excerpt(line: &[u8]) -> String {
    let start = &line[..line.len().min(4 * SHOWN_CHARS_MAX)];
    visible(&String::from_utf8_lossy(start), SHOWN_CHARS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str, argument: Value) -> String {
        match understand(line.as_bytes(), 7, &argument) {
            Ok(outcome) => format!("{:?} {:?} {:?}", outcome.kind, outcome.value, outcome.error),
            Err(why) => why,
        }
    }

    #[test]
    fn an_answer_means_what_it_says() {
        assert_eq!(
            told(r#"{"id": 7, "type": "ok", "value": null}"#, Value::Null),
            "Ok Some(Null) None"
        );
        assert_eq!(told(r#"{"id": 7, "type": "ok"}"#, json!(3)), "Ok None None");
        assert_eq!(
            told(r#"{"id": 7, "type": "fail", "error": "read only"}"#, json!(3)),
            r#"Fail None Some("read only")"#
        );
        assert_eq!(told(r#"{"id": 7, "type": "info"}"#, json!(3)), "Info None None");
    }

    #[test]
    fn what_is_no_answer_to_the_question_is_not_taken_for_one() {
        for (line, words) in [
            ("", "no outcome"),
            ("Traceback (most recent call last):", "no outcome"),
            ("[]", "no outcome"),
            (r#"{"id": 7}"#, "missing field `type`"),
            (r#"{"id": "7", "type": "ok", "value": 1}"#, "no outcome"),
            (
                r#"{"id": 6, "type": "ok", "value": 1}"#,
                "answered operation 6 when it was asked for 7",
            ),
            (r#"{"id": 7, "type": "OK", "value": 1}"#, "unknown variant `OK`"),
            (r#"{"id": 7, "type": "ok"}"#, "without a value"),
            (r#"{"id": 7, "type": "ok", "value": 1} {"#, "no outcome"),
            (r#"{"id": 7, "type": "ok", "vlaue": 1}"#, "unknown field `vlaue`"),
        ] {
            assert!(
                told(line, Value::Null).contains(words),
                "{line}: {}",
                told(line, Value::Null)
            );
        }
        let escapes = told("\u{1b}[2J", Value::Null);
        assert!(!escapes.contains('\u{1b}'), "{escapes}");
        let deep = format!(r#"{{"id": 7, "type": "ok", "value": {}"#, "[".repeat(100_000));
        assert!(told(&deep, Value::Null).contains("no outcome"));
    }
}
