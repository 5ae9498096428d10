//! One client operation over HTTP: what is asked.

use super::answer::{AnswerRules, Judged};
use super::placed::placed;
use super::steps::StepTemplates;
use super::template::{Template, UnknownVariable, Variable};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;
use std::collections::BTreeMap;

/// How one function of a workload is carried out: what to ask, and what the answer means.
#[derive(Debug, Clone)]
pub struct HttpOperation {
    method: Method,
    url: UrlTemplate,
    headers: BTreeMap<HeaderName, HeaderTemplate>,
    body: Option<RequestTemplate>,
    steps: Option<StepTemplates>,
    answers: AnswerRules,
}

/// What one operation is about.
#[derive(Debug, Clone, Copy)]
pub struct RequestVariables<'a> {
    /// `{node}`: the node that is asked.
    pub node: &'a str,
    /// `{ip}`: its address.
    pub ip: &'a str,
    /// `{key}`: which object. A JSON string in a body, percent-encoded in URL and headers.
    pub key: &'a str,
    /// `{value}`: the argument. JSON in a body, percent-encoded JSON in URL and headers. Of an argument that is a
    /// list of two, as a compare-and-set has, `{old}` is the first and `{new}` the second.
    pub value: &'a Value,
}

impl RequestVariables<'_> {
    /// A variable as it stands in a URL or a header: its text, not yet encoded.
    fn text(&self, variable: RequestVariable) -> String {
        match variable {
            RequestVariable::Node => self.node.to_owned(),
            RequestVariable::Ip => self.ip.to_owned(),
            RequestVariable::Key => self.key.to_owned(),
            RequestVariable::KeyBase64 => BASE64.encode(self.key),
            RequestVariable::Value | RequestVariable::Old | RequestVariable::New => {
                self.argument(variable).to_string()
            }
            // Whoever has the templates replaces it.
            RequestVariable::Steps => String::new(),
            RequestVariable::ValueBase64 | RequestVariable::OldBase64 | RequestVariable::NewBase64 => {
                BASE64.encode(self.argument(variable).to_string())
            }
        }
    }

    /// A variable as it stands in a JSON body.
    fn json(&self, variable: RequestVariable) -> String {
        match variable {
            RequestVariable::Key => Value::from(self.key).to_string(),
            _ => self.text(variable),
        }
    }

    /// The argument, or the part of it that a variable stands for.
    fn argument(&self, variable: RequestVariable) -> &Value {
        match variable {
            RequestVariable::Old | RequestVariable::OldBase64 => &self.value[0],
            RequestVariable::New | RequestVariable::NewBase64 => &self.value[1],
            _ => self.value,
        }
    }
}

/// A request, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// `GET`, `POST` and so on.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// What is sent, if anything.
    pub body: Option<String>,
}

impl HttpOperation {
    pub(super) fn new(
        method: Method,
        url: UrlTemplate,
        headers: BTreeMap<HeaderName, HeaderTemplate>,
        body: Option<RequestTemplate>,
        steps: Option<StepTemplates>,
        answers: AnswerRules,
    ) -> Result<HttpOperation, &'static str> {
        let in_headers = headers.values().flat_map(|header| header.0.variables());
        let in_body = body.iter().flat_map(|body| body.0.variables());
        let mut used = url.0.variables().chain(in_headers).chain(in_body);
        let uses_steps = used.any(|variable| variable == RequestVariable::Steps);
        drop(used);
        if uses_steps && steps.is_none() {
            return Err("{steps} is used, but `steps` does not say how a read and a write are asked for");
        }
        Ok(HttpOperation {
            method,
            url,
            headers,
            body,
            steps,
            answers,
        })
    }

    /// The request for these variables.
    pub fn request(&self, variables: &RequestVariables<'_>) -> HttpRequest {
        let text = |variable| match (variable, &self.steps) {
            (RequestVariable::Steps, Some(steps)) => steps.of(variables),
            _ => variables.text(variable),
        };
        // Where nodes are is no secret of theirs; everything else may have any character in it.
        let escaped = |variable| match variable {
            RequestVariable::Node | RequestVariable::Ip => variables.text(variable),
            _ => percent_encode(text(variable)),
        };
        let encoded =
            |template: &Template<RequestVariable>| template.fill_as(&escaped, &text, &percent_encode);
        let json = |variable| match variable {
            RequestVariable::Steps => text(variable),
            _ => variables.json(variable),
        };
        let body = self
            .body
            .as_ref()
            .map(|body| body.0.fill_as(&json, &text, &|base64| base64));
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| (name.0.clone(), encoded(&value.0)));
        HttpRequest {
            method: self.method.0.clone(),
            url: encoded(&self.url.0),
            headers: headers.collect(),
            body,
        }
    }

    /// What an answer means. Never panics, whatever the body is, and what it returns is bounded by the body.
    pub fn judge(&self, status: u16, body: &[u8]) -> Judged {
        self.judge_asked(status, body, &Value::Null)
    }

    /// The same for an operation with this argument, which the answer to a transaction repeats.
    pub fn judge_asked(&self, status: u16, body: &[u8], argument: &Value) -> Judged {
        self.answers.judge(status, body, argument)
    }

    /// Which of the descriptor's answers decides about this one, in words: `answers[1]: status 409, so fail`. `None` when
    /// none fits.
    pub fn deciding(&self, status: u16, body: &[u8]) -> Option<String> {
        self.answers.deciding(status, body)
    }

    /// Whether whatever is ok has a result of its own, and not only that it was done.
    pub fn tells(&self) -> bool {
        self.answers.tell()
    }
}

