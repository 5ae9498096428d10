//! The acceptor's log: what has to survive, checksummed and appended, synced before anybody is told.
//!
//! One thread writes. It takes all records that wait, writes them with one call, syncs once, and then tells
//! every waiter (group commit). A record is
//!
//! ```text
//! length: u32   checksum of the length: u32   checksum of the payload: u32   payload: JSON
//! ```
//!
//! in little endian. At start the log is read once. A last record that was cut off (it was never acknowledged,
//! since its sync had not returned) is dropped, and the file cut back; anything else that is not as it was
//! written stops the node with the file and the offset. Nothing is reset silently.

use crate::acceptor::Acceptor;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use tokio::sync::oneshot;

/// The log's name in the data directory.
pub const FILE: &str = "paxos.log";
/// No record is longer: a decree's name, a value, two ballots.
const PAYLOAD_BYTES_MAX: usize = 256 * 1024;
const HEADER_BYTES: usize = 12;
/// How many records may wait for the writer.
const WAITING_MAX: usize = 4096;

/// One thing to remember.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// An acceptor's whole state for one decree; the latest counts.
    Acceptor {
        /// The decree.
        decree: String,
        /// The state.
        state: Acceptor,
    },
    /// Rounds up to here may have been used for ballots by this node.
    RoundsReserved(u64),
}

/// What the log held.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// The latest state by decree.
    pub acceptors: HashMap<String, Acceptor>,
    /// The highest round that may have been used.
    pub rounds_reserved: u64,
    /// How many records there were.
    pub records: usize,
    /// How many bytes of a cut-off last record were dropped.
    pub torn_bytes: u64,
}

/// Why the log cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The operating system says no.
    #[error("{action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A record is not as it was written.
    #[error(
        "read {path}: corrupt at offset {offset}: {problem}; restore the file from a copy, or give this node a new identity"
    )]
    Corrupt {
        /// Which file.
        path: PathBuf,
        /// Where the record begins.
        offset: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
}

/// The log could not make a record durable. It never will again: the node has stopped as an acceptor.
#[derive(Clone, Debug, thiserror::Error)]
#[error("write the log: {0}")]
pub struct LogFailed(pub String);

/// The writing end of a log.
#[derive(Clone, Debug)]
pub struct Log {
    writer: mpsc::SyncSender<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    bytes: Vec<u8>,
    durable: oneshot::Sender<Result<(), LogFailed>>,
}

/// A record on its way to the disk.
#[derive(Debug)]
pub struct Ticket(oneshot::Receiver<Result<(), LogFailed>>);

impl Ticket {
    /// Waits until the record is durable.
    ///
    /// # Errors
    /// When it will not be.
    pub async fn durable(self) -> Result<(), LogFailed> {
        self.0
            .await
            .unwrap_or_else(|_| Err(LogFailed("the log's writer has stopped".to_owned())))
    }
}

impl Log {
    /// Opens the log of a data directory, which is made if there is none, and reads what is in it.
    ///
    /// # Errors
    /// See [`StorageError`].
    pub fn open(directory: &Path) -> Result<(Log, Recovered), StorageError> {
        let io_error = |action: &'static str, path: &Path| {
            let path = path.to_owned();
            move |source| StorageError::Io { action, path, source }
        };
        std::fs::create_dir_all(directory).map_err(io_error("make", directory))?;
        let path = directory.join(FILE);
        let mut options = File::options();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(io_error("open", &path))?;
        let bytes = std::fs::read(&path).map_err(io_error("read", &path))?;
        let (recovered, end) = recover(&bytes, &path)?;
        if end < bytes.len() {
            file.set_len(end as u64).map_err(io_error("cut back", &path))?;
        }
        file.seek(SeekFrom::Start(end as u64))
            .map_err(io_error("seek in", &path))?;
        file.sync_all().map_err(io_error("sync", &path))?;
        // The file's name must survive as well as its contents.
        let directory_file = File::open(directory).map_err(io_error("open", directory))?;
        directory_file.sync_all().map_err(io_error("sync", directory))?;
        let (writer, waiting) = mpsc::sync_channel(WAITING_MAX);
        std::thread::Builder::new()
            .name("log".into())
            .spawn(move || write_all(&mut file, &waiting))
            .map_err(io_error("start the writer of", &path))?;
        Ok((Log { writer }, recovered))
    }

    /// Hands a record to the writer. Records become durable in the order of these calls.
    pub fn append(&self, record: &Record) -> Ticket {
        let (durable, ticket) = oneshot::channel();
        // If the writer has stopped, the ticket says so.
        let _ = self.writer.send(Waiting {
            bytes: encode(record),
            durable,
        });
        Ticket(ticket)
    }
}

