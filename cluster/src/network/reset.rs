//! The answer to a TCP segment that nobody wants: a reset for each end (RFC 9293, 3.5.2).

use super::anatomy::read;
use super::link_rule::Protocol;
use etherparse::{PacketBuilder, TcpSlice};

/// Resets of a connection, each in the name of the other end.
#[derive(Debug, PartialEq, Eq)]
pub struct Resets {
    /// For who sent the segment.
    pub to_sender: Vec<u8>,
    /// For who would have received it; not if it asked for the connection, of which the receiver knows nothing yet.
    pub to_receiver: Option<Vec<u8>>,
}

/// The resets that answer a packet; none if it is not a whole TCP segment, or a reset itself.
pub fn resets(packet: &[u8]) -> Option<Resets> {
    let anatomy = read(packet);
    if anatomy.protocol != Some(Protocol::Tcp) || !anatomy.is_whole {
        return None;
    }
    let segment = TcpSlice::from_slice(&packet[anatomy.body]).ok()?;
    if segment.rst() {
        return None;
    }
    let (source, destination) = super::packet::addresses(packet)?;
    let (from, to) = (
        (source.octets(), segment.source_port()),
        (destination.octets(), segment.destination_port()),
    );
    let acknowledged = segment.ack().then(|| segment.acknowledgment_number());
    // SYN and FIN take a place in the sequence.
    let length = segment.payload().len() as u32 + u32::from(segment.syn()) + u32::from(segment.fin());
    let after = segment.sequence_number().wrapping_add(length);
    Some(Resets {
        to_sender: reset(to, from, acknowledged.unwrap_or(0), after),
        to_receiver: acknowledged.map(|ack| reset(from, to, segment.sequence_number(), ack)),
    })
}

fn reset(
    (source, source_port): ([u8; 4], u16),
    (destination, destination_port): ([u8; 4], u16),
    sequence: u32,
    acknowledgment: u32,
) -> Vec<u8> {
    let mut packet = Vec::new();
    PacketBuilder::ipv4(source, destination, 64)
        .tcp(source_port, destination_port, sequence, 0)
        .rst()
        .ack(acknowledgment)
        .write(&mut packet, &[])
        .expect("a packet without a payload is not too long, and memory can be written to");
    packet
}

#[cfg(test)]
mod tests {
    use super::super::anatomy::tests::{tcp, udp};
    use super::*;

    fn flags_and_numbers(packet: &[u8]) -> (bool, bool, u32, u32) {
        let segment = TcpSlice::from_slice(&packet[20..]).unwrap();
        let sum = segment.calc_checksum_ipv4(
            packet[12..16].try_into().unwrap(),
            packet[16..20].try_into().unwrap(),
        );
        assert_eq!(sum.unwrap(), segment.checksum());
        (
            segment.rst(),
            segment.ack(),
            segment.sequence_number(),
            segment.acknowledgment_number(),
        )
    }

    #[test]
    fn both_ends_get_what_the_other_would_have_sent() {
        let answer = resets(&tcp(1000, b"hello")).unwrap();
        assert_eq!(flags_and_numbers(&answer.to_sender), (true, true, 77, 1005));
        assert_eq!(
            flags_and_numbers(&answer.to_receiver.unwrap()),
            (true, true, 1000, 77)
        );
    }

    #[test]
    fn asking_for_a_connection_is_refused() {
        let mut syn = Vec::new();
        let builder = PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
            .tcp(7001, 7002, u32::MAX, 1000)
            .syn();
        builder.write(&mut syn, &[]).unwrap();
        let answer = resets(&syn).unwrap();
        assert_eq!(flags_and_numbers(&answer.to_sender), (true, true, 0, 0));
        assert_eq!(answer.to_receiver, None);
    }

    #[test]
    fn a_reset_is_not_answered_by_a_reset_nor_is_anything_but_tcp() {
        let answer = resets(&tcp(1, b"hello")).unwrap();
        assert_eq!(resets(&answer.to_sender), None);
        assert_eq!(resets(&udp(b"hello")), None);
        assert_eq!(resets(b"garbage"), None);
    }
}
