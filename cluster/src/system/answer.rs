//! One client operation: what its answer means, which is a status and a body over HTTP, or a reply over RESP.
//!
//! Rules are tried in their order, and the first that fits decides. What fits none is *info*: a wrong *fail*
//! would make the checker lie, and so would an *ok* whose value is missing.

use super::condition::{Conditions, Pointer};
use super::placed::placed;
use super::reply::ReplySet;
use super::status::StatusSet;
use crate::resp::Reply;
use crate::untrusted::printable;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// An error text is cut to this many characters.
const ERROR_CHARS_MAX: usize = 300;

/// What an answer says about the operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, serde::Deserialize)]
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
    conditions: Conditions,
    outcome: Answer,
    value: Option<ResultPlace>,
    /// Whether such an answer says that there was nothing: then the result is null.
    empty: bool,
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
    /// Where in each element of a list, when the result is a list of these.
    each: Option<Pointer>,
    encoding: Encoding,
    /// What it means that the answer has nothing there. When nothing is said, it means that nobody knows.
    missing: Option<Missing>,
}

/// How a result is written down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// As JSON.
    #[default]
    Json,
    /// As text that is JSON; what is not JSON is a text.
    Text,
    /// The same in base64, with padding (RFC 4648, 4).
    Base64,
}

/// What is meant by a result that is not there: null, or what the descriptor says.
#[derive(Debug, Clone, serde::Deserialize, JsonSchema)]
#[serde(try_from = "Value")]
struct Missing(Value);

impl TryFrom<Value> for Missing {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match value {
            Value::String(text) if text == "null" => Ok(Missing(Value::Null)),
            Value::Number(_) => Ok(Missing(value)),
            Value::Array(list) if list.is_empty() => Ok(Missing(Value::Array(list))),
            other => Err(format!(
                "{other} cannot stand for a result that is missing; \"null\", a number or [] can"
            )),
        }
    }
}

/// What stands for the number of a step, from 0, in the place of what a transaction was told.
const STEP: &str = "{step}";

/// A result's place as it is written: a pointer alone, or a table.
#[derive(JsonSchema)]
#[schemars(untagged, rename = "ResultPlace")]
enum RawPlace {
    Pointer(String),
    Table(RawResultPlace),
}

