//! Chunks on links: how they are sent past the rules, and what becomes of those that arrive and of those that do not.

use super::super::queue::Link;
use super::Proxies;
use super::connection::{DIALER, DIALLED, Stage};
use super::flow::Piece;
use super::outbox::Outcome;
use super::segment::{self, Header, Kind};
use std::sync::atomic::Ordering;
use std::time::Instant;

impl Proxies {
    /// Sends a chunk from a side of a connection past the rules.
    pub(super) fn send(&mut self, id: u64, side: usize, kind: Kind, payload: &[u8]) {
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

    /// Sends again what was swallowed, until something is swallowed again.
    pub(super) fn send_again(&mut self, id: u64, side: usize) {
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
            self.again.insert((id, side));
        }
    }

    /// Looks at what has passed the rules, and what has not.
    pub(super) fn settle(&mut self) {
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
    pub(super) fn hand_over(&mut self, id: u64, side: usize, piece: &Piece) {
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

    pub(super) fn wrote(&mut self, id: u64, side: usize, length: u64) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.flows[side].wrote(length);
            self.kept -= length;
        }
    }
}
