//! What is taken from a run: was a violation found, by what, how soon, and under which faults.

use super::Job;
use super::child::Ended;
use super::document::RunRow;
use anyhow::{Context, Result, anyhow};
use history::timeline::FaultSpan;
use history::{History, Phase};
use results::document::ViolationRow;
use results::{Outcome, Results};
use std::collections::BTreeSet;
use std::path::Path;

/// A fault that was mended so shortly before the violation still counts as one that it was found under.
const AFTERMATH_NS: u64 = 2_000_000_000;

/// The rules of evidence that a system fails which stands still though nothing hinders it, or does not come back when every
/// fault is mended.
const LIVENESS: [&str; 2] = ["progress", "recovered"];

/// The row of a run that ended. `directory` is the run's own, if it came to have one.
pub fn row(job: &Job, ended: Result<Ended>, directory: Option<&Path>, took_s: f64) -> RunRow {
    let mut row = RunRow {
        bug: job.bug.map(|bug| bug.name().to_owned()),
        schedule: job.schedule.name().to_owned(),
        seed: job.seed,
        verdict: Outcome::Error,
        found: false,
        kind: None,
        time_s: None,
        operations: None,
        faults: Vec::new(),
        sentence: String::new(),
        took_s,
        directory: directory.map(|path| path.display().to_string()),
        command: job.command_line(),
    };
    let history = directory.map(|path| path.join("history.jsonl"));
    let filled = ended.and_then(|ended| {
        let results = results_of(&ended)?;
        fill(&mut row, job, &results, || {
            let path = history.context("find the run's history")?;
            Ok(history::read_file(&path)?)
        })
    });
    if let Err(error) = filled {
        (row.verdict, row.found) = (Outcome::Error, false);
        row.sentence = format!("Failed to {error:#}.");
    }
    row
}

fn results_of(ended: &Ended) -> Result<Results> {
    serde_json::from_slice(&ended.out).map_err(|_| {
        let last = ended.err.lines().rev().find(|line| !line.trim().is_empty());
        let code = ended.code.map_or("killed by a signal".to_owned(), |code| {
            format!("exit code {code}")
        });
        let words = results::text::visible(last.unwrap_or("it said nothing"), 200);
        anyhow!("get a verdict from the run: {code}, {words}")
    })
}

fn fill(
    row: &mut RunRow,
    job: &Job,
    results: &Results,
    history: impl FnOnce() -> Result<History>,
) -> Result<()> {
    row.verdict = results.verdict;
    row.sentence.clone_from(&results.reason.sentence);
    match results.verdict {
        Outcome::Invalid => {
            let first = first_violation(&results.violations).context("find the violation in the results")?;
            let history = history()?;
            let at_ns = seen_at_ns(first);
            row.found = true;
            row.kind = Some(first.code.clone());
            row.sentence.clone_from(&first.sentence);
            row.time_s = Some(results::text::seconds(
                at_ns.saturating_sub(main_phase_ns(&history)),
            ));
            row.operations = Some(begun_by(&history, at_ns));
            row.faults = faults_at(&history::timeline::faults(&history), at_ns);
        }
        Outcome::Unknown => {
            let stands_still = results
                .coverage
                .evidence
                .iter()
                .find(|rule| LIVENESS.contains(&rule.rule.as_str()) && !rule.ok);
            if let Some(rule) = stands_still {
                row.sentence.clone_from(&rule.value);
            } else {
                row.sentence = results.reason.detail.first().unwrap_or(&row.sentence).clone();
            }
            // A run of the correct system that stands still is unknown, as any run that shows too little.
            if let Some(rule) = stands_still
                && job.bug.is_some()
            {
                row.found = true;
                row.kind = Some(rule.rule.clone());
                row.time_s = Some(results::text::seconds(main_phase_lasted_ns(&history()?)));
                row.operations = Some(results.ops.total);
                let kinds = results.coverage.faults.iter().filter(|kind| kind.count > 0);
                row.faults = kinds.map(|kind| kind.kind.clone()).collect();
            }
        }
        Outcome::Valid | Outcome::Error => {}
    }
    Ok(())
}

