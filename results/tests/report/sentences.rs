//! A verdict is told in the same words everywhere.

use crate::ci::junit_message;
use crate::script::{Script, told, worked};
use results::Outcome;
use serde_json::json;

/// Decree 147 is decided as 17 and as 42, while n3 is killed and the network is cut.
pub fn failing() -> Script {
    let null = json!(null);
    let mut script = Script::new(&["partition", "kill"]);
    script.phase(0, "set-up").phase(10, "run");
    script.op(0, "propose", &json!(17), &json!(17), 31_362, 31_406);
    script.op(3, "propose", &json!(42), &json!(42), 31_792, 31_871);
    script.op(4, "read", &null, &json!(42), 31_880, 31_890);
    script
        .kill(17, "n3", 31_418, 31_655)
        .cut(18, true, 31_560, 36_020);
    script
}

#[test]
fn a_failing_run_is_told_in_the_same_words_everywhere() {
    let script = failing();
    let (results, block, page) = told(&script.history());
    assert_eq!(results.verdict, Outcome::Invalid);
    assert_eq!(
        results.reason.sentence,
        "Decree 147 was decided twice: first as 17, then as 42."
    );
    insta::assert_snapshot!(block);
    assert!(block.contains(&format!(" INVALID  {}\n", results.reason.sentence)));
    assert_eq!(junit_message(&results), results.reason.sentence);
    let annotated = results::annotation(&results).unwrap();
    assert_eq!(
        annotated,
        format!("::error title=INVALID::{}", results.reason.sentence)
    );
    let summary = results::markdown(&results, None);
    assert!(summary.starts_with(&format!("### INVALID {}\n", results.reason.sentence)));
    let plain: String = page
        .split("<h1>")
        .nth(1)
        .unwrap()
        .split("</h1>")
        .next()
        .unwrap()
        .split('<')
        .map(|part| part.split_once('>').map_or(part, |(_, text)| text))
        .collect();
    assert_eq!(plain, results.reason.sentence);
    for words in [
        "n3 killed",
        "✂ halves",
        "A comes before B",
        "<i class=\"swatch kill\"></i>n3 killed (SIGKILL)",
        "<span class=\"letter-chip value-0\">A</span> finished",
        "That a fault was in force does not show that it caused it.",
        "still no order of A and B works. Both are needed: were either one allowed the same, there would be an order.",
        "A finished 386 ms",
        "client 3",
        "NOT LINEARIZABLE",
    ] {
        assert!(page.contains(words), "{words}");
    }
}

#[test]
fn the_document_has_what_was_around_a_violation_and_counts_by_node_and_phase() {
    let (results, ..) = told(&failing().history());
    let violation = &results.violations[0];
    let between: Vec<(u32, &str, f64)> = violation
        .between
        .iter()
        .map(|it| (it.fault, it.event.as_str(), it.after_ms.round()))
        .collect();
    assert_eq!(
        between,
        [(17, "begin", 56.0), (18, "begin", 198.0), (17, "end", 293.0)]
    );
    let answers: Vec<(&str, String)> = violation
        .answers_by_node
        .iter()
        .flat_map(|(node, rows)| {
            rows.iter()
                .map(|it| (node.as_str(), format!("{} x {}", it.value, it.count)))
        })
        .collect();
    let told = |text: &str| text.to_owned();
    assert_eq!(
        answers,
        [
            ("n1", told("17 x 1")),
            ("n4", told("42 x 1")),
            ("n5", told("42 x 1"))
        ]
    );
    // n2 and n3 were asked nothing; no operation began before the main phase.
    let by_node: Vec<(&str, usize)> = results
        .ops
        .by_node
        .iter()
        .map(|(node, row)| (node.as_str(), row.ok))
        .collect();
    assert_eq!(by_node, [("n1", 1), ("n4", 1), ("n5", 1)]);
    let phases: Vec<&str> = results.ops.by_phase.keys().map(String::as_str).collect();
    assert_eq!((phases, results.ops.by_phase["run"].ok), (vec!["run"], 3));
    let keys = results.checks[0].keys.as_ref().unwrap();
    assert_eq!((keys.total, keys.valid, keys.invalid, keys.unknown), (1, 0, 1, 0));
    assert_eq!(results.checks[0].stats.as_ref().unwrap().largest_key_ops, 3);
}

#[test]
fn a_run_that_was_tested_enough_is_valid_and_says_by_what() {
    let mut script = Script::new(&["kill"]);
    worked(&mut script).kill(1, "n3", 100, 200);
    let (results, block, page) = told(&script.history());
    assert_eq!(results.verdict, Outcome::Valid, "{block}");
    insta::assert_snapshot!(block);
    assert!(page.contains("Why you can believe it"));
}

