//! What is what in the picture of the whole run: of what occurred in it, and of nothing else.

use super::lanes::{BASELINE, LaneSpan, STRIPE};
use super::{LEFT, RIGHT};
use crate::report::svg::{Svg, text_width};
use crate::text::listed;

/// The longest that a sample is, with the gap to its words, and the gap between entries.
const SAMPLE: f64 = 18.0;
const GAP: f64 = 14.0;

/// An entry: the classes of its sample, one over the other, and its words.
type Entry = (Vec<&'static str>, String);

/// What the picture has beside the lanes.
pub struct Extras {
    /// A time without a quorum.
    pub no_quorum: bool,
    /// A time with one on and off.
    pub on_and_off: bool,
    /// The end of the main phase, with something after it.
    pub main_end: bool,
}

/// Draws the legend, beside the title of the lanes.
pub fn draw(svg: &mut Svg, lanes: &[Vec<LaneSpan>], extras: &Extras) {
    let mut x = LEFT;
    for (classes, words) in entries(lanes, extras) {
        let width = SAMPLE + text_width(&words, 11.0);
        // Words that are wider than they were taken to be shall not leave the picture.
        if x + width > RIGHT {
            break;
        }
        for class in classes {
            match class {
                "disturbed" => svg.rect(class, [x, BASELINE - 4.0, 12.0, STRIPE], ""),
                "phase" => svg.line(class, [x + 6.0, BASELINE - 10.0, x + 6.0, BASELINE + 2.0]),
                _ => svg.rect(class, [x, BASELINE - 9.0, 12.0, 10.0], ""),
            }
        }
        svg.text("tick", "start", [x + SAMPLE, BASELINE], &words);
        x += width + GAP;
    }
}

fn entries(lanes: &[Vec<LaneSpan>], extras: &Extras) -> Vec<Entry> {
    let has = |wanted: &dyn Fn(&LaneSpan) -> bool| lanes.iter().flatten().any(wanted);
    let is = |class: &'static str| has(&|span| span.class == class);
    let flaps = |class: &str| has(&|span| span.flaps && span.class == class);
    let mut entries: Vec<Entry> = Vec::new();
    let mut put = |when: bool, classes: &[&'static str], words: &str| {
        if when {
            entries.push((classes.to_vec(), words.to_owned()));
        }
    };
    let (minority, majority) = (is("cut-minority"), is("cut-majority"));
    put(minority, &["cut-minority"], "✂ cut from, no majority");
    put(majority, &["cut-majority"], "✂ cut from, in a majority");
    put(is("down"), &["down"], "down");
    put(is("paused"), &["paused"], "paused");
    let flapping = ["cut-minority", "cut-majority", "down"]
        .into_iter()
        .find(|it| flaps(it));
    if let Some(class) = flapping {
        put(true, &[class, "flaps"], "on and off");
    }
    let kinds = [("packet", "packets"), ("disk", "disk"), ("clock", "clock")];
    let disturbed: Vec<&str> = kinds
        .into_iter()
        .filter(|(kind, _)| has(&|span| span.class == "disturbed" && span.kind == *kind))
        .map(|(_, words)| words)
        .collect();
    let words = listed(&disturbed, "or");
    put(!disturbed.is_empty(), &["disturbed"], &words);
    put(extras.no_quorum, &["no-quorum"], "no quorum");
    put(extras.on_and_off, &["on-and-off"], "quorum on and off");
    put(extras.main_end, &["phase"], "main phase ends");
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(class: &'static str, kind: &'static str, flaps: bool) -> LaneSpan {
        LaneSpan {
            class,
            kind,
            flaps,
            start_ns: 0,
            end_ns: 1,
            title: String::new(),
            words: String::new(),
        }
    }

    fn words(lanes: &[Vec<LaneSpan>], no_quorum: bool) -> Vec<String> {
        let extras = Extras {
            no_quorum,
            on_and_off: false,
            main_end: false,
        };
        let entries = entries(lanes, &extras).into_iter();
        entries.map(|(_, words)| words).collect()
    }

    #[test]
    fn only_what_occurred_has_an_entry() {
        assert_eq!(words(&[], false), Vec::<String>::new());
        assert_eq!(words(&[vec![]], true), ["no quorum"]);
        let lanes = [
            vec![span("disturbed", "clock", false), span("down", "kill", true)],
            vec![span("disturbed", "packet", false)],
        ];
        let expected = ["down", "on and off", "packets or clock"];
        assert_eq!(words(&lanes, false), expected);
    }

    #[test]
    fn all_entries_together_have_room() {
        let lanes = [vec![
            span("cut-minority", "partition", true),
            span("cut-majority", "partition", false),
            span("down", "kill", false),
            span("paused", "pause", false),
            span("disturbed", "packet", false),
            span("disturbed", "disk", false),
            span("disturbed", "clock", false),
        ]];
        let extras = Extras {
            no_quorum: true,
            on_and_off: true,
            main_end: true,
        };
        let entries = entries(&lanes, &extras);
        let all: f64 = entries
            .iter()
            .map(|(_, words)| SAMPLE + text_width(words, 11.0) + GAP)
            .sum();
        assert_eq!(entries.len(), 9);
        assert!(LEFT + all - GAP <= RIGHT, "{all}");
    }
}
