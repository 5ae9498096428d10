//! The two sides of a connection: dialling, hearing what a program says, telling it what has arrived, and noticing
//! that it is gone.

use super::connection::{DIALER, DIALLED, End, Stage, dial};
use super::flow::Piece;
use super::segment::{HEADER_BYTES, Kind, PAYLOAD_BYTES_MAX};
use super::{CHUNK_BYTES_MAX, KEPT_BYTES_MAX, Proxies};
use mio::Interest;
use std::io::{ErrorKind, Read};

/// How often one side is read from before the others get their turn.
const READS_MAX: usize = 16;

/// Whether there is more to come from a side now.
#[derive(PartialEq)]
enum Said {
    Something,
    Nothing,
}

impl Proxies {
    /// The dialled host has heard the question: its program is dialled.
    pub(super) fn dial(&mut self, id: u64) {
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
    pub(super) fn dialled(&mut self, id: u64) {
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
    pub(super) fn go_on(&mut self) {
        for (id, side) in std::mem::take(&mut self.again) {
            if self.kept >= KEPT_BYTES_MAX {
                self.again.insert((id, side));
                continue;
            }
            let mut reads = 0;
            while self.listen_to(id, side) == Said::Something {
                self.settle();
                reads += 1;
                if reads == READS_MAX {
                    self.again.insert((id, side));
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
    pub(super) fn flush(&mut self, id: u64, side: usize) {
        let end = self.connections.get_mut(&id).map(|it| &mut it.ends[side]);
        let Some(Some(end)) = end else { return };
        match end.flush() {
            Ok(taken) => {
                self.wrote(id, 1 - side, taken as u64);
                self.again.insert((id, 1 - side));
                self.forget_if_over(id);
            }
            Err(_) => self.broke(id, side),
        }
    }

    /// The program of a side has given its connection up.
    pub(super) fn broke(&mut self, id: u64, side: usize) {
        let end = self.connections.get_mut(&id).map(|it| it.ends[side].take());
        if end.flatten().is_some() {
            self.send(id, side, Kind::Reset, &[]);
            self.forget_if_over(id);
        }
    }
}
