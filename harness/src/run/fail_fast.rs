//! `--fail-fast`: looking at the history while it is being written.
//!
//! What has been recorded so far is a history like that of a run that was killed: operations without a
//! completion have an unknown outcome. Whatever they turn out to be can only forbid more orders, so a
//! violation in the beginning of a history is one in the whole. The verdict is given at the end, as always,
//! from the whole file; all that is decided here is when to stop.

use crate::events::{Event, Events};
use crate::progress::Voice;
use crate::recorder::Recorder;
use anyhow::{Context, Result};
use checker::Model;
use history::{History, Note, Phase, StopReason};
use nemesis::Journal;
use results::coverage::Coverage;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How long after one look the next one is, at least.
const PAUSE_MIN: Duration = Duration::from_millis(250);
/// The pause after a look, as a multiple of what the look took: looking costs a sixth of one core at most.
const PAUSE_SHARE: u32 = 5;

/// Looks at the history as it grows. When it contains a violation, notes that it was `seen`, and ends load
/// and faults by `stop`.
pub async fn stop_at_the_first_violation(
    file: PathBuf,
    model: Model,
    recorder: Arc<Recorder>,
    seen: Arc<AtomicBool>,
    stop: watch::Sender<bool>,
    voice: Voice,
    events: Events,
) {
    match first_violation(file, model).await {
        Ok(Sighting {
            code,
            sentence,
            after,
        }) => {
            seen.store(true, Ordering::Release);
            recorder.note(Note::Stop(match code {
                Some(_) => StopReason::Violation,
                None => StopReason::Stall,
            }));
            stop.send_replace(true);
            let after = after.as_secs_f64();
            if let Some(code) = code {
                events.now(Event::Violation {
                    code: code.to_owned(),
                    sentence: results::text::line(&crate::redaction::seen(&sentence)),
                    whole: false,
                });
            }
            voice.say(&format!(
                "stopping early after {after:.1} s (--fail-fast): {sentence}"
            ));
        }
        // The run goes on to its end, where the same trouble, if it lasts, is an error.
        Err(error) => voice.say(&format!("--fail-fast no longer looks: failed to {error:#}")),
    }
}

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sighting {
    /// The kind of violation; none for a system that stands still.
    code: Option<&'static str>,
    /// The violation in one sentence.
    sentence: String,
    /// How far into the main phase the file reached when it was read.
    after: Duration,
}

/// Waits until the history file contains a violation; for ever, if it never does.
///
/// # Errors
/// When the file cannot be read or checked.
async fn first_violation(file: PathBuf, model: Model) -> Result<Sighting> {
    let mut pause = PAUSE_MIN;
    loop {
        tokio::time::sleep(pause).await;
        let file = file.clone();
        let (seen, took) = tokio::task::spawn_blocking(move || {
            let began = Instant::now();
            (look(&file, model), began.elapsed())
        })
        .await
        .context("check the history so far")?;
        if let Some(sighting) = seen? {
            return Ok(sighting);
        }
        pause = pause_after(took);
    }
}

/// A look that takes long is taken less often.
fn pause_after(took: Duration) -> Duration {
    PAUSE_MIN.max(took * PAUSE_SHARE)
}

fn look(file: &Path, model: Model) -> Result<Option<Sighting>> {
    let history = history::read_file(file).context("read the history so far")?;
    let analysis = checker::check(&history, model).context("check the history so far")?;
    let violation = analysis
        .violations
        .into_iter()
        .next()
        .map(|violation| (Some(violation.code), violation.sentence));
    // A system that stands still although it could work will not be caught at anything else.
    let stall =
        || results::evidence::stall(&Coverage::of(&history).progress).map(|sentence| (None, sentence));
    Ok(violation.or_else(stall).map(|(code, sentence)| Sighting {
        code,
        sentence,
        after: since_the_main_phase_began(&history),
    }))
}

fn since_the_main_phase_began(history: &History) -> Duration {
    let phases = history::timeline::phases(history);
    let began = phases.iter().find(|(phase, ..)| *phase == Phase::Run);
    let began_ns = began.map_or(0, |(_, start_ns, _)| *start_ns);
    Duration::from_nanos(history.end_ns().saturating_sub(began_ns))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use tempfile::NamedTempFile;

    /// One decree: client 0 is told 1; client 1 is on its way.
    const SO_FAR: &str = r#"{"index":0,"time":5,"process":0,"type":"invoke","f":"propose","key":1,"value":1}
{"index":1,"time":9,"process":0,"type":"ok","f":"propose","key":1,"value":1}
{"index":2,"time":12,"process":1,"type":"invoke","f":"propose","key":1,"value":2}
"#;
    const TWO_DECISIONS: &str =
        r#"{"index":3,"time":19,"process":1,"type":"ok","f":"propose","key":1,"value":2}"#;

    fn file(text: &str) -> NamedTempFile {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    #[test]
    fn an_operation_on_its_way_is_no_violation_and_its_wrong_answer_is() {
        assert_eq!(look(file(SO_FAR).path(), Model::Decree).unwrap(), None);
        // The answer's line is being written.
        let torn = file(&format!("{SO_FAR}{}", &TWO_DECISIONS[..30]));
        assert_eq!(look(torn.path(), Model::Decree).unwrap(), None);
        let whole = file(&format!("{SO_FAR}{TWO_DECISIONS}\n"));
        let sighting = look(whole.path(), Model::Decree).unwrap().unwrap();
        assert!(sighting.sentence.contains("decided twice"), "{sighting:?}");
        assert_eq!(sighting.after, Duration::from_nanos(19));
    }

    #[tokio::test]
    async fn a_violation_that_is_there_is_seen_and_a_missing_file_is_an_error() {
        let whole = file(&format!("{SO_FAR}{TWO_DECISIONS}\n"));
        let seen = first_violation(whole.path().to_owned(), Model::Decree).await;
        assert!(seen.is_ok(), "{seen:?}");
        let gone = whole.path().to_owned();
        drop(whole);
        assert!(first_violation(gone, Model::Decree).await.is_err());
    }

    #[test]
    fn a_slow_look_is_taken_less_often() {
        assert_eq!(pause_after(Duration::from_millis(3)), PAUSE_MIN);
        assert_eq!(pause_after(Duration::from_secs(1)), Duration::from_secs(5));
    }
}
