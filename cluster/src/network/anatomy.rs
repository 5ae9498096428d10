//! Where the parts of a packet are. Whatever a packet claims of itself, nothing outside of it is looked at: a
//! header that contradicts the packet's length is taken for no header.

use super::link_rule::Protocol;
use etherparse::{IpNumber, Ipv4HeaderSlice, TcpSlice, UdpSlice};
use std::ops::Range;

/// What is known of a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anatomy {
    /// What the IP header says is above it.
    pub protocol: Option<Protocol>,
    /// Source and destination; not for later fragments.
    pub ports: Option<(u16, u16)>,
    /// Where a TCP segment stands in its stream.
    pub sequence: Option<u32>,
    /// Whether it has all of its datagram in it, rather than a fragment.
    pub is_whole: bool,
    /// Everything after the IP header.
    pub body: Range<usize>,
    /// What programs have sent, where that is known; the body otherwise.
    pub payload: Range<usize>,
}

/// Takes a packet apart.
pub fn read(packet: &[u8]) -> Anatomy {
    let garbage = packet.len().min(20)..packet.len();
    let mut anatomy = Anatomy {
        protocol: None,
        ports: None,
        sequence: None,
        is_whole: false,
        body: garbage.clone(),
        payload: garbage,
    };
    let Ok(header) = Ipv4HeaderSlice::from_slice(packet) else {
        return anatomy;
    };
    let (start, end) = match header.total_len() {
        // As long as it is: what is larger than the header can say.
        0 => (header.slice().len(), packet.len()),
        length => (header.slice().len(), usize::from(length)),
    };
    if start > end || end > packet.len() {
        return anatomy;
    }
    let body = &packet[start..end];
    anatomy.body = start..end;
    anatomy.payload = start..end;
    anatomy.is_whole = !header.is_fragmenting_payload();
    anatomy.protocol = match header.protocol() {
        IpNumber::TCP => Some(Protocol::Tcp),
        IpNumber::UDP => Some(Protocol::Udp),
        _ => None,
    };
    if header.fragments_offset().value() > 0 {
        return anatomy;
    }
    match anatomy.protocol {
        Some(Protocol::Tcp) => {
            if let Ok(segment) = TcpSlice::from_slice(body) {
                anatomy.ports = Some((segment.source_port(), segment.destination_port()));
                anatomy.sequence = Some(segment.sequence_number());
                anatomy.payload = start + segment.header_slice().len()..end;
            }
        }
        Some(Protocol::Udp) => {
            // The length that UDP claims is that of all fragments.
            if let Ok(datagram) = UdpSlice::from_slice_lax(body) {
                anatomy.ports = Some((datagram.source_port(), datagram.destination_port()));
                anatomy.payload = start + datagram.header_slice().len()..end;
            }
        }
        None => {}
    }
    anatomy
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use etherparse::{IpFragOffset, Ipv4Header, PacketBuilder};
    use proptest::prelude::*;

    /// A UDP packet from 10.0.0.1:7001 to 10.0.0.2:7002.
    pub fn udp(payload: &[u8]) -> Vec<u8> {
        let mut packet = Vec::new();
        let builder = PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).udp(7001, 7002);
        builder.write(&mut packet, payload).unwrap();
        packet
    }

    /// A TCP segment on the same way.
    pub fn tcp(sequence: u32, payload: &[u8]) -> Vec<u8> {
        let mut packet = Vec::new();
        let builder = PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
            .tcp(7001, 7002, sequence, 1000)
            .ack(77);
        builder.write(&mut packet, payload).unwrap();
        packet
    }

    #[test]
    fn payload_and_ports_are_found() {
        let found = read(&udp(b"hello"));
        assert_eq!(
            (found.protocol, found.ports),
            (Some(Protocol::Udp), Some((7001, 7002)))
        );
        assert_eq!(
            (found.body, found.payload, found.is_whole),
            (20..33, 28..33, true)
        );
        let found = read(&tcp(9, b"hello"));
        assert_eq!((found.protocol, found.sequence), (Some(Protocol::Tcp), Some(9)));
        assert_eq!(found.payload, 40..45);
    }

    #[test]
    fn what_lies_behind_the_end_of_the_packet_is_not_of_it() {
        let mut padded = udp(b"hello");
        padded.extend(b"padding");
        assert_eq!(read(&padded).payload, 28..33);
    }

    #[test]
    fn ip_options_and_tcp_options_are_no_payload() {
        let mut ip = Ipv4Header::new(0, 64, IpNumber::TCP, [10, 0, 0, 1], [10, 0, 0, 2]).unwrap();
        ip.options = [1; 8].into();
        let segment = &mut tcp(1, b"hello")[20..];
        segment[12] = 6 << 4;
        ip.set_payload_len(segment.len()).unwrap();
        let packet = [&ip.to_bytes()[..], segment].concat();
        assert_eq!(&packet[read(&packet).payload], b"o");
    }

    #[test]
    fn a_later_fragment_has_no_ports() {
        let mut ip = Ipv4Header::new(8, 64, IpNumber::UDP, [10, 0, 0, 1], [10, 0, 0, 2]).unwrap();
        ip.fragment_offset = IpFragOffset::try_new(100).unwrap();
        let packet = [&ip.to_bytes()[..], b"abcdefgh"].concat();
        let found = read(&packet);
        assert_eq!(
            (found.protocol, found.ports, found.is_whole),
            (Some(Protocol::Udp), None, false)
        );
        assert_eq!(found.payload, 20..28);
    }

    proptest! {
        #[test]
        fn any_garbage_is_read_within_its_bounds(packet in proptest::collection::vec(any::<u8>(), 0..120)) {
            let found = read(&packet);
            prop_assert!(packet.get(found.body.clone()).is_some());
            prop_assert!(packet.get(found.payload.clone()).is_some());
            prop_assert!(found.payload.start >= found.body.start && found.payload.end <= found.body.end);
        }

        #[test]
        fn any_damage_of_a_segment_is_read_within_its_bounds(
            at in 0usize..45, value in any::<u8>(), length in 0usize..=45
        ) {
            let mut packet = tcp(1, b"hello");
            packet[at] = value;
            let found = read(&packet[..length]);
            prop_assert!(packet[..length].get(found.body).is_some());
            prop_assert!(packet[..length].get(found.payload).is_some());
        }
    }
}
