//! `summary.md`: a run on one screen of Markdown, for a job's summary or a comment on a pull request.
//!
//! Verdict, the contradiction, what was broken meanwhile, the numbers, the command that does it again. What came
//! from the system under test is written as code, which no renderer interprets: no markup, no link, no mention of
//! anybody. Read next: [`mod@crate::annotation`] for the line beside the commit.

use crate::block::{between, call, claim, numbers, when};
use crate::document::{CoreRow, Outcome, Results, ViolationRow};
use crate::text::{command, count, line, visible};

/// A comment on GitHub ends at 65,536 characters.
pub const CHARS_MAX: usize = 60_000;
/// How many rows of a table or list are shown.
const ROWS_MAX: usize = 40;

/// The summary of several runs: how each came out, and then the whole of that which matters most, the first with a
/// violation or else the first that is not valid.
pub fn markdown_of(runs: &[(&Results, Option<&str>)]) -> String {
    if let [(results, directory)] = runs {
        return markdown(results, *directory);
    }
    let count_of = |outcome: Outcome| {
        runs.iter()
            .filter(|(results, _)| results.verdict == outcome)
            .count()
    };
    let told = [Outcome::Invalid, Outcome::Error, Outcome::Unknown, Outcome::Valid]
        .map(|outcome| (count_of(outcome), outcome.word().to_lowercase()));
    let told = told.iter().filter(|(count, _)| *count > 0);
    let sum: Vec<String> = told.map(|(count, word)| format!("{count} {word}")).collect();
    let row = |(results, directory): &(&Results, Option<&str>)| {
        let seed = results
            .run
            .as_ref()
            .map_or(String::new(), |run| run.seed.to_string());
        let place = directory.map_or(String::new(), |it| cell(&line(it)));
        let sentence = cell(&line(&results.reason.sentence));
        format!("| {seed} | {} | {sentence} | {place} |", results.verdict.word())
    };
    let mut table = vec![
        "| seed | verdict | | run |".to_owned(),
        "| --- | --- | --- | --- |".to_owned(),
    ];
    table.extend(runs.iter().take(ROWS_MAX).map(row));
    let mut sections = vec![
        format!(
            "### {}: {}",
            crate::text::counted(runs.len(), "run"),
            sum.join(", ")
        ),
        table.join("\n"),
    ];
    if let Some(more) = runs.len().checked_sub(ROWS_MAX).filter(|more| *more > 0) {
        sections.push(format!("{} more runs are in the store.", count(more)));
    }
    let first =
        |is_meant: &dyn Fn(Outcome) -> bool| runs.iter().find(|(results, _)| is_meant(results.verdict));
    let matters = first(&|it| it == Outcome::Invalid).or_else(|| first(&|it| it != Outcome::Valid));
    sections.extend(matters.map(|(results, directory)| markdown(results, *directory)));
    bounded(&sections)
}

/// The summary; `directory` is where the run is kept, if anywhere.
pub fn markdown(results: &Results, directory: Option<&str>) -> String {
    let mut sections = vec![format!(
        "### {} {}",
        results.verdict.word(),
        prose(&line(&results.reason.sentence))
    )];
    let found = results.violations.first();
    match (results.verdict, found) {
        (Outcome::Invalid, Some(violation)) => contradiction(results, violation, &mut sections),
        (Outcome::Unknown, _) => sections.push(missing(results)),
        _ => sections.extend(
            results
                .reason
                .detail
                .iter()
                .take(ROWS_MAX)
                .map(|it| prose(&line(it))),
        ),
    }
    sections.extend(results.remarks.iter().take(ROWS_MAX).map(|it| prose(&line(it))));
    let not_asked = crate::evidence::not_asked(&results.coverage.evidence);
    let numbers = numbers(results).into_iter().chain(not_asked);
    sections.push(list(numbers.map(|it| prose(&line(&it)))));
    sections.extend(results.replays.as_ref().map(|replays| prose(&replays.sentence())));
    if let Some(run) = &results.run {
        let again = format!("harness {}", visible(&command(&run.argv), 2000));
        sections.push(format!("Again:\n\n{}", fenced(&again)));
    }
    if let Some(directory) = directory {
        let report = format!("{}/report.html", line(directory));
        sections.push(format!("Report: {}", code(&report)));
    }
    bounded(&sections)
}

