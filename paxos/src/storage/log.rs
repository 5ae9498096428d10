//! The log: what has to survive, appended and synced before anybody is told.
//!
//! One thread writes. It takes all that waits, writes it with one call, syncs once, and then says so to everybody
//! who waited (group commit). The log is a row of files, `paxos-00000001.log` and so on; a new one is begun at every
//! start and at every checkpoint, and the old ones go when the [`super::table`] has what is in them.

use super::{StorageError, batch, sync_directory};
use crate::bug::{Bug, Planted};
use crate::storage::record::Record;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

/// How many batches may be on their way to the disk before [`Log::has_room`] says no.
const WAITING_MAX: usize = 64;

/// The log could not make a record durable. It never will again: the node has stopped as an acceptor.
#[derive(Clone, Debug, thiserror::Error)]
#[error("write the log: {0}")]
pub struct LogFailed(pub String);

/// What is called when a batch is durable, on the writer's thread.
type Then = Box<dyn FnOnce(Result<(), LogFailed>) + Send>;

/// The writing end of the log.
#[derive(Debug)]
pub struct Log {
    writer: mpsc::Sender<Command>,
    /// Batches that are not durable yet.
    waiting: Arc<AtomicUsize>,
}

enum Command {
    Append {
        bytes: Vec<u8>,
        then: Then,
    },
    /// Begin a new file and say which.
    Rotate(mpsc::Sender<Result<u64, LogFailed>>),
}

/// What the writer has done so far: asked for by whoever counts.
pub trait Watch: Send + 'static {
    /// So many batches, of so many bytes, were written and synced at once, which took so long.
    fn synced(&self, batches: usize, bytes: usize, took: Duration);
    /// The log has failed.
    fn failed(&self, error: &LogFailed);
}

impl Log {
    /// Begins a new log file and starts its writer.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn begin(
        directory: &Path,
        number: u64,
        start: u64,
        planted: Planted,
        watch: impl Watch,
    ) -> Result<Log, StorageError> {
        let mut writer = Writer {
            file: new_file(directory, number, start, planted)?,
            batches: 1,
            framed: Vec::new(),
            directory: directory.to_owned(),
            number,
            start,
            planted,
        };
        let (writer_end, waiting) = mpsc::channel();
        std::thread::Builder::new()
            .name("log".into())
            .spawn(move || work(&mut writer, &waiting, &watch))
            .map_err(StorageError::io("start the writer of", directory))?;
        Ok(Log::to(writer_end))
    }

    fn to(writer: mpsc::Sender<Command>) -> Log {
        Log {
            writer,
            waiting: Arc::default(),
        }
    }

    /// A log on a disk that neither takes anything nor says no.
    #[cfg(test)]
    pub fn on_a_disk_that_hangs() -> Log {
        let (writer, waiting) = mpsc::channel();
        std::mem::forget(waiting);
        Log::to(writer)
    }

    /// Whether the disk keeps up. When it does not, whoever has more to append had better keep it: it will be asked
    /// for soon, in one batch. Appending never waits.
    pub fn has_room(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) < WAITING_MAX
    }

    /// Hands bytes to the writer. They become durable in the order of these calls; `then` is told when they are, or
    /// that they will not be.
    pub fn append(&self, bytes: Vec<u8>, then: impl FnOnce(Result<(), LogFailed>) + Send + 'static) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let waiting = Arc::clone(&self.waiting);
        let then = move |outcome| {
            waiting.fetch_sub(1, Ordering::Relaxed);
            then(outcome);
        };
        let command = Command::Append {
            bytes,
            then: Box::new(then),
        };
        if let Err(mpsc::SendError(Command::Append { then, .. })) = self.writer.send(command) {
            then(Err(LogFailed("the writer has stopped".to_owned())));
        }
    }

    /// What is appended from now on goes to a new file; its number will be said.
    pub fn rotate(&self) -> mpsc::Receiver<Result<u64, LogFailed>> {
        let (tell, told) = mpsc::channel();
        // If the writer has stopped, nothing will be said.
        let _ = self.writer.send(Command::Rotate(tell));
        told
    }
}

/// Where bytes go: files, or what stands in for a broken disk in a test.
trait Sink {
    fn write_durably(&mut self, bytes: &[u8]) -> io::Result<()>;
    fn rotate(&mut self) -> Result<u64, LogFailed>;
}

struct Writer {
    file: File,
    /// How many batches the file has.
    batches: u64,
    /// The batch that is being written.
    framed: Vec<u8>,
    directory: PathBuf,
    number: u64,
    start: u64,
    planted: Planted,
}

impl Sink for Writer {
    fn write_durably(&mut self, bytes: &[u8]) -> io::Result<()> {
        // One call: in a batch that is torn nothing was promised.
        self.framed.clear();
        self.framed.extend_from_slice(&batch::header(self.batches, bytes));
        self.framed.extend_from_slice(bytes);
        self.file.write_all(&self.framed)?;
        self.batches += 1;
        if self.planted.is(Bug::AnswerBeforeDurable) {
            return Ok(());
        }
        self.file.sync_data()
    }

    fn rotate(&mut self) -> Result<u64, LogFailed> {
        let next = self.number + 1;
        self.file = new_file(&self.directory, next, self.start, self.planted)
            .map_err(|error| LogFailed(error.to_string()))?;
        (self.number, self.batches) = (next, 1);
        Ok(next)
    }
}