/// The writer's life: as many records as wait, one write, one sync.
fn write_all(file: &mut impl Durable, waiting: &mpsc::Receiver<Waiting>) {
    let mut failure: Option<LogFailed> = None;
    let mut batch = Vec::new();
    let mut bytes = Vec::new();
    while let Ok(first) = waiting.recv() {
        batch.push(first);
        batch.extend(waiting.try_iter().take(WAITING_MAX));
        bytes.clear();
        batch.iter().for_each(|one| bytes.extend_from_slice(&one.bytes));
        // After one failure nobody knows what the file holds: nothing more is promised.
        if failure.is_none()
            && let Err(error) = file.write_durably(&bytes)
        {
            tracing::error!("stopped as an acceptor: cannot write the log: {error}");
            failure = Some(LogFailed(error.to_string()));
        }
        for one in batch.drain(..) {
            // Whoever waited may have given up.
            let _ = one.durable.send(failure.clone().map_or(Ok(()), Err));
        }
    }
}

/// A file, or what stands in for a broken one in a test.
trait Durable {
    fn write_durably(&mut self, bytes: &[u8]) -> io::Result<()>;
}

impl Durable for File {
    fn write_durably(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)?;
        self.sync_data()
    }
}

fn encode(record: &Record) -> Vec<u8> {
    let payload = serde_json::to_vec(record).expect("a record is plain data");
    let length = (payload.len() as u32).to_le_bytes();
    let mut bytes = Vec::with_capacity(HEADER_BYTES + payload.len());
    bytes.extend_from_slice(&length);
    bytes.extend_from_slice(&crc32fast::hash(&length).to_le_bytes());
    bytes.extend_from_slice(&crc32fast::hash(&payload).to_le_bytes());
    bytes.extend_from_slice(&payload);
    bytes
}

