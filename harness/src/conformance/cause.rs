//! The most likely cause of what does not hold, and what to do about it: for those that can be known from what was sent and
//! received.
//!
//! These are words for people and nothing depends on them. Where nothing can be known, nothing is said.

mod encoding;

use super::oracle::Right;
use crate::client::Exchange;
use cluster::StartError;
use history::{Event, EventType};
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::SocketAddr;

/// How many places of an answer are looked at, and how deep.
const PLACES_MAX: usize = 1000;
const DEPTH_MAX: usize = 16;

/// An operation that did not come out as it should.
pub struct Trouble<'a> {
    /// How it ended.
    pub ended: &'a Event,
    /// How it should have.
    pub right: &'a Right,
    /// What went over the wire.
    pub exchange: &'a Exchange,
    /// Whether another node was asked before about the same object.
    pub is_elsewhere: bool,
    /// Whether a client program carried it out.
    pub is_program: bool,
    /// Where the node listens.
    pub listening: &'a BTreeSet<SocketAddr>,
}

/// Why a node did not start.
pub fn of_start(error: &StartError) -> Vec<String> {
    match error {
        StartError::Spawn { program, source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            vec![format!(
                "there is no program {program} here: install it, or name its file, in `command` of [node] or with --program"
            )]
        }
        StartError::Exited { .. } => vec![
            "its command ends by itself: what it says on stderr says why; the command can be typed by hand"
                .to_owned(),
        ],
        StartError::NotReady {
            asked,
            last_try,
            listening,
            ..
        } => {
            let is_unheard = ["refused", "reset"].iter().any(|word| last_try.contains(word));
            let address = asked.split_whitespace().rev().find_map(address_in);
            match address {
                Some(address) if is_unheard => vec![of_port(&address, listening, "[node.ready]")],
                _ if last_try.starts_with("status") => vec![
                    "it answers, and not as [node.ready] says: is the path of its `url` right? `status` says which \
                     statuses mean ready"
                        .to_owned(),
                ],
                _ if last_try.starts_with("no answer") => vec![
                    "it does not answer in time: `try_timeout_ms` of [node.ready] is how long one try may take, \
                     `timeout_ms` how long all of them. A text that is to be sent (`send`) is sent as it is, and most \
                     protocols of lines want \\r\\n at its end"
                        .to_owned(),
                ],
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

/// Why a client program does not begin, from what is said of that.
pub fn of_program_start(why: &str) -> Vec<String> {
    if why.contains("No such file") {
        return vec![
            "there is no such program here: install it, build it, or correct `client` of this workload"
                .to_owned(),
        ];
    }
    if why.contains("its first line is not") {
        return vec![
            "whatever the program prints on stdout is an answer; send everything else to stderr".to_owned(),
        ];
    }
    Vec::new()
}

/// The address in what was asked: a URL, or the address itself.
fn address_in(word: &str) -> Option<String> {
    if word.parse::<SocketAddr>().is_ok() {
        return Some(word.to_owned());
    }
    let url = reqwest::Url::parse(word).ok()?;
    Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))
}

/// Nobody listens where somebody asks.
fn of_port(address: &str, listening: &BTreeSet<SocketAddr>, place: &str) -> String {
    let port = address
        .rsplit(':')
        .next()
        .and_then(|port| port.parse::<u16>().ok());
    let same_port = |it: &&SocketAddr| Some(it.port()) == port;
    if listening.is_empty() {
        return format!("nothing listens at {address}, and the node listens at no TCP port at all");
    }
    let all: Vec<String> = listening.iter().map(SocketAddr::to_string).collect();
    if let Some(elsewhere) = listening
        .iter()
        .find(same_port)
        .filter(|it| it.ip().is_loopback())
    {
        return format!(
            "the node listens at {elsewhere}, where only itself can reach it: let it listen at {{ip}}, in `command` of [node]"
        );
    }
    if listening.iter().any(|it| Some(it.port()) == port) {
        return format!(
            "the node listens at {}, and nobody answers at {address}",
            all.join(", ")
        );
    }
    format!(
        "nothing listens at {address}; the node listens at {}: correct the port in {place}, or in `command` of [node]",
        all.join(", ")
    )
}

/// Why an operation did not come out as it should.
pub fn of_operation(trouble: &Trouble<'_>) -> Vec<String> {
    let Trouble { ended, exchange, .. } = trouble;
    if exchange.received.is_empty() {
        return of_silence(trouble);
    }
    if trouble.is_program {
        return of_program(trouble);
    }
    match (ended.kind, &exchange.rule) {
        (_, None) => of_unmatched(trouble),
        (EventType::Info, Some(rule)) if rule.contains(", so ok") => of_missing(trouble),
        (EventType::Ok, _) => of_value(trouble),
        (EventType::Info, Some(_)) if *trouble.right == Right::Fail => vec![
            "if such an answer means that it certainly did nothing and never will, its outcome is \"fail\""
                .to_owned(),
        ],
        _ => Vec::new(),
    }
}

fn of_silence(trouble: &Trouble<'_>) -> Vec<String> {
    let error = trouble.ended.error.as_deref().unwrap_or_default();
    let is_unheard = ["refused", "reset"].iter().any(|word| error.contains(word));
    match &trouble.exchange.address {
        Some(address) if is_unheard => {
            vec![of_port(address, trouble.listening, "the `url` or `port` of this function")]
        }
        Some(_) if error == "timed out" => {
            vec!["the node has not answered in time; --client-timeout says how long that is".to_owned()]
        }
        None if error.contains("in time") => vec![
            "the program has not answered in time: does it flush stdout after each line? --client-timeout says how long it may take"
                .to_owned(),
        ],
        None if error.contains("ended during") => {
            vec!["the program has ended: what it says on stderr says why".to_owned()]
        }
        _ => Vec::new(),
    }
}

fn of_program(trouble: &Trouble<'_>) -> Vec<String> {
    let error = trouble.ended.error.as_deref().unwrap_or_default();
    if error.contains("no outcome") && serde_json::from_slice::<Value>(&trouble.exchange.received).is_err() {
        return vec![
            "that is no JSON: whatever the program prints on stdout is an answer; send everything else to stderr".to_owned(),
        ];
    }
    if trouble.ended.kind == EventType::Ok {
        return of_value(trouble);
    }
    Vec::new()
}

/// No rule fits what came.
fn of_unmatched(trouble: &Trouble<'_>) -> Vec<String> {
    let received = String::from_utf8_lossy(&trouble.exchange.received);
    let Some(status) = status(&received) else {
        let reply = received.lines().next().unwrap_or_default();
        return vec![format!(
            "if the reply {:?} has a meaning, say it in `answers` of this function",
            results::text::visible(reply, 60)
        )];
    };
    let expects_nothing = matches!(trouble.right, Right::Ok(values) if values.contains(&Value::Null));
    let mut causes = Vec::new();
    match status {
        404 if expects_nothing => causes.push(
            "if 404 says that there is nothing: { status = 404, outcome = \"ok\", empty = true }; else correct the path in `url`"
                .to_owned(),
        ),
        404 => causes.push("the path in `url` is not known to the server: correct it".to_owned()),
        405 => causes.push("the server knows the path, and not with this `method`".to_owned()),
        400 | 415 | 422 => causes.push(
            "the server does not understand the request: compare `body` and `headers` (content-type) with what it expects"
                .to_owned(),
        ),
        401 | 403 => causes.push("the server wants to know who asks: say it in `headers`".to_owned()),
        300..=399 => causes.push(
            "redirects are not followed, for the other place may be another node: ask where it points to".to_owned(),
        ),
        500..=599 => causes.push("the server failed: see what it wrote to stderr".to_owned()),
        _ => {}
    }
    if *trouble.right == Right::Fail {
        causes.push(format!(
            "if {status} means that it certainly did nothing and never will: {{ status = {status}, outcome = \"fail\" }}"
        ));
    }
    if causes.is_empty() {
        causes.push(format!(
            "say in `answers` of this function what status {status} means"
        ));
    }
    causes
}

/// A rule says ok, and the value is not where it says.
fn of_missing(trouble: &Trouble<'_>) -> Vec<String> {
    let Some(document) = body(&trouble.exchange.received) else {
        return vec!["the body is no JSON, so there is no place in it to point to".to_owned()];
    };
    let Right::Ok(right) = trouble.right else {
        return Vec::new();
    };
    if let Some(cause) = elsewhere(&document, right, true) {
        return vec![cause];
    }
    match right.contains(&Value::Null) {
        true => vec![
            "if such an answer says that there is nothing: value = { at = .., missing = \"null\" }; else correct the pointer"
                .to_owned(),
        ],
        false => vec!["the pointer in `value` leads nowhere in this answer: correct it".to_owned()],
    }
}

/// It is ok, and with another value than it should be.
fn of_value(trouble: &Trouble<'_>) -> Vec<String> {
    let was = &trouble.ended.value;
    let right = match trouble.right {
        Right::Fail => {
            return vec![
                "it says ok of what cannot have been done: is an answer that refuses taken for one that agrees?".to_owned(),
            ];
        }
        Right::Ok(right) => right,
        _ => return Vec::new(),
    };
    if let Some(encoding) = encoding::of(was, right) {
        return vec![match trouble.is_program {
            true => format!(
                "it is {}: answer with the value that is in it",
                encoding::said(encoding)
            ),
            false => format!(
                "it is {}: say value = {{ at = .., encoding = {:?} }} in `answers`",
                encoding::said(encoding),
                encoding::name(encoding)
            ),
        }];
    }
    if let Value::Array(elements) = was
        && elements.iter().any(Value::is_object)
    {
        return vec![
            "it is a list of objects: say with `each` where in each of them the element stands".to_owned(),
        ];
    }
    let document = body(&trouble.exchange.received).filter(|_| !trouble.is_program);
    match document.and_then(|document| elsewhere(&document, right, false)) {
        Some(cause) => vec![cause],
        None if trouble.is_elsewhere => vec![
            "this node does not have what was done through another: do nodes know of each other ({peers} in `command` of \
             [node]), and does it ask them before it answers? A system of one node is looked at with --node-count 1"
                .to_owned(),
        ],
        None if was.is_null() => vec![
            "nothing is there: do all functions mean the same object by {key}, and does the answer say `empty` only when it is?"
                .to_owned(),
        ],
        None => Vec::new(),
    }
}

/// Where in a document what is expected stands, as it is or encoded; null is everywhere, and says something only where
/// nothing was found.
fn elsewhere(document: &Value, right: &[Value], null_counts: bool) -> Option<String> {
    let places = places(document);
    let as_it_is =
        |(_, value): &&(String, &Value)| (null_counts || !value.is_null()) && right.contains(value);
    if let Some((place, _)) = places.iter().find(as_it_is) {
        return Some(format!(
            "what is expected stands at {place:?}: say value = {place:?}"
        ));
    }
    places.iter().find_map(|(place, value)| {
        let encoding = encoding::of(value, right)?;
        Some(format!(
            "what is expected stands at {place:?}, and is {}: say value = {{ at = {place:?}, encoding = {:?} }}",
            encoding::said(encoding),
            encoding::name(encoding)
        ))
    })
}

/// The status in the first line of an answer over HTTP.
fn status(received: &str) -> Option<u16> {
    let rest = received.strip_prefix("HTTP/")?;
    rest.split(' ').nth(1)?.parse().ok()
}

/// The JSON document in the body of an answer over HTTP.
fn body(received: &[u8]) -> Option<Value> {
    let end = received.windows(2).position(|pair| pair == b"\n\n")?;
    serde_json::from_slice(received.get(end + 2..)?).ok()
}

/// Every place of a document, as a JSON pointer, with what stands there; not more than [`PLACES_MAX`].
fn places(document: &Value) -> Vec<(String, &Value)> {
    let mut found = vec![(String::new(), document)];
    let mut next = 0;
    while let Some((place, value)) = found.get(next).map(|(place, value)| (place.clone(), *value)) {
        next += 1;
        if found.len() >= PLACES_MAX || place.matches('/').count() >= DEPTH_MAX {
            break;
        }
        match value {
            Value::Object(members) => found.extend(members.iter().map(|(name, value)| {
                // RFC 6901, 3: these two have another form in a pointer.
                (
                    format!("{place}/{}", name.replace('~', "~0").replace('/', "~1")),
                    value,
                )
            })),
            Value::Array(elements) => {
                let numbered = elements.iter().enumerate();
                found.extend(numbered.map(|(number, value)| (format!("{place}/{number}"), value)));
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests;
