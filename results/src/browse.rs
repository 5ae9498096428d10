//! The pages of a store in a browser: the list of runs, one run and its files, two runs side by side, and the run in
//! progress.
//!
//! Each page is a function from what is known to HTML; who listens and who may read what is somebody else's affair.
//! The pages have the report's looks, work without JavaScript, and load nothing from elsewhere. What came from a
//! system under test is text, here as there.
//!
//! Read next: [`runs`] for the list, [`live`] for what is read from a history while it grows.

pub mod compare;
pub mod live;
pub mod run;
pub mod runs;

/// The style sheet of all pages: the report's, and what they have beside it.
pub const STYLE: &str = concat!(
    include_str!("../templates/colors.css"),
    include_str!("../templates/report.css"),
    include_str!("../templates/browse.css")
);
/// The script of all pages; each does without.
pub const SCRIPT: &str = concat!(
    include_str!("../templates/theme.js"),
    include_str!("../templates/browse.js")
);

use crate::document::Outcome;
use askama::Template;

/// A verdict as a word and the class of its colour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Badge {
    /// `VALID`, ..., or what there is instead of a verdict.
    pub word: &'static str,
    /// The class.
    pub class: &'static str,
}

impl Badge {
    /// The badge of a verdict; a run without one is in progress, or was killed.
    pub fn of(verdict: Option<Outcome>, is_in_progress: bool) -> Badge {
        let (word, class) = match verdict {
            _ if is_in_progress => ("RUNNING", "running"),
            Some(Outcome::Valid) => ("VALID", "valid"),
            Some(Outcome::Invalid) => ("INVALID", "invalid"),
            Some(Outcome::Unknown) => ("UNKNOWN", "unknown"),
            Some(Outcome::Error) => ("ERROR", "error"),
            None => ("NO VERDICT", "none"),
        };
        Badge { word, class }
    }
}

#[derive(Template)]
#[template(path = "problem.html")]
struct Problem {
    what: String,
}

/// A page that says what is the matter, on as many lines as it takes.
///
/// # Errors
/// When the template cannot be filled in, which is a defect.
pub fn problem(what: &str) -> Result<String, askama::Error> {
    let lines: Vec<String> = what.lines().map(|line| crate::text::visible(line, 300)).collect();
    Problem {
        what: lines.join("\n"),
    }
    .render()
}

#[cfg(test)]
mod tests {
    use super::STYLE;

    /// What a style asks for and does not have: a browser drops such a rule without a word.
    fn undefined(style: &str) -> Vec<&str> {
        let names = style.split("var(--").skip(1);
        let names = names.filter_map(|rest| rest.split([')', ',']).next());
        names
            .filter(|name| !style.contains(&format!("--{name}:")))
            .collect()
    }

    #[test]
    fn every_colour_of_the_pages_is_defined() {
        assert_eq!(undefined(STYLE), Vec::<&str>::new());
        assert_eq!(undefined("a { color: var(--ink) }"), ["ink"]);
    }
}
