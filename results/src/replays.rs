//! The replays of a run: the same operations and the same faults again, and how they came out.
//!
//! `replays.jsonl` in the folder of the run that was replayed has a line for each. The system under test keeps its own
//! timing, so a replay is another throw of the same dice: how often a violation comes back is a rate, and is told
//! with the interval that so few throws leave open. Starting replays is not done here.

use crate::document::{Outcome, Results};
use crate::store::{RunDir, StoreError};
use crate::text::{count, counted};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The file in the folder of the run that was replayed.
const FILE: &str = "replays.jsonl";
/// The largest such file that is read: some ten thousand replays.
const BYTES_MAX: u64 = 8 << 20;

/// How one replay came out: a line of `replays.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replay {
    /// The replay's own run; empty when it came to none.
    pub run: String,
    /// Its verdict.
    pub verdict: Outcome,
    /// The kind of its violation, or what `reason.code` says otherwise.
    pub code: String,
}

impl Replay {
    /// What the results of a replay come to; none for one that left no results.
    pub fn of(results: Option<&Results>) -> Replay {
        let run = results.and_then(|results| results.run.as_ref());
        Replay {
            run: run.map(|run| run.id.clone()).unwrap_or_default(),
            verdict: results.map_or(Outcome::Error, |results| results.verdict),
            code: results.map_or_else(String::new, |results| results.reason.code.clone()),
        }
    }
}

/// How often a violation came back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Replays {
    /// How many replays there were.
    pub attempted: usize,
    /// How many of them had a violation.
    pub invalid: usize,
    /// How many of these had one of the same kind as the first one of the run that was replayed.
    pub same_code: usize,
    /// How many had no verdict; they count for nothing.
    pub error: usize,
    /// Violations by replay with a verdict; none when there is no such replay.
    pub rate: Option<f64>,
    /// The 95 % confidence interval of the rate (Wilson 1927: that of a proportion, also for few throws).
    pub ci95: Option<[f64; 2]>,
}

impl Replays {
    /// The sum over all replays of a run with this kind of violation; none when there is none.
    pub fn sum(replays: &[Replay], code: &str) -> Option<Replays> {
        let count = |is_meant: &dyn Fn(&Replay) -> bool| replays.iter().filter(|it| is_meant(it)).count();
        let invalid = count(&|it| it.verdict == Outcome::Invalid);
        let error = count(&|it| it.verdict == Outcome::Error);
        let judged = replays.len() - error;
        (!replays.is_empty()).then(|| Replays {
            attempted: replays.len(),
            invalid,
            same_code: count(&|it| it.verdict == Outcome::Invalid && it.code == code),
            error,
            rate: (judged > 0).then(|| invalid as f64 / judged as f64),
            ci95: (judged > 0).then(|| wilson(invalid, judged)),
        })
    }

    /// In words: `7 of 10 replays had a violation (95 % interval 40 to 89 %), 6 of the same kind.`
    pub fn sentence(&self) -> String {
        let judged = self.attempted - self.error;
        let errors = match self.error {
            0 => String::new(),
            more => format!(" {} had no verdict.", counted(more, "more replay")),
        };
        let Some([low, high]) = self.ci95 else {
            return format!("None of {} had a verdict.", counted(self.attempted, "replay"));
        };
        let kind = match (self.invalid, self.same_code) {
            (0, _) => String::new(),
            (all, same) if all == same => ", of the same kind".to_owned(),
            (_, same) => format!(", {} of the same kind", count(same)),
        };
        format!(
            "{} of {} had a violation{kind} (95 % interval: {:.0} to {:.0} %).{errors}",
            count(self.invalid),
            counted(judged, "replay"),
            low * 100.0,
            high * 100.0
        )
    }
}

/// The score interval of a proportion at 95 %: E. B. Wilson, *Probable inference, the law of succession, and
/// statistical inference*, 1927.
fn wilson(hits: usize, throws: usize) -> [f64; 2] {
    /// The 97.5 % point of the normal distribution.
    const Z: f64 = 1.959_963_984_540_054;
    let (hits, n) = (hits as f64, throws as f64);
    let share = hits / n;
    let middle = share + Z * Z / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    // At the ends the exact bound is 0 or 1, and rounding must not pass it.
    [
        ((middle - half) / scale).clamp(0.0, share),
        ((middle + half) / scale).clamp(share, 1.0),
    ]
}

impl RunDir {
    /// How the replays of this run came out, in their order. Lines that say nothing, such as one that was cut off, are
    /// passed over.
    pub fn replays(&self) -> Vec<Replay> {
        let bytes = self.read(FILE, BYTES_MAX).unwrap_or_default();
        let lines = bytes.split(|byte| *byte == b'\n');
        lines
            .filter_map(|line| serde_json::from_slice(line).ok())
            .collect()
    }

    /// Adds a replay of this run.
    ///
    /// # Errors
    /// When the file system says no.
    pub fn add_replay(&self, replay: &Replay) -> Result<(), StoreError> {
        let mut line = serde_json::to_string(replay).expect("a replay is plain data");
        line.push('\n');
        self.append(FILE, line.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replay(verdict: Outcome, code: &str) -> Replay {
        Replay {
            run: String::new(),
            verdict,
            code: code.to_owned(),
        }
    }

    #[test]
    fn errors_are_no_throws_and_other_kinds_are_not_the_same() {
        let mut replays = vec![replay(Outcome::Invalid, "a"); 6];
        replays.push(replay(Outcome::Invalid, "b"));
        replays.extend(vec![replay(Outcome::Valid, ""); 2]);
        replays.push(replay(Outcome::Unknown, "a"));
        replays.push(replay(Outcome::Error, ""));
        let sum = Replays::sum(&replays, "a").unwrap();
        assert_eq!(
            (sum.attempted, sum.invalid, sum.same_code, sum.error),
            (11, 7, 6, 1)
        );
        assert_eq!(
            sum.sentence(),
            "7 of 10 replays had a violation, 6 of the same kind (95 % interval: 40 to 89 %). 1 more replay had no verdict."
        );
        assert_eq!(Replays::sum(&[], "a"), None);
        let broken = Replays::sum(&[replay(Outcome::Error, "")], "a").unwrap();
        assert_eq!(broken.rate, None);
        assert_eq!(broken.sentence(), "None of 1 replay had a verdict.");
    }

    #[test]
    fn the_interval_is_wilsons() {
        let close = |[low, high]: [f64; 2], expected: [f64; 2]| {
            assert!((low - expected[0]).abs() < 5e-4, "{low} {high}");
            assert!((high - expected[1]).abs() < 5e-4, "{low} {high}");
        };
        close(wilson(7, 10), [0.3968, 0.8922]);
        close(wilson(0, 10), [0.0, 0.2775]);
        close(wilson(10, 10), [0.7225, 1.0]);
        close(wilson(1, 1), [0.2065, 1.0]);
    }

    #[test]
    fn a_line_that_was_cut_off_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunDir::at(folder.path());
        assert_eq!(run.replays(), []);
        let one = replay(Outcome::Invalid, "decree.two-decisions");
        run.add_replay(&one).unwrap();
        run.append("replays.jsonl", b"{\"run\":\"2026\n").unwrap();
        run.add_replay(&one).unwrap();
        assert_eq!(run.replays(), [one.clone(), one]);
    }
}