/// Reads a log from its start. Returns what it held and where the last whole record ends.
fn recover(bytes: &[u8], path: &Path) -> Result<(Recovered, usize), StorageError> {
    let mut recovered = Recovered::default();
    let mut offset = 0;
    while offset < bytes.len() {
        let corrupt = |problem| StorageError::Corrupt {
            path: path.to_owned(),
            offset,
            problem,
        };
        let rest = &bytes[offset..];
        let Some((header, body)) = rest.split_first_chunk::<HEADER_BYTES>() else {
            break;
        };
        let word =
            |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        if crc32fast::hash(&header[..4]) != word(4) {
            // A file that grew without its contents reaching the disk ends in zeroes.
            if rest.iter().all(|byte| *byte == 0) {
                break;
            }
            return Err(corrupt("the length of a record does not fit its checksum"));
        }
        let length = word(0) as usize;
        if length > PAYLOAD_BYTES_MAX {
            return Err(corrupt("a record is longer than any that is written"));
        }
        let Some(payload) = body.get(..length) else { break };
        if crc32fast::hash(payload) != word(8) {
            // The very last record may have been torn in the middle; one with others after it was whole once.
            if body.len() == length {
                break;
            }
            return Err(corrupt("a record does not fit its checksum"));
        }
        match serde_json::from_slice(payload).map_err(|_| corrupt("a record is not understood"))? {
            Record::Acceptor { decree, state } => {
                recovered.acceptors.insert(decree, state);
            }
            Record::RoundsReserved(round) => recovered.rounds_reserved = recovered.rounds_reserved.max(round),
        }
        recovered.records += 1;
        offset += HEADER_BYTES + length;
    }
    recovered.torn_bytes = (bytes.len() - offset) as u64;
    Ok((recovered, offset))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ballot::Ballot;

    fn record(round: u64) -> Record {
        let promised = Some(Ballot {
            round,
            node: "n1".into(),
        });
        Record::Acceptor {
            decree: format!("d{}", round % 3),
            state: Acceptor {
                promised,
                accepted: None,
            },
        }
    }

    async fn written(directory: &Path, rounds: std::ops::Range<u64>) {
        let (log, _) = Log::open(directory).unwrap();
        for round in rounds {
            log.append(&record(round)).durable().await.unwrap();
        }
    }

    #[tokio::test]
    async fn what_was_acknowledged_is_there_after_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        written(directory.path(), 1..4).await;
        written(directory.path(), 4..6).await;
        let (log, recovered) = Log::open(directory.path()).unwrap();
        assert_eq!(recovered.records, 5);
        assert_eq!(
            recovered.acceptors["d2"].promised.as_ref().unwrap().round,
            5,
            "the latest counts"
        );
        log.append(&Record::RoundsReserved(70)).durable().await.unwrap();
        assert_eq!(Log::open(directory.path()).unwrap().1.rounds_reserved, 70);
    }

    #[tokio::test]
    async fn a_last_record_torn_at_any_byte_is_dropped_and_the_log_goes_on() {
        let directory = tempfile::tempdir().unwrap();
        written(directory.path(), 1..3).await;
        let path = directory.path().join(FILE);
        let whole = std::fs::read(&path).unwrap();
        let first = encode(&record(1)).len();
        for end in first + 1..whole.len() {
            std::fs::write(&path, &whole[..end]).unwrap();
            let (log, recovered) = Log::open(directory.path()).unwrap();
            assert_eq!(
                (recovered.records, recovered.torn_bytes),
                (1, (end - first) as u64)
            );
            log.append(&record(5)).durable().await.unwrap();
            assert_eq!(Log::open(directory.path()).unwrap().1.records, 2, "cut at {end}");
        }
    }

    #[tokio::test]
    async fn a_changed_byte_in_the_middle_stops_the_node_with_file_and_offset() {
        let directory = tempfile::tempdir().unwrap();
        written(directory.path(), 1..4).await;
        let path = directory.path().join(FILE);
        let whole = std::fs::read(&path).unwrap();
        let first = encode(&record(1)).len();
        for place in first..first * 2 {
            let mut damaged = whole.clone();
            damaged[place] ^= 0x40;
            std::fs::write(&path, &damaged).unwrap();
            let error = Log::open(directory.path()).unwrap_err().to_string();
            assert!(
                error.contains(&format!("paxos.log: corrupt at offset {first}: ")),
                "{error}"
            );
            assert_eq!(std::fs::read(&path).unwrap(), damaged, "and nothing was changed");
        }
    }

    #[tokio::test]
    async fn zeroes_at_the_end_are_a_torn_record() {
        let directory = tempfile::tempdir().unwrap();
        written(directory.path(), 1..3).await;
        let path = directory.path().join(FILE);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend([0; 5000]);
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(Log::open(directory.path()).unwrap().1.torn_bytes, 5000);
    }

    #[tokio::test]
    async fn after_a_failed_write_nothing_is_promised_any_more() {
        struct Broken(u32);
        impl Durable for Broken {
            fn write_durably(&mut self, _: &[u8]) -> io::Result<()> {
                self.0 += 1;
                if self.0 == 2 {
                    Err(io::Error::other("no space left"))
                } else {
                    Ok(())
                }
            }
        }
        let (writer, waiting) = mpsc::sync_channel(8);
        let log = Log { writer };
        let thread = std::thread::spawn(move || {
            let mut file = Broken(0);
            write_all(&mut file, &waiting);
            file.0
        });
        assert!(log.append(&record(1)).durable().await.is_ok());
        assert!(log.append(&record(2)).durable().await.is_err());
        assert!(log.append(&record(3)).durable().await.is_err());
        drop(log);
        assert_eq!(thread.join().unwrap(), 2, "and nothing is written either");
    }
}
