//! How a search went until it reached a limit: what it held, what it came to and what was behind it, against time.

use super::svg::{Svg, text_width};
use crate::document::{LimitsRow, MomentRow, UndecidedRow};
use crate::text::{binary, count};

const WIDTH: f64 = 400.0;
const HEIGHT: f64 = 176.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 390.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 148.0;
/// About how many lines a scale has.
const LINES: f64 = 3.0;

/// What is drawn against time.
struct Curve<'a> {
    title: &'a str,
    note: &'a str,
    /// How much it was at a moment.
    value: fn(&MomentRow) -> usize,
    /// In words, as on the scale.
    words: fn(usize) -> String,
    /// Where the search had to end, and what that is: `limit`, `all of them`.
    end: Option<(usize, &'a str)>,
    /// A unit's steps are powers of two.
    is_binary: bool,
}

/// A drawing each of the memory, the states of affairs and the placed operations; none where nothing is known of it.
pub fn draw(row: &UndecidedRow, limits: Option<&LimitsRow>) -> Vec<String> {
    if row.course.is_empty() {
        return Vec::new();
    }
    let memory_max = limits.and_then(|it| it.memory_bytes);
    let curves = [
        Curve {
            title: "Memory",
            note: "held by all searches under way",
            value: |moment| moment.held_bytes,
            words: binary,
            end: memory_max.map(|bytes| (bytes, "limit")),
            is_binary: true,
        },
        Curve {
            title: "States",
            note: "that this search had come to",
            value: |moment| moment.states,
            words: short,
            end: None,
            is_binary: false,
        },
        Curve {
            title: "Operations placed",
            note: "behind this search",
            value: |moment| moment.placed,
            words: short,
            end: Some((row.of, "all")),
            is_binary: false,
        },
    ];
    let time_max = limits.filter(|_| row.limit == "time").and_then(|it| it.time_s);
    curves
        .iter()
        .map(|curve| one(curve, &row.course, time_max))
        .collect()
}

fn one(curve: &Curve<'_>, course: &[MomentRow], time_max_s: Option<f64>) -> String {
    let last = &course[course.len() - 1];
    let highest = course.iter().map(curve.value).max().unwrap_or(0);
    // A limit that is far above would press the curve to the ground: it is told in words.
    let end = curve.end.filter(|(end, _)| *end <= highest.saturating_mul(4));
    let top = highest.max(end.map_or(0, |(end, _)| end)).max(1) as f64 * 1.06;
    let until_s = last.at_s.max(time_max_s.unwrap_or(0.0)).max(1e-6) * 1.02;
    let x = |at_s: f64| LEFT + (RIGHT - LEFT) * (at_s / until_s).min(1.0);
    let y = |value: usize| BOTTOM - (BOTTOM - TOP) * value as f64 / top;
    let mut svg = Svg::new(WIDTH, HEIGHT);
    svg.text("plot-title", "start", [0.0, 14.0], curve.title);
    // It is bold, which is wider.
    let note_at = text_width(curve.title, 14.5) + 10.0;
    svg.text("tick", "start", [note_at, 14.0], curve.note);
    let step = step(top, curve.is_binary);
    let lines = (0..)
        .map(|line| line * step)
        .take_while(|value| (*value as f64) < top);
    for value in lines {
        svg.line("grid", [LEFT, y(value), RIGHT, y(value)]);
        let is_beside_the_end = end.is_some_and(|(end, _)| (y(end) - y(value)).abs() < 12.0);
        if !is_beside_the_end || value == 0 {
            svg.text("tick", "end", [LEFT - 8.0, y(value) + 4.0], &(curve.words)(value));
        }
    }
    time_axis(&mut svg, until_s, &x);
    if let Some(at_s) = time_max_s {
        svg.line("course-limit", [x(at_s), TOP - 6.0, x(at_s), BOTTOM]);
        svg.text("tick limit", "end", [x(at_s), TOP - 10.0], "time limit");
    }
    match (end, curve.end) {
        (Some((end, word)), _) => {
            svg.line("course-limit", [LEFT, y(end), RIGHT, y(end)]);
            let words = format!("{word} {}", (curve.words)(end));
            svg.text("tick limit", "start", [LEFT + 4.0, y(end) - 5.0], &words);
        }
        (None, Some((end, word))) => {
            let words = format!("{word} {}, above", (curve.words)(end));
            svg.text("tick limit", "start", [LEFT + 4.0, TOP - 10.0], &words);
        }
        (None, None) => {}
    }
    let points = course
        .iter()
        .map(|moment| format!("{:.1} {:.1}", x(moment.at_s), y((curve.value)(moment))));
    let d = format!("M{}", points.collect::<Vec<_>>().join("L"));
    svg.path("course", &d);
    svg.circle("course-end", [x(last.at_s), y((curve.value)(last)), 3.5]);
    svg.finish("course-plot", curve.title, &description(curve, course))
}

/// The facts of a curve in words: where it begins, half-way, and where it ends.
fn description(curve: &Curve<'_>, course: &[MomentRow]) -> String {
    let at = |moment: &MomentRow| format!("{} at {:.3} s", (curve.words)((curve.value)(moment)), moment.at_s);
    let last = &course[course.len() - 1];
    let mut told = vec![at(&course[0])];
    if course.len() > 2 {
        told.push(at(&course[course.len() / 2]));
    }
    if course.len() > 1 {
        told.push(at(last));
    }
    let limit = curve.end.map_or_else(String::new, |(end, word)| {
        format!("; {word}: {}", (curve.words)(end))
    });
    format!(
        "{}, {}: {}{limit}.",
        curve.title,
        curve.note,
        told.join(", then ")
    )
}

