//! Flipped bits, with and without a checksum that gives them away.

use super::anatomy::{Anatomy, read};
use super::link_rule::{Checksum, Protocol};
use etherparse::checksum::Sum16BitWords;
use etherparse::{TcpSlice, UdpHeader, UdpSlice};
use rand::Rng;
use rand::seq::index;
use std::ops::Range;

/// Flips this many different bits, or as many as there are; says whether there were any.
pub fn corrupt(packet: &mut [u8], bits: u32, checksum: Checksum, random: &mut impl Rng) -> bool {
    let anatomy = read(packet);
    match checksum {
        Checksum::Catches => {
            let part = summed(&anatomy);
            let before = sum(&packet[part.clone()]);
            if flip(&mut packet[part.clone()], bits, random) && sum(&packet[part.clone()]) == before {
                // The flips made up for one another. One flip alone never does.
                flip(&mut packet[part.clone()], 1, random);
            }
            !part.is_empty()
        }
        Checksum::Agrees => {
            let is_known = anatomy.is_whole && anatomy.ports.is_some();
            let touched = is_known && flip(&mut packet[anatomy.payload.clone()], bits, random);
            if touched {
                set_checksum(packet, &anatomy);
            }
            touched
        }
    }
}

/// The part of a packet in which no flip can hide: UDP's own length decides what is summed, and its checksum
/// may become the zero that stands for none.
fn summed(anatomy: &Anatomy) -> Range<usize> {
    match anatomy.protocol {
        Some(Protocol::Udp) if anatomy.ports.is_some() => {
            let ports = anatomy.body.start..anatomy.body.start + 4;
            if anatomy.payload.is_empty() {
                ports
            } else {
                anatomy.payload.clone()
            }
        }
        _ => anatomy.body.clone(),
    }
}

fn sum(bytes: &[u8]) -> u16 {
    Sum16BitWords::new().add_slice(bytes).ones_complement()
}

fn flip(bytes: &mut [u8], bits: u32, random: &mut impl Rng) -> bool {
    let there_are = bytes.len() * 8;
    for bit in index::sample(random, there_are, there_are.min(bits as usize)) {
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    there_are > 0
}

fn set_checksum(packet: &mut [u8], anatomy: &Anatomy) {
    let Some((source, destination)) = super::packet::addresses(packet) else {
        return;
    };
    let (source, destination) = (source.octets(), destination.octets());
    let body = &packet[anatomy.body.clone()];
    let sum_and_place = match anatomy.protocol {
        Some(Protocol::Tcp) => TcpSlice::from_slice(body)
            .ok()
            .and_then(|segment| segment.calc_checksum_ipv4(source, destination).ok())
            .map(|sum| (sum, 16)),
        // Without a checksum it stays.
        Some(Protocol::Udp) => UdpSlice::from_slice_lax(body)
            .ok()
            .filter(|datagram| datagram.checksum() != 0)
            .and_then(|datagram| {
                let header: UdpHeader = datagram.to_header();
                let payload = &packet[anatomy.payload.clone()];
                header.calc_checksum_ipv4_raw(source, destination, payload).ok()
            })
            .map(|sum| (sum, 6)),
        None => None,
    };
    if let Some((sum, place)) = sum_and_place {
        let at = anatomy.body.start + place;
        packet[at..at + 2].copy_from_slice(&sum.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::super::anatomy::tests::{tcp, udp};
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// Whether the receiver's kernel would take it: the sum over the pseudo-header and everything is all ones.
    fn is_sound(packet: &[u8]) -> bool {
        let body = &packet[20..];
        let sum = Sum16BitWords::new()
            .add_slice(&packet[12..20])
            .add_2bytes([0, packet[9]])
            .add_2bytes((body.len() as u16).to_be_bytes())
            .add_slice(body);
        sum.ones_complement() == 0
    }

    fn random() -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(7)
    }

    #[test]
    fn the_checksum_always_catches_it_if_it_shall() {
        let mut random = random();
        for packet in [
            tcp(1, b"some payload"),
            udp(b"some payload"),
            tcp(1, b""),
            udp(b""),
        ] {
            assert!(is_sound(&packet));
            // With two bits one in some thirty pairs makes up for itself.
            for bits in (1..=4).cycle().take(2000) {
                let mut damaged = packet.clone();
                assert!(corrupt(&mut damaged, bits, Checksum::Catches, &mut random));
                assert!(!is_sound(&damaged));
                assert_eq!(damaged[..20], packet[..20], "the IP header is left alone");
            }
        }
    }

    #[test]
    fn the_checksum_never_catches_it_if_it_shall_not() {
        let mut random = random();
        for packet in [tcp(1, b"some payload"), udp(b"odd payload")] {
            for bits in (1..=4).cycle().take(2000) {
                let mut damaged = packet.clone();
                assert!(corrupt(&mut damaged, bits, Checksum::Agrees, &mut random));
                assert!(is_sound(&damaged));
                let pairs = damaged.iter().zip(&packet).skip(read(&packet).payload.start);
                let flipped: u32 = pairs.map(|(is, was)| (is ^ was).count_ones()).sum();
                assert_eq!(flipped, bits);
            }
        }
    }

    #[test]
    fn where_there_is_nothing_to_flip_it_says_so() {
        let mut random = random();
        let mut empty = tcp(1, b"");
        assert!(!corrupt(&mut empty, 3, Checksum::Agrees, &mut random));
        assert_eq!(empty, tcp(1, b""));
        assert!(!corrupt(&mut [0x45; 20], 3, Checksum::Catches, &mut random));
        assert!(!corrupt(&mut [], 3, Checksum::Catches, &mut random));
    }

    #[test]
    fn no_checksum_stays_none() {
        let mut packet = udp(b"some payload");
        packet[26..28].copy_from_slice(&[0, 0]);
        assert!(corrupt(&mut packet, 1, Checksum::Agrees, &mut random()));
        assert_eq!(packet[26..28], [0, 0]);
    }
}
