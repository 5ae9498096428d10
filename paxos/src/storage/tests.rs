use super::*;
use crate::acceptor::Acceptor;
use crate::ballot::{Ballot, NodeId};
use crate::value::Value;
use std::time::Duration;

struct Nobody;

impl Watch for Nobody {
    fn synced(&self, _: usize, _: usize, _: Duration) {}
    fn failed(&self, _: &LogFailed) {}
}

fn open(directory: &Path) -> Result<(Storage, Recovered), StorageError> {
    Storage::open(directory, 1 << 20, Planted::NOTHING, Nobody)
}

fn promised(round: u64) -> Durable {
    let ballot = Ballot {
        round,
        node: NodeId::new("n1"),
        start: 1,
    };
    Durable {
        acceptor: Acceptor {
            promised: Some(ballot),
            accepted: None,
        },
        learned: None,
    }
}

fn learned(number: u64) -> Durable {
    Durable {
        acceptor: Acceptor::default(),
        learned: Some(Value::of_number(number)),
    }
}

/// Appends records and waits until they are durable.
fn write(storage: &Storage, records: &[(&str, Durable)]) {
    let mut bytes = Vec::new();
    for (name, state) in records {
        let (name, state) = ((*name).into(), std::borrow::Cow::Borrowed(state));
        Record::Decree { name, state }.encode(&mut bytes);
    }
    let (tell, told) = mpsc::channel();
    storage
        .log
        .append(bytes, move |outcome| tell.send(outcome).unwrap());
    told.recv().unwrap().unwrap();
}

/// The newest log file.
fn newest(directory: &Path) -> PathBuf {
    log::path(directory, *log::files(directory).unwrap().last().unwrap())
}

/// How many bytes a batch of one record takes.
fn length_of(record: &Record<'_>) -> usize {
    let mut bytes = Vec::new();
    record.encode(&mut bytes);
    batch::header(0, &bytes).len() + bytes.len()
}

#[test]
fn what_was_acknowledged_is_there_after_a_restart_and_the_latest_counts() {
    let directory = tempfile::tempdir().unwrap();
    let (storage, recovered) = open(directory.path()).unwrap();
    assert_eq!((recovered.start, recovered.records), (1, 0));
    write(
        &storage,
        &[("a", promised(1)), ("b", promised(2)), ("a", promised(3))],
    );
    drop(storage);
    let (storage, recovered) = open(directory.path()).unwrap();
    assert_eq!(recovered.start, 2, "a start differs from every other");
    assert_eq!(recovered.decrees["a"], promised(3));
    write(&storage, &[("a", learned(17))]);
    drop(storage);
    let (_storage, recovered) = open(directory.path()).unwrap();
    assert_eq!(recovered.decrees["a"], learned(17));
    assert_eq!(recovered.decrees["b"], promised(2));
    assert_eq!(recovered.learned, ["a".into()]);
    assert_eq!(recovered.start, 3);
}

#[test]
fn a_last_batch_torn_at_any_byte_is_dropped_and_the_log_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let (storage, _) = open(directory.path()).unwrap();
    write(&storage, &[("a", promised(1))]);
    write(&storage, &[("b", promised(2))]);
    drop(storage);
    let path = newest(directory.path());
    let whole = std::fs::read(&path).unwrap();
    let last = length_of(&Record::Decree {
        name: "b".into(),
        state: std::borrow::Cow::Owned(promised(2)),
    });
    for end in whole.len() - last + 1..whole.len() {
        for other in log::files(directory.path()).unwrap() {
            std::fs::remove_file(log::path(directory.path(), other)).unwrap();
        }
        std::fs::write(&path, &whole[..end]).unwrap();
        let (storage, recovered) = open(directory.path()).unwrap();
        assert_eq!(recovered.torn_bytes, end - (whole.len() - last));
        assert!(
            recovered.decrees.contains_key("a") && !recovered.decrees.contains_key("b"),
            "cut at {end}"
        );
        write(&storage, &[("b", promised(9))]);
        drop(storage);
        let (_storage, recovered) = open(directory.path()).unwrap();
        assert_eq!(
            (recovered.decrees["b"].clone(), recovered.torn_bytes),
            (promised(9), 0)
        );
    }
}

#[test]
fn zeroes_at_the_end_are_a_torn_batch() {
    let directory = tempfile::tempdir().unwrap();
    let (storage, _) = open(directory.path()).unwrap();
    write(&storage, &[("a", promised(1))]);
    drop(storage);
    let path = newest(directory.path());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend([0; 5000]);
    std::fs::write(&path, &bytes).unwrap();
    let (_storage, recovered) = open(directory.path()).unwrap();
    assert_eq!(recovered.torn_bytes, 5000);
    assert!(recovered.decrees.contains_key("a"));
}

