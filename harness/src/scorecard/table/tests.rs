//! The tables, in both directions: what is found and clean, and what is not.

use super::super::document::tests::{empty, run};
use super::*;

fn two_bugs() -> Scorecard {
    let mut scorecard = empty(&["own-value-always", "file-torn"]);
    scorecard.bugs[1].needs = Some("a lost disk".into());
    scorecard.runs = vec![
        run(None, 1, None),
        run(None, 2, None),
        run(Some("own-value-always"), 1, Some(0.4)),
        run(Some("own-value-always"), 2, Some(1.26)),
        run(Some("file-torn"), 1, None),
        run(Some("file-torn"), 2, None),
    ];
    scorecard.count();
    scorecard
}

#[test]
fn a_row_says_how_often_how_soon_and_what_is_missing() {
    let text = human(&two_bugs());
    assert!(
        text.contains("1 of 2 bugs found; the correct system was clean in 2 of 2 runs."),
        "{text}"
    );
    let row = |name: &str| {
        text.lines()
            .find(|line| line.contains(name))
            .unwrap()
            .split_whitespace()
            .collect::<Vec<_>>()
    };
    assert_eq!(
        row("own-value-always"),
        ["Q1", "own-value-always", "2/2", "830", "ms", "1.3", "s"]
    );
    assert_eq!(row("file-torn"), ["Q1", "file-torn", "0/2"]);
    assert_eq!(row("(correct"), ["(correct", "system)", "clean"]);
    assert!(text.contains("not found: needs a lost disk"), "{text}");
    assert!(
        text.contains("two decisions") && text.contains("830") && text.contains("1,260"),
        "{text}"
    );
    assert!(!text.contains("FAILED"));
}

#[test]
fn a_failure_of_the_correct_system_comes_first_with_its_folder() {
    let mut scorecard = two_bugs();
    scorecard.runs[0] = run(None, 7, Some(3.0));
    scorecard.count();
    let text = human(&scorecard);
    assert!(text.starts_with(" THE CORRECT SYSTEM FAILED in 1 run."), "{text}");
    assert!(
        text.contains("seed 7: Decree 1 was decided twice.  store/run-7"),
        "{text}"
    );
    assert!(text.contains("clean in 1 of 2 runs"));
    assert!(markdown(&scorecard).starts_with("**THE CORRECT SYSTEM FAILED in 1 run.**"));
}

#[test]
fn an_unknown_run_is_neither_found_nor_clean() {
    let mut scorecard = two_bugs();
    for place in [1, 5] {
        scorecard.runs[place].verdict = Outcome::Unknown;
        scorecard.runs[place].sentence = "no | read succeeded".into();
    }
    scorecard.count();
    let text = human(&scorecard);
    assert!(text.contains("unknown in 1 run"), "{text}");
    assert!(
        text.contains("UNKNOWN correct system · none · seed 2: no | read succeeded"),
        "{text}"
    );
    assert!(!text.contains(" clean\n"), "{text}");
    assert!(markdown(&scorecard).contains("no \\| read succeeded"));
}

#[test]
fn markdown_has_the_same_cells() {
    let text = markdown(&two_bugs());
    assert!(
        text.contains("| Q1 | `own-value-always` | 2/2 · 830 ms · 1.3 s |"),
        "{text}"
    );
    assert!(
        text.contains("| Q1 | `file-torn`<br>not found: needs a lost disk | 0/2 |"),
        "{text}"
    );
    assert!(text.contains("|  | (correct system) | clean |"), "{text}");
    let columns = |line: &str| line.matches(" |").count();
    let table: Vec<usize> = text
        .lines()
        .filter(|line| line.starts_with('|'))
        .take(5)
        .map(columns)
        .collect();
    assert_eq!(table, [3; 5]);
}

#[test]
fn three_schedules_and_long_names_fit_into_120_columns() {
    let long = "answer-before-the-write-is-durable";
    let mut scorecard = empty(&[long]);
    let schedule = scorecard.schedules[0].clone();
    for name in ["default", "classic"] {
        let mut schedule = schedule.clone();
        schedule.name = name.to_owned();
        scorecard.schedules.push(schedule);
    }
    for name in ["none", "default", "classic"] {
        for seed in 0..10 {
            let mut row = run(Some(long), seed, Some(59.8));
            row.schedule = name.to_owned();
            row.faults = vec!["kill".into(), "partition".into()];
            scorecard.runs.push(row);
        }
    }
    scorecard.count();
    let text = human(&scorecard);
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(120), "{text}");
    assert!(
        text.contains(long) && text.matches("10/10").count() == 3,
        "{text}"
    );
}

#[test]
fn a_scorecard_that_was_stopped_says_so_and_shows_what_there_is() {
    let mut scorecard = two_bugs();
    scorecard.runs.truncate(3);
    scorecard.complete = false;
    scorecard.count();
    let text = human(&scorecard);
    assert!(text.contains("stopped after 3 of 6 runs"), "{text}");
    assert!(
        !text.contains("not found"),
        "nothing is known of file-torn: {text}"
    );
}
