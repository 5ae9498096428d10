//! How busy the machine is while a run goes on: its load average, as the kernel tells it.

use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;

/// How often the load of the machine is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Looks at how busy the machine is for as long as it is kept.
pub struct LoadWatch {
    highest: Arc<Mutex<Option<f64>>>,
    looks: JoinHandle<()>,
}

impl LoadWatch {
    /// Begins to look, at once and then every second. Must be called within a runtime.
    pub fn begin() -> LoadWatch {
        let highest = Arc::new(Mutex::new(None));
        let seen = Arc::clone(&highest);
        let looks = tokio::spawn(async move {
            let mut every = tokio::time::interval(LOOK_EVERY);
            loop {
                every.tick().await;
                note(&seen, load());
            }
        });
        LoadWatch { highest, looks }
    }

    /// The highest load average, over a minute, that was seen; none where there is nothing to be seen.
    pub fn end(self) -> Option<f64> {
        self.looks.abort();
        note(&self.highest, load());
        *self.highest.lock().expect("nobody panics while looking")
    }
}

fn note(highest: &Mutex<Option<f64>>, load: Option<f64>) {
    let mut highest = highest.lock().expect("nobody panics while looking");
    *highest = highest.into_iter().chain(load).reduce(f64::max);
}

/// The load average over the last minute.
fn load() -> Option<f64> {
    of_minute(&std::fs::read_to_string("/proc/loadavg").ok()?)
}

/// The first of the three numbers of `/proc/loadavg`.
fn of_minute(text: &str) -> Option<f64> {
    text.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_load_is_kept_and_what_cannot_be_read_is_no_load() {
        let highest = Mutex::new(None);
        note(&highest, None);
        assert_eq!(*highest.lock().unwrap(), None);
        for load in ["2.50 9.00 9.00 1/345 6789\n", "nonsense", "0.75 9 9", ""] {
            note(&highest, of_minute(load));
        }
        assert_eq!(*highest.lock().unwrap(), Some(2.5));
    }
}
