//! Watching a run: its history is read as it grows, and what is new is told to the browser.

use super::answer;
use axum::response::Response;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream;
use results::RunDir;
use results::browse::live::{Live, Snapshot};
use std::convert::Infallible;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;

/// How often a browser is told.
const TELL_EVERY: Duration = Duration::from_millis(500);
/// How much is read at once, in bytes.
const CHUNK: usize = 1 << 20;

/// A history and how far it was read.
struct Follower {
    run: RunDir,
    read: u64,
    live: Live,
    is_first: bool,
    /// Given back when nobody watches any more.
    _permit: OwnedSemaphorePermit,
}

/// What there is now.
pub fn snapshot(history: &Path) -> Snapshot {
    let mut live = Live::default();
    // A run that has no history yet has not begun.
    let _ = take_in(history, &mut 0, &mut live);
    live.snapshot()
}

/// Takes in what a file has beyond `read`.
fn take_in(history: &Path, read: &mut u64, live: &mut Live) -> std::io::Result<()> {
    let mut file = File::open(history)?;
    file.seek(SeekFrom::Start(*read))?;
    // As much as there is now: a file that grows as fast as it is read would have no end.
    let mut left = file.metadata()?.len().saturating_sub(*read);
    let mut buffer = vec![0; CHUNK];
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        let count = file.read(&mut buffer[..most])?;
        if count == 0 {
            break;
        }
        live.feed(&buffer[..count]);
        *read += count as u64;
        left -= count as u64;
    }
    Ok(())
}

/// Tells what there is, again and again, until the run is over.
pub fn events(run: RunDir, permit: OwnedSemaphorePermit) -> Response {
    let follower = Follower {
        run,
        read: 0,
        live: Live::default(),
        is_first: true,
        _permit: permit,
    };
    let stream = stream::unfold(Some(follower), |state| async {
        let mut follower = state?;
        if !follower.is_first {
            tokio::time::sleep(TELL_EVERY).await;
        }
        follower.is_first = false;
        let looked = tokio::task::spawn_blocking(move || {
            let is_over = !follower.run.is_in_progress();
            let history = follower.run.file("history.jsonl");
            // A file that cannot be read now may be there the next time.
            let _ = take_in(&history, &mut follower.read, &mut follower.live);
            (follower, is_over)
        });
        let (follower, is_over) = looked.await.ok()?;
        if is_over {
            let what = if follower.run.file("report.html").is_file() {
                "report"
            } else {
                "run"
            };
            return Some((
                Ok::<_, Infallible>(Event::default().event("done").data(what)),
                None,
            ));
        }
        let event = Event::default()
            .event("snapshot")
            .json_data(follower.live.snapshot())
            .ok()?;
        Some((Ok(event), Some(follower)))
    });
    let response = Sse::new(stream).keep_alive(KeepAlive::default());
    answer::sealed_response(axum::response::IntoResponse::into_response(response))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_new_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let history = folder.path().join("history.jsonl");
        let line =
            "{\"index\":0,\"time\":1,\"process\":1,\"type\":\"invoke\",\"f\":\"read\",\"value\":null}\n";
        std::fs::write(&history, line).unwrap();
        let (mut read, mut live) = (0, Live::default());
        take_in(&history, &mut read, &mut live).unwrap();
        take_in(&history, &mut read, &mut live).unwrap();
        assert_eq!((read, live.snapshot().counts.begun), (line.len() as u64, 1));
        std::fs::write(&history, line.repeat(3)).unwrap();
        take_in(&history, &mut read, &mut live).unwrap();
        assert_eq!(live.snapshot().counts.begun, 3);
    }
}