#[test]
fn what_was_out_of_the_ordinary_is_said_at_the_head_and_nothing_else_is() {
    use history::{Note, StopReason};
    let circumstances = |why: Option<StopReason>, limit_s: f64, args: &[&str], program: Option<&str>| {
        let mut history = failing().history();
        history
            .notes
            .extend(why.map(|why| (32_000_000_000, Note::Stop(why))));
        let (mut results, ..) = told(&history);
        let mut run = crate::ci::info();
        run.options.insert("time_limit_s".to_owned(), limit_s.into());
        run.node_args = args.iter().map(ToString::to_string).collect();
        run.program = program.map(str::to_owned);
        results.run = Some(run);
        let block = results::final_block(&results, None, results::BlockOptions { color: false });
        let coverage = results::coverage::Coverage::of(&history);
        let page = results::report_html(&results, &history, None, &coverage, None).unwrap();
        let said = results.circumstances();
        for sentence in &said {
            assert!(block.contains(sentence), "{block}");
            assert!(results::markdown(&results, None).contains(sentence));
            let escaped = results::report::svg::escaped(sentence);
            // A flag keeps its hyphens together.
            let page = page.replace("<span class=\"word\">", "");
            let is_said = page
                .split("<p class=\"detail\">")
                .filter_map(|it| it.split_once("</p>"))
                .any(|(line, _)| line.replace("</span>", "") == escaped);
            assert!(is_said, "{escaped}");
        }
        said
    };
    let none: [&str; 0] = [];
    // The main phase began at 10 ms and the last line is at 36.02 s.
    assert_eq!(circumstances(None, 36.0, &[], None), none);
    assert_eq!(circumstances(None, 60.0, &[], None), ["Ran 36.0 s of 60 s."]);
    assert_eq!(
        circumstances(Some(StopReason::Violation), 60.0, &["--bug", "x y"], None),
        [
            "Ran 36.0 s of 60 s: stopped at the first violation (--fail-fast).",
            "The nodes were started with --bug 'x y'."
        ]
    );
    assert_eq!(
        circumstances(Some(StopReason::Interrupt), 60.0, &["-v"], Some("/tmp/n")),
        [
            "Ran 36.0 s of 60 s: stopped by Ctrl-C.",
            "The nodes were started from /tmp/n with -v."
        ]
    );
}

#[test]
fn a_schedule_with_a_name_is_told_with_what_happens_in_it() {
    let (mut results, ..) = told(&failing().history());
    let mut run = crate::ci::info();
    run.scenario = Some(results::Scenario {
        name: "q6-paused-proposer".to_owned(),
        about: "A proposer is stopped between its two phases.".to_owned(),
    });
    results.run = Some(run);
    let sentence =
        "The faults are those of q6-paused-proposer: A proposer is stopped between its two phases.";
    assert_eq!(results.circumstances(), [sentence]);
    let history = failing().history();
    let coverage = results::coverage::Coverage::of(&history);
    let page = results::report_html(&results, &history, None, &coverage, None).unwrap();
    let block = results::final_block(&results, None, results::BlockOptions { color: false });
    for document in [page, block, results::markdown(&results, None)] {
        assert!(document.contains(sentence), "{document}");
    }
    // And what is stored without one is read as before.
    let stored = serde_json::to_value(crate::ci::info()).unwrap();
    assert!(stored.get("scenario").is_none());
    let read: results::RunInfo = serde_json::from_value(stored).unwrap();
    assert_eq!(read.scenario, None);
}

#[test]
fn a_run_that_was_cut_short_and_shows_too_little_says_so() {
    use history::{Note, StopReason};
    let mut script = Script::new(&["kill"]);
    let mut history = worked(&mut script).history();
    history
        .notes
        .push((100_000_000, Note::Stop(StopReason::Interrupt)));
    let (mut results, ..) = told(&history);
    let mut run = crate::ci::info();
    run.options.insert("time_limit_s".to_owned(), 60.0.into());
    results.run = Some(run);
    assert_eq!(results.verdict, Outcome::Unknown);
    let block = results::final_block(&results, None, results::BlockOptions { color: false });
    assert!(
        block.contains("   Ran 0.1 s of 60 s: stopped by Ctrl-C.\n"),
        "{block}"
    );
}

#[test]
fn the_times_of_a_contradiction_show_which_operation_was_first() {
    let mut script = Script::new(&[]);
    script.phase(0, "run");
    let at = |script: &mut Script, client: u64, value: u64, from_us: u64, to_us: u64| {
        script.op(client, "propose", &json!(value), &json!(value), 0, 0);
        for (line, us) in [(2, from_us), (1, to_us)] {
            let place = script.lines.len() - line;
            let mut event: serde_json::Value = serde_json::from_str(&script.lines[place]).unwrap();
            event["time"] = (us * 1000).into();
            script.lines[place] = event.to_string();
        }
    };
    at(&mut script, 0, 17, 2_098_100, 2_100_210);
    at(&mut script, 3, 42, 2_100_220, 2_102_000);
    let (results, block, page) = told(&script.history());
    assert_eq!(results.violations[0].digits(), 5);
    assert!(
        block.contains("2.09810 – 2.10021 s") && block.contains("2.10022 – 2.10200 s"),
        "{block}"
    );
    assert!(page.contains("2.09810 – 2.10200 s"));
}
