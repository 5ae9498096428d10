//! The work of the proxies' thread: what wakes it, and whom it lets in.
//!
//! Nothing here calls itself: what a step makes possible elsewhere is put into `again`, and done in the next round.
//! Read next: `chunks` for what goes along links, `sides` for what programs say and are told.

use super::super::orders::{Next, Order};
use super::connection::{Connection, DIALER, DIALLED, End, Stage};
use super::flow::Flow;
use super::segment::Kind;
use super::{KEPT_BYTES_MAX, Proxies};
use mio::event::Event;
use mio::{Events, Interest, Token};
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

/// What the poll says when the thread is called.
pub const CALLED: usize = usize::MAX - 1;

/// After how long somebody who could not be accepted is tried again.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

impl Proxies {
    /// Works until nobody can give orders any more.
    pub fn serve(mut self, mut events: Events) -> io::Result<()> {
        loop {
            match self.poll.poll(&mut events, self.patience()) {
                Err(why) if why.kind() == ErrorKind::Interrupted => continue,
                other => other?,
            }
            // First: what comes in this round finds what was ordered before it.
            if events.iter().any(|event| event.token() == Token(CALLED)) && !self.carry_out_orders() {
                return Ok(());
            }
            for event in &events {
                self.take_up(event);
            }
            std::mem::take(&mut self.doors_again)
                .into_iter()
                .for_each(|door| self.accept_at(door));
            self.pass_due();
            self.go_on();
        }
    }

    /// How long there is nothing to do unless something happens.
    fn patience(&self) -> Option<Duration> {
        if !self.again.is_empty() && self.kept < KEPT_BYTES_MAX {
            return Some(Duration::ZERO);
        }
        let accept = (!self.doors_again.is_empty()).then_some(ACCEPT_AGAIN);
        let due = [self.pipeline.next_due(), self.retries.first().map(|(at, ..)| *at)];
        let due = due.into_iter().flatten().min();
        let due = due.map(|due| due.saturating_duration_since(Instant::now()));
        due.into_iter().chain(accept).min()
    }

    /// Says whether more can come.
    fn carry_out_orders(&mut self) -> bool {
        loop {
            match self.orders.next() {
                Next::Order(order, done) => {
                    self.carry_out(order);
                    self.settle();
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
            Order::Heal(rule) => {
                self.pipeline.heal(rule, now, &mut self.outbox);
                self.settle();
                let waiting: Vec<_> = self.connections.keys().copied().collect();
                for id in waiting {
                    self.send_again(id, DIALER);
                    self.send_again(id, DIALLED);
                }
            }
            Order::Release(rule) => self.pipeline.release(rule, now, &mut self.outbox),
            Order::Show(tap) => self.outbox.tap = tap,
            Order::Open(host) => self.move_doors(host, true),
            Order::Close(host) => self.move_doors(host, false),
        }
    }

    fn move_doors(&mut self, host: usize, open: bool) {
        for (place, door) in self.doors.iter_mut().enumerate() {
            if door.host != host {
                continue;
            }
            let moved = if !open {
                door.close()
            } else {
                match door.open() {
                    Ok(Some(listener)) => {
                        self.poll
                            .registry()
                            .register(listener, Token(place), Interest::READABLE)
                    }
                    other => other.map(drop),
                }
            };
            if let Err(why) = moved {
                tracing::error!("the proxy at port {} for host {host}: {why}", door.port);
            }
        }
    }

    fn take_up(&mut self, event: &Event) {
        let Token(token) = event.token();
        if token == CALLED {
            return;
        }
        if token < self.doors.len() {
            return self.accept_at(token);
        }
        let place = token - self.doors.len();
        let (id, side) = ((place / 2) as u64, place % 2);
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        let Some(end) = &mut connection.ends[side] else {
            return;
        };
        end.is_readable |= event.is_readable() || event.is_read_closed() || event.is_error();
        let gave_up = event.is_read_closed() || event.is_error();
        match connection.stage {
            Stage::Dialling if side == DIALLED => self.dialled(id),
            // It has got no answer, so nothing of what it has said would have left its host.
            Stage::Asking | Stage::Dialling | Stage::Answering
                if side == DIALER && gave_up && connection.was_in_vain =>
            {
                self.forget(id);
            }
            _ => {
                if event.is_writable() {
                    self.flush(id, side);
                }
                self.again.insert((id, side));
            }
        }
        self.settle();
    }

    fn accept_at(&mut self, place: usize) {
        loop {
            let door = &self.doors[place];
            let (viewer, host, port) = (door.viewer, door.host, door.port);
            let Some(listener) = door.listener() else { return };
            match listener.accept() {
                Ok((stream, from)) => {
                    self.begin([viewer, host], [from.port(), port], End::new(stream));
                    self.settle();
                }
                Err(why) if why.kind() == ErrorKind::WouldBlock => return,
                Err(why) if matches!(why.kind(), ErrorKind::Interrupted | ErrorKind::ConnectionAborted) => {}
                Err(why) => {
                    tracing::warn!("a connection to host {host} cannot be accepted yet: {why}");
                    self.doors_again.insert(place);
                    return;
                }
            }
        }
    }

    /// Somebody has dialled: the other host is asked.
    fn begin(&mut self, hosts: [usize; 2], ports: [u16; 2], mut end: End) {
        let id = self.next_id;
        let is_known = self.by_ends.contains_key(&(hosts, ports));
        if is_known || self.connections.len() >= self.connections_max {
            tracing::warn!(
                "a connection from port {} is one too many, and was reset",
                ports[0]
            );
            return end.reset();
        }
        // It fails when the program is gone already, which the first read tells.
        let _ = end.stream.set_nodelay(true);
        let token = self.token(id, DIALER);
        let interest = Interest::READABLE | Interest::WRITABLE;
        if let Err(why) = self.poll.registry().register(&mut end.stream, token, interest) {
            tracing::warn!("a connection from port {} was reset: {why}", ports[0]);
            return end.reset();
        }
        self.next_id += 1;
        // So that a chunk of an earlier connection between the same ports is not taken for one of this.
        let first = (id as u32).wrapping_mul(0x9e37_79b1);
        self.by_ends.insert((hosts, ports), id);
        self.connections.insert(
            id,
            Connection {
                hosts,
                ports,
                stage: Stage::Asking,
                was_in_vain: false,
                flows: [Flow::new(first), Flow::new(!first)],
                ends: [Some(end), None],
            },
        );
        self.send(id, DIALER, Kind::Syn, &[]);
    }

    pub(super) fn token(&self, id: u64, side: usize) -> Token {
        Token(self.doors.len() + 2 * id as usize + side)
    }

    fn pass_due(&mut self) {
        let now = Instant::now();
        self.pipeline.pass_due(now, &mut self.outbox);
        self.settle();
        while let Some((at, id, side)) = self.retries.first().copied()
            && at <= now
        {
            self.retries.pop_first();
            let flow = self.connections.get(&id).map(|it| &it.flows[side]);
            if flow.is_some_and(|flow| flow.is_due(at)) {
                self.send_again(id, side);
            }
        }
    }

    pub(super) fn forget_if_over(&mut self, id: u64) {
        if self.connections.get(&id).is_some_and(Connection::is_over) {
            self.forget(id);
        }
    }

    fn forget(&mut self, id: u64) {
        if let Some(gone) = self.connections.remove(&id) {
            self.by_ends.remove(&(gone.hosts, gone.ports));
            self.kept -= gone.flows.iter().map(Flow::kept).sum::<u64>();
        }
    }
}
