//! The work of the proxies' thread: events in, bytes on.
//!
//! Nothing here calls itself: what a step makes possible elsewhere is put into `again`, and done in the next round.

use super::super::orders::{Next, Order};
use super::super::queue::Link;
use super::connection::{Connection, DIALER, DIALLED, End, Stage, dial};
use super::flow::{Flow, Piece};
use super::outbox::Outcome;
use super::segment::{self, HEADER_BYTES, Header, Kind, PAYLOAD_BYTES_MAX};
use super::{CHUNK_BYTES_MAX, KEPT_BYTES_MAX, Proxies};
use mio::event::Event;
use mio::{Events, Interest, Token};
use std::io::{self, ErrorKind, Read};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// What the poll says when the thread is called.
pub const CALLED: usize = usize::MAX - 1;

/// How often one side is read from before the others get their turn.
const READS_MAX: usize = 16;

/// After how long somebody who could not be accepted is tried again.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// Whether there is more to come from a side now.
#[derive(PartialEq)]
enum Said {
    Something,
    Nothing,
}

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
                self.again.push_back((id, side));
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

    fn token(&self, id: u64, side: usize) -> Token {
        Token(self.doors.len() + 2 * id as usize + side)
    }

    /// Sends a chunk from a side of a connection past the rules.
    fn send(&mut self, id: u64, side: usize, kind: Kind, payload: &[u8]) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        let length = match kind {
            Kind::Data => payload.len() as u64,
            Kind::Reset => 0,
            Kind::Syn | Kind::SynAck | Kind::Fin => 1,
        };
        self.kept += length;
        let acknowledged = connection.flows[1 - side].expected();
        let header = Header {
            kind,
            ports: connection.ports_of(side),
            sequence: connection.flows[side].send(length),
        };
        let link = connection.link(side);
        self.enter(link, header, acknowledged, payload);
    }

    fn enter(&mut self, link: Link, header: Header, acknowledged: u32, payload: &[u8]) {
        let addresses = (self.block.own(link.from), self.block.own(link.to));
        let packet = segment::write(addresses, header, acknowledged, payload);
        self.pipeline
            .enter(link, &packet, Instant::now(), &mut self.outbox);
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

    /// Sends again what was swallowed, until something is swallowed again.
    fn send_again(&mut self, id: u64, side: usize) {
        while let Some(connection) = self.connections.get_mut(&id) {
            let link = connection.link(side);
            let Some((number, packet)) = connection.flows[side].send_again() else {
                return;
            };
            self.pipeline
                .enter(link, &packet, Instant::now(), &mut self.outbox);
            self.settle();
            let flow = self.connections.get(&id).map(|it| &it.flows[side]);
            if flow.is_none_or(|flow| flow.is_lost(number)) {
                return;
            }
            self.again.push_back((id, side));
        }
    }

    /// Looks at what has passed the rules, and what has not.
    fn settle(&mut self) {
        while let Some((outcome, link, packet)) = self.outbox.chunks.pop_front() {
            let Some((header, payload)) = segment::read(&packet) else {
                continue;
            };
            let found = self.find(link, header.ports);
            match (outcome, found) {
                (Outcome::IsLost, Some((id, side))) => self.lose(id, side, header, packet),
                (Outcome::IsLost, None) => {}
                (Outcome::Arrives, Some((id, side))) => self.arrive(id, side, header, &packet[payload]),
                (Outcome::Arrives, None) => self.answer_for_nobody(link, header),
            }
        }
    }

    /// The connection of a chunk, and the side that it comes from.
    fn find(&self, link: Link, (from, to): (u16, u16)) -> Option<(u64, usize)> {
        let dialler = self.by_ends.get(&([link.from, link.to], [from, to]));
        let dialled = self.by_ends.get(&([link.to, link.from], [to, from]));
        dialler
            .map(|id| (*id, DIALER))
            .or(dialled.map(|id| (*id, DIALLED)))
    }

    fn lose(&mut self, id: u64, side: usize, header: Header, packet: Vec<u8>) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        // A reset is not sent again; who goes on sending gets another. Who asks again is refused again.
        if header.kind == Kind::Reset && connection.stage != Stage::Dialling {
            return;
        }
        connection.was_in_vain |= connection.stage != Stage::Open;
        if let Some(at) = connection.flows[side].lose(header.sequence, packet, Instant::now()) {
            self.retries.insert((at, id, side));
        }
    }

    /// What a kernel says to a segment of a connection that it does not know.
    fn answer_for_nobody(&mut self, link: Link, header: Header) {
        if header.kind == Kind::Reset {
            return;
        }
        let counters = &self.outbox.counters;
        counters.undeliverable.fetch_add(1, Ordering::Relaxed);
        let (from, to) = header.ports;
        let back = Link {
            from: link.to,
            to: link.from,
        };
        let reset = Header {
            kind: Kind::Reset,
            ports: (to, from),
            sequence: 0,
        };
        self.enter(back, reset, header.sequence, &[]);
    }

    /// A chunk from a side reaches the other.
    fn arrive(&mut self, id: u64, side: usize, header: Header, payload: &[u8]) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        let piece = match header.kind {
            Kind::Reset => {
                if let Some(end) = connection.ends[1 - side].take() {
                    end.reset();
                }
                return self.forget_if_over(id);
            }
            Kind::Syn | Kind::SynAck => Piece::Begin,
            Kind::Data => Piece::Bytes(payload.to_vec()),
            Kind::Fin => Piece::End,
        };
        for piece in connection.flows[side].arrive(header.sequence, piece) {
            self.hand_over(id, side, &piece);
        }
    }

    /// A piece from a side is the next that the other gets.
    fn hand_over(&mut self, id: u64, side: usize, piece: &Piece) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        let (link, ports) = (connection.link(side), connection.ports_of(side));
        if let (Piece::Begin, DIALER) = (piece, side) {
            self.wrote(id, side, 1);
            return self.dial(id);
        }
        let Some(end) = &mut connection.ends[1 - side] else {
            self.wrote(id, side, piece.length());
            let header = Header {
                kind: Kind::Data,
                ports,
                sequence: 0,
            };
            return self.answer_for_nobody(link, header);
        };
        let taken = match piece {
            Piece::Begin => {
                connection.stage = Stage::Open;
                self.again.extend([(id, DIALER), (id, DIALLED)]);
                Ok(1)
            }
            Piece::Bytes(bytes) => end.hand_over(bytes),
            Piece::End => {
                end.finish();
                Ok(1)
            }
        };
        match taken {
            Ok(taken) => self.wrote(id, side, taken as u64),
            Err(_) => self.broke(id, 1 - side),
        }
        self.forget_if_over(id);
    }

    fn wrote(&mut self, id: u64, side: usize, length: u64) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.flows[side].wrote(length);
            self.kept -= length;
        }
    }

    /// The dialled host has heard the question: its program is dialled.
    fn dial(&mut self, id: u64) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        let ([dialer, dialled], [_, port]) = (connection.hosts, connection.ports);
        connection.stage = Stage::Dialling;
        let token = self.token(id, DIALLED);
        let begun = dial(&self.block, dialer, dialled, port).and_then(|mut stream| {
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.poll.registry().register(&mut stream, token, interest)?;
            Ok(stream)
        });
        match begun {
            Ok(stream) => {
                if let Some(connection) = self.connections.get_mut(&id) {
                    connection.ends[DIALLED] = Some(End::new(stream));
                }
            }
            Err(_) => self.send(id, DIALLED, Kind::Reset, &[]),
        }
    }

    /// Something is known about a dialled program.
    fn dialled(&mut self, id: u64) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        let Some(end) = &mut connection.ends[DIALLED] else {
            return;
        };
        if let Ok(Some(_)) | Err(_) = end.stream.take_error() {
            // Nobody listens there: what its kernel answers is a reset.
            connection.ends[DIALLED] = None;
            return self.send(id, DIALLED, Kind::Reset, &[]);
        }
        if end.stream.peer_addr().is_ok() {
            connection.stage = Stage::Answering;
            self.send(id, DIALLED, Kind::SynAck, &[]);
        }
    }

    /// Lets every side go on that was interrupted, each once.
    fn go_on(&mut self) {
        for _ in 0..self.again.len() {
            if self.kept >= KEPT_BYTES_MAX {
                return;
            }
            let Some((id, side)) = self.again.pop_front() else {
                return;
            };
            let mut reads = 0;
            while self.listen_to(id, side) == Said::Something {
                self.settle();
                reads += 1;
                if reads == READS_MAX {
                    self.again.push_back((id, side));
                    break;
                }
            }
        }
    }

    /// Takes the next that a side says, if it has anything to say and may.
    fn listen_to(&mut self, id: u64, side: usize) -> Said {
        let Some(connection) = self.connections.get_mut(&id) else {
            return Said::Nothing;
        };
        let link = connection.link(side);
        let flow = &mut connection.flows[side];
        let [one, two] = &mut connection.ends;
        let (end, other) = if side == DIALER { (one, two) } else { (two, one) };
        let Some(end) = end else {
            return Said::Nothing;
        };
        let may = connection.stage == Stage::Open && !flow.has_ended && !flow.is_stalled();
        if !may || !end.is_readable {
            return Said::Nothing;
        }
        let at_once = flow.is_quiet() && self.pipeline.is_clear(link) && self.outbox.tap.is_none();
        let bytes_max = if at_once {
            CHUNK_BYTES_MAX
        } else {
            PAYLOAD_BYTES_MAX
        };
        let bytes = match end.stream.read(&mut self.buffer[..bytes_max]) {
            Ok(bytes) => bytes,
            Err(why) if why.kind() == ErrorKind::WouldBlock => {
                end.is_readable = false;
                return Said::Nothing;
            }
            Err(why) if why.kind() == ErrorKind::Interrupted => return Said::Something,
            Err(_) => {
                self.broke(id, side);
                return Said::Something;
            }
        };
        flow.has_ended = bytes == 0;
        if !at_once {
            let payload = self.buffer[..bytes].to_vec();
            let kind = if bytes == 0 { Kind::Fin } else { Kind::Data };
            self.send(id, side, kind, &payload);
            return Said::Something;
        }
        let length = bytes.max(1) as u64;
        flow.pass_at_once(length);
        self.kept += length;
        self.outbox.counters.carried(link, bytes + HEADER_BYTES);
        let taken = match other {
            // The same without a copy.
            Some(other) if bytes > 0 => other.hand_over(&self.buffer[..bytes]),
            _ if bytes > 0 => {
                let bytes = self.buffer[..bytes].to_vec();
                self.hand_over(id, side, &Piece::Bytes(bytes));
                return Said::Something;
            }
            _ => {
                self.hand_over(id, side, &Piece::End);
                return Said::Something;
            }
        };
        match taken {
            Ok(taken) => self.wrote(id, side, taken as u64),
            Err(_) => self.broke(id, 1 - side),
        }
        Said::Something
    }

    /// There is room in a side's kernel again.
    fn flush(&mut self, id: u64, side: usize) {
        let end = self.connections.get_mut(&id).map(|it| &mut it.ends[side]);
        let Some(Some(end)) = end else { return };
        match end.flush() {
            Ok(taken) => {
                self.wrote(id, 1 - side, taken as u64);
                self.again.push_back((id, 1 - side));
                self.forget_if_over(id);
            }
            Err(_) => self.broke(id, side),
        }
    }

    /// The program of a side has given its connection up.
    fn broke(&mut self, id: u64, side: usize) {
        let end = self.connections.get_mut(&id).map(|it| it.ends[side].take());
        if end.flatten().is_some() {
            self.send(id, side, Kind::Reset, &[]);
            self.forget_if_over(id);
        }
    }

    fn forget_if_over(&mut self, id: u64) {
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
