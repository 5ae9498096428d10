//! Several contradictions in one run: which are told in full, and how the others are told.

use crate::script::{Script, told};
use history::History;
use serde_json::json;

/// Some operations, on another decree than the script's own.
fn on(script: &mut Script, decree: u64, write: impl FnOnce(&mut Script)) {
    let place = script.lines.len();
    write(script);
    for line in &mut script.lines[place..] {
        *line = line.replace("\"key\":147", &format!("\"key\":{decree}"));
    }
}

/// Decrees 200, 201, … were decided twice each, and decree 900 was decided and then found undecided.
pub fn several(twice: u64) -> History {
    let mut script = Script::new(&[]);
    script.phase(0, "run");
    for number in 0..twice {
        let at_ms = 1_000 + number * 1_000;
        let (first, second) = (json!(number * 10), json!(number * 10 + 1));
        on(&mut script, 200 + number, |script| {
            script.op(0, "propose", &first, &first, at_ms, at_ms + 10);
            script.op(3, "propose", &second, &second, at_ms + 20, at_ms + 30);
        });
    }
    let at_ms = 1_000 + twice * 1_000;
    on(&mut script, 900, |script| {
        script.op(0, "propose", &json!(7), &json!(7), at_ms, at_ms + 10);
        script.op(1, "read", &json!(null), &json!(null), at_ms + 20, at_ms + 30);
    });
    script.history()
}

/// The text of what is between two marks.
fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    let rest = page.split_once(from).unwrap_or_else(|| panic!("{from}")).1;
    rest.split_once(to).unwrap_or_else(|| panic!("{to}")).0
}

#[test]
fn one_of_each_shape_is_told_in_full_and_the_others_say_what_they_are_like() {
    let (_, _, page) = told(&several(5));
    let tabs = between(&page, "<fieldset class=\"tabs\">", "</fieldset>");
    assert!(
        tabs.contains("<legend>6 decrees without a legal order, 4 of them in full; <a href=\"#others\">")
    );
    for (number, name, note) in [
        (1, "decree 200", "2 operations, 4 more alike"),
        (2, "decree 201", "2 operations, 4 more alike"),
        (3, "decree 202", "2 operations, 4 more alike"),
        // It comes last, and is the only one of its shape.
        (4, "decree 900", "2 operations"),
    ] {
        let tab = format!("<b>{number}</b> {name} <small>{note}</small>");
        assert!(tabs.contains(&tab), "{tab}: {tabs}");
    }
    for number in 1..=4 {
        let panel = format!("<div class=\"of-violation violation-{number}\">");
        assert_eq!(page.matches(&panel).count(), 1, "{number}");
    }
    let others = between(&page, "<section id=\"others\">", "</section>");
    assert!(others.contains("Decree 203 was decided twice: first as 30, then as 31."));
    assert_eq!(others.matches(">like 1<").count(), 2, "{others}");
    assert!(
        others.contains("href=\"#violation=5&#38;q=key:203&#38;colour=value\""),
        "{others}"
    );
}

#[test]
fn a_single_contradiction_offers_no_choice() {
    let (_, _, page) = told(&several(0));
    assert!(!page.contains("<fieldset class=\"tabs\"") && !page.contains("id=\"others\""));
    let word = "<dt>alike, like 1</dt>";
    assert!(!page.contains(word) && told(&several(1)).2.contains(word));
}

#[test]
fn of_more_than_can_be_named_the_rest_is_a_click_away_and_what_is_not_explained_is_counted() {
    let (results, _, page) = told(&several(120));
    assert_eq!(results.violations.len(), 100);
    let others = between(&page, "<section id=\"others\">", "</section>");
    assert_eq!(others.matches("<tr>").count(), 96);
    assert!(others.contains("<summary>84 more</summary>"));
    assert!(others.contains("21 more violations were found and are not explained."));
}