/// The violation that was complete first; the report shows the clearest one first.
fn first_violation(violations: &[ViolationRow]) -> Option<&ViolationRow> {
    violations.iter().min_by_key(|violation| seen_at_ns(violation))
}

/// When the last operation of a counterexample had its answer; where only its beginning counts, began.
fn seen_at_ns(violation: &ViolationRow) -> u64 {
    let ends = violation
        .core
        .iter()
        .map(|operation| match operation.answer_counts {
            true => operation.end_ns.unwrap_or(operation.start_ns),
            false => operation.start_ns,
        });
    ends.max().unwrap_or(0)
}

/// When the main phase began.
fn main_phase_ns(history: &History) -> u64 {
    let phases = history::timeline::phases(history);
    let main = phases.iter().find(|(phase, ..)| *phase == Phase::Run);
    main.map_or(0, |(_, start_ns, _)| *start_ns)
}

/// How long the main phase lasted.
fn main_phase_lasted_ns(history: &History) -> u64 {
    let phases = history::timeline::phases(history);
    let main = phases.iter().find(|(phase, ..)| *phase == Phase::Run);
    main.map_or(0, |(_, start_ns, end_ns)| end_ns.saturating_sub(*start_ns))
}

fn begun_by(history: &History, at_ns: u64) -> usize {
    let begun = history
        .operations
        .iter()
        .filter(|operation| operation.start_ns <= at_ns);
    begun.count()
}

