//! A chunk of a stream, written as the TCP segment that could have carried it. So the rules, their counters and
//! captures, which know packets, need not know that there are none.

use super::super::anatomy;
use etherparse::{PacketBuilder, TcpSlice};
use std::net::Ipv4Addr;
use std::ops::Range;

/// What the headers of a chunk take.
pub const HEADER_BYTES: usize = 40;

/// How many bytes a chunk carries at most, when a rule or a capture looks at it: what fits into a packet of 1500.
pub const PAYLOAD_BYTES_MAX: usize = 1460;

/// What a segment says beside its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A host asks for a connection.
    Syn,
    /// It is granted.
    SynAck,
    /// Bytes.
    Data,
    /// There will be no more bytes.
    Fin,
    /// The connection is no more.
    Reset,
}

/// The places and numbers of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What it says.
    pub kind: Kind,
    /// The ports of sender and receiver.
    pub ports: (u16, u16),
    /// The number of its first byte.
    pub sequence: u32,
}

/// Writes a segment. `acknowledged` is the number of the byte that its sender expects next.
pub fn write(addresses: (Ipv4Addr, Ipv4Addr), header: Header, acknowledged: u32, payload: &[u8]) -> Vec<u8> {
    let (from, to) = addresses;
    let (from_port, to_port) = header.ports;
    let builder = PacketBuilder::ipv4(from.octets(), to.octets(), 64).tcp(
        from_port,
        to_port,
        header.sequence,
        u16::MAX,
    );
    let builder = match header.kind {
        Kind::Syn => builder.syn(),
        Kind::SynAck => builder.syn().ack(acknowledged),
        Kind::Data => builder.psh().ack(acknowledged),
        Kind::Fin => builder.fin().ack(acknowledged),
        Kind::Reset => builder.rst().ack(acknowledged),
    };
    let mut packet = Vec::with_capacity(HEADER_BYTES + payload.len());
    builder
        .write(&mut packet, payload)
        .expect("a chunk is not too long for a packet, and memory can be written to");
    packet
}

/// Reads a segment again, and where its payload is.
pub fn read(packet: &[u8]) -> Option<(Header, Range<usize>)> {
    let anatomy = anatomy::read(packet);
    let segment = TcpSlice::from_slice(&packet[anatomy.body.clone()]).ok()?;
    let kind = match (segment.rst(), segment.syn(), segment.fin()) {
        (true, ..) => Kind::Reset,
        (_, true, _) if segment.ack() => Kind::SynAck,
        (_, true, _) => Kind::Syn,
        (_, _, true) => Kind::Fin,
        _ => Kind::Data,
    };
    let header = Header {
        kind,
        ports: anatomy.ports?,
        sequence: anatomy.sequence?,
    };
    Some((header, anatomy.payload))
}

#[cfg(test)]
mod tests {
    use super::super::super::reset::resets;
    use super::*;

    const ENDS: (Ipv4Addr, Ipv4Addr) = (Ipv4Addr::new(127, 1, 0, 1), Ipv4Addr::new(127, 1, 0, 2));

    #[test]
    fn what_was_written_is_read_again() {
        for kind in [Kind::Syn, Kind::SynAck, Kind::Data, Kind::Fin, Kind::Reset] {
            let header = Header {
                kind,
                ports: (40_000, 7001),
                sequence: u32::MAX,
            };
            let payload: &[u8] = if kind == Kind::Data { b"accept" } else { b"" };
            let packet = write(ENDS, header, 17, payload);
            assert_eq!(packet.len(), HEADER_BYTES + payload.len());
            let (read, place) = read(&packet).unwrap();
            assert_eq!((read, &packet[place]), (header, payload));
        }
    }

    #[test]
    fn a_segment_can_be_answered_with_resets_to_both_ends() {
        let header = Header {
            kind: Kind::Data,
            ports: (40_000, 7001),
            sequence: 5,
        };
        let resets = resets(&write(ENDS, header, 17, b"x")).unwrap();
        let (back, _) = read(&resets.to_sender).unwrap();
        assert_eq!((back.kind, back.ports), (Kind::Reset, (7001, 40_000)));
        let (on, _) = read(&resets.to_receiver.unwrap()).unwrap();
        assert_eq!((on.kind, on.ports), (Kind::Reset, (40_000, 7001)));
    }
}
