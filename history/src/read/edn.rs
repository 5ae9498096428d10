//! Histories in EDN: maps of `:process`, `:type`, `:f`, `:value`, one after the other or all in one vector or list.
//!
//! The syntax is clojure-reader's business. Before it is asked, [`extent`] finds where each top-level form ends: so a file of
//! any size is read form by form and never kept, what is nested too deep is refused, and every error has its line.

pub mod extent;
pub mod value;

use super::jepsen::{Event, Independent, Operations};
use super::{Problem, ReadError, Reader, plain};
use crate::{EventType, History};
use clojure_reader::edn::{self, Edn};
use clojure_reader::error::Code;
use extent::Extent;
use serde_json::Value as Json;
use std::borrow::Cow;

/// A history as far as it has been read.
pub struct Forms {
    operations: Operations,
    /// How many ends of lines have been passed.
    lines: usize,
    /// The bracket that closes the vector or list around all operations, while it is open.
    closing: Option<u8>,
    /// Whether the vector or list was closed: nothing may follow.
    is_closed: bool,
    /// Whether there was any operation outside a vector or list.
    is_open: bool,
}

impl Forms {
    /// For a file of so many bytes.
    pub fn new(bytes: usize, independent: Independent) -> Forms {
        Forms {
            operations: Operations::new(bytes, independent),
            lines: 0,
            closing: None,
            is_closed: false,
            is_open: false,
        }
    }

    fn forms(&mut self, bytes: &[u8], is_last: bool) -> Result<usize, ReadError> {
        let mut taken = 0;
        loop {
            let blank = extent::blank(&bytes[taken..], is_last);
            self.pass(&bytes[taken..taken + blank]);
            taken += blank;
            let rest = &bytes[taken..];
            let line = self.lines + 1;
            match rest.first() {
                None => return Ok(taken),
                // A comment whose end is not here yet.
                Some(b';') => return Ok(taken),
                Some(bracket) if self.closing == Some(*bracket) => {
                    (self.closing, self.is_closed) = (None, true);
                    taken += 1;
                }
                Some(_) if self.is_closed => {
                    let text = "something follows the end of the vector; a file has one history";
                    return Err(Problem::syntax(rest, text).at(line));
                }
                Some(bracket @ (b'[' | b'(')) if self.closing.is_none() && !self.is_open => {
                    self.closing = Some(if *bracket == b'[' { b']' } else { b')' });
                    taken += 1;
                }
                Some(_) => {
                    let Some(extent) = Extent::of(rest, is_last)
                        .map_err(|fault| fault.problem(rest).at(line + fault.lines_before(rest)))?
                    else {
                        return Ok(taken);
                    };
                    let form = &rest[..extent.length];
                    if !extent.is_discarded {
                        self.is_open |= self.closing.is_none();
                        self.form(form, line)?;
                    }
                    self.pass(form);
                    taken += extent.length;
                }
            }
        }
    }

    fn form(&mut self, form: &[u8], line: usize) -> Result<(), ReadError> {
        let text = std::str::from_utf8(form).map_err(|_| Problem::syntax(form, "is not UTF-8").at(line))?;
        let (form, _) = edn::read(text).map_err(|error| {
            let before = &text[..place(&error, text)];
            describe(&error, text).at(line + before.matches('\n').count())
        })?;
        let event = event(&form).map_err(|why| Problem::syntax(text.as_bytes(), why).at(line))?;
        self.operations
            .event(event, line)
            .map_err(|problem| problem.at(line))
    }

    fn pass(&mut self, bytes: &[u8]) {
        self.lines += memchr::memchr_iter(b'\n', bytes).count();
    }
}

impl Reader for Forms {
    fn take(&mut self, bytes: &[u8]) -> Result<usize, ReadError> {
        self.forms(bytes, false)
    }

    fn finish(mut self: Box<Self>, rest: &[u8]) -> Result<History, ReadError> {
        let taken = self.forms(rest, true)?;
        let cut = |what: &str| Problem::meaning(format!("the file ends inside {what}; was it copied whole?"));
        if taken < rest.len() {
            return Err(cut("the form that begins here").at(self.lines + 1));
        }
        if self.closing.is_some() {
            return Err(cut("the vector of operations, which is never closed").at(self.lines + 1));
        }
        Ok(self.operations.finish())
    }
}

/// A value alone, as it stands in a log.
pub fn alone(text: &str) -> Result<Json, Problem> {
    let whole = Extent::of(text.as_bytes(), true).map_err(|fault| fault.problem(text.as_bytes()))?;
    if whole.is_none_or(|extent| extent.length != text.trim_end().len() || extent.is_discarded) {
        return Err(Problem::syntax(text.as_bytes(), "is not one EDN value"));
    }
    let (form, _) = edn::read(text).map_err(|error| describe(&error, text))?;
    Ok(value::json(&form))
}

