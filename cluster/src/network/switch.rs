//! The switch: one thread that reads every packet of every host, leads it past the rules of its link, and writes it
//! to where it is going.
//!
//! For a packet on a link without rules it does two system calls, no allocation and no locking. An order wakes it,
//! and is carried out between two rounds of reading: when [`Ordered::wait`] returns, every packet that comes finds the
//! rules as they are then. Packets that are late wake it by a timer of the kernel's finest resolution.

use super::HostId;
use super::capture::Tap;
use super::packet::PACKET_BYTES_MAX;
use super::pipeline::{ActiveRule, Pipeline};
use super::ports::Ports;
use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How many packets of one host are moved before the others, and those that are late, get their turn.
const BATCH_PACKETS: usize = 64;

/// The switch answers within microseconds. After this long, it never will.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// What epoll says when the thread is called rather than a host ready.
const CALLED: u64 = u64::MAX;

/// What epoll says when a packet is due.
const DUE: u64 = u64::MAX - 1;

/// A change of what the switch does.
#[derive(Debug)]
pub enum Order {
    /// Uses a rule.
    Install(Box<ActiveRule>),
    /// Takes a rule away.
    Heal(u64),
    /// Lets go what a rule holds.
    Release(u64),
    /// Shows every packet to this tap, or to none.
    Show(Option<Tap>),
}

/// An order that was given.
#[must_use = "it is carried out some time later"]
pub struct Ordered(Receiver<()>);

impl Ordered {
    /// Returns once it is carried out.
    ///
    /// # Panics
    /// When the thread has ended or hangs: a rule that nobody applies must not pass for installed.
    pub fn wait(self) {
        match self.0.recv_timeout(ANSWER_MAX) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout) => panic!("the switch has not answered for {ANSWER_MAX:?}"),
            Err(RecvTimeoutError::Disconnected) => panic!("the switch has stopped"),
        }
    }
}

/// The handle of the switch thread. Dropping it stops the thread.
#[derive(Debug)]
pub struct Switch {
    call: Arc<EventFd>,
    /// Taken to stop the thread.
    orders: Option<Sender<(Order, Sender<()>)>>,
    thread: Option<JoinHandle<()>>,
}

impl Switch {
    /// Starts the thread between these ports.
    ///
    /// # Errors
    /// When the kernel refuses a descriptor or the thread.
    pub fn start(ports: Ports) -> io::Result<Switch> {
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
        let (orders, taken) = channel();
        let mut mover = Mover {
            pipeline: Pipeline::new(ports.devices().len()),
            ports,
            packet: vec![0; PACKET_BYTES_MAX],
            epoll,
            call: Arc::clone(&call),
            orders: taken,
            timer,
            timer_is_for: None,
        };
        let thread = std::thread::Builder::new()
            .name("switch".to_owned())
            .spawn(move || {
                // With the mover goes the receiver of orders, so that nobody waits for a thread that is gone.
                if let Err(why) = mover.serve() {
                    tracing::error!("the switch stopped: {why}; no node can reach another");
                }
            })?;
        Ok(Switch {
            call,
            orders: Some(orders),
            thread: Some(thread),
        })
    }

    /// Gives an order. Orders are carried out one after the other, as they were given.
    ///
    /// # Panics
    /// When the thread has ended.
    pub fn order(&self, order: Order) -> Ordered {
        let (done, wait) = channel();
        let orders = self.orders.as_ref().expect("only dropping the switch takes it");
        assert!(orders.send((order, done)).is_ok(), "the switch has stopped");
        self.call();
        Ordered(wait)
    }

    fn call(&self) {
        // It fails when the counter is full, and then the thread has been called 2^64 - 2 times already.
        let _ = self.call.write(1);
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        self.orders = None;
        self.call();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the switch thread had panicked");
        }
    }
}

/// What the thread works with.
struct Mover {
    ports: Ports,
    pipeline: Pipeline,
    packet: Vec<u8>,
    epoll: Epoll,
    call: Arc<EventFd>,
    orders: Receiver<(Order, Sender<()>)>,
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
            match self.orders.try_recv() {
                Ok((order, done)) => {
                    self.carry_out(order);
                    // Nobody need be waiting.
                    let _ = done.send(());
                }
                Err(why) => return why == std::sync::mpsc::TryRecvError::Empty,
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
