//! What somebody at the terminal may ask of a run while it goes on, by a key.
//!
//! None of it changes what is recorded: a load that was paused has no operations then, a fault that was healed
//! early has its time in the history, and the rules of evidence see both.

use crate::interrupt::Interrupt;
use crate::progress::{HELP, Key, Voice};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use tokio::sync::{mpsc, watch};

/// How much of the end of a log is looked at, in bytes.
const TAIL_BYTES: u64 = 4096;

/// Who is asked.
pub struct Desk {
    /// Who says what was done.
    pub voice: Voice,
    /// Whether the load is paused.
    pub paused: watch::Sender<bool>,
    /// Whether the faults are to end.
    pub mend: watch::Sender<bool>,
    /// How to stop the run.
    pub interrupt: Interrupt,
    /// The folder with a folder for each node.
    pub logs: PathBuf,
    /// The nodes.
    pub nodes: Vec<String>,
}

impl Desk {
    /// Does what the keys ask for, until there are no more.
    pub async fn obey(self, mut keys: mpsc::UnboundedReceiver<Key>) {
        while let Some(key) = keys.recv().await {
            match key {
                Key::PauseLoad => {
                    self.paused.send_modify(|paused| *paused = !*paused);
                    let is_paused = *self.paused.borrow();
                    self.voice.say(if is_paused {
                        "load paused; p goes on"
                    } else {
                        "load goes on"
                    });
                }
                Key::HealNow => {
                    self.mend.send_replace(true);
                    self.voice.say("healing; no more faults in this run");
                }
                Key::StopNow => {
                    self.voice.say("stopping: healing, then checking what there is");
                    self.interrupt.ask();
                }
                Key::LastLines => {
                    for node in &self.nodes {
                        let line =
                            last_line(&self.logs.join(node)).unwrap_or_else(|| "nothing yet".to_owned());
                        self.voice.say(&format!("{node}  {line}"));
                    }
                }
                Key::Help => self.voice.say(HELP),
            }
        }
    }
}

/// The last line that a node has written, whichever of its logs is the newer.
fn last_line(node: &Path) -> Option<String> {
    let written = |path: &PathBuf| {
        std::fs::metadata(path)
            .ok()
            .filter(|it| it.len() > 0)?
            .modified()
            .ok()
    };
    let logs = ["stdout.log", "stderr.log"].map(|name| node.join(name));
    let newest = logs
        .into_iter()
        .filter(|path| written(path).is_some())
        .max_by_key(written)?;
    let mut file = File::open(newest).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))
        .ok()?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    text.lines()
        .rfind(|line| !line.trim().is_empty())
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_the_last_that_says_something() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(last_line(folder.path()), None);
        std::fs::write(folder.path().join("stderr.log"), "one\ntwo\n\n").unwrap();
        std::fs::write(folder.path().join("stdout.log"), "").unwrap();
        assert_eq!(last_line(folder.path()).as_deref(), Some("two"));
        std::fs::write(folder.path().join("stderr.log"), "x".repeat(10_000)).unwrap();
        assert_eq!(last_line(folder.path()).map(|it| it.len()), Some(4096));
    }
}
