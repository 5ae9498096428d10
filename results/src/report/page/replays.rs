//! Beside the command: how often the violation came back when the run was had again, as squares and in words.

use crate::document::{Outcome, Results};
use crate::replays::Replays;
use crate::text::{self, counted};

/// How many squares are drawn; more say no more than the words.
const SQUARES_MAX: usize = 40;

pub struct ReplaysView {
    /// The look of each square: with a violation, without one, without a verdict.
    pub squares: Vec<&'static str>,
    /// The rate in words.
    pub sentence: String,
    /// What to type to find out, where nobody has; else empty.
    pub command: String,
}

/// None where there is nothing to repeat.
pub fn replays(results: &Results) -> Option<ReplaysView> {
    let run = results.run.as_ref()?;
    let words = |words: [&str; 4]| text::command(&words.map(str::to_owned));
    match &results.replays {
        Some(replays) => Some(ReplaysView {
            squares: squares(replays),
            sentence: sentence(results, replays),
            command: String::new(),
        }),
        None if results.verdict == Outcome::Invalid && run.replay_of.is_none() => Some(ReplaysView {
            squares: Vec::new(),
            sentence: "How often it comes back, nobody has tried yet.".to_owned(),
            command: format!("harness {}", words(["replay", &run.id, "--times", "10"])),
        }),
        None => None,
    }
}

fn sentence(results: &Results, replays: &Replays) -> String {
    match results.verdict {
        Outcome::Invalid => replays.sentence(),
        // There is no violation that could come back.
        _ => format!(
            "Of {}, {} had a violation.",
            counted(replays.attempted, "replay"),
            text::count(replays.invalid)
        ),
    }
}

fn squares(replays: &Replays) -> Vec<&'static str> {
    let clean = replays.attempted - replays.invalid - replays.error;
    let kinds = [("hit", replays.invalid), ("miss", clean), ("none", replays.error)];
    let all = kinds
        .into_iter()
        .flat_map(|(class, times)| std::iter::repeat_n(class, times));
    match replays.attempted > SQUARES_MAX {
        true => Vec::new(),
        false => all.collect(),
    }
}
