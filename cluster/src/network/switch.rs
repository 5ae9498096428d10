//! The switch: one thread that reads every packet of every host, leads it past the rules of its link, and writes it
//! to where it is going.
//!
//! For a packet on a link without rules it does two system calls, no allocation and no locking. An order wakes it,
//! and is carried out between two rounds of reading: when [`Ordered::wait`](super::orders::Ordered::wait) returns, every packet that comes finds the
//! rules as they are then. Packets that are late wake it by a timer of the kernel's finest resolution.

use super::HostId;
use super::orders::{Next, Order, Orders, Worker};
use super::packet::PACKET_BYTES_MAX;
use super::pipeline::Pipeline;
use super::ports::Ports;
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many packets of one host are moved before the others, and those that are late, get their turn.
const BATCH_PACKETS: usize = 64;

/// What epoll says when the thread is called rather than a host ready.
const CALLED: u64 = u64::MAX;

/// What epoll says when a packet is due.
const DUE: u64 = u64::MAX - 1;

/// Starts the thread between these ports.
///
/// # Errors
/// When the kernel refuses a descriptor or the thread.
pub fn start(ports: Ports) -> io::Result<Worker> {
    let call = Arc::new(EventFd::from_flags(
        EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC,
    )?);
    let timer = TimerFd::new(
        ClockId::CLOCK_MONOTONIC,
        TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC,
    )?;
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    epoll.add(&*call, EpollEvent::new(EpollFlags::EPOLLIN, CALLED))?;
    epoll.add(&timer, EpollEvent::new(EpollFlags::EPOLLIN, DUE))?;
    for (host, device) in ports.devices().iter().enumerate() {
        epoll.add(device, EpollEvent::new(EpollFlags::EPOLLIN, host as u64))?;
    }
    let caller = Arc::clone(&call);
    let wake = move || {
        // It fails when the counter is full, and then the thread has been called 2^64 - 2 times already.
        let _ = caller.write(1);
    };
    Worker::start("switch", wake, move |orders| {
        let mut mover = Mover {
            pipeline: Pipeline::new(ports.devices().len()),
            ports,
            packet: vec![0; PACKET_BYTES_MAX],
            epoll,
            call,
            orders,
            timer,
            timer_is_for: None,
        };
        mover.serve().map_err(io::Error::from)
    })
}

/// What the thread works with.
struct Mover {
    ports: Ports,
    pipeline: Pipeline,
    packet: Vec<u8>,
    epoll: Epoll,
    call: Arc<EventFd>,
    orders: Orders,
    timer: TimerFd,
    /// What the timer is set to.
    timer_is_for: Option<Instant>,
}

impl Mover {
    /// Works until nobody can give orders any more.
    fn serve(&mut self) -> nix::Result<()> {
        let mut ready = vec![EpollEvent::empty(); self.ports.devices().len() + 2];
        loop {
            let count = match self.epoll.wait(&mut ready, EpollTimeout::NONE) {
                Err(Errno::EINTR) => continue,
                other => other?,
            };
            let events = &ready[..count];
            // First: what comes in this round finds what was ordered before it.
            if events.iter().any(|event| event.data() == CALLED) && !self.carry_out_orders() {
                return Ok(());
            }
            for event in events {
                match event.data() {
                    CALLED => {}
                    DUE => drop(self.timer.wait()),
                    host => self.move_packets_of(host as HostId)?,
                }
                self.pass_due();
            }
            self.set_timer()?;
        }
    }

    /// Says whether more can come.
    fn carry_out_orders(&mut self) -> bool {
        // Silenced before looking at what it was about: the other way round, a call that comes in between would be
        // silenced too and never be looked at.
        let _ = self.call.read();
        loop {
            match self.orders.next() {
                Next::Order(order, done) => {
                    self.carry_out(order);
                    done.tell();
                }
                Next::Nothing => return true,
                Next::Stop => return false,
            }
        }
    }

    fn carry_out(&mut self, order: Order) {
        let now = Instant::now();
        match order {
            Order::Install(rule) => self.pipeline.install(*rule),
            Order::Heal(rule) => self.pipeline.heal(rule, now, &mut self.ports),
            Order::Release(rule) => self.pipeline.release(rule, now, &mut self.ports),
            Order::Show(tap) => self.ports.tap = tap,
            // The kernel of the host's namespace answers for ports that nobody listens on.
            Order::Open(_) | Order::Close(_) => {}
        }
    }

    /// Moves what a host has sent, up to a batch; epoll will say so if there is more.
    fn move_packets_of(&mut self, from: HostId) -> nix::Result<()> {
        for _ in 0..BATCH_PACKETS {
            match self.ports.receive(from, &mut self.packet) {
                Ok(Some(bytes)) => self.move_packet(from, bytes),
                Ok(None) => break,
                Err(why) => {
                    // That is its loss, not the others'.
                    tracing::error!("host {from} has no network interface any more: {why}");
                    self.epoll.delete(&self.ports.devices()[from])?;
                    break;
                }
            }
        }
        Ok(())
    }

    fn move_packet(&mut self, from: HostId, bytes: usize) {
        use super::pipeline::Outlet;
        let packet = &self.packet[..bytes];
        let Some(link) = self.ports.link_of(from, packet) else {
            return;
        };
        if self.pipeline.is_clear(link) {
            self.ports.deliver(link, packet, &[]);
        } else {
            self.pipeline.enter(link, packet, Instant::now(), &mut self.ports);
        }
    }

    fn pass_due(&mut self) {
        if self.pipeline.next_due().is_some() {
            self.pipeline.pass_due(Instant::now(), &mut self.ports);
        }
    }

    fn set_timer(&mut self) -> nix::Result<()> {
        let due = self.pipeline.next_due();
        if due != self.timer_is_for {
            if let Some(due) = due {
                // Zero would switch it off.
                let time = due
                    .saturating_duration_since(Instant::now())
                    .max(Duration::from_nanos(1));
                let once = Expiration::OneShot(TimeSpec::from_duration(time));
                self.timer.set(once, TimerSetTimeFlags::empty())?;
            }
            self.timer_is_for = due;
        }
        Ok(())
    }
}
