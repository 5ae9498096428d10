//! What comes out: the figures of every case, and whether its verdict is the right one.

use super::cases::Case;
use super::measure::Measured;
use crate::cli::CheckerBenchOptions;
use checker::Verdict;
use serde::Serialize;

/// All figures.
#[derive(Clone, Debug, Serialize)]
pub struct Document {
    /// The limit on the time of each check, in seconds.
    pub time_limit_s: f64,
    /// The limit on the memory of each search, in bytes.
    pub memory_limit_bytes: usize,
    /// How many processors there are.
    pub processors: usize,
    /// The cases, in order.
    pub cases: Vec<Row>,
    /// The cases whose process failed.
    pub failures: Vec<Failure>,
}

/// A case whose process failed: it crashed, or took more memory than any process of the bench may.
#[derive(Clone, Debug, Serialize)]
pub struct Failure {
    /// The name of the case.
    pub name: String,
    /// How it ended, and what it said.
    pub problem: String,
}

/// One case.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// How many clients at once.
    pub processes: usize,
    /// How many operations of a hundred have an unknown outcome.
    pub unknown_percent: u32,
    /// The verdict that it has to have.
    pub expected: Verdict,
    /// What was measured.
    #[serde(flatten)]
    pub measured: Measured,
    /// Reading and checking, as a multiple of decoding the lines.
    pub ratio: f64,
    /// The same in processor time, which what else the machine does disturbs less.
    pub processor_ratio: f64,
}

impl Document {
    /// Without cases as yet.
    pub fn new(options: &CheckerBenchOptions) -> Document {
        Document {
            time_limit_s: options.checker_timeout.as_secs_f64(),
            memory_limit_bytes: options.checker_memory,
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            cases: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// The cases whose verdict is wrong: defects of the checker. One that has none is not among them.
    pub fn defects(&self) -> impl Iterator<Item = &Row> {
        self.cases.iter().filter(|row| row.is_wrong())
    }
}

impl Row {
    /// The figures of a case.
    pub fn of(case: &Case, measured: Measured) -> Row {
        let wall = measured.read_s + measured.check_s;
        Row {
            name: case.name.clone(),
            processes: case.plan.processes,
            unknown_percent: case.plan.unknown_percent,
            expected: match case.plan.wrong {
                true => Verdict::Invalid,
                false => Verdict::Valid,
            },
            ratio: wall / measured.decode_s.max(f64::MIN_POSITIVE),
            // The kernel counts in microseconds at best.
            processor_ratio: measured.processor_s / measured.decode_processor_s.max(1e-6),
            measured,
        }
    }

    /// Whether the checker said what is not so.
    pub fn is_wrong(&self) -> bool {
        self.measured.verdict != Verdict::Unknown && self.measured.verdict != self.expected
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::checker::cases;

    #[test]
    fn a_wrong_verdict_is_a_defect_and_none_is_not() {
        let cases = cases::all(1000, 1);
        let case = cases.iter().find(|case| case.plan.wrong).unwrap();
        let row = |verdict| {
            let measured = Measured {
                events: 1000,
                bytes: 90_000,
                newlines_s: 0.001,
                decode_s: 0.01,
                read_s: 0.015,
                check_s: 0.005,
                decode_processor_s: 0.01,
                processor_s: 0.03,
                peak_bytes: 1 << 20,
                search_peak_bytes: 0,
                verdict,
                algorithm: "intervals".to_owned(),
                sentence: None,
            };
            Row::of(case, measured)
        };
        assert!(row(Verdict::Valid).is_wrong());
        assert!(!row(Verdict::Invalid).is_wrong());
        assert!(!row(Verdict::Unknown).is_wrong());
        let row = row(Verdict::Invalid);
        assert!((row.ratio - 2.0).abs() < 1e-9 && (row.processor_ratio - 3.0).abs() < 1e-9);
    }
}