#[test]
fn a_changed_byte_in_the_middle_stops_the_node_with_file_and_offset() {
    let directory = tempfile::tempdir().unwrap();
    let (storage, _) = open(directory.path()).unwrap();
    write(&storage, &[("a", promised(1))]);
    write(&storage, &[("b", promised(2))]);
    drop(storage);
    let path = newest(directory.path());
    let whole = std::fs::read(&path).unwrap();
    let first = length_of(&Record::Start(1));
    let record = length_of(&Record::Decree {
        name: "a".into(),
        state: std::borrow::Cow::Owned(promised(1)),
    });
    for place in first..first + record {
        let mut damaged = whole.clone();
        damaged[place] ^= 0x40;
        std::fs::write(&path, &damaged).unwrap();
        let error = open(directory.path()).unwrap_err().to_string();
        assert!(
            error.contains(&format!("paxos-00000001.log: corrupt at offset {first}: ")),
            "{error}"
        );
        assert_eq!(std::fs::read(&path).unwrap(), damaged, "and nothing was changed");
    }
}

#[test]
fn a_node_that_refuses_its_log_has_changed_nothing_on_disk() {
    let directory = tempfile::tempdir().unwrap();
    let (storage, _) = open(directory.path()).unwrap();
    write(&storage, &[("a", promised(1)), ("b", promised(2))]);
    checkpoint(&storage, &[("a", promised(1))]).unwrap();
    write(&storage, &[("c", promised(1))]);
    write(&storage, &[("d", promised(2))]);
    drop(storage);
    let path = newest(directory.path());
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let contents = || -> std::collections::BTreeMap<PathBuf, Vec<u8>> {
        let paths = std::fs::read_dir(directory.path())
            .unwrap()
            .map(|it| it.unwrap().path());
        paths
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect()
    };
    let before = contents();
    assert!(matches!(
        open(directory.path()),
        Err(StorageError::Corrupt { .. })
    ));
    assert!(contents() == before);
}

#[test]
fn a_directory_in_use_is_refused_before_anything_in_it_is_read_or_changed() {
    let directory = tempfile::tempdir().unwrap();
    let (storage, _) = open(directory.path()).unwrap();
    write(&storage, &[("a", promised(1))]);
    // What a write looks like that is under way.
    let path = newest(directory.path());
    let length = std::fs::metadata(&path).unwrap().len();
    let file = File::options().write(true).open(&path).unwrap();
    file.set_len(length + 7).unwrap();
    let error = open(directory.path()).unwrap_err().to_string();
    assert!(error.contains("in use by another process"), "{error}");
    assert_eq!(std::fs::metadata(&path).unwrap().len(), length + 7);
    drop(storage);
    assert_eq!(open(directory.path()).unwrap().1.torn_bytes, 7);
}

#[test]
fn a_torn_batch_in_a_file_that_is_not_the_last_is_corruption() {
    let directory = tempfile::tempdir().unwrap();
    let (storage, _) = open(directory.path()).unwrap();
    write(&storage, &[("a", promised(1))]);
    drop(storage);
    let first = newest(directory.path());
    drop(open(directory.path()).unwrap());
    let bytes = std::fs::read(&first).unwrap();
    std::fs::write(&first, &bytes[..bytes.len() - 3]).unwrap();
    assert!(matches!(
        open(directory.path()),
        Err(StorageError::Corrupt { .. })
    ));
}

#[test]
fn a_log_file_that_is_missing_stops_the_node() {
    let directory = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        drop(open(directory.path()).unwrap());
    }
    std::fs::remove_file(log::path(directory.path(), 2)).unwrap();
    let error = open(directory.path()).unwrap_err().to_string();
    assert!(error.contains("paxos-00000002.log: it is missing"), "{error}");
}

#[test]
fn a_table_without_its_log_stops_the_node() {
    let directory = tempfile::tempdir().unwrap();
    let (storage, _) = open(directory.path()).unwrap();
    checkpoint(&storage, &[("a", learned(17))]).unwrap();
    drop(storage);
    std::fs::remove_file(newest(directory.path())).unwrap();
    assert!(matches!(
        open(directory.path()),
        Err(StorageError::Missing { .. })
    ));
}

#[test]
fn a_damaged_table_stops_the_node() {
    let directory = tempfile::tempdir().unwrap();
    let (storage, _) = open(directory.path()).unwrap();
    checkpoint(&storage, &[("a", learned(17))]).unwrap();
    drop(storage);
    std::fs::write(directory.path().join(table::FILE), b"not a table").unwrap();
    let error = open(directory.path()).unwrap_err().to_string();
    assert!(
        error.starts_with("open ") && error.contains("paxos.table"),
        "{error}"
    );
}

