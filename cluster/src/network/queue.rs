//! Packets on their way: those that are late, in the order in which they will arrive, and how many bytes may wait.

use super::HostId;
use super::counters::Touch;
use std::collections::BTreeMap;
use std::time::Instant;

/// A directed link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The sender.
    pub from: HostId,
    /// The receiver.
    pub to: HostId,
}

/// A packet that rules have to do with.
#[derive(Debug, Clone)]
pub struct Packet {
    /// The link that it is on.
    pub link: Link,
    /// All of it, IP header included.
    pub bytes: Vec<u8>,
    /// The first rule that has not judged it yet: those before it are done with it.
    pub next_rule: u64,
    /// Whether it is the copy that a rule has made.
    pub is_copy: bool,
    /// What rules did to it.
    pub touches: Vec<Touch>,
}

/// How many bytes may wait in a network, all of its rules together.
pub const WAITING_BYTES_MAX: usize = 64 << 20;

/// What a waiting packet takes beside its bytes, generously.
const OVERHEAD_BYTES: usize = 256;

/// How many bytes wait.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Room {
    taken: usize,
}

impl Room {
    /// Makes room for a packet, if there is any.
    pub fn take(&mut self, packet: &Packet) -> bool {
        let taken = self.taken + cost(packet);
        let fits = taken <= WAITING_BYTES_MAX;
        if fits {
            self.taken = taken;
        }
        fits
    }

    /// The packet waits no longer.
    pub fn give_back(&mut self, packet: &Packet) {
        self.taken -= cost(packet);
    }
}

fn cost(packet: &Packet) -> usize {
    packet.bytes.len() + OVERHEAD_BYTES
}

/// The place of a packet in the queue: its time, and a number that keeps those of one time in order.
pub type Place = (Instant, u64);

/// Packets that are late.
#[derive(Debug, Default)]
pub struct Queue {
    packets: BTreeMap<Place, Packet>,
    added: u64,
}

impl Queue {
    /// Adds a packet that is due at a time.
    pub fn add(&mut self, due: Instant, packet: Packet) -> Place {
        let place = (due, self.added);
        self.added += 1;
        self.packets.insert(place, packet);
        place
    }

    /// Takes the first packet that is due by now, and says when it was.
    pub fn take_due(&mut self, now: Instant) -> Option<(Instant, Packet)> {
        let first = self.packets.first_entry()?;
        let (due, _) = *first.key();
        (due <= now).then(|| (due, first.remove()))
    }

    /// Takes a packet before its time, if it is still there.
    pub fn take(&mut self, place: Place) -> Option<Packet> {
        self.packets.remove(&place)
    }

    /// When the next is due.
    pub fn next_due(&self) -> Option<Instant> {
        self.packets.first_key_value().map(|((due, _), _)| *due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn packet(bytes: usize) -> Packet {
        Packet {
            link: Link { from: 0, to: 1 },
            bytes: vec![0; bytes],
            next_rule: 0,
            is_copy: false,
            touches: Vec::new(),
        }
    }

    #[test]
    fn packets_come_in_the_order_of_their_times_and_of_arrival_within_one() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        let later = now + Duration::from_millis(1);
        for (due, bytes) in [(later, 1), (now, 2), (later, 3), (now, 4)] {
            queue.add(due, packet(bytes));
        }
        let mut due = |at| {
            std::iter::from_fn(|| queue.take_due(at))
                .map(|(_, packet)| packet.bytes.len())
                .collect::<Vec<_>>()
        };
        assert_eq!(due(now), [2, 4]);
        assert_eq!(due(later), [1, 3]);
        assert_eq!(queue.next_due(), None);
    }

    #[test]
    fn there_is_no_more_room_than_the_bound() {
        let mut room = Room::default();
        let large = packet(1 << 20);
        let fitting = (0..100).take_while(|_| room.take(&large)).count();
        assert_eq!(fitting, 63);
        assert!(room.take(&packet(1000)));
        room.give_back(&large);
        assert!(room.take(&large));
    }
}