impl<'de> Deserialize<'de> for RawPlace {
    /// By what is there, so that an error is about that, and not about all that might have been there.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RawPlace, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = RawPlace;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON pointer, or a table")
            }

            fn visit_str<E: serde::de::Error>(self, pointer: &str) -> Result<RawPlace, E> {
                Ok(RawPlace::Pointer(pointer.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<RawPlace, A::Error> {
                RawResultPlace::deserialize(MapAccessDeserializer::new(table)).map(RawPlace::Table)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ResultPlaceTable")]
struct RawResultPlace {
    /// A JSON pointer into the answer; "" is the whole of it.
    at: String,
    each: Option<Pointer>,
    #[serde(default)]
    encoding: Encoding,
    /// What it means that the answer has nothing there. When nothing is said, it means that nobody knows.
    missing: Option<Missing>,
}

impl TryFrom<RawPlace> for ResultPlace {
    type Error = String;

    fn try_from(raw: RawPlace) -> Result<Self, String> {
        let table = match raw {
            RawPlace::Table(table) => table,
            RawPlace::Pointer(at) => RawResultPlace {
                at,
                each: None,
                encoding: Encoding::Json,
                missing: None,
            },
        };
        Ok(ResultPlace {
            at: Pointer::try_from(table.at)?,
            each: table.each,
            encoding: table.encoding,
            missing: table.missing,
        })
    }
}

impl ResultPlace {
    /// The result in an answer to this argument.
    fn read(&self, document: Option<&Value>, argument: &Value) -> Result<Value, String> {
        if self.at.0.contains(STEP) {
            return self.read_steps(document, argument);
        }
        self.read_at(document, &self.at.0)
    }

    /// A transaction with what its reads were told: the n-th step's stands at the place with n in it.
    fn read_steps(&self, document: Option<&Value>, argument: &Value) -> Result<Value, String> {
        let mut told = argument.clone();
        let steps = told
            .as_array_mut()
            .ok_or_else(|| format!("{:?} is about the steps of a transaction", self.at.0))?;
        for (number, step) in steps.iter_mut().enumerate() {
            if step[0] == "read" {
                let at = self.at.0.replace(STEP, &number.to_string());
                step[2] = self.read_at(document, &at)?;
            }
        }
        Ok(told)
    }

    fn read_at(&self, document: Option<&Value>, at: &str) -> Result<Value, String> {
        let there = document.and_then(|document| document.pointer(at));
        match (there, &self.each, &self.missing) {
            (Some(value), None, _) => self.encoding.decode(value, at),
            (Some(Value::Array(list)), Some(each), _) => {
                let decode = |element: &Value| match element.pointer(&each.0) {
                    Some(value) => self.encoding.decode(value, &format!("{at}/…{}", each.0)),
                    None => Err(format!("an element of {at:?} has no {:?}", each.0)),
                };
                list.iter().map(decode).collect()
            }
            (Some(_), Some(_), _) => Err(format!("{at:?} is not a list")),
            // Only an answer that could be read can be known to have nothing there.
            (None, _, Some(Missing(value))) if document.is_some() => Ok(value.clone()),
            (None, ..) => Err(format!("the answer has no {at:?}")),
        }
    }
}

impl Encoding {
    /// The value that is written so; `at` is where, for the words.
    ///
    /// # Errors
    /// What is wrong with what is written there, in words.
    pub fn decode(self, written: &Value, at: &str) -> Result<Value, String> {
        let parsed = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
        match (self, written) {
            (Encoding::Json, value) => Ok(value.clone()),
            (Encoding::Text, Value::String(text)) => Ok(parsed(text)),
            (Encoding::Text, _) => Err(format!("{at:?} is not a text")),
            (Encoding::Base64, Value::String(text)) => {
                let bytes = BASE64.decode(text).map_err(|_| format!("{at:?} is not base64"))?;
                Ok(parsed(&String::from_utf8_lossy(&bytes)))
            }
            (Encoding::Base64, _) => Err(format!("{at:?} is not a text in base64")),
        }
    }
}

/// What an answer means. The first that fits decides; what fits none is info.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "AnswerRule")]
struct RawRule {
    /// Over HTTP: which statuses it is about.
    status: Option<StatusSet>,
    /// Over RESP: which replies it is about.
    reply: Option<ReplySet>,
    /// What the answer has to have besides: JSON pointers into it, and the values there; or { same_as = "/other" }.
    #[serde(default, rename = "where")]
    conditions: BTreeMap<Pointer, Value>,
    /// What it says about the operation.
    outcome: Answer,
    /// Where the result is: a JSON pointer, or a table.
    value: Option<ResultPlace>,
    /// Whether such an answer says that there was nothing: a result of null.
    #[serde(default)]
    empty: bool,
    /// Where the answer says why: a JSON pointer.
    error: Option<Pointer>,
}

placed!(ResultPlace from RawPlace, "a JSON pointer, or a table with at, each, encoding and missing");

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
            empty,
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
        if (value.is_some() || empty) && outcome != Answer::Ok {
            return Err("only an answer with outcome \"ok\" has a value".to_owned());
        }
        if value.is_some() && empty {
            return Err("an answer that is empty has no value".to_owned());
        }
        if error.is_some() && outcome == Answer::Ok {
            return Err("an answer with outcome \"ok\" has no error".to_owned());
        }
        let conditions = Conditions::try_from(conditions)?;
        Ok(AnswerRule {
            when,
            conditions,
            outcome,
            value,
            empty,
            error,
        })
    }
}

impl AnswerRules {
    /// Whether whatever is ok has a result of its own, and not only that it was done.
    pub(super) fn tell(&self) -> bool {
        let mut ok = self.0.iter().filter(|rule| rule.outcome == Answer::Ok);
        ok.all(|rule| rule.value.is_some() || rule.empty)
    }

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

    /// Which rule decides about an answer over HTTP, in words; `None` when none fits.
    pub(super) fn deciding(&self, status: u16, body: &[u8]) -> Option<String> {
        let document: Option<Value> = serde_json::from_slice(body).ok();
        let is_about = |when: &When| matches!(when, When::Status(set) if set.contains(status));
        self.said(self.first(is_about, document.as_ref())?)
    }

    /// The same about a reply over RESP.
    pub(super) fn deciding_reply(&self, reply: &Reply) -> Option<String> {
        let is_about = |when: &When| matches!(when, When::Reply(set) if set.contains(reply));
        self.said(self.first(is_about, Some(&reply.document()))?)
    }

    /// The rule with this number, from 0, in words: `answers[1]: status 409, so outcome "fail"`.
    fn said(&self, number: usize) -> Option<String> {
        let rule = self.0.get(number)?;
        let when = match &rule.when {
            When::Status(set) => format!("status {set}"),
            When::Reply(set) => format!("reply {set}"),
        };
        let conditions = match rule.conditions.is_empty() {
            true => String::new(),
            false => format!(" where {}", rule.conditions),
        };
        let outcome = match rule.outcome {
            Answer::Ok => "ok",
            Answer::Fail => "fail",
            Answer::Info => "info",
        };
        let place = match &rule.value {
            Some(place) => format!(" with the value at {:?}", place.at.0),
            None if rule.empty => " and empty".to_owned(),
            None => String::new(),
        };
        Some(format!(
            "answers[{number}]: {when}{conditions}, so {outcome}{place}"
        ))
    }

    /// The number of the first rule that fits.
    fn first(&self, is_about: impl Fn(&When) -> bool, document: Option<&Value>) -> Option<usize> {
        self.0
            .iter()
            .position(|rule| is_about(&rule.when) && rule.conditions.hold(document))
    }

    /// What an answer over HTTP means.
    pub(super) fn judge(&self, status: u16, body: &[u8], argument: &Value) -> Judged {
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
            argument,
        )
    }

    /// What an answer over RESP means.
    pub(super) fn judge_reply(&self, reply: &Reply, argument: &Value) -> Judged {
        self.judge_document(
            |when| matches!(when, When::Reply(set) if set.contains(reply)),
            Some(&reply.document()),
            &reply.shown(),
            String::new,
            argument,
        )
    }

    /// What an answer means: the document in it, what it says besides in a few words, and an excerpt of the rest.
    fn judge_document(
        &self,
        is_about: impl Fn(&When) -> bool,
        document: Option<&Value>,
        said: &str,
        excerpt: impl Fn() -> String,
        argument: &Value,
    ) -> Judged {
        let at = |pointer: &Pointer| document.and_then(|document| document.pointer(&pointer.0));
        let unknown = |error: String| Judged {
            answer: Answer::Info,
            value: None,
            error: Some(error),
        };
        let Some(rule) = self.first(is_about, document).map(|number| &self.0[number]) else {
            return unknown(format!("{said} fits no answer of the descriptor{}", excerpt()));
        };
        match (rule.outcome, &rule.value) {
            (Answer::Ok, None) => Judged {
                answer: Answer::Ok,
                value: rule.empty.then_some(Value::Null),
                error: None,
            },
            (Answer::Ok, Some(place)) => match place.read(document, argument) {
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