fn checkpoint(storage: &Storage, decrees: &[(&str, Durable)]) -> Result<(), StorageError> {
    let is_learned = |state: &Durable| state.learned.is_some();
    let names = decrees
        .iter()
        .filter(|(_, state)| is_learned(state))
        .map(|(name, _)| (*name).into());
    storage.begin_checkpoint().write(&Checkpoint {
        learned: (storage.table.learned_count()?, names.collect()),
        decrees: decrees
            .iter()
            .map(|(name, state)| ((*name).into(), state.clone()))
            .collect(),
        caught_up: vec![("n2".to_owned(), (3, 70))],
    })
}

#[test]
fn a_checkpoint_moves_the_log_into_the_table() {
    let directory = tempfile::tempdir().unwrap();
    let (mut storage, _) = open(directory.path()).unwrap();
    write(
        &storage,
        &[("a", promised(1)), ("a", learned(17)), ("b", promised(2))],
    );
    checkpoint(&storage, &[("a", learned(17)), ("b", promised(2))]).unwrap();
    storage.table.refresh().unwrap();
    assert_eq!(log::files(directory.path()).unwrap(), [2], "the old file is gone");
    assert_eq!(storage.table.get("a").unwrap(), Some(learned(17)));
    assert_eq!(storage.table.get("b").unwrap(), Some(promised(2)));
    assert_eq!(storage.table.get("c").unwrap(), None);
    assert_eq!(storage.table.learned_from(0, 10).unwrap(), ["a"]);
    write(&storage, &[("b", promised(5))]);
    drop(storage);
    let (storage, recovered) = open(directory.path()).unwrap();
    assert_eq!(
        recovered.start, 2,
        "the number of the start survives the file in which it was written first"
    );
    assert_eq!(recovered.caught_up, [("n2".to_owned(), (3, 70))]);
    assert_eq!(
        recovered.decrees.len(),
        1,
        "only what is newer than the checkpoint"
    );
    assert_eq!(recovered.decrees["b"], promised(5));
    assert_eq!(storage.table.get("a").unwrap(), Some(learned(17)));
}

#[test]
fn a_crash_between_the_steps_of_a_checkpoint_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (storage, _) = open(directory.path()).unwrap();
    write(&storage, &[("a", learned(17))]);
    // The first step only.
    storage.log.rotate().recv().unwrap().unwrap();
    drop(storage);
    let (storage, recovered) = open(directory.path()).unwrap();
    assert_eq!(recovered.decrees["a"], learned(17));
    // The first and the second.
    storage.log.rotate().recv().unwrap().unwrap();
    let names = vec!["a".into()];
    let content = Checkpoint {
        decrees: vec![("a".into(), learned(17))],
        learned: (0, names),
        caught_up: Vec::new(),
    };
    storage.table.writer().write(&content).unwrap();
    drop(storage);
    let (storage, recovered) = open(directory.path()).unwrap();
    assert_eq!(recovered.decrees["a"], learned(17));
    assert!(
        recovered.learned.is_empty(),
        "and what was learned is not learned twice"
    );
    assert_eq!(storage.table.learned_count().unwrap(), 1);
}

/// A disk that takes nothing any more, once told so.
#[derive(Debug)]
struct FullDisk {
    memory: redb::backends::InMemoryBackend,
    is_full: Arc<std::sync::atomic::AtomicBool>,
}

impl redb::StorageBackend for FullDisk {
    fn len(&self) -> io::Result<u64> {
        self.memory.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.memory.read(offset, out)
    }
    fn set_len(&self, length: u64) -> io::Result<()> {
        self.memory.set_len(length)
    }
    fn sync_data(&self) -> io::Result<()> {
        match self.is_full.load(std::sync::atomic::Ordering::Relaxed) {
            true => Err(io::Error::other("no space left")),
            false => Ok(()),
        }
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.memory.write(offset, data)
    }
}

#[test]
fn a_checkpoint_that_cannot_be_written_leaves_the_log_and_with_the_planted_bug_it_does_not() {
    let is_left = |planted: Planted| {
        let directory = tempfile::tempdir().unwrap();
        let (storage, _) = Storage::open(directory.path(), 1 << 20, planted, Nobody).unwrap();
        write(&storage, &[("a", learned(17))]);
        let mut writer = storage.begin_checkpoint();
        let is_full = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let disk = FullDisk {
            memory: redb::backends::InMemoryBackend::new(),
            is_full: Arc::clone(&is_full),
        };
        writer.table.database = Arc::new(redb::Database::builder().create_with_backend(disk).unwrap());
        is_full.store(true, std::sync::atomic::Ordering::Relaxed);
        let error = writer.write(&Checkpoint::default()).unwrap_err().to_string();
        assert!(
            error.starts_with("write ") && error.contains("no space left"),
            "{error}"
        );
        drop(storage);
        open(directory.path()).unwrap().1.decrees.contains_key("a")
    };
    assert!(is_left(Planted::NOTHING));
    assert!(!is_left(Some(Bug::ReplaceNotAtomically).into()));
}
