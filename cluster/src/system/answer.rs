//! One client operation: what its answer means, which is a status and a body over HTTP, or a reply over RESP.
//!
//! Rules are tried in their order, and the first that fits decides. What fits none is *info*: a wrong *fail*
//! would make the checker lie, and so would an *ok* whose value is missing.

use super::placed::placed;
use super::reply::ReplySet;
use super::status::StatusSet;
use crate::resp::Reply;
use crate::untrusted::printable;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// An error text is cut to this many characters.
const ERROR_CHARS_MAX: usize = 300;

/// What an answer says about the operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// It happened.
    Ok,
    /// It certainly did not, and never will.
    Fail,
    /// Nobody knows.
    Info,
}

/// An answer and what it came with.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// What it says about the operation.
    pub answer: Answer,
    /// The result of an operation that happened, where the descriptor says that it has one.
    pub value: Option<Value>,
    /// Why it did not, or why nobody knows: at most a line, without control characters.
    pub error: Option<String>,
}

/// The rules of one operation, in their order.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Vec<AnswerRule>")]
pub struct AnswerRules(Vec<AnswerRule>);

impl JsonSchema for AnswerRules {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AnswerRules".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        <Vec<AnswerRule>>::json_schema(generator)
    }
}

impl TryFrom<Vec<AnswerRule>> for AnswerRules {
    type Error = &'static str;

    fn try_from(rules: Vec<AnswerRule>) -> Result<Self, &'static str> {
        if rules.iter().any(|rule| rule.outcome == Answer::Ok) {
            Ok(Self(rules))
        } else {
            Err("no answer has outcome \"ok\", so the operation could never succeed")
        }
    }
}

#[derive(Debug, Clone)]
struct AnswerRule {
    when: When,
    conditions: BTreeMap<Pointer, Value>,
    outcome: Answer,
    value: Option<ResultPlace>,
    error: Option<Pointer>,
}

/// Which answers a rule is about.
#[derive(Debug, Clone)]
enum When {
    Status(StatusSet),
    Reply(ReplySet),
}

/// How an operation is asked for, and so what can be said of its answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// Answers have a status.
    Http,
    /// Answers are replies.
    Resp,
}

/// Where the result of an operation stands in its answer, and how it is written there.
#[derive(Debug, Clone)]
struct ResultPlace {
    at: Pointer,
    encoding: Encoding,
    /// What it means that the answer has nothing there. When nothing is said, it means that nobody knows.
    missing: Option<Missing>,
}

/// How a result is written down.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    /// As JSON.
    #[default]
    Json,
    /// As text that is JSON in base64, with padding (RFC 4648, 4); what is not JSON is a text.
    Base64,
}

/// What is meant by a result that is not there.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Missing {
    /// The result is null.
    Null,
}

/// A result's place as it is written: a pointer alone, or a table.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "ResultPlace")]
enum RawPlace {
    Pointer(String),
    Table(RawResultPlace),
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ResultPlaceTable")]
struct RawResultPlace {
    /// A JSON pointer into the answer; "" is the whole of it.
    at: String,
    #[serde(default)]
    encoding: Encoding,
    /// What it means that the answer has nothing there. When nothing is said, it means that nobody knows.
    missing: Option<Missing>,
}

impl TryFrom<RawPlace> for ResultPlace {
    type Error = String;

    fn try_from(raw: RawPlace) -> Result<Self, String> {
        let (at, encoding, missing) = match raw {
            RawPlace::Pointer(at) => (at, Encoding::Json, None),
            RawPlace::Table(table) => (table.at, table.encoding, table.missing),
        };
        Ok(ResultPlace {
            at: Pointer::try_from(at)?,
            encoding,
            missing,
        })
    }
}

impl ResultPlace {
    /// The result in an answer.
    fn read(&self, document: Option<&Value>) -> Result<Value, String> {
        let there = document.and_then(|document| document.pointer(&self.at.0));
        match (there, self.encoding, self.missing) {
            (Some(value), Encoding::Json, _) => Ok(value.clone()),
            (Some(Value::String(text)), Encoding::Base64, _) => {
                let bytes = BASE64
                    .decode(text)
                    .map_err(|_| format!("{:?} is not base64", self.at.0))?;
                let text = String::from_utf8_lossy(&bytes);
                Ok(serde_json::from_str(&text).unwrap_or_else(|_| Value::from(text)))
            }
            (Some(_), Encoding::Base64, _) => Err(format!("{:?} is not a text in base64", self.at.0)),
            // Only an answer that could be read can be known to have nothing there.
            (None, _, Some(Missing::Null)) if document.is_some() => Ok(Value::Null),
            (None, ..) => Err(format!("the answer has no {:?}", self.at.0)),
        }
    }
}

/// What an answer means. The first that fits decides; what fits none is info.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AnswerRule")]
struct RawRule {
    /// Over HTTP: which statuses it is about.
    status: Option<StatusSet>,
    /// Over RESP: which replies it is about.
    reply: Option<ReplySet>,
    /// What the answer has to have besides: JSON pointers into it, and the values there.
    #[serde(default, rename = "where")]
    conditions: BTreeMap<Pointer, Value>,
    /// What it says about the operation.
    outcome: Answer,
    /// Where the result is: a JSON pointer, or a table.
    value: Option<ResultPlace>,
    /// Where the answer says why: a JSON pointer.
    error: Option<Pointer>,
}

placed!(ResultPlace from RawPlace, "a JSON pointer, or a table with at, encoding and missing");

placed!(AnswerRule from RawRule, "a table");

impl TryFrom<RawRule> for AnswerRule {
    type Error = String;