/// Keeps the unreserved characters of RFC 3986, 2.3.
fn percent_encode(text: String) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte))
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// Whether a URL can be asked, whatever its variables become.
pub(super) fn check_url<V: Variable>(url: &Template<V>) -> Result<(), String> {
    let example = url.fill(|_| "1".to_owned());
    if !example.starts_with("http://") {
        return Err("it does not start with http://, and nothing else is spoken".to_owned());
    }
    let parsed = reqwest::Url::parse(&example).map_err(|why| format!("it is no URL: {why}"))?;
    if parsed.username().is_empty() && parsed.password().is_none() {
        Ok(())
    } else {
        Err("it has a user in it; write an authorization header instead".to_owned())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RequestVariable {
    Node,
    Ip,
    Key,
    KeyBase64,
    Value,
    ValueBase64,
    Old,
    OldBase64,
    New,
    NewBase64,
    Steps,
}

impl Variable for RequestVariable {
    const ALL: &'static [(&'static str, Self)] = &[
        ("node", Self::Node),
        ("ip", Self::Ip),
        ("key", Self::Key),
        ("key_base64", Self::KeyBase64),
        ("value", Self::Value),
        ("value_base64", Self::ValueBase64),
        ("old", Self::Old),
        ("old_base64", Self::OldBase64),
        ("new", Self::New),
        ("new_base64", Self::NewBase64),
        ("steps", Self::Steps),
    ];
}

#[derive(Debug, Clone)]
pub(super) struct RequestTemplate(Template<RequestVariable>);

placed!(RequestTemplate from String, "a string");

impl RequestTemplate {
    /// The text with its variables as they are, not encoded in any way.
    pub(super) fn word(&self, variables: &RequestVariables<'_>) -> String {
        self.0.fill(|variable| variables.text(variable))
    }

    /// Whether the steps of a transaction are in it.
    pub(super) fn has_steps(&self) -> bool {
        self.0
            .variables()
            .any(|variable| variable == RequestVariable::Steps)
    }
}

impl TryFrom<String> for RequestTemplate {
    type Error = UnknownVariable;

    fn try_from(text: String) -> Result<Self, UnknownVariable> {
        Template::parse(&text).map(Self)
    }
}

#[derive(Debug, Clone)]
pub(super) struct UrlTemplate(Template<RequestVariable>);

placed!(UrlTemplate from String, "a string");

impl TryFrom<String> for UrlTemplate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let template = Template::parse(&text).map_err(|unknown| unknown.to_string())?;
        check_url(&template)?;
        Ok(Self(template))
    }
}

/// Whether a text can be a header's value, or a part of it.
pub(super) fn check_header(value: &str) -> Result<(), String> {
    match value.bytes().all(|b| matches!(b, b' '..=b'~')) {
        true => Ok(()),
        false => Err("a header's value is printable ASCII".to_owned()),
    }
}

#[derive(Debug, Clone)]
pub(super) struct HeaderTemplate(Template<RequestVariable>);

placed!(HeaderTemplate from String, "a string");

impl TryFrom<String> for HeaderTemplate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        check_header(&text)?;
        Template::parse(&text)
            .map(Self)
            .map_err(|unknown| unknown.to_string())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct HeaderName(pub String);

placed!(HeaderName from String, "a string");

impl TryFrom<String> for HeaderName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // token, RFC 9110, 5.6.2
        let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if text.is_empty() || !text.bytes().all(is_token) {
            return Err(format!(
                "{text:?} is no name of an HTTP header; an example is content-type"
            ));
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

const METHODS: [&str; 6] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];

#[derive(Debug, Clone)]
pub(super) struct Method(pub String);

placed!(Method from String, "a string");

impl Method {
    /// What is meant when nothing is said.
    pub(super) fn get() -> Method {
        Method("GET".to_owned())
    }
}

impl TryFrom<String> for Method {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if METHODS.contains(&text.as_str()) {
            Ok(Self(text))
        } else {
            Err(format!("{text:?} is no method; there are {}", METHODS.join(" ")))
        }
    }
}
