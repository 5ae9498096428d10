//! The drawing as a file of its own.

use crate::hostile::hostile;
use crate::script::{Script, told, worked};
use crate::sentences::failing;
use checker::Model;
use history::History;
use results::counterexample_svg;
use results::coverage::Coverage;
use std::collections::BTreeSet;

fn alone(history: &History) -> Option<String> {
    let analysis = checker::check(history, Model::Decree).unwrap();
    let (results, ..) = told(history);
    counterexample_svg(&results, history, &analysis, &Coverage::of(history))
}

#[test]
fn it_is_the_very_drawing_of_the_report() {
    let history = failing().history();
    let svg = alone(&history).unwrap();
    let (_, drawing) = svg.split_once("?>\n").unwrap();
    let (before, after) = drawing.split_once("<style>").unwrap();
    let (_, after) = after.split_once("</style>").unwrap();
    let (_, _, page) = told(&history);
    assert!(page.contains(&format!("{before}{}", after.trim_end())));
}

#[test]
fn it_needs_nothing_and_every_class_has_its_rule() {
    let svg = alone(&failing().history()).unwrap();
    let document = roxmltree::Document::parse(&svg).unwrap();
    let elements = || document.descendants().filter(|it| it.is_element());
    assert!(elements().all(|it| !["script", "image", "a", "foreignObject"].contains(&it.tag_name().name())));
    assert!(elements().all(|it| it.attributes().all(|at| at.name() != "href")));
    let style = elements()
        .find(|it| it.has_tag_name("style"))
        .or_else(|| elements().find(|it| it.tag_name().name() == "style"));
    let style = style.and_then(|it| it.text()).unwrap();
    assert!(!style.contains("@import") && !style.contains("url(http"));
    let classes: BTreeSet<&str> = elements()
        .filter(|it| ["rect", "path", "line"].contains(&it.tag_name().name()))
        .filter_map(|it| it.attribute("class"))
        .filter_map(|class| class.split(' ').next())
        .collect();
    let unstyled: Vec<&&str> = classes
        .iter()
        .filter(|class| !style.contains(&format!(".{class}")))
        .collect();
    assert!(
        classes.len() > 8 && unstyled.is_empty(),
        "{unstyled:?} of {classes:?}"
    );
    assert_eq!(
        elements()
            .find(|it| it.tag_name().name() == "title")
            .and_then(|it| it.text()),
        Some("Decree 147 was decided twice: first as 17, then as 42.")
    );
}

#[test]
fn hostile_values_are_words_in_it_and_a_valid_run_has_none() {
    let svg = alone(&hostile()).unwrap();
    assert!(
        !svg.contains(['\u{1b}', '\u{0}', '\u{202e}']) && !svg.contains("<script") && !svg.contains("<img")
    );
    roxmltree::Document::parse(&svg).unwrap();
    assert!(svg.len() < 100_000, "{}", svg.len());
    let mut script = Script::new(&["kill"]);
    worked(&mut script).kill(1, "n3", 100, 200);
    assert_eq!(alone(&script.history()), None);
}