    fn try_from(raw: RawRule) -> Result<Self, String> {
        let RawRule {
            status,
            reply,
            conditions,
            outcome,
            value,
            error,
        } = raw;
        let when = match (status, reply) {
            (Some(status), None) => When::Status(status),
            (None, Some(reply)) => When::Reply(reply),
            (None, None) => {
                return Err(
                    "missing field `status`, or over RESP `reply`: which answers is it about?".to_owned(),
                );
            }
            (Some(_), Some(_)) => {
                return Err("it has a `status`, which is HTTP's, and a `reply`, which is RESP's".to_owned());
            }
        };
        if value.is_some() && outcome != Answer::Ok {
            return Err("only an answer with outcome \"ok\" has a value".to_owned());
        }
        if error.is_some() && outcome == Answer::Ok {
            return Err("an answer with outcome \"ok\" has no error".to_owned());
        }
        if let Some((pointer, _)) = conditions
            .iter()
            .find(|(_, value)| value.is_object() || value.is_array())
        {
            return Err(format!(
                "where {:?}: only text, numbers, true and false can be compared",
                pointer.0
            ));
        }
        Ok(AnswerRule {
            when,
            conditions,
            outcome,
            value,
            error,
        })
    }
}

/// A place in a JSON document (RFC 6901): "" is the whole of it, "/a/0" the first element of its member a.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Pointer(String);

placed!(Pointer from String, "a string");

impl TryFrom<String> for Pointer {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.is_empty() || text.starts_with('/') {
            Ok(Self(text))
        } else {
            Err(format!(
                "{text:?} is no JSON pointer; an example is \"/value\", and \"\" is the whole document"
            ))
        }
    }
}

impl AnswerRules {
    /// Whether all of them are about answers of this kind.
    ///
    /// # Errors
    /// Which is not.
    pub(super) fn check(&self, protocol: Protocol) -> Result<(), String> {
        let fits = |rule: &AnswerRule| match rule.when {
            When::Status(_) => protocol == Protocol::Http,
            When::Reply(_) => protocol == Protocol::Resp,
        };
        match (self.0.iter().position(|rule| !fits(rule)), protocol) {
            (None, _) => Ok(()),
            (Some(place), Protocol::Http) => Err(format!(
                "answers[{place}] has a `reply`, which is RESP's; over HTTP it is a `status`"
            )),
            (Some(place), Protocol::Resp) => Err(format!(
                "answers[{place}] has a `status`, which is HTTP's; over RESP it is a `reply`, such as \"+OK\""
            )),
        }
    }

    /// What an answer over HTTP means.
    pub(super) fn judge(&self, status: u16, body: &[u8]) -> Judged {
        // An answer that is not JSON has no place to point to, and is judged by its status alone.
        let document: Option<Value> = serde_json::from_slice(body).ok();
        let excerpt = || {
            let excerpt = printable(&String::from_utf8_lossy(&body[..body.len().min(200)]), 120);
            format!(": {excerpt}")
        };
        self.judge_document(
            |when| matches!(when, When::Status(set) if set.contains(status)),
            document.as_ref(),
            &format!("status {status}"),
            excerpt,
        )
    }

    /// What an answer over RESP means.
    pub(super) fn judge_reply(&self, reply: &Reply) -> Judged {
        self.judge_document(
            |when| matches!(when, When::Reply(set) if set.contains(reply)),
            Some(&reply.document()),
            &reply.shown(),
            String::new,
        )
    }

    /// What an answer means: the document in it, what it says besides in a few words, and an excerpt of the rest.
    fn judge_document(
        &self,
        is_about: impl Fn(&When) -> bool,
        document: Option<&Value>,
        said: &str,
        excerpt: impl Fn() -> String,
    ) -> Judged {
        let at = |pointer: &Pointer| document.and_then(|document| document.pointer(&pointer.0));
        let fits = |rule: &&AnswerRule| {
            is_about(&rule.when)
                && rule
                    .conditions
                    .iter()
                    .all(|(pointer, value)| at(pointer) == Some(value))
        };
        let unknown = |error: String| Judged {
            answer: Answer::Info,
            value: None,
            error: Some(error),
        };
        let Some(rule) = self.0.iter().find(fits) else {
            return unknown(format!("{said} fits no answer of the descriptor{}", excerpt()));
        };
        match (rule.outcome, &rule.value) {
            (Answer::Ok, None) => Judged {
                answer: Answer::Ok,
                value: None,
                error: None,
            },
            (Answer::Ok, Some(place)) => match place.read(document) {
                Ok(value) => Judged {
                    answer: Answer::Ok,
                    value: Some(value),
                    error: None,
                },
                Err(problem) => unknown(format!("{said}, but {problem}")),
            },
            (answer, _) => {
                let error = match rule.error.as_ref().and_then(at) {
                    Some(Value::String(text)) => printable(text, ERROR_CHARS_MAX),
                    Some(other) => printable(&other.to_string(), ERROR_CHARS_MAX),
                    None => said.to_owned(),
                };
                Judged {
                    answer,
                    value: None,
                    error: Some(error),
                }
            }
        }
    }
}
