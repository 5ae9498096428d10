//! What the switch reads of a packet: where it comes from and where it goes. Everything else is its hosts' affair.

use std::net::Ipv4Addr;

/// Larger than any packet of an interface with the usual MTU of 1500 bytes, and than any IPv4 packet at all.
pub const PACKET_BYTES_MAX: usize = 65_536;

/// Source and destination of an IPv4 packet (RFC 791, 3.1); nothing when it is not one.
pub fn addresses(packet: &[u8]) -> Option<(Ipv4Addr, Ipv4Addr)> {
    let header: &[u8; 20] = packet.first_chunk()?;
    if header[0] >> 4 != 4 {
        return None;
    }
    let address = |at: usize| Ipv4Addr::new(header[at], header[at + 1], header[at + 2], header[at + 3]);
    Some((address(12), address(16)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(version: u8) -> Vec<u8> {
        let mut packet = vec![0; 20];
        packet[0] = version << 4 | 5;
        packet[12..16].copy_from_slice(&[10, 0, 0, 1]);
        packet[16..20].copy_from_slice(&[10, 0, 0, 2]);
        packet
    }

    #[test]
    fn source_and_destination_are_where_the_standard_puts_them() {
        let expected = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
        assert_eq!(addresses(&packet(4)), Some(expected));
    }

    #[test]
    fn what_is_not_a_whole_ipv4_header_has_no_addresses() {
        assert_eq!(addresses(&packet(6)), None);
        assert_eq!(addresses(&packet(4)[..19]), None);
        assert_eq!(addresses(&[]), None);
    }
}
