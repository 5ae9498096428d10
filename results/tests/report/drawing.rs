//! The picture of the counterexample.

use crate::script::{Script, told, told_within};
use checker::{Limits, Model};
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

/// The points of every path of a class in a drawing: where it begins, and where it ends.
fn ends(drawing: &str, class: &str) -> Vec<[(f64, f64); 2]> {
    let begin = format!("<path class=\"{class}\" d=\"");
    let paths = drawing.split(&begin).skip(1);
    let points = paths.map(|piece| {
        let d = piece.split('"').next().unwrap();
        let numbers: Vec<f64> = d
            .split([' ', 'M', 'L', 'C', 'Q'])
            .filter_map(|number| number.parse().ok())
            .collect();
        let point = |at: usize| (numbers[at], numbers[at + 1]);
        [point(0), point(numbers.len() - 2)]
    });
    points.collect()
}

fn drawing_of<'a>(page: &'a str, class: &str) -> &'a str {
    let drawing = &page[page.find(&format!("<svg class=\"{class}\"")).unwrap()..];
    &drawing[..drawing.find("</svg>").unwrap()]
}

#[test]
fn reasons_between_operations_at_the_same_time_go_straight_from_one_to_the_other_and_stand_apart() {
    let mut script = Script::new(&[]);
    script.phase(0, "run");
    script.op(0, "propose", &json!(17), &json!(17), 1_000, 1_040);
    script.op(3, "propose", &json!(42), &json!(42), 1_002, 1_030);
    let (_, _, page) = told(&script.history());
    let drawing = drawing_of(&page, "timeline");
    let arrows = ends(drawing, "edge value");
    let [first, second] = arrows.as_slice() else {
        panic!("{arrows:?}")
    };
    assert!(first[0].1 < first[1].1, "from A, which is above, to B: {first:?}");
    assert!(second[0].1 > second[1].1, "from B to A: {second:?}");
    assert!((first[0].0 - second[0].0).abs() > 30.0, "{arrows:?}");
    assert!(
        (first[0].1 - second[1].1).abs() < 3.0,
        "both are at A's lower edge: {arrows:?}"
    );
    // The loop beside it says the same.
    let circle = ends(drawing_of(&page, "loop"), "edge value");
    assert!(
        circle[0][0].0 < circle[0][1].0 && circle[1][0].0 > circle[1][1].0,
        "{circle:?}"
    );
    assert!(page.contains("B was told its own value, so B must come before A"));
    assert!(page.contains("Faults in force while A and B were on their way"));
    assert!(page.contains("No fault was in force."));
}

#[test]
fn who_is_cut_from_whom_is_seen_and_a_legend_names_nothing_that_did_not_occur() {
    let mut script = Script::new(&["partition"]);
    script.phase(0, "run");
    script.op(0, "propose", &json!(17), &json!(17), 10, 20);
    script.cut(1, true, 30, 500);
    let (_, _, page) = told(&script.history());
    let drawing = drawing_of(&page, "whole-run");
    let lanes = |class: &str| rects(drawing, class).len();
    // One of each is the legend's.
    assert_eq!((lanes("cut-minority"), lanes("cut-majority")), (2 + 1, 3 + 1));
    assert!(drawing.contains("halves: partition n1 n2 ┊ n3 n4 n5; n1 is cut from n3 n4 n5"));
    assert!(drawing.contains(">✂ n3 n4 n5</text>"), "there is room for it");
    for word in ["✂ cut from, no majority", "✂ cut from, in a majority"] {
        assert!(drawing.contains(word), "{word}");
    }
    for word in ["down<", "paused<", "packets", "no quorum", "on and off"] {
        assert!(!drawing.contains(word), "{word}");
    }
}

#[test]
fn a_restart_storm_of_a_majority_leaves_a_quorum_on_and_off_and_not_none() {
    let mut script = Script::new(&["kill"]);
    script.phase(0, "run");
    script.op(0, "propose", &json!(17), &json!(17), 10, 20);
    let flap = json!({"cut_ms": 20, "whole_ms": 30});
    let fault = json!({"kind": "kill", "nodes": ["n1", "n2", "n3"], "flap": flap});
    for (at_ms, step) in [
        (100, "requested"),
        (100, "installed"),
        (600, "healing"),
        (600, "healed"),
    ] {
        script.line(at_ms, json!({"process": "nemesis", "type": "info", "f": "kill", "value": {"id": 1, "step": step, "fault": fault, "felt": true}}));
    }
    script.op(3, "read", &json!(null), &json!(17), 300, 320);
    let (results, _, page) = told(&script.history());
    let quorum = &results.coverage.no_quorum;
    assert_eq!((quorum.count, quorum.total_s, quorum.on_and_off_s), (0, 0.0, 0.5));
    let summary = results::markdown(&results, None);
    assert!(
        summary.contains("0.0 s without quorum · 0.5 s on and off"),
        "{summary}"
    );
    let drawing = drawing_of(&page, "whole-run");
    assert!(drawing.contains("n1 killed again and again (SIGKILL)"));
    assert!(drawing.contains("quorum on and off") && !drawing.contains("no quorum<"));
    assert_eq!(rects(drawing, "flaps").len(), 3 + 1);
}