/// The kinds of fault that were in force at a moment, or mended shortly before it.
fn faults_at(faults: &[FaultSpan], at_ns: u64) -> Vec<String> {
    let near = faults.iter().filter(|span| {
        let active = span.active_ns(u64::MAX);
        active.is_some_and(|(start, end)| start <= at_ns && at_ns <= end.saturating_add(AFTERMATH_NS))
    });
    let kinds: BTreeSet<&str> = near.map(|span| span.fault.kind()).collect();
    kinds.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use history::Fault;

    const SECOND: u64 = 1_000_000_000;

    fn kill(installed_s: Option<u64>, healed_s: Option<u64>) -> FaultSpan {
        FaultSpan {
            id: 0,
            fault: Fault::Kill {
                nodes: vec!["n1".into()],
                power: false,
                flap: None,
                slow_start: None,
            },
            requested_ns: 0,
            installed_ns: installed_s.map(|s| s * SECOND),
            healing_ns: None,
            healed_ns: healed_s.map(|s| s * SECOND),
            felt: Some(true),
            trouble: None,
            evidence: Vec::new(),
        }
    }

    #[test]
    fn a_fault_counts_while_it_is_in_force_and_two_seconds_longer() {
        let at = |span: FaultSpan, at_s: u64| faults_at(&[span], at_s * SECOND);
        assert_eq!(at(kill(Some(3), Some(5)), 4), ["kill"]);
        assert_eq!(at(kill(Some(3), Some(5)), 7), ["kill"]);
        assert_eq!(at(kill(Some(3), None), 50), ["kill"]);
        assert!(at(kill(Some(3), Some(5)), 8).is_empty(), "long over");
        assert!(at(kill(Some(3), Some(5)), 2).is_empty(), "not yet");
        assert!(at(kill(None, None), 4).is_empty(), "never in force");
    }

    /// A run in which two operations contradict each other, as `harness test` would judge it.
    fn judged(planted: bool) -> RunRow {
        const FILE: &str = r#"{"time":1000000000,"process":"harness","type":"info","f":"phase","value":"run"}
{"index":0,"time":1100000000,"process":0,"type":"invoke","f":"propose","key":1,"value":1}
{"index":1,"time":1200000000,"process":0,"type":"ok","f":"propose","key":1,"value":1}
{"index":2,"time":1300000000,"process":1,"type":"invoke","f":"propose","key":1,"value":2}
{"index":3,"time":3000000000,"process":1,"type":"ok","f":"propose","key":1,"value":2}
{"index":4,"time":4000000000,"process":1,"type":"invoke","f":"read","key":1,"value":null}
"#;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("history.jsonl"), FILE).unwrap();
        let file = folder.path().join("history.jsonl");
        let judgement =
            crate::run::judgement::of_file(&file, history::ReadOptions::default(), Default::default())
                .unwrap();
        let ended = Ended {
            code: Some(1),
            out: serde_json::to_vec(&judgement.results).unwrap(),
            err: String::new(),
        };
        row(&job(planted), Ok(ended), Some(folder.path()), 1.0)
    }

    fn job(planted: bool) -> Job {
        use clap::Parser;
        let cli = crate::cli::Cli::try_parse_from(["harness", "scorecard"]).unwrap();
        let crate::cli::Command::Scorecard(options) = cli.command else {
            unreachable!()
        };
        let schedule = crate::cli::ScheduleName::None;
        Job {
            bug: planted.then_some(paxos::Bug::ALL[0]),
            schedule,
            seed: 1,
            options: options.test_options(schedule),
        }
    }

    #[test]
    fn time_counts_from_the_main_phase_to_the_last_answer_of_the_counterexample() {
        let row = judged(true);
        assert_eq!(row.verdict, Outcome::Invalid, "{row:?}");
        assert_eq!(
            (row.found, row.kind.as_deref()),
            (true, Some("decree.two-decisions"))
        );
        assert_eq!((row.time_s, row.operations), (Some(2.0), Some(2)));
        assert!(row.faults.is_empty());
    }

    fn unknown(rule: &str) -> Ended {
        let history = History::default();
        let mut results = Results::error(None, &history, "Too little was tested.".into(), Vec::new());
        results.verdict = Outcome::Unknown;
        results.coverage.evidence.push(results::evidence::Rule {
            rule: rule.to_owned(),
            ok: false,
            asked: true,
            value: "no propose succeeded in 3.1 s in which n1 n3 n4 were up and connected".to_owned(),
        });
        Ended {
            code: Some(2),
            out: serde_json::to_vec(&results).unwrap(),
            err: String::new(),
        }
    }

    #[test]
    fn a_planted_bug_that_stands_still_or_stays_away_is_found_and_other_unknowns_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let phases = [("run", 1_000_000_000_u64), ("heal", 6_500_000_000)].map(|(phase, time)| {
            format!("{{\"time\":{time},\"process\":\"harness\",\"type\":\"info\",\"f\":\"phase\",\"value\":\"{phase}\"}}\n")
        });
        std::fs::write(folder.path().join("history.jsonl"), phases.concat()).unwrap();
        for rule in LIVENESS {
            let found = row(&job(true), Ok(unknown(rule)), Some(folder.path()), 1.0);
            assert_eq!((found.found, found.kind.as_deref()), (true, Some(rule)));
            assert_eq!(found.time_s, Some(5.5), "until the main phase was ended");
        }
        let other = row(&job(true), Ok(unknown("outcomes-known")), None, 1.0);
        assert_eq!((other.found, other.verdict), (false, Outcome::Unknown));
        let correct = row(&job(false), Ok(unknown("progress")), None, 1.0);
        assert_eq!((correct.found, correct.verdict), (false, Outcome::Unknown));
    }

    #[test]
    fn a_run_that_says_nothing_is_an_error_in_its_last_words() {
        let ended = Ended {
            code: Some(255),
            out: Vec::new(),
            err: "error: failed to start the test: no \u{1b}[31mtun\n\n".into(),
        };
        let row = row(&job(true), Ok(ended), None, 1.0);
        assert_eq!((row.verdict, row.found), (Outcome::Error, false));
        assert!(row.sentence.contains("exit code 255") && row.sentence.contains("tun"));
        assert!(!row.sentence.contains('\u{1b}'));
    }
}
