//! What is blacked out of what nodes and clients said, wherever a reader meets it: `--redact`.
//!
//! The verdict is found on what was said, and told without it: documents and the page are made of copies of the history
//! and of its analysis. Files that are the record itself (`history.jsonl`, `counterexample.jsonl`, the nodes' logs) keep it.

use crate::document::Results;
use checker::Analysis;
use history::{History, Note, Values};
use regex::Regex;
use serde_json::Value as Json;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// What stands in the place of what is blacked out.
const BLACK: &str = "███";

/// What is blacked out; nothing, unless somebody asks for it.
#[derive(Clone, Debug, Default)]
pub struct Redaction(Option<Regex>);

impl Redaction {
    /// Whatever a regular expression finds.
    ///
    /// # Errors
    /// What is wrong with the expression.
    pub fn of(expression: &str) -> Result<Redaction, String> {
        match Regex::new(expression) {
            Ok(regex) => Ok(Redaction(Some(regex))),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Everything: for whoever asked for something that nobody can make out.
    pub fn everything() -> Redaction {
        Redaction::of("(?s).+").unwrap_or_else(|_| unreachable!("it is an expression"))
    }

    /// Whether nobody asked for anything.
    pub fn is_nothing(&self) -> bool {
        self.0.is_none()
    }

    /// A text without what it finds.
    pub fn apply<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match &self.0 {
            Some(regex) => regex.replace_all(text, regex::NoExpand(BLACK)),
            None => Cow::Borrowed(text),
        }
    }
}

/// Fields of the document whose words are the harness's own, or names that others have to find again.
const KEPT: [&str; 12] = [
    "code", "label", "node", "f", "type", "kind", "from", "to", "order", "fails_at", "file", "limit",
];

impl Redaction {
    /// Blacks out the document, in every text that may quote somebody.
    pub(crate) fn results(&self, results: &mut Results) {
        if self.is_nothing() {
            return;
        }
        self.words(&mut results.reason.sentence);
        results.reason.detail.iter_mut().for_each(|it| self.words(it));
        results.remarks.iter_mut().for_each(|it| self.words(it));
        results
            .checks
            .iter_mut()
            .for_each(|check| self.words(&mut check.result));
        let rules = results.coverage.evidence.iter_mut();
        rules.for_each(|rule| self.words(&mut rule.value));
        let evidence = results.faults.iter_mut().flat_map(|fault| &mut fault.evidence);
        evidence.for_each(|it| self.words(it));
        self.part(&mut results.violations);
        self.part(&mut results.unknown);
    }

    /// The history as readers are to see it: values that are different stay different.
    pub(crate) fn history<'h>(&self, history: &'h History) -> Cow<'h, History> {
        if self.is_nothing() {
            return Cow::Borrowed(history);
        }
        let mut black = history.clone();
        black.values = self.values(&history.values);
        for error in black.errors.values_mut() {
            *error = self.apply(error).into();
        }
        for (_, note) in &mut black.notes {
            match note {
                Note::Fault(fault) => fault.evidence.iter_mut().for_each(|it| self.words(it)),
                Note::Exit { status, .. } => self.words(status),
                Note::Phase(_) | Note::Stop(_) => {}
            }
        }
        Cow::Owned(black)
    }

    /// What was found, as readers are to see it.
    pub(crate) fn analysis<'a>(&self, analysis: &'a Analysis) -> Cow<'a, Analysis> {
        if self.is_nothing() {
            return Cow::Borrowed(analysis);
        }
        let mut black = analysis.clone();
        for violation in &mut black.violations {
            self.words(&mut violation.sentence);
            violation.detail.iter_mut().for_each(|it| self.words(it));
            for reason in &mut violation.reasons {
                self.words(&mut reason.sentence);
                self.words(&mut reason.short);
            }
            let states = violation.frontier.iter_mut().flat_map(|it| &mut it.states);
            states.flatten().for_each(|it| self.words(it));
            let next = violation.frontier.iter_mut().flat_map(|it| &mut it.next);
            for order in violation.orders.iter_mut().chain(next) {
                self.words(&mut order.sentence);
                order.must.iter_mut().for_each(|it| self.words(it));
                order.was.iter_mut().for_each(|it| self.words(it));
            }
        }
        Cow::Owned(black)
    }

    fn words(&self, text: &mut String) {
        if let Cow::Owned(black) = self.apply(text) {
            *text = black;
        }
    }

    /// Blacks out a part of the document, field by field.
    fn part<T: serde::Serialize + serde::de::DeserializeOwned>(&self, part: &mut T) {
        let mut json = serde_json::to_value(&*part).expect("a document is JSON");
        self.json(&mut json);
        *part = serde_json::from_value(json).expect("its form is what it was");
    }

    fn json(&self, json: &mut Json) {
        match json {
            Json::String(text) => self.words(text),
            Json::Array(elements) => elements.iter_mut().for_each(|it| self.json(it)),
            Json::Object(fields) => fields
                .iter_mut()
                .filter(|(name, _)| !KEPT.contains(&name.as_str()))
                .for_each(|(_, field)| self.json(field)),
            Json::Null | Json::Bool(_) | Json::Number(_) => {}
        }
    }

    fn values(&self, values: &Values) -> Values {
        let mut blacks = Blacks {
            redaction: self,
            known: HashMap::new(),
            used: HashSet::new(),
        };
        values.rewritten(|json| blacks.of(json))
    }
}

