//! The picture of the counterexample.

use crate::script::{Script, told};
use serde_json::json;

/// The left edge and the width of every rectangle of a class, in pixels.
fn rects(page: &str, class: &str) -> Vec<(f64, f64)> {
    let rect = |text: &str| {
        let number = |name: &str| {
            let from = text.split_once(&format!("{name}=\""))?.1;
            from.split('"').next()?.parse().ok()
        };
        Some((number(" x")?, number("width")?))
    };
    let begin = format!("<rect class=\"{class}\"");
    let pieces = page.split(&begin).skip(1);
    pieces
        .filter_map(|piece| rect(piece.split('>').next()?))
        .collect()
}

#[test]
fn a_kill_in_a_long_gap_is_seen_in_the_break() {
    let null = json!(null);
    let mut script = Script::new(&["kill"]);
    script.phase(0, "run");
    script.op(0, "propose", &json!(17), &json!(17), 1_000, 1_004);
    script.kill(1, "n3", 12_000, 15_000);
    script.op(4, "read", &null, &null, 31_000, 31_004);
    let (_, _, page) = told(&script.history());
    let drawing = &page[page.find("<svg class=\"timeline\"").unwrap()..];
    let drawing = &drawing[..drawing.find("</svg>").unwrap()];
    let (breaks, kills) = (rects(drawing, "break"), rects(drawing, "down"));
    let ([(left, width)], [(kill, kill_width)]) = (breaks.as_slice(), kills.as_slice()) else {
        panic!("{breaks:?} {kills:?}");
    };
    assert!(
        left < kill && kill + kill_width < left + width,
        "{breaks:?} {kills:?}"
    );
    assert!(
        *kill_width > 15.0,
        "three of thirty seconds are wide enough to be seen"
    );
    assert!(drawing.contains("n3 killed · down 3.00 s"));
    assert!(
        drawing.find("class=\"break\"") < drawing.find("class=\"down\""),
        "the kill is on top of the break"
    );
}

#[test]
fn an_arrow_across_a_kill_leaves_the_kill_its_words() {
    let null = json!(null);
    let mut script = Script::new(&["kill"]);
    script.phase(0, "run");
    script.op(0, "propose", &json!(17), &json!(17), 1_000, 1_004);
    // B is asked of the node that was killed: the arrow to it runs along that node's lane.
    script.kill(1, "n5", 5_000, 25_000);
    script.op(4, "read", &null, &null, 31_000, 31_004);
    let (_, _, page) = told(&script.history());
    let label = page.split("class=\"down-text\"").nth(1);
    assert!(label.is_some_and(|text| text.contains("✕ down 20.00 s")));
}
