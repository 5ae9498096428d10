//! Writing down what passes the switch: a thread of its own, behind a bounded channel, so that a slow disk slows
//! down the file and never the network. What does not fit into the channel is left out and counted.
//!
//! A packet is written at the end of its way: on the interface of the receiving host when it is handed over to it,
//! on that of the sending host when it is dropped. What rules did to it is its comment.

use super::NetworkError;
use super::counters::Touch;
use super::pcapng::{self, Direction};
use super::queue::Link;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

/// How many packets may wait to be written.
const WAITING_PACKETS_MAX: usize = 16_384;

/// How many bytes they may have together.
const WAITING_BYTES_MAX: usize = 16 << 20;

/// A capture that is going on. It ends with [`Network::stop_capture`](super::Network::stop_capture), or with the
/// network.
#[derive(Debug)]
pub struct Capture {
    /// The network that is captured.
    pub(super) network: u64,
    path: PathBuf,
    thread: JoinHandle<io::Result<u64>>,
    left_out: Arc<LeftOut>,
}

/// What a capture has written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureSummary {
    /// The file.
    pub path: PathBuf,
    /// Packets in the file.
    pub packets: u64,
    /// Packets that were not written, because the disk was slower than the network. The file says so too.
    pub left_out: u64,
}

/// Packets that were left out, for each host.
type LeftOut = [AtomicU64];

/// The switch's end of a capture.
#[derive(Debug)]
pub struct Tap {
    channel: SyncSender<Record>,
    waiting_bytes: Arc<AtomicUsize>,
    left_out: Arc<LeftOut>,
}

/// Why a packet without a link was not delivered.
#[derive(Debug, Clone, Copy)]
pub enum Stray {
    Spoofed,
    Unroutable,
    Undeliverable,
}

struct Record {
    host: usize,
    direction: Direction,
    time: SystemTime,
    bytes: Vec<u8>,
    touches: Vec<Touch>,
    stray: Option<Stray>,
}

/// Creates the file and starts its thread.
///
/// # Errors
/// When the file cannot be created, or exists.
pub fn start(network: u64, path: &Path, names: &[String]) -> io::Result<(Capture, Tap)> {
    let mut file = File::create_new(path)?;
    file.write_all(&pcapng::beginning(names.iter().map(String::as_str)))?;
    let (tap, records) = tap(names.len());
    let left_out = Arc::clone(&tap.left_out);
    let writer = Writer {
        file,
        buffer: Vec::new(),
        waiting_bytes: Arc::clone(&tap.waiting_bytes),
        left_out: Arc::clone(&left_out),
    };
    let thread = std::thread::Builder::new()
        .name("capture".to_owned())
        .spawn(move || writer.write_all(&records))?;
    let path = path.to_owned();
    Ok((
        Capture {
            network,
            path,
            thread,
            left_out,
        },
        tap,
    ))
}

fn tap(hosts: usize) -> (Tap, Receiver<Record>) {
    let (channel, records) = sync_channel(WAITING_PACKETS_MAX);
    let left_out = (0..hosts).map(|_| AtomicU64::new(0)).collect();
    let waiting_bytes = Arc::default();
    (
        Tap {
            channel,
            waiting_bytes,
            left_out,
        },
        records,
    )
}

impl Capture {
    /// Waits until everything is written; the tap must be gone.
    pub(super) fn finish(self) -> Result<CaptureSummary, NetworkError> {
        let written = self.thread.join();
        let written = written.unwrap_or_else(|_| Err(io::Error::other("the capture thread panicked")));
        let path = self.path.clone();
        let packets = written.map_err(|source| NetworkError::Capture { path, source })?;
        let left_out = self
            .left_out
            .iter()
            .map(|count| count.load(Ordering::Relaxed))
            .sum();
        Ok(CaptureSummary {
            path: self.path,
            packets,
            left_out,
        })
    }
}

impl Tap {
    /// A packet arrives.
    pub fn delivered(&self, link: Link, bytes: &[u8], touches: &[Touch]) {
        self.record(link.to, Direction::Inbound, bytes, touches, None);
    }

    /// A packet is dropped by a rule.
    pub fn lost(&self, link: Link, bytes: &[u8], touches: &[Touch]) {
        self.record(link.from, Direction::Outbound, bytes, touches, None);
    }

    /// A packet of a host goes nowhere.
    pub fn strayed(&self, from: usize, bytes: &[u8], why: Stray) {
        self.record(from, Direction::Outbound, bytes, &[], Some(why));
    }

