//! The line that makes a CI server show a violation beside the commit: a workflow command of GitHub Actions,
//! `::error title=INVALID paxos decree::Decree 147 was decided twice: first as 17, then as 42.`
//!
//! One run is one annotation at most, because GitHub shows ten of a step. What else there is to say is in the
//! summary; see [`mod@crate::markdown`].

use crate::document::{Outcome, Results};
use crate::text::{line, visible};

/// The annotation of an invalid run, without a newline; none for any other verdict.
///
/// Escaping is that of GitHub's own toolkit: a percent sign, and what would end the line or the property.
pub fn annotation(results: &Results) -> Option<String> {
    if results.verdict != Outcome::Invalid {
        return None;
    }
    let title = match &results.run {
        Some(run) => format!(
            "{} {} {}",
            results.verdict.word(),
            visible(&run.system, 60),
            visible(&run.workload, 60)
        ),
        None => results.verdict.word().to_owned(),
    };
    let title = data(&title).replace(':', "%3A").replace(',', "%2C");
    Some(format!(
        "::error title={title}::{}",
        data(&line(&results.reason.sentence))
    ))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;
    use history::History;

    #[test]
    fn a_sentence_cannot_give_another_command() {
        let sentence = "First as a%0A::error::b\n::warning::c".to_owned();
        let mut results = Results::error(None, &History::default(), sentence, vec![]);
        assert_eq!(annotation(&results), None, "only a violation is annotated");
        results.verdict = Outcome::Invalid;
        assert_eq!(
            annotation(&results).unwrap(),
            "::error title=INVALID::First as a%250A::error::b\\u{a}::warning::c"
        );
    }
}