/// A violation with a cut that somebody felt or nobody did, and packets that are late meanwhile.
fn under_a_cut(felt: bool) -> String {
    let mut script = Script::new(&["partition", "packet"]);
    script.phase(0, "run");
    script.op(0, "propose", &json!(17), &json!(17), 1_000, 1_040);
    script.op(3, "propose", &json!(42), &json!(42), 1_100, 1_140);
    script.cut(1, felt, 1_010, 1_120);
    let fault = json!({"kind": "packet", "effect": {"does": "delay", "mean_ms": 50, "jitter_ms": 20, "distribution": "long-tailed"}, "links": [["n1", "n5"]]});
    for (at_ms, step) in [
        (1_020, "requested"),
        (1_020, "installed"),
        (1_130, "healing"),
        (1_130, "healed"),
    ] {
        script.line(at_ms, json!({"process": "nemesis", "type": "info", "f": "packet", "value": {"id": 2, "step": step, "fault": fault, "felt": true}}));
    }
    told(&script.history()).2
}

#[test]
fn a_fault_of_which_nothing_was_seen_is_an_outline_with_a_question_mark() {
    for (felt, cuts, outlines, words) in [
        (true, 2, 0, "✂ halves: n1 n2 ┊ n3 n4 n5</text>"),
        (false, 0, 2, "✂ halves: n1 n2 ┊ n3 n4 n5 ?</text>"),
    ] {
        let page = under_a_cut(felt);
        let drawing = drawing_of(&page, "timeline");
        assert_eq!(rects(drawing, "cut side-a").len(), cuts, "{felt}");
        assert_eq!(rects(drawing, "cut side-a unfelt").len(), outlines, "{felt}");
        assert!(drawing.contains(words), "{felt}: {drawing}");
        assert_eq!(drawing.contains("nothing was seen of it"), !felt);
    }
}

#[test]
fn a_stripe_of_late_packets_says_what_it_stands_for_where_there_is_room() {
    let page = under_a_cut(true);
    let drawing = drawing_of(&page, "timeline");
    assert_eq!(rects(drawing, "disturbed").len(), 2);
    // The words of an arrow are on the other lane.
    assert_eq!(
        drawing.matches(">delay 50 ± 20 ms, long-tailed</text>").count(),
        1,
        "{drawing}"
    );
}

#[test]
fn where_there_are_too_many_orders_the_page_says_how_far_one_comes() {
    let history = Script::decided_twice().history();
    let mut analysis = checker::check(&history, checker::Model::Decree).unwrap();
    let coverage = results::coverage::Coverage::of(&history);
    let page = |analysis: &checker::Analysis| {
        let results = results::Results::new(None, &history, analysis, &coverage);
        results::report_html(&results, &history, Some(analysis), &coverage, None).unwrap()
    };
    let words = [
        "The furthest that an order comes is ",
        "<th>Cannot be, because</th>",
    ];
    let all = page(&analysis);
    assert!(all.contains("<th>Every order</th>") && words.iter().all(|it| !all.contains(it)));
    // As of a core with more operations than these two.
    let violation = &mut analysis.violations[0];
    let next = violation.orders.drain(..).find(|order| order.order == [0, 1]);
    violation.frontier = Some(checker::Frontier {
        order: vec![0],
        states: vec![Some("<17>".to_owned())],
        next: next.into_iter().collect(),
    });
    let furthest = page(&analysis);
    assert!(words.iter().all(|it| furthest.contains(it)) && !furthest.contains("<th>Every order</th>"));
    assert!(
        furthest.contains(" must be told 17. It was told 42."),
        "why B cannot be next"
    );
    assert!(
        furthest.contains("<td>&#60;17&#62;</td>"),
        "what there is after A, as text"
    );
}

#[test]
fn the_only_object_of_a_history_without_keys_is_not_called_null() {
    let line = |kind: &str, process: u8, f: &str, value: u8| {
        json!({"type": kind, "process": process, "f": f, "value": value}).to_string()
    };
    let lines = [
        line("invoke", 0, "write", 1),
        line("ok", 0, "write", 1),
        line("invoke", 1, "read", 0),
        line("ok", 1, "read", 2),
    ];
    let history = history::read_bytes((lines.join("\n") + "\n").as_bytes()).unwrap();
    let (_, _, page) = told_within(&history, Model::CasRegister, &Limits::default());
    assert!(page.contains("<h3>The operations on the object</h3>"));
    assert!(!page.contains("object null"));
}