/// The writer's life: as much as waits, one write, one sync.
fn work(sink: &mut impl Sink, waiting: &mpsc::Receiver<Command>, watch: &impl Watch) {
    let mut failure: Option<LogFailed> = None;
    let (mut bytes, mut told) = (Vec::new(), Vec::<Then>::new());
    let mut next = waiting.recv().ok();
    while let Some(command) = next.take() {
        match command {
            Command::Append { bytes: more, then } => {
                bytes.extend_from_slice(&more);
                told.push(then);
                // More that waits is written with it; a rotation comes after it.
                while let Ok(command) = waiting.try_recv() {
                    match command {
                        Command::Append { bytes: more, then } => {
                            bytes.extend_from_slice(&more);
                            told.push(then);
                        }
                        rotate => {
                            next = Some(rotate);
                            break;
                        }
                    }
                }
                let began = Instant::now();
                // After one failure nobody knows what the file holds: nothing more is promised.
                if failure.is_none()
                    && let Err(error) = sink.write_durably(&bytes)
                {
                    failure = Some(LogFailed(error.to_string()));
                    failure.iter().for_each(|failure| watch.failed(failure));
                }
                watch.synced(told.len(), bytes.len(), began.elapsed());
                bytes.clear();
                told.drain(..)
                    .for_each(|then| then(failure.clone().map_or(Ok(()), Err)));
            }
            Command::Rotate(tell) => {
                let outcome = failure.clone().map_or_else(|| sink.rotate(), Err);
                if let (Err(error), None) = (&outcome, &failure) {
                    failure = Some(error.clone());
                    watch.failed(error);
                }
                // Whoever asked may have given up.
                let _ = tell.send(outcome);
            }
        }
        if next.is_none() {
            next = waiting.recv().ok();
        }
    }
}

/// The log file with this number.
pub fn path(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("paxos-{number:08}.log"))
}

/// The numbers of the log files in a directory, in order.
///
/// # Errors
/// When the directory cannot be read.
pub fn files(directory: &Path) -> Result<Vec<u64>, StorageError> {
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(StorageError::io("list", directory))? {
        let name = entry.map_err(StorageError::io("list", directory))?.file_name();
        let digits = name
            .to_str()
            .and_then(|it| it.strip_prefix("paxos-")?.strip_suffix(".log"));
        numbers.extend(digits.and_then(|digits| digits.parse::<u64>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// A new log file, with its first record; both it and its name are durable when this returns.
fn new_file(directory: &Path, number: u64, start: u64, planted: Planted) -> Result<File, StorageError> {
    let path = path(directory, number);
    let mut file = File::options()
        .append(true)
        .create_new(true)
        .open(&path)
        .map_err(StorageError::io("make", &path))?;
    let mut bytes = Vec::new();
    Record::Start(start).encode(&mut bytes);
    let framed = [&batch::header(0, &bytes)[..], &bytes].concat();
    file.write_all(&framed)
        .map_err(StorageError::io("write", &path))?;
    file.sync_all().map_err(StorageError::io("sync", &path))?;
    if !planted.is(Bug::NoDirectorySync) {
        sync_directory(directory)?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    struct Nobody;

    impl Watch for Nobody {
        fn synced(&self, _: usize, _: usize, _: Duration) {}
        fn failed(&self, _: &LogFailed) {}
    }

    /// A disk that fails at its second write.
    struct Broken(u32);

    impl Sink for Broken {
        fn write_durably(&mut self, _: &[u8]) -> io::Result<()> {
            self.0 += 1;
            match self.0 {
                2 => Err(io::Error::other("no space left")),
                _ => Ok(()),
            }
        }

        fn rotate(&mut self) -> Result<u64, LogFailed> {
            unreachable!("a log that has failed begins no new file")
        }
    }

    #[test]
    fn after_a_failed_write_nothing_is_promised_any_more() {
        let (writer, waiting) = mpsc::channel();
        let log = Log::to(writer);
        let told = Arc::new(Mutex::new(Vec::new()));
        let thread = std::thread::spawn(move || {
            let mut disk = Broken(0);
            work(&mut disk, &waiting, &Nobody);
            disk.0
        });
        for number in 0..4 {
            let told = Arc::clone(&told);
            let (done, wait) = mpsc::channel();
            log.append(vec![number], move |outcome| {
                told.lock().unwrap().push(outcome.is_ok());
                done.send(()).unwrap();
            });
            wait.recv().unwrap();
        }
        assert!(log.rotate().recv().unwrap().is_err());
        drop(log);
        assert_eq!(*told.lock().unwrap(), [true, false, false, false]);
        assert_eq!(thread.join().unwrap(), 2, "and nothing is written either");
    }

    #[test]
    fn what_waits_is_written_together_and_a_rotation_keeps_its_place() {
        #[derive(Default)]
        struct Seen(Vec<String>);
        impl Sink for Seen {
            fn write_durably(&mut self, bytes: &[u8]) -> io::Result<()> {
                self.0.push(String::from_utf8_lossy(bytes).into_owned());
                Ok(())
            }
            fn rotate(&mut self) -> Result<u64, LogFailed> {
                self.0.push("rotate".to_owned());
                Ok(2)
            }
        }
        let (writer, waiting) = mpsc::channel();
        let log = Log::to(writer);
        log.append(b"a".to_vec(), |_| ());
        log.append(b"b".to_vec(), |_| ());
        let rotated = log.rotate();
        log.append(b"c".to_vec(), |_| ());
        drop(log);
        let mut seen = Seen::default();
        work(&mut seen, &waiting, &Nobody);
        assert_eq!(seen.0, ["ab", "rotate", "c"]);
        assert_eq!(rotated.recv().unwrap().unwrap(), 2);
    }
}
