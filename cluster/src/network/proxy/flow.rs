//! One direction of a connection: what was taken from its sender and where that is now. Pure: no sockets, no clock.
//!
//! A TCP of its own, as far as one is needed where nothing is reordered or lost but by rules: pieces are numbered,
//! arrive in the order of their numbers whatever rules did to single ones, and those that a cut has swallowed are
//! sent again, at growing intervals, as a kernel does.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How many bytes of a flow may be on their way: after that, its sender has to wait.
pub const WINDOW_BYTES: u64 = 256 << 10;

/// After how long what was lost is sent again for the first time; twice as long each further time.
const RETRANSMIT_FIRST: Duration = Duration::from_millis(200);

/// How often the interval doubles: it grows to 3.2 s.
const DOUBLINGS_MAX: u32 = 4;

/// What goes along a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Its beginning: the connection is asked for, or granted.
    Begin,
    /// Bytes.
    Bytes(Vec<u8>),
    /// Its end.
    End,
}

impl Piece {
    /// What it takes in the numbering: beginning and end count one, as SYN and FIN do.
    pub fn length(&self) -> u64 {
        match self {
            Piece::Begin | Piece::End => 1,
            Piece::Bytes(bytes) => bytes.len() as u64,
        }
    }
}

/// One direction of a connection.
#[derive(Debug)]
pub struct Flow {
    first: u32,
    /// The number of what its sender says next.
    sent: u64,
    /// The number of what its receiver lacks.
    arrived: u64,
    /// The number of what the receiver's kernel lacks.
    written: u64,
    /// What has arrived before something that was sent earlier.
    early: BTreeMap<u64, Piece>,
    /// What was swallowed, as packets.
    lost: BTreeMap<u64, Vec<u8>>,
    retry_at: Option<Instant>,
    losses: u32,
    /// Whether its sender has said that it is at its end.
    pub has_ended: bool,
}

impl Flow {
    /// A flow whose first piece has this number.
    pub fn new(first: u32) -> Flow {
        Flow {
            first,
            sent: 0,
            arrived: 0,
            written: 0,
            early: BTreeMap::new(),
            lost: BTreeMap::new(),
            retry_at: None,
            losses: 0,
            has_ended: false,
        }
    }

    /// The number of the next piece, which takes so much.
    pub fn send(&mut self, length: u64) -> u32 {
        let sequence = self.wrapped(self.sent);
        self.sent += length;
        sequence
    }

    /// So much is sent and arrives at once; nothing else may be under way.
    pub fn pass_at_once(&mut self, length: u64) {
        debug_assert!(self.is_quiet());
        self.sent += length;
        self.arrived += length;
    }

    /// A piece arrives: returns what the receiver gets now, in order. Of what nobody has sent, nothing.
    pub fn arrive(&mut self, sequence: u32, piece: Piece) -> Vec<Piece> {
        let ahead = sequence.wrapping_sub(self.wrapped(self.arrived));
        let number = self.arrived + u64::from(ahead);
        if number + piece.length() > self.sent {
            return Vec::new();
        }
        self.losses = 0;
        self.early.insert(number, piece);
        let mut in_order = Vec::new();
        while let Some(piece) = self.early.remove(&self.arrived) {
            self.arrived += piece.length();
            in_order.push(piece);
        }
        in_order
    }

    /// The receiver's kernel has taken so much, or there is none any more.
    pub fn wrote(&mut self, length: u64) {
        self.written += length;
    }

    /// What is kept for it, here or on its way.
    pub fn kept(&self) -> u64 {
        self.sent - self.written
    }

    /// Whether all that was sent has arrived.
    pub fn is_quiet(&self) -> bool {
        self.sent == self.arrived
    }

    /// Whether its sender has to wait.
    pub fn is_stalled(&self) -> bool {
        self.kept() >= WINDOW_BYTES || !self.lost.is_empty()
    }

    /// The number of the byte that its receiver expects.
    pub fn expected(&self) -> u32 {
        self.wrapped(self.arrived)
    }