/// The event of a map.
fn event<'a>(form: &'a Edn<'a>) -> Result<Event<'a>, String> {
    const EXAMPLE: &str = "an operation is a map such as {:process 0, :type :invoke, :f :read, :value nil}";
    let mut form = form;
    while let Edn::Tagged(_, inner) = form {
        form = inner;
    }
    let Edn::Map(fields) = form else {
        return Err(format!("is not an operation; {EXAMPLE}"));
    };
    let (mut process, mut kind, mut f) = (None, None, None);
    let (mut key, mut value, mut error, mut time) = (None, Json::Null, None, 0);
    for (name, field) in fields {
        let Edn::Key(name) = name else { continue };
        match &**name {
            "process" => process = Some(process_of(field)?),
            "type" => kind = Some(kind_of(field)?),
            "f" => f = Some(value::text(field)),
            "key" => key = Some(value::json(field)),
            "value" => value = value::json(field),
            "error" if *field != Edn::Nil => error = Some(value::text(field)),
            "time" => time = time_of(field)?,
            _ => {}
        }
    }
    let missing = |name: &str| format!("has no {name}; {EXAMPLE}");
    Ok(Event {
        process: process.ok_or_else(|| missing(":process"))?,
        kind: kind.ok_or_else(|| missing(":type"))?,
        f: f.ok_or_else(|| missing(":f"))?,
        key,
        value,
        error,
        time,
    })
}

fn process_of<'a>(field: &'a Edn<'a>) -> Result<Result<u64, Cow<'a, str>>, String> {
    match field {
        Edn::Int(number) => match u64::try_from(*number) {
            Ok(number) => Ok(Ok(number)),
            Err(_) => Err(format!("has the process {number}; a client has a number from 0")),
        },
        Edn::Key(name) | Edn::Symbol(name) | Edn::Str(name) => Ok(Err(Cow::Borrowed(name))),
        _ => Err("has a process that is neither a number nor a keyword such as :nemesis".to_owned()),
    }
}

fn kind_of(field: &Edn<'_>) -> Result<EventType, String> {
    let name = match field {
        Edn::Key(name) | Edn::Symbol(name) | Edn::Str(name) => &**name,
        _ => "",
    };
    kind_named(name).ok_or_else(|| "has a type that is none of :invoke, :ok, :fail, :info".to_owned())
}

/// The kind of event with this name.
pub fn kind_named(name: &str) -> Option<EventType> {
    Some(match name {
        "invoke" => EventType::Invoke,
        "ok" => EventType::Ok,
        "fail" => EventType::Fail,
        "info" => EventType::Info,
        _ => return None,
    })
}

fn time_of(field: &Edn<'_>) -> Result<u64, String> {
    match field {
        Edn::Int(number) if *number >= 0 => Ok(*number as u64),
        Edn::Nil => Ok(0),
        _ => Err("has a time that is not a whole number of nanoseconds from 0".to_owned()),
    }
}

/// What the syntax error is, and where in its line.
fn describe(error: &clojure_reader::error::Error, text: &str) -> Problem {
    let what = match &error.code {
        Code::HashMapDuplicateKey => "a map has the same key twice".to_owned(),
        Code::SetDuplicateKey => "a set has the same member twice".to_owned(),
        Code::InvalidChar => "a character is not one".to_owned(),
        Code::InvalidEscape => r#"a string has an escape other than \t \r \n \\ \""#.to_owned(),
        Code::InvalidKeyword => "a keyword has no name".to_owned(),
        Code::InvalidNumber | Code::InvalidRadix(_) => {
            "a number is not one, has more than 64 bits, or has the suffix N or M".to_owned()
        }
        Code::InvalidTag => "a tag is not one that EDN allows".to_owned(),
        Code::UnexpectedEOF => "a map has a key without a value, or something is not closed".to_owned(),
        Code::UnmatchedDelimiter(bracket) => format!("a `{bracket}` closes nothing that is open"),
        other => plain(&format!("{other:?}")),
    };
    let begins = text[..place(error, text)].rfind('\n').map_or(0, |end| end + 1);
    let column = text[begins..place(error, text)].chars().count() + 1;
    let line = text[begins..].lines().next().unwrap_or_default();
    Problem::syntax(line.as_bytes(), format!("is not EDN: {what} (column {column})"))
}

/// At which byte the error is.
fn place(error: &clojure_reader::error::Error, text: &str) -> usize {
    text.floor_char_boundary(error.ptr.unwrap_or(0))
}
