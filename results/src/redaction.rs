//! What is blacked out of the nodes' own words on the page, for whoever shows it to others: `--redact`.

use regex::Regex;
use std::borrow::Cow;

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

    /// A text without what it finds.
    pub fn apply<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match &self.0 {
            Some(regex) => regex.replace_all(text, regex::NoExpand(BLACK)),
            None => Cow::Borrowed(text),
        }
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
}
