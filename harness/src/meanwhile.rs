//! Telling how far something is that blocks the thread it is done on.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// Does some work, and tells every so often from another thread, until it is done. Nothing is told of what takes no longer.
pub fn meanwhile<T>(every: Duration, tell: impl Fn() + Send, work: impl FnOnce() -> T) -> T {
    std::thread::scope(|scope| {
        let (end, ended) = mpsc::channel::<()>();
        scope.spawn(move || {
            while ended.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                tell();
            }
        });
        let done = work();
        drop(end);
        done
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn it_is_told_while_it_goes_on_and_not_when_it_is_done() {
        let (told, tellings) = channel();
        let every = Duration::from_millis(1);
        let result = meanwhile(
            every,
            move || told.send(()).unwrap(),
            || {
                tellings.recv().unwrap();
                tellings.recv().unwrap();
                tellings
            },
        );
        // Whoever told is gone, with what it told through.
        result.try_iter().for_each(drop);
        assert!(result.recv().is_err());
        let hour = Duration::from_secs(3600);
        assert_eq!(meanwhile(hour, || panic!("so soon"), || 7), 7);
    }
}
