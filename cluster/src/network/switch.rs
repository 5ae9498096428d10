//! The switch: one thread that reads every packet of every host, consults the rules, and writes it to where it
//! is going.
//!
//! For a packet it does two system calls, no allocation and no locking. It looks for changed rules before each
//! round of reading; a change wakes it, so [`Switch::use_rules_now`] returns as soon as the round that was going
//! on is over.

use super::packet::{self, PACKET_BYTES_MAX};
use super::rules::{Counters, Rules, Table, lock};
use super::{HostId, rules};
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::unistd::{read, write};
use std::fs::File;
use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// How many packets of one host are moved before the others get their turn.
const BATCH_PACKETS: usize = 64;

/// The switch answers within microseconds. After this long, it never will.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// What epoll says when the thread is called rather than a host ready.
const CALLED: u64 = u64::MAX;

/// The handle of the switch thread. Dropping it stops the thread.
#[derive(Debug)]
pub struct Switch {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    call: EventFd,
    stop: AtomicBool,
    /// Counts the changes that were asked for.
    asked: AtomicU64,
    /// The last change that the thread has taken over; `u64::MAX` once it has ended.
    taken: Mutex<u64>,
    took: Condvar,
}

impl Switch {
    /// Starts the thread between these devices; the host of each is its place.
    ///
    /// # Errors
    /// When the kernel refuses a descriptor or the thread.
    pub fn start(devices: Vec<File>, addresses: Vec<Ipv4Addr>, rules: &Rules) -> io::Result<Switch> {
        let shared = Arc::new(Shared {
            call: EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)?,
            stop: AtomicBool::new(false),
            asked: AtomicU64::new(0),
            taken: Mutex::new(0),
            took: Condvar::new(),
        });
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        epoll.add(&shared.call, EpollEvent::new(EpollFlags::EPOLLIN, CALLED))?;
        for (host, device) in devices.iter().enumerate() {
            epoll.add(device, EpollEvent::new(EpollFlags::EPOLLIN, host as u64))?;
        }
        let newest = rules.table();
        let table = Arc::clone(&lock(&newest));
        let mut mover = Mover {
            by_last_byte: by_last_byte(&addresses),
            devices,
            addresses,
            counters: rules.link_counters(),
            table,
            packet: vec![0; PACKET_BYTES_MAX],
        };
        let thread = std::thread::Builder::new().name("switch".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || {
                let result = shared.serve(&epoll, &mut mover, &newest);
                // Nobody may wait for a thread that is gone.
                *lock(&shared.taken) = u64::MAX;
                shared.took.notify_all();
                if let Err(why) = result {
                    tracing::error!("the switch stopped: {why}; no node can reach another");
                }
            }
        })?;
        Ok(Switch {
            shared,
            thread: Some(thread),
        })
    }

    /// Returns once the thread uses the rules as they are now, and nothing older.
    ///
    /// # Panics
    /// When the thread has ended or hangs: a rule that nobody applies must not pass for installed.
    pub fn use_rules_now(&self) {
        let mine = self.shared.asked.fetch_add(1, Ordering::AcqRel) + 1;
        self.shared.call();
        let mut taken = lock(&self.shared.taken);
        while *taken < mine {
            let waited = self.shared.took.wait_timeout(taken, ANSWER_MAX);
            let (now, result) = waited.expect("nobody panics while holding this lock");
            taken = now;
            assert!(
                !result.timed_out() || *taken >= mine,
                "the switch has not answered for {ANSWER_MAX:?}"
            );
        }
        assert!(*taken != u64::MAX, "the switch has stopped");
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        self.shared.call();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the switch thread had panicked");
        }
    }
}

impl Shared {
    fn call(&self) {
        // It fails when the counter is full, and then the thread has been called 2^64 - 2 times already.
        let _ = self.call.write(1);
    }

    fn serve(&self, epoll: &Epoll, mover: &mut Mover, newest: &Mutex<Arc<Table>>) -> nix::Result<()> {
        let mut ready = vec![EpollEvent::empty(); mover.devices.len() + 1];
        let mut mine = 0;
        while !self.stop.load(Ordering::Acquire) {
            let count = match epoll.wait(&mut ready, EpollTimeout::NONE) {
                Err(Errno::EINTR) => continue,
                other => other?,
            };
            if ready[..count].iter().any(|event| event.data() == CALLED) {
                // Silenced before looking at what it was about: the other way round, a call that comes in between
                // would be silenced too and never be looked at.
                let _ = self.call.read();
            }
            let asked = self.asked.load(Ordering::Acquire);
            if asked != mine {
                mover.table = Arc::clone(&rules::lock(newest));
                mine = asked;
                *rules::lock(&self.taken) = mine;
                self.took.notify_all();
            }
            for event in &ready[..count] {
                match event.data() {
                    CALLED => {}
                    host => {
                        if let Err(why) = mover.move_packets_of(host as HostId) {
                            // A node that is root in its own namespace can take its interface away. That is its
                            // loss, not the others'.
                            tracing::error!("host {host} has no network interface any more: {why}");
                            epoll.delete(&mover.devices[host as HostId])?;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

/// What the thread works with.
struct Mover {
    devices: Vec<File>,
    addresses: Vec<Ipv4Addr>,
    /// The host of each address in 10.0.0.0/24, by its last byte.
    by_last_byte: [Option<HostId>; 256],
    counters: Arc<Counters>,
    table: Arc<Table>,
    packet: Vec<u8>,
}

impl Mover {
    /// Moves what a host has sent, up to a batch; epoll will say so if there is more.
    fn move_packets_of(&mut self, from: HostId) -> nix::Result<()> {
        for _ in 0..BATCH_PACKETS {
            let bytes = match read(&self.devices[from], &mut self.packet) {
                Ok(bytes) => bytes,
                Err(Errno::EAGAIN) => return Ok(()),
                Err(Errno::EINTR) => continue,
                Err(why) => return Err(why),
            };
            self.move_packet(from, bytes);
        }
        Ok(())
    }

    fn move_packet(&self, from: HostId, bytes: usize) {
        let packet = &self.packet[..bytes];
        let counters = &self.counters;
        let Some((source, destination)) = packet::addresses(packet) else {
            counters.not_ipv4.fetch_add(1, Ordering::Relaxed);
            return;
        };
        if source != self.addresses[from] {
            // Not to be believed: it would be counted, and cut, on another host's link.
            counters.spoofed.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let [.., last] = destination.octets();
        let to = self.by_last_byte[usize::from(last)]
            .filter(|to| self.addresses[*to] == destination && *to != from);
        let Some(to) = to else {
            counters.unroutable.fetch_add(1, Ordering::Relaxed);
            return;
        };
        if !self.table.lets_pass(from, to, bytes) {
            counters.dropped(from, to);
            return;
        }
        match write(&self.devices[to], packet) {
            Ok(_) => counters.carried(from, to, bytes),
            Err(_) => drop(counters.undeliverable.fetch_add(1, Ordering::Relaxed)),
        }
    }
}

fn by_last_byte(addresses: &[Ipv4Addr]) -> [Option<HostId>; 256] {
    let mut hosts = [None; 256];
    for (host, address) in addresses.iter().enumerate() {
        let [.., last] = address.octets();
        hosts[usize::from(last)] = Some(host);
    }
    hosts
}