fn time_axis(svg: &mut Svg, until_s: f64, x: &dyn Fn(f64) -> f64) {
    svg.line("tick-mark", [LEFT, BOTTOM, RIGHT, BOTTOM]);
    let (unit, per_s) = if until_s < 0.1 { ("ms", 1e3) } else { ("s", 1.0) };
    let step = round_step(until_s * per_s / 4.0);
    let digits = (-step.log10().floor()).max(0.0) as usize;
    let mut line = 0.0;
    while line * step <= until_s * per_s {
        let at = line * step;
        svg.line("tick-mark", [x(at / per_s), BOTTOM, x(at / per_s), BOTTOM + 4.0]);
        let words = format!("{at:.digits$} {unit}");
        // The last ones stay on the drawing.
        let anchor = if x(at / per_s) > RIGHT - 14.0 {
            "end"
        } else {
            "middle"
        };
        svg.text("tick", anchor, [x(at / per_s), BOTTOM + 18.0], &words);
        line += 1.0;
    }
}

/// How far apart the lines of a scale are.
fn step(top: f64, is_binary: bool) -> usize {
    let about = top / LINES;
    match is_binary {
        true => (about.max(1.0) as usize).next_power_of_two(),
        false => (round_step(about) as usize).max(1),
    }
}

/// 1, 2 or 5 with zeros: the least that is not less.
fn round_step(about: f64) -> f64 {
    let zeros = 10f64.powf(about.max(1e-9).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].into_iter().map(|it| it * zeros);
    steps
        .into_iter()
        .find(|step| *step >= about * 0.999)
        .unwrap_or(zeros * 10.0)
}

/// A number as it fits beside a scale: `1,200`, `48 k`, `1.2 M`.
fn short(number: usize) -> String {
    match number {
        0..10_000 => count(number),
        10_000..1_000_000 => format!("{} k", number / 1000),
        1_000_000..1_000_000_000 => format!("{:.1} M", number as f64 / 1e6),
        _ => format!("{:.1} G", number as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(limit: &str, course: &[(f64, usize, usize, usize)]) -> UndecidedRow {
        UndecidedRow {
            key: "x".into(),
            limit: limit.to_owned(),
            placed: 40,
            of: 50,
            widened_at_s: Some(1.0),
            width: 9,
            suspects: Vec::new(),
            course: course
                .iter()
                .map(|(at_s, placed, states, held_bytes)| MomentRow {
                    at_s: *at_s,
                    placed: *placed,
                    states: *states,
                    held_bytes: *held_bytes,
                })
                .collect(),
        }
    }

    fn limits(time_s: Option<f64>, memory_bytes: Option<usize>) -> LimitsRow {
        LimitsRow {
            time_s,
            memory_bytes,
            hit: None,
        }
    }

    #[test]
    fn the_limit_is_a_line_where_the_curve_came_near_it_and_words_where_not() {
        let course = [
            (0.5, 20, 1000, 1 << 20),
            (2.0, 40, 9000, 3 << 20),
            (4.0, 40, 90_000, 8 << 20),
        ];
        let drawn = draw(&row("memory", &course), Some(&limits(Some(300.0), Some(8 << 20))));
        assert_eq!(drawn.len(), 3);
        assert!(drawn[0].contains("limit 8 MiB") && drawn[0].contains("course-limit"));
        assert!(!drawn[0].contains("time limit"), "it was not reached");
        assert!(drawn[1].contains("States") && !drawn[1].contains("course-limit"));
        assert!(drawn[2].contains("all 50"));
        let drawn = draw(&row("time", &course), Some(&limits(Some(4.0), Some(2 << 30))));
        assert!(drawn.iter().all(|it| it.contains("time limit")));
        assert!(drawn[0].contains("limit 2.0 GiB, above"));
    }

    #[test]
    fn whoever_cannot_see_it_is_told_the_same() {
        let course = [
            (0.5, 20, 1000, 1 << 20),
            (2.0, 40, 9000, 3 << 20),
            (4.0, 40, 90_000, 8 << 20),
        ];
        let drawn = draw(&row("memory", &course), Some(&limits(None, Some(8 << 20))));
        assert!(drawn[0].contains(
            "<desc>Memory, held by all searches under way: 1 MiB at 0.500 s, then 3 MiB at 2.000 s, then 8 MiB at 4.000 s; limit: 8 MiB.</desc>"
        ), "{}", drawn[0]);
    }

    #[test]
    fn a_single_moment_is_a_point_and_none_is_no_drawing() {
        let drawn = draw(&row("memory", &[(0.0, 0, 0, 64)]), Some(&limits(None, Some(64))));
        assert!(
            drawn
                .iter()
                .all(|it| it.contains("course-end") && !it.contains("NaN"))
        );
        assert!(draw(&row("memory", &[]), None).is_empty());
    }

    #[test]
    fn scales_have_few_lines_of_round_numbers() {
        assert_eq!(step(1318.0, false), 500);
        assert_eq!(step(9.0, false), 5);
        assert_eq!(step(1.0, false), 1);
        assert_eq!(step((2u64 << 30) as f64, true), 1 << 30);
        assert_eq!(step((8 << 20) as f64, true), 4 << 20);
        assert_eq!(short(48_200), "48 k");
    }
}
