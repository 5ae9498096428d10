//! A message, written as the UDP datagram that could have carried it. So the rules, their counters and captures, which know
//! packets, need not know that there are none.
//!
//! A message that is larger than a datagram can say has the lengths 0, as a jumbogram has (RFC 2675), and as large packets
//! have inside of a kernel: it is as long as it is.

use std::net::Ipv4Addr;

/// What the headers take: 20 bytes of IP, 8 of UDP.
pub const HEADER_BYTES: usize = 28;

/// The port of everybody. Maelstrom has none; captures are easier to filter with one.
const PORT: u16 = 7000;

/// UDP's number above IP.
const UDP: u8 = 17;

/// Writes a datagram from one address to another.
pub fn write(addresses: (Ipv4Addr, Ipv4Addr), line: &[u8]) -> Vec<u8> {
    let length = |bytes: usize| u16::try_from(bytes).unwrap_or(0).to_be_bytes();
    let mut packet = Vec::with_capacity(HEADER_BYTES + line.len());
    packet.extend([0x45, 0]);
    packet.extend(length(HEADER_BYTES + line.len()));
    // No identification; it must not be fragmented; 64 hops.
    packet.extend([0, 0, 0x40, 0, 64, UDP, 0, 0]);
    packet.extend(addresses.0.octets());
    packet.extend(addresses.1.octets());
    let sum = checksum(&packet);
    packet[10..12].copy_from_slice(&sum.to_be_bytes());
    packet.extend(PORT.to_be_bytes());
    packet.extend(PORT.to_be_bytes());
    packet.extend(length(8 + line.len()));
    // Zero: no checksum, which IPv4 allows.
    packet.extend([0, 0]);
    packet.extend_from_slice(line);
    packet
}

/// The line in a datagram that was written here.
pub fn read(packet: &[u8]) -> &[u8] {
    packet.get(HEADER_BYTES..).unwrap_or_default()
}

/// The checksum of an IP header whose own is 0 (RFC 1071).
fn checksum(header: &[u8]) -> u16 {
    let words = header
        .chunks(2)
        .map(|word| u32::from(word[0]) << 8 | u32::from(word[1]));
    let sum: u32 = words.sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    !((folded & 0xffff) + (folded >> 16)) as u16
}

#[cfg(test)]
mod tests {
    use super::super::super::anatomy;
    use super::super::super::link_rule::Protocol;
    use super::*;

    const ENDS: (Ipv4Addr, Ipv4Addr) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));

    #[test]
    fn what_was_written_is_read_again_whatever_its_length() {
        for bytes in [0, 5, 65_507, 65_508, 1 << 20] {
            let line = vec![b'x'; bytes];
            let packet = write(ENDS, &line);
            assert_eq!(read(&packet), line);
            let anatomy = anatomy::read(&packet);
            assert_eq!(anatomy.protocol, Some(Protocol::Udp));
            assert_eq!(anatomy.payload, HEADER_BYTES..packet.len(), "{bytes} bytes");
            assert!(anatomy.is_whole);
        }
        assert_eq!(read(b"short"), b"");
    }

    #[test]
    fn the_header_is_one_that_another_parser_reads() {
        let packet = write(ENDS, b"{}");
        let header = etherparse::Ipv4HeaderSlice::from_slice(&packet).unwrap();
        assert_eq!((header.source_addr(), header.destination_addr()), ENDS);
        assert_eq!(
            header.to_header().calc_header_checksum(),
            header.header_checksum()
        );
    }
}