    fn record(
        &self,
        host: usize,
        direction: Direction,
        bytes: &[u8],
        touches: &[Touch],
        stray: Option<Stray>,
    ) {
        let waiting = self.waiting_bytes.fetch_add(bytes.len(), Ordering::Relaxed) + bytes.len();
        let fits = waiting <= WAITING_BYTES_MAX;
        let record = || Record {
            host,
            direction,
            time: SystemTime::now(),
            bytes: bytes.to_vec(),
            touches: touches.to_vec(),
            stray,
        };
        if !fits || self.channel.try_send(record()).is_err() {
            self.waiting_bytes.fetch_sub(bytes.len(), Ordering::Relaxed);
            self.left_out[host].fetch_add(1, Ordering::Relaxed);
        }
    }
}

struct Writer {
    file: File,
    buffer: Vec<u8>,
    waiting_bytes: Arc<AtomicUsize>,
    left_out: Arc<LeftOut>,
}

/// How much is written at once, if so much is there.
const BUFFER_BYTES: usize = 64 << 10;

/// How long the thread sleeps when it has written everything. If it waited for packets instead, the switch would have
/// to wake it for each of them, which takes longer than the switch needs for the packet.
const PAUSE: Duration = Duration::from_millis(20);

impl Writer {
    fn write_all(mut self, records: &Receiver<Record>) -> io::Result<u64> {
        let mut packets = 0;
        loop {
            match records.try_recv() {
                Ok(record) => {
                    self.add(&record);
                    packets += 1;
                    if self.buffer.len() >= BUFFER_BYTES {
                        self.flush()?;
                    }
                }
                Err(TryRecvError::Empty) => {
                    // Now the file is whole, should we be killed.
                    self.flush()?;
                    std::thread::sleep(PAUSE);
                }
                Err(TryRecvError::Disconnected) => break,
            }
        }
        let now = since_1970(SystemTime::now());
        for (host, count) in self.left_out.iter().enumerate() {
            pcapng::missing(&mut self.buffer, host as u32, now, count.load(Ordering::Relaxed));
        }
        self.flush()?;
        Ok(packets)
    }

    fn add(&mut self, record: &Record) {
        self.waiting_bytes
            .fetch_sub(record.bytes.len(), Ordering::Relaxed);
        let time = since_1970(record.time);
        let (host, comment) = (record.host as u32, record.comment());
        pcapng::packet(
            &mut self.buffer,
            host,
            record.direction,
            time,
            &record.bytes,
            &comment,
        );
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

impl Record {
    fn comment(&self) -> String {
        let stray = self.stray.map(|stray| match stray {
            Stray::Spoofed => "dropped: not from the host's own address".to_owned(),
            Stray::Unroutable => "dropped: to an address that no other host has".to_owned(),
            Stray::Undeliverable => "dropped: the receiving host's interface refuses it".to_owned(),
        });
        let parts = self.touches.iter().map(Touch::to_string).chain(stray);
        parts.collect::<Vec<_>>().join("; ")
    }
}

fn since_1970(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: Link = Link { from: 0, to: 1 };

    fn left_out(tap: &Tap) -> Vec<u64> {
        tap.left_out
            .iter()
            .map(|count| count.load(Ordering::Relaxed))
            .collect()
    }

    #[test]
    fn what_a_slow_disk_does_not_take_is_left_out_and_counted_for_its_host() {
        let (tap, records) = tap(2);
        for _ in 0..WAITING_PACKETS_MAX + 3 {
            tap.delivered(LINK, &[1; 40], &[]);
        }
        tap.lost(LINK, &[1; 40], &[]);
        assert_eq!(left_out(&tap), [1, 3]);
        assert_eq!(records.try_iter().count(), WAITING_PACKETS_MAX);
    }

    #[test]
    fn large_packets_fill_the_room_before_there_are_many() {
        let (tap, records) = tap(2);
        for _ in 0..300 {
            tap.delivered(LINK, &[1; 65_000], &[]);
        }
        let waiting = records.try_iter().count();
        assert_eq!(waiting, WAITING_BYTES_MAX / 65_000);
        assert_eq!(left_out(&tap), [0, 300 - waiting as u64]);
    }

    #[test]
    fn a_full_disk_ends_the_file_and_not_the_network() {
        let (tap, records) = tap(2);
        let writer = Writer {
            file: File::options().write(true).open("/dev/full").unwrap(),
            buffer: Vec::new(),
            waiting_bytes: Arc::clone(&tap.waiting_bytes),
            left_out: Arc::clone(&tap.left_out),
        };
        tap.delivered(LINK, &[1; 40], &[]);
        let failed = writer.write_all(&records).unwrap_err();
        assert_eq!(failed.kind(), io::ErrorKind::StorageFull);
        drop(records);
        tap.delivered(LINK, &[1; 40], &[]);
        assert_eq!(left_out(&tap), [0, 1]);
    }
}
