//! One client operation over HTTP: what its answer means.
//!
//! Rules are tried in their order, and the first that fits decides. What fits none is *info*: a wrong *fail*
//! would make the checker lie, and so would an *ok* whose value is missing.

use super::placed::placed;
use super::status::StatusSet;
use crate::untrusted::printable;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// An error text is cut to this many characters.
const ERROR_CHARS_MAX: usize = 300;

/// What an answer says about the operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
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
    status: StatusSet,
    conditions: BTreeMap<Pointer, Value>,
    outcome: Answer,
    value: Option<ResultPlace>,
    error: Option<Pointer>,
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
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    /// As JSON.
    #[default]
    Json,
    /// As text that is JSON in base64, with padding (RFC 4648, 4); what is not JSON is a text.
    Base64,
}

/// What is meant by a result that is not there.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Missing {
    /// The result is null.
    Null,
}

/// A result's place as it is written: a pointer alone, or a table.
#[derive(Deserialize)]
#[serde(untagged)]
enum RawPlace {
    Pointer(String),
    Table(RawResultPlace),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawResultPlace {
    at: String,
    #[serde(default)]
    encoding: Encoding,
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    status: StatusSet,
    #[serde(default, rename = "where")]
    conditions: BTreeMap<Pointer, Value>,
    outcome: Answer,
    value: Option<ResultPlace>,
    error: Option<Pointer>,
}

placed!(ResultPlace from RawPlace, "a JSON pointer, or a table with at, encoding and missing");

placed!(AnswerRule from RawRule, "a table");

impl TryFrom<RawRule> for AnswerRule {
    type Error = String;

    fn try_from(raw: RawRule) -> Result<Self, String> {
        let RawRule {
            status,
            conditions,
            outcome,
            value,
            error,
        } = raw;
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
            status,
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
    pub(super) fn judge(&self, status: u16, body: &[u8]) -> Judged {
        // An answer that is not JSON has no place to point to, and is judged by its status alone.
        let document: Option<Value> = serde_json::from_slice(body).ok();
        let at = |pointer: &Pointer| {
            document
                .as_ref()
                .and_then(|document| document.pointer(&pointer.0))
        };
        let fits = |rule: &&AnswerRule| {
            rule.status.contains(status)
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
            let excerpt = printable(&String::from_utf8_lossy(&body[..body.len().min(200)]), 120);
            return unknown(format!(
                "status {status} fits no answer of the descriptor: {excerpt}"
            ));
        };
        match (rule.outcome, &rule.value) {
            (Answer::Ok, None) => Judged {
                answer: Answer::Ok,
                value: None,
                error: None,
            },
            (Answer::Ok, Some(place)) => match place.read(document.as_ref()) {
                Ok(value) => Judged {
                    answer: Answer::Ok,
                    value: Some(value),
                    error: None,
                },
                Err(problem) => unknown(format!("status {status}, but {problem}")),
            },
            (answer, _) => {
                let error = match rule.error.as_ref().and_then(at) {
                    Some(Value::String(text)) => printable(text, ERROR_CHARS_MAX),
                    Some(other) => printable(&other.to_string(), ERROR_CHARS_MAX),
                    None => format!("status {status}"),
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
