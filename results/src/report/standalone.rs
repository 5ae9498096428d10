//! `counterexample.svg`: the drawing of the report, standing alone, for a ticket or a talk.
//!
//! It is the same drawing to the letter. What it needs of the page's style goes with it, with every colour written
//! out: not every program that shows SVG knows variables. Where the viewer wants dark pictures and can have them, it
//! is dark.

use crate::coverage::Coverage;
use crate::document::Results;
use crate::redaction::Redaction;
use crate::report::drawn::DrawnCore;
use crate::report::timeline::{self, Reach};
use crate::run_info::RunInfo;
use checker::Analysis;
use history::History;

const COLORS: &str = include_str!("../../templates/colors.css");
const DRAWING: &str = include_str!("../../templates/drawing.css");

/// The drawing of the first violation, as a file of its own; none when there is none.
pub fn counterexample_svg(
    results: &Results,
    history: &History,
    analysis: &Analysis,
    coverage: &Coverage,
) -> Option<String> {
    let run = results.run.as_ref();
    let redaction = run.map_or_else(|| Ok(Redaction::default()), RunInfo::redaction);
    let redaction = redaction.unwrap_or_else(|_| Redaction::everything());
    let (history, analysis) = (&redaction.history(history), &redaction.analysis(analysis));
    let violation = analysis.violations.first()?;
    let row = results.violations.first()?;
    let drawn = DrawnCore::of(violation, row);
    let drawing = timeline::draw(history, coverage, &drawn, Reach::Nearest);
    Some(standing_alone(&drawing.whole))
}

/// Puts a style into a drawing, after its opening tag.
fn standing_alone(drawing: &str) -> String {
    let (opening, rest) = drawing
        .split_once('>')
        .expect("a drawing begins with its element");
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{opening}><style>{}</style>{rest}\n",
        style()
    )
}

fn style() -> String {
    let (light, dark) = (variables(block_after(0)), variables(block_after(2)));
    let ground = "svg { background: var(--surface); }";
    let rules = format!("{ground}\n{DRAWING}");
    format!(
        "{}\n@media (prefers-color-scheme: dark) {{\n{}\n}}",
        written_out(&rules, &light),
        written_out(&rules, &dark)
    )
}

/// What is between the braces of a rule about the root, by its number: light, dark by wish of the viewer, dark by a
/// click.
fn block_after(number: usize) -> &'static str {
    let rule = COLORS.split(":root").nth(number + 1).unwrap_or_default();
    let inside = rule.split_once('{').map_or("", |(_, inside)| inside);
    inside.split_once('}').map_or(inside, |(inside, _)| inside)
}

/// `--name: value;` by name.
fn variables(block: &str) -> Vec<(&str, &str)> {
    block
        .split(';')
        .filter_map(|declaration| declaration.trim().split_once(": "))
        .filter(|(name, _)| name.starts_with("--"))
        .collect()
}

fn written_out(rules: &str, variables: &[(&str, &str)]) -> String {
    let mut text = rules.to_owned();
    for (name, value) in variables {
        text = text.replace(&format!("var({name})"), value);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_is_written_out_in_both_themes() {
        let style = style();
        assert!(!style.contains("var("), "{style}");
        let (light, dark) = style.split_once("@media").unwrap();
        assert!(light.contains("background: #ffffff"), "{light}");
        assert!(dark.contains("background: #171b21"), "{dark}");
        assert!(!style.contains('<') && !style.contains('&'), "it stands in XML");
    }

    #[test]
    fn a_drawing_is_the_same_but_for_its_style() {
        let alone = standing_alone("<svg class=\"timeline\"><title>t</title></svg>");
        let (before, after) = alone.split_once("<style>").unwrap();
        let (_, after) = after.split_once("</style>").unwrap();
        assert!(before.ends_with("<svg class=\"timeline\">"));
        assert_eq!(after, "<title>t</title></svg>\n");
    }
}
