//! The page: what it says, in which order, for each verdict. The words are here, the markup in
//! `templates/report.html`.

mod believe;
mod between;
mod glossary;
mod replays;
mod shapes;
mod tables;
mod top;
mod undecided;
mod violation;

use super::drawn::DrawnCore;
use super::operations::{Contradiction, Embedded, Surroundings, embed, link_to_violation};
use super::piece::{Piece, heading};
use super::whole_run;
use super::whole_run::lanes::lanes;
use crate::coverage::Coverage;
use crate::document::{Outcome, Results};
use crate::redaction::Redaction;
use crate::run_info::RunInfo;
use crate::text::{count, counted, visible};
use askama::Template;
use believe::{Believe, believe};
use checker::Analysis;
use history::History;
use replays::{ReplaysView, replays};
use shapes::Shapes;
use std::borrow::Cow;
use std::path::Path;
use tables::{CheckView, KindView, checker_note, checks, environment, files, folder, footer, kinds, numbers};
use top::{Fact, breadcrumb, command_lines, facts};
use undecided::{UndecidedView, undecided};
use violation::{ViolationView, core_letters, core_spans, span, violation_view};

/// How many of the violations that are not told in full are named at once; the rest are a click away.
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
    /// What the choice between several violations is about.
    choice: String,
    others: Vec<OtherView>,
    /// Those of them that are a click away.
    more_others: Vec<OtherView>,
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

/// A violation that is not told in full.
struct OtherView {
    at: String,
    sentence: String,
    /// Which of those that are told it is like, in words; may be empty.
    like: String,
    /// Its place in the picture of the run.
    in_run: String,
}

pub fn render(
    results: &Results,
    history: &History,
    analysis: Option<&Analysis>,
    coverage: &Coverage,
    directory: Option<&Path>,
) -> Result<String, askama::Error> {
    let run = results.run.as_ref();
    let redaction = run
        .map_or_else(|| Ok(Redaction::default()), RunInfo::redaction)
        .map_err(|problem| askama::Error::Custom(problem.into()))?;
    // What readers are not to see is in none of what the page is made of.
    let mut told = Cow::Borrowed(results);
    if !redaction.is_nothing() {
        redaction.results(told.to_mut());
    }
    let results = told.as_ref();
    let run = results.run.as_ref();
    let history = redaction.history(history);
    let history = history.as_ref();
    let analysis = analysis.map(|analysis| redaction.analysis(analysis));
    let analysis = analysis.as_deref();
    let coverage = match redaction.is_nothing() {
        true => Cow::Borrowed(coverage),
        false => Cow::Owned(Coverage::of(history)),
    };
    let coverage = coverage.as_ref();
    let empty = Vec::new();
    let found = analysis.map_or(&empty, |analysis| &analysis.violations);
    let rows = &results.violations[..found.len().min(results.violations.len())];
    let shapes = Shapes::of(rows);
    let drawn: Vec<DrawnCore> = found
        .iter()
        .zip(rows)
        .map(|(violation, row)| DrawnCore::of(violation, row))
        .collect();
    let shown = shapes.shown.iter().map(|place| &drawn[*place]);
    let spans: Vec<Vec<(u64, u64)>> = shown.map(|it| core_spans(history, &it.violation)).collect();
    let view = |place: &usize| {
        let alike = shapes.alike(*place);
        violation_view(
            history,
            coverage,
            (&rows[*place], &drawn[*place]),
            alike,
            (directory, &redaction),
        )
    };
    let violations: Vec<ViolationView> = shapes.shown.iter().map(view).collect();
    let invalid = analysis.map_or(0, |analysis| analysis.keys.invalid);
    let other = |(number, place): (usize, &usize)| OtherView {
        at: format!("{:.3} s", rows[*place].window_s[0]),
        sentence: visible(&rows[*place].sentence, 200),
        like: shapes
            .like(*place)
            .map_or_else(String::new, |it| format!("like {it}")),
        in_run: link_to_violation(history, spans.len() + number, found[*place].key),
    };
    let mut others: Vec<OtherView> = shapes.others.iter().enumerate().map(other).collect();
    let more_others = others.split_off(others.len().min(VIOLATIONS_NAMED));
    let (verdict_class, eyebrow) = match results.verdict {
        Outcome::Valid => ("valid", "LINEARIZABLE"),
        Outcome::Invalid => ("invalid", "NOT LINEARIZABLE"),
        Outcome::Unknown => ("unknown", "NOT DECIDED"),
        Outcome::Error => ("error", "NO VERDICT"),
    };
    let lanes = lanes(history, coverage);
    // Those that are told in full first, as the page numbers them.
    let contradiction = |place: &usize| Contradiction {
        key: found[*place].key,
        span: span(history, &drawn[*place].violation),
        core: core_letters(&drawn[*place]),
    };
    let all = shapes.shown.iter().chain(&shapes.others);
    let contradictions: Vec<Contradiction> = all.map(contradiction).collect();
    let operations = embed(
        history,
        &Surroundings {
            lanes: &lanes,
            no_quorum: &coverage.no_quorum,
            on_and_off: &coverage.quorum_on_and_off,
            violations: &contradictions,
        },
        run.and_then(RunInfo::report_max_ops),
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
            .flat_map(|run| command_lines(&run.argv_on_page()))
            .collect(),
        command_line: results
            .run
            .as_ref()
            .map(|run| format!("harness {}", crate::text::command(&run.argv_on_page())))
            .unwrap_or_default(),
        replays: replays(results),
        facts: facts(results, history, analysis, coverage),
        violations,
        choice: format!(
            "{} without a legal order, {} of them in full",
            counted(invalid, crate::text::noun(history)),
            shapes.shown.len()
        ),
        others,
        more_others,
        others_hidden: match invalid.saturating_sub(rows.len()) {
            0 => String::new(),
            1 => "1 more violation was found and is not explained.".to_owned(),
            more => format!(
                "{} more violations were found and are not explained.",
                count(more)
            ),
        },
        undecided: analysis.and_then(|analysis| undecided(results, history, analysis)),
        believe: (found.is_empty() && analysis.is_some())
            .then(|| believe(results, history, coverage, directory)),
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
