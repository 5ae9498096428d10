//! Waiting for a line in a node's log, to do something the moment that it comes.
//!
//! A line is looked at by the thread that read it from the node, before it is written anywhere: between the node's
//! write and whoever waits there are two wake-ups. Lines of the harness's own in the same file are not looked at.

use crate::untrusted::printable;
use regex::bytes::Regex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::oneshot;

/// How much of a line is told.
const LINE_CHARS: usize = 300;

/// One of the streams of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// A line that was waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogMatch {
    /// Where it came.
    pub stream: LogStream,
    /// When its end came, in nanoseconds on the run's clock.
    pub at_ns: u64,
    /// Its text, fit for a terminal and cut after 300 characters.
    pub line: String,
}

/// Somebody waits for a line. Dropping it is giving up.
#[derive(Debug)]
pub struct LogWatch {
    matched: oneshot::Receiver<LogMatch>,
}

impl LogWatch {
    /// Waits until the line has come. `None` when the cluster is gone before.
    pub async fn matched(self) -> Option<LogMatch> {
        self.matched.await.ok()
    }
}

/// All who wait for a line of one node. One entry for each [`LogWatch`] that still waits.
#[derive(Debug, Default, Clone)]
pub struct Watches(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Whether there may be any: a log that nobody waits for must not pay for it.
    any: AtomicBool,
    waiting: Mutex<Vec<(Regex, oneshot::Sender<LogMatch>)>>,
}

impl Watches {
    /// Waits for the next line that matches, from now on. The pattern is looked for in the line's bytes without its
    /// end, of which at most [`super::LINE_BYTES_MAX`] are kept; its time is linear in them, whatever the pattern.
    pub fn add(&self, pattern: Regex) -> LogWatch {
        let (tell, matched) = oneshot::channel();
        let mut waiting = self.lock();
        waiting.retain(|(_, other)| !other.is_closed());
        waiting.push((pattern, tell));
        self.0.any.store(true, Ordering::Release);
        LogWatch { matched }
    }

    /// What looks at every line of a stream.
    pub fn looking_at(&self, stream: LogStream) -> impl FnMut(&[u8], Duration) + Send + 'static {
        let watches = self.clone();
        move |line, at| {
            if watches.0.any.load(Ordering::Acquire) {
                watches.look(stream, line, at);
            }
        }
    }

    fn look(&self, stream: LogStream, line: &[u8], at: Duration) {
        let mut waiting = self.lock();
        let gone = waiting.extract_if(.., |(pattern, tell)| tell.is_closed() || pattern.is_match(line));
        for (_, tell) in gone {
            // Whoever gave up does not want to hear it.
            let _ = tell.send(LogMatch {
                stream,
                at_ns: u64::try_from(at.as_nanos()).unwrap_or(u64::MAX),
                line: printable(&String::from_utf8_lossy(line), LINE_CHARS),
            });
        }
        self.0.any.store(!waiting.is_empty(), Ordering::Release);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(Regex, oneshot::Sender<LogMatch>)>> {
        self.0
            .waiting
            .lock()
            .expect("nobody panics while holding this lock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Regex {
        Regex::new(text).unwrap()
    }

    #[test]
    fn only_a_line_that_matches_is_told_and_only_the_first() {
        let watches = Watches::default();
        let mut see = watches.looking_at(LogStream::Stderr);
        see(b"became leader", Duration::ZERO);
        let mut watch = watches.add(pattern("became (leader|candidate)$"));
        see(b"will not become leader today", Duration::from_nanos(1));
        assert!(watch.matched.try_recv().is_err(), "from now on, and not that one");
        see(b"\xff n1 became \x1b leader", Duration::from_nanos(2));
        assert!(watch.matched.try_recv().is_err());
        see(b"\xff\x1b n1 became leader", Duration::from_nanos(3));
        see(b"became leader", Duration::from_nanos(4));
        let told = watch.matched.try_recv().unwrap();
        assert_eq!((told.stream, told.at_ns), (LogStream::Stderr, 3));
        assert_eq!(told.line, "\u{fffd}\\u{1b} n1 became leader");
    }

    #[test]
    fn nothing_is_kept_for_those_who_gave_up_or_were_told() {
        let watches = Watches::default();
        let mut see = watches.looking_at(LogStream::Stdout);
        drop(watches.add(pattern("never")));
        let told = watches.add(pattern("now"));
        assert_eq!(watches.lock().len(), 1);
        see(b"now", Duration::ZERO);
        assert!(watches.lock().is_empty());
        assert!(!watches.0.any.load(Ordering::Acquire));
        drop(told);
        drop(watches.add(pattern("never")));
        see(b"something", Duration::ZERO);
        assert!(watches.lock().is_empty());
    }
}