    /// A packet of it was swallowed. Returns when to try again, when that was not known yet.
    pub fn lose(&mut self, sequence: u32, packet: Vec<u8>, now: Instant) -> Option<Instant> {
        let ahead = sequence.wrapping_sub(self.wrapped(self.arrived));
        self.lost.insert(self.arrived + u64::from(ahead), packet);
        if self.retry_at.is_some() {
            return None;
        }
        let interval = RETRANSMIT_FIRST * 2_u32.pow(self.losses.min(DOUBLINGS_MAX));
        self.losses += 1;
        self.retry_at = Some(now + interval);
        self.retry_at
    }

    /// Whether this is the time at which to try again.
    pub fn is_due(&self, at: Instant) -> bool {
        self.retry_at == Some(at)
    }

    /// The first packet that was swallowed, to be sent again.
    pub fn send_again(&mut self) -> Option<(u64, Vec<u8>)> {
        self.retry_at = None;
        self.lost.pop_first()
    }

    /// Whether the packet of this number is swallowed, again.
    pub fn is_lost(&self, number: u64) -> bool {
        self.lost.contains_key(&number)
    }

    fn wrapped(&self, number: u64) -> u32 {
        self.first.wrapping_add(number as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Piece {
        Piece::Bytes(text.as_bytes().to_vec())
    }

    #[test]
    fn pieces_arrive_in_order_whatever_overtook_them() {
        // The numbers go round in the middle.
        let mut flow = Flow::new(u32::MAX - 2);
        let numbers = [1, 3, 2, 1].map(|length| flow.send(length));
        assert_eq!(flow.arrive(numbers[2], bytes("de")), []);
        assert_eq!(flow.arrive(numbers[0], Piece::Begin), [Piece::Begin]);
        assert_eq!(flow.arrive(numbers[3], Piece::End), []);
        let rest = flow.arrive(numbers[1], bytes("abc"));
        assert_eq!(rest, [bytes("abc"), bytes("de"), Piece::End]);
        assert!(flow.is_quiet());
    }

    #[test]
    fn what_nobody_has_sent_does_not_arrive() {
        let mut flow = Flow::new(7);
        let first = flow.send(3);
        assert_eq!(flow.arrive(first.wrapping_sub(1), bytes("a")), []);
        assert_eq!(flow.arrive(first, bytes("abcd")), []);
        assert_eq!(flow.arrive(first, bytes("abc")), [bytes("abc")]);
        assert_eq!(flow.arrive(first, bytes("abc")), [], "twice is once");
    }

    #[test]
    fn a_sender_waits_when_as_much_is_kept_as_the_window_holds() {
        let mut flow = Flow::new(0);
        flow.pass_at_once(WINDOW_BYTES - 1);
        assert!(!flow.is_stalled());
        flow.send(1);
        assert!(flow.is_stalled());
        flow.wrote(2);
        assert!(!flow.is_stalled());
    }

    #[test]
    fn what_is_lost_is_tried_again_ever_more_rarely_until_it_arrives() {
        let (mut flow, now) = (Flow::new(0), Instant::now());
        let sequence = flow.send(1);
        let mut waits = Vec::new();
        for _ in 0..7 {
            let at = flow.lose(sequence, vec![1], now).unwrap();
            assert!(flow.is_stalled() && flow.is_due(at));
            assert_eq!(flow.lose(sequence, vec![1], now), None, "there is one time");
            waits.push((at - now).as_millis());
            assert_eq!(flow.send_again(), Some((0, vec![1])));
        }
        assert_eq!(waits, [200, 400, 800, 1600, 3200, 3200, 3200]);
        assert_eq!(flow.arrive(sequence, Piece::Begin), [Piece::Begin]);
        let sequence = flow.send(1);
        let at = flow.lose(sequence, vec![2], now).unwrap();
        assert_eq!((at - now).as_millis(), 200);
    }

    #[test]
    fn the_first_that_was_lost_is_the_first_to_be_sent_again() {
        let (mut flow, now) = (Flow::new(0), Instant::now());
        let [one, two] = [1, 1].map(|length| flow.send(length));
        flow.lose(two, vec![2], now);
        flow.lose(one, vec![1], now);
        assert_eq!(flow.send_again(), Some((0, vec![1])));
        assert!(flow.is_lost(1) && !flow.is_lost(0));
    }
}
