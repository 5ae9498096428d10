//! The page: what it says, in which order, for each verdict. The words are here, the markup in
//! `templates/report.html`.

mod believe;
mod glossary;
mod replays;
mod tables;
mod top;
mod undecided;
mod violation;

use super::operations::{Embedded, Surroundings, embed};
use super::piece::{Piece, heading};
use super::whole_run;
use super::whole_run::lanes::lanes;
use crate::coverage::Coverage;
use crate::document::{Outcome, Results};
use crate::text::{count, visible};
use askama::Template;
use believe::{Believe, believe};
use checker::Analysis;
use history::History;
use replays::{ReplaysView, replays};
use std::path::Path;
use tables::{CheckView, KindView, checker_note, checks, environment, files, folder, footer, kinds, numbers};
use top::{Fact, breadcrumb, command_lines, facts};
use undecided::{UndecidedView, undecided};
use violation::{ViolationView, core_letters, core_spans, span, violation_view};

/// How many violations are told in full; the rest are counted.
const VIOLATIONS_SHOWN: usize = 1;
/// How many more are named.
const VIOLATIONS_NAMED: usize = 12;

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    results: &'a Results,
    verdict_class: &'static str,
    verdict_word: &'static str,
    eyebrow: &'static str,
    breadcrumb: String,
    heading: Vec<Piece>,
    detail: Vec<String>,
    circumstances: Vec<String>,
    command: Vec<String>,
    command_line: String,
    replays: Option<ReplaysView>,
    facts: Vec<Fact>,
    violations: Vec<ViolationView>,
    others: Vec<(String, String)>,
    others_hidden: String,
    undecided: Option<UndecidedView>,
    believe: Option<Believe>,
    whole_run: whole_run::WholeRun,
    operations: Embedded,
    /// Without any there is no picture of the run, nothing was exercised, and nothing was checked.
    has_operations: bool,
    kinds: Vec<KindView>,
    numbers: Vec<(String, String)>,
    not_exercised: String,
    checks: Vec<CheckView>,
    checker_note: String,
    environment: Vec<(&'static str, String)>,
    files: Vec<(String, String)>,
    folder: String,
    glossary: Vec<glossary::Entry>,
    footer: String,
}

pub fn render(
    results: &Results,
    history: &History,
    analysis: Option<&Analysis>,
    coverage: &Coverage,
    directory: Option<&Path>,
) -> Result<String, askama::Error> {
    let empty = Vec::new();
    let found = analysis.map_or(&empty, |analysis| &analysis.violations);
    let shown = &found[..found.len().min(VIOLATIONS_SHOWN)];
    let spans: Vec<(u64, u64)> = shown
        .iter()
        .flat_map(|violation| core_spans(history, violation))
        .collect();
    let violations = shown
        .iter()
        .zip(&results.violations)
        .map(|(violation, row)| violation_view(history, coverage, violation, row, directory))
        .collect();
    let hidden = analysis
        .map_or(0, |analysis| analysis.keys.invalid)
        .saturating_sub(shown.len());
    let (verdict_class, eyebrow) = match results.verdict {
        Outcome::Valid => ("valid", "LINEARIZABLE"),
        Outcome::Invalid => ("invalid", "NOT LINEARIZABLE"),
        Outcome::Unknown => ("unknown", "NOT DECIDED"),
        Outcome::Error => ("error", "NO VERDICT"),
    };
    let lanes = lanes(history, coverage);
    let core = shown
        .iter()
        .zip(&results.violations)
        .flat_map(|(violation, row)| core_letters(violation, row))
        .collect::<Vec<_>>();
    let operations = embed(
        history,
        &Surroundings {
            lanes: &lanes,
            no_quorum: &coverage.no_quorum,
            on_and_off: &coverage.quorum_on_and_off,
            core: &core,
            violations: &found
                .iter()
                .map(|violation| span(history, violation))
                .collect::<Vec<_>>(),
        },
    );
    let page = Page {
        results,
        verdict_class,
        verdict_word: results.verdict.word(),
        eyebrow,
        breadcrumb: breadcrumb(results),
        heading: heading(results),
        detail: results
            .reason
            .detail
            .iter()
            .map(|line| visible(line, 600))
            .collect(),
        circumstances: results.circumstances(),
        command: results
            .run
            .iter()
            .flat_map(|run| command_lines(&run.argv))
            .collect(),
        command_line: results
            .run
            .as_ref()
            .map(|run| format!("harness {}", crate::text::command(&run.argv)))
            .unwrap_or_default(),
        replays: replays(results),
        facts: facts(results, history, analysis, coverage),
        violations,
        others: results
            .violations
            .iter()
            .skip(shown.len())
            .take(VIOLATIONS_NAMED)
            .map(|row| (format!("{:.3} s", row.window_s[0]), visible(&row.sentence, 200)))
            .collect(),
        others_hidden: match hidden.saturating_sub(VIOLATIONS_NAMED) {
            0 => String::new(),
            1 => "1 more violation is not named here.".to_owned(),
            more => format!("{} more violations are not named here.", count(more)),
        },
        undecided: analysis.and_then(|analysis| undecided(results, history, analysis)),
        believe: (found.is_empty() && analysis.is_some()).then(|| believe(results, history, coverage)),
        whole_run: whole_run::draw(history, coverage, &lanes, &spans),
        operations,
        has_operations: !history.operations.is_empty() || analysis.is_some(),
        kinds: kinds(coverage),
        numbers: numbers(coverage),
        not_exercised: coverage.not_exercised.join(", "),
        checks: checks(results),
        checker_note: analysis.map(checker_note).unwrap_or_default(),
        environment: environment(results),
        files: files(results, directory),
        folder: folder(results),
        glossary: glossary::glossary(results, history, coverage),
        footer: footer(results),
    };
    page.render()
}
