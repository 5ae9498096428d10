//! A clock that jumps to and fro until it is told to stop.

use super::ClockError;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A strobe that is going on; a thread of its own, so that its beat does not depend on how busy the runtime is.
/// Dropping it stops it.
#[derive(Debug)]
pub struct Strobe {
    /// Dropped to stop it.
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
    jumps: Arc<AtomicU64>,
}

impl Strobe {
    /// Calls `jump` every so often: first with `true`, then with `false`, and so on. The time that a jump comes too
    /// late is not made up for by another that comes too soon.
    pub fn begin(
        node: &str,
        every: Duration,
        jump: impl Fn(bool) -> Result<(), ClockError> + Send + 'static,
    ) -> io::Result<Strobe> {
        let (stop, stopped) = sync_channel(0);
        let jumps = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&jumps);
        let name = node.to_owned();
        let beat = move || {
            let mut next = Instant::now() + every;
            let mut odd = true;
            while stopped.recv_timeout(next.saturating_duration_since(Instant::now()))
                == Err(RecvTimeoutError::Timeout)
            {
                if let Err(why) = jump(odd) {
                    // The count tells that it stood still.
                    tracing::warn!("the clock of {name} no longer strobes: {why}");
                    return;
                }
                counted.fetch_add(1, Ordering::Relaxed);
                odd = !odd;
                next = (next + every).max(Instant::now());
            }
        };
        let thread = std::thread::Builder::new()
            .name(format!("strobe {node}"))
            .spawn(beat)?;
        Ok(Strobe {
            stop: Some(stop),
            thread: Some(thread),
            jumps,
        })
    }

    /// How often it has jumped.
    pub fn jumps(&self) -> u64 {
        self.jumps.load(Ordering::Relaxed)
    }

    /// Stops it, and tells how often it has jumped. It jumps no more when this returns.
    pub fn end(mut self) -> u64 {
        self.stop();
        self.jumps()
    }

    fn stop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // Its panic was told when it happened; here there is nothing left to do about it.
            let _ = thread.join();
        }
    }
}

impl Drop for Strobe {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn it_goes_to_and_fro_until_it_is_stopped() {
        let (tell, told) = channel();
        let jump = move |odd| {
            // Nobody listens any more after the third.
            let _ = tell.send(odd);
            Ok(())
        };
        let strobe = Strobe::begin("n1", Duration::from_millis(1), jump).unwrap();
        let seen: Vec<bool> = told.iter().take(3).collect();
        assert_eq!(seen, [true, false, true]);
        let jumps = strobe.end();
        assert_eq!(
            jumps,
            3 + told.iter().count() as u64,
            "every jump is counted, and none comes later"
        );
    }
}