/// What stands for texts of values: another black for another text.
struct Blacks<'r> {
    redaction: &'r Redaction,
    known: HashMap<String, String>,
    used: HashSet<String>,
}

impl Blacks<'_> {
    fn of(&mut self, json: &Json) -> Json {
        match json {
            Json::String(text) => self.text(text).into(),
            Json::Array(elements) => elements.iter().map(|it| self.of(it)).collect(),
            Json::Object(fields) => {
                let fields = fields.iter().map(|(name, it)| (self.text(name), self.of(it)));
                Json::Object(fields.collect())
            }
            other => other.clone(),
        }
    }

    fn text(&mut self, text: &str) -> String {
        let Cow::Owned(black) = self.redaction.apply(text) else {
            return text.to_owned();
        };
        if let Some(known) = self.known.get(text) {
            return known.clone();
        }
        let mut own = black.clone();
        if self.used.contains(&own) {
            own = format!("{black} {}", self.used.len() + 1);
        }
        self.used.insert(own.clone());
        self.known.insert(text.to_owned(), own.clone());
        own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_found_is_black_and_nothing_else() {
        let redaction = Redaction::of(r"token=\w+|\d+\.\d+\.\d+\.\d+").unwrap();
        assert_eq!(
            redaction.apply("login token=s3cret from 10.0.0.1 ok"),
            "login ███ from ███ ok"
        );
        assert_eq!(redaction.apply("nothing here"), "nothing here");
        assert_eq!(Redaction::default().apply("token=s3cret"), "token=s3cret");
        assert!(Redaction::of("(").unwrap_err().contains("unclosed group"));
    }

    #[test]
    fn values_that_are_different_stay_different_and_equal_ones_equal() {
        let mut values = Values::default();
        let mut of = |json: &str| values.parse(json).unwrap();
        let [one, other, list, plain] =
            ["\"pin 1\"", "\"pin 2\"", "[\"pin 2\",{\"pin 1\":3}]", "\"x\""].map(&mut of);
        let black = Redaction::of(r"pin \d").unwrap().values(&values);
        assert_eq!(black.json(one), "\"███\"");
        assert_eq!(black.json(other), "\"███ 2\"");
        assert_eq!(black.json(list), "[\"███ 2\",{\"███\":3}]");
        assert_eq!(black.json(plain), "\"x\"");
    }

    #[test]
    fn an_analysis_is_told_without_it_whatever_tells_it() {
        let lines = [
            (0, "invoke", "write", "\"pin 7\""),
            (0, "ok", "write", "\"pin 7\""),
            (0, "invoke", "read", "null"),
            (0, "ok", "read", "\"pin 9\""),
        ];
        let lines = (0..).zip(lines).map(|(index, (process, kind, f, value))| {
            format!(
                r#"{{"index":{index},"time":{index},"process":{process},"type":"{kind}","f":"{f}","key":"x","value":{value}}}"#
            ) + "\n"
        });
        let history = history::read_bytes(lines.collect::<String>().as_bytes()).unwrap();
        let analysis = checker::check(&history, checker::Model::CasRegister).unwrap();
        assert!(format!("{analysis:?}").contains("pin"), "it has something to say");
        let redaction = Redaction::of(r"pin \d").unwrap();
        let black = format!(
            "{:?} {:?}",
            redaction.analysis(&analysis),
            redaction.history(&history)
        );
        assert!(!black.contains("pin"), "{black}");
    }
}