fn contradiction(results: &Results, violation: &ViolationRow, sections: &mut Vec<String>) {
    let digits = violation.digits();
    let row = |member: &CoreRow| {
        let node = member.node.as_ref().map_or("", String::as_str);
        format!(
            "| {} | {} | {} | {} | {} |",
            visible(&member.label, 10),
            member.client,
            cell(&visible(node, 40)),
            when(member, digits),
            cell(&call(member, &violation.nothing))
        )
    };
    let mut table = vec![
        "| | client | node | when | operation |".to_owned(),
        "| --- | --- | --- | --- | --- |".to_owned(),
    ];
    table.extend(violation.shown().iter().map(row));
    sections.push(table.join("\n"));
    sections.extend(violation.hidden());
    let reasons = violation.edges.iter().take(ROWS_MAX);
    let numbered = (1..).zip(reasons);
    let lines = numbered.map(|(number, edge)| format!("{number}. {}", prose(&line(&edge.sentence))));
    sections.push(lines.collect::<Vec<_>>().join("\n"));
    sections.extend(left_out(violation.edges.len(), "reasons"));
    sections.push(prose(&line(&claim(violation))));
    sections.extend(violation.shrink.caveat().map(|caveat| prose(&caveat)));
    let changes = between(results, violation);
    if let (Some(first), false) = (violation.core.first(), changes.is_empty()) {
        let shown = changes.iter().take(ROWS_MAX);
        let told = list(shown.map(|(after_ms, what)| format!("{after_ms:+.0} ms {}", prose(what))));
        sections.push(format!("After {} began:\n\n{told}", visible(&first.label, 10)));
        sections.extend(left_out(changes.len(), "changes"));
    }
}

/// What would have had to be tested.
fn missing(results: &Results) -> String {
    let unknown = results.unknown.as_ref();
    let far = unknown.iter().flat_map(|it| {
        let objects = it.objects.iter().map(|object| object.sentence());
        std::iter::once(it.sentence())
            .chain(objects)
            .chain(it.ways.iter().cloned())
    });
    let failed = results.coverage.evidence.iter().filter(|rule| !rule.ok);
    let rules = failed.take(ROWS_MAX).map(|rule| line(&rule.value));
    let last = results.reason.detail.last().map(|last| line(last));
    list(far.chain(rules).chain(last).map(|it| prose(&it)))
}

fn left_out(all: usize, what: &str) -> Option<String> {
    let more = all.checked_sub(ROWS_MAX).filter(|more| *more > 0)?;
    Some(format!("{} more {what} are in the report.", count(more)))
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.map(|it| format!("- {it}")).collect::<Vec<_>>().join("\n")
}

/// Sections with empty lines between them, as many as there is room for.
fn bounded(sections: &[String]) -> String {
    const CUT: &str = "The rest is in the report.";
    let mut text = String::new();
    let mut chars = 0;
    for section in sections.iter().filter(|section| !section.is_empty()) {
        chars += section.chars().count() + 2;
        if chars + CUT.len() > CHARS_MAX {
            text.push_str(CUT);
            text.push('\n');
            break;
        }
        text.push_str(section);
        text.push_str("\n\n");
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// Words of ours around a value that may be anything: as they are when no renderer could see more than words in
/// them, and as code otherwise. (Escapes would not do: mentions of people and links are found after those are gone.)
fn prose(text: &str) -> String {
    let is_word = |c: char| c.is_alphanumeric() || " .,;:()%'+-−→–┊…·±\"=/?".contains(c);
    let is_link = text.contains("://") || text.to_lowercase().contains("www.");
    match text.chars().all(is_word) && !is_link && !text.starts_with([' ', '+', '-', '=', ':']) {
        true => text.to_owned(),
        false => code(text),
    }
}

/// A text of one line as code, whatever is in it.
fn code(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let fence = "`".repeat(longest_run(text) + 1);
    // A renderer takes one space away at each end, if there is one at both.
    let air = match text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) {
        true => " ",
        false => "",
    };
    format!("{fence}{air}{text}{air}{fence}")
}

/// A text as code in a table, whose cells end at a bar even there.
fn cell(text: &str) -> String {
    code(text).replace('|', r"\|")
}

/// A text of one line as a block of code.
fn fenced(text: &str) -> String {
    let fence = "`".repeat((longest_run(text) + 1).max(3));
    format!("{fence}sh\n{text}\n{fence}")
}

/// How many backticks there are in a row at most.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_words_and_anything_else_is_code() {
        let plain = "Decree 147 was decided twice: first as 17, then as 42.";
        assert_eq!(prose(plain), plain);
        assert_eq!(prose("first as @you"), "`first as @you`");
        assert_eq!(prose("first as `x`"), "`` first as `x` ``");
        assert_eq!(prose("see https://x"), "`see https://x`");
        assert_eq!(prose("<b>"), "`<b>`");
        assert_eq!(cell("a|b"), r"`a\|b`");
    }

    #[test]
    fn what_has_no_room_is_left_out_and_said() {
        let text = bounded(&["a".repeat(CHARS_MAX - 100), "b".repeat(200)]);
        assert!(text.ends_with("\n\nThe rest is in the report.\n") && !text.contains('b'));
        assert!(text.chars().count() <= CHARS_MAX);
    }
}
