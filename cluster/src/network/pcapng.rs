//! The blocks of a pcapng file, which Wireshark, tshark and tcpdump open. After the IETF's draft
//! draft-ietf-opsawg-pcapng, sections 4.1 to 4.4 and 4.6.
//!
//! This, and not the older pcap, because only here a packet can have a comment and an interface with a name: what a
//! rule has done to a packet can be read beside it, and found: `frame.comment contains "rule 3"`.

use std::time::Duration;

/// The linktype of packets that begin with an IPv4 header. LINKTYPE_RAW (101) would do as well, but libpcap, and with
/// it tcpdump, refuses a file with two interfaces of it: its own number for that type is another.
const LINKTYPE_IPV4: u16 = 228;

/// Which way a packet went through the interface of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To the host.
    Inbound,
    /// From the host.
    Outbound,
}

/// The beginning of a file, with one interface for each name, counted from 0.
pub fn beginning<'a>(interfaces: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    let mut section = Vec::new();
    section.extend(0x1A2B_3C4D_u32.to_ne_bytes());
    section.extend(1u16.to_ne_bytes());
    section.extend(0u16.to_ne_bytes());
    // The length of the section is not known yet.
    section.extend((-1i64).to_ne_bytes());
    option(
        &mut section,
        4,
        concat!("harness ", env!("CARGO_PKG_VERSION")).as_bytes(),
    );
    option(&mut section, 0, &[]);
    let mut file = Vec::new();
    block(&mut file, 0x0A0D_0D0A, &section);
    for name in interfaces {
        let mut interface = Vec::new();
        interface.extend(LINKTYPE_IPV4.to_ne_bytes());
        interface.extend(0u16.to_ne_bytes());
        // Packets are never cut short.
        interface.extend(0u32.to_ne_bytes());
        option(&mut interface, 2, name.as_bytes());
        // Times are in nanoseconds.
        option(&mut interface, 9, &[9]);
        option(&mut interface, 0, &[]);
        block(&mut file, 1, &interface);
    }
    file
}

/// Adds a packet. The time is that since 1970.
pub fn packet(
    file: &mut Vec<u8>,
    interface: u32,
    direction: Direction,
    time: Duration,
    bytes: &[u8],
    comment: &str,
) {
    let mut packet = Vec::with_capacity(bytes.len() + comment.len() + 64);
    packet.extend(interface.to_ne_bytes());
    let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    packet.extend(((time >> 32) as u32).to_ne_bytes());
    packet.extend((time as u32).to_ne_bytes());
    let length = u32::try_from(bytes.len()).expect("packets are shorter than 64 KiB");
    packet.extend(length.to_ne_bytes());
    packet.extend(length.to_ne_bytes());
    padded(&mut packet, bytes);
    let flags: u32 = match direction {
        Direction::Inbound => 1,
        Direction::Outbound => 2,
    };
    option(&mut packet, 2, &flags.to_ne_bytes());
    if !comment.is_empty() {
        option(&mut packet, 1, comment.as_bytes());
    }
    option(&mut packet, 0, &[]);
    block(file, 6, &packet);
}

/// Adds how many packets of an interface are missing in the file, though they were there.
pub fn missing(file: &mut Vec<u8>, interface: u32, time: Duration, packets: u64) {
    let mut statistics = Vec::new();
    statistics.extend(interface.to_ne_bytes());
    let time = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    statistics.extend(((time >> 32) as u32).to_ne_bytes());
    statistics.extend((time as u32).to_ne_bytes());
    // isb_osdrop: lost on the way from the interface to the file.
    option(&mut statistics, 7, &packets.to_ne_bytes());
    option(&mut statistics, 0, &[]);
    block(file, 5, &statistics);
}

fn block(file: &mut Vec<u8>, kind: u32, body: &[u8]) {
    let length = u32::try_from(body.len() + 12).expect("a block is a packet and a few words");
    file.extend(kind.to_ne_bytes());
    file.extend(length.to_ne_bytes());
    file.extend(body);
    file.extend(length.to_ne_bytes());
}

fn option(block: &mut Vec<u8>, code: u16, value: &[u8]) {
    // Longer texts are cut; names and comments of ours are not.
    let value = &value[..value.len().min(usize::from(u16::MAX))];
    block.extend(code.to_ne_bytes());
    block.extend((value.len() as u16).to_ne_bytes());
    padded(block, value);
}

fn padded(block: &mut Vec<u8>, bytes: &[u8]) {
    block.extend(bytes);
    block.resize(block.len().next_multiple_of(4), 0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use pcap_parser::traits::{PcapNGPacketBlock, PcapReaderIterator};
    use pcap_parser::{Block, OptionCode, PcapBlockOwned, PcapError, PcapNGReader};

    #[test]
    fn another_reader_finds_everything_that_was_written() {
        let mut file = beginning(["n1", "client"]);
        let time = Duration::new(1_700_000_000, 123_456_789);
        packet(
            &mut file,
            1,
            Direction::Inbound,
            time,
            &[0x45, 2, 3],
            "delayed by rule 3",
        );
        packet(&mut file, 0, Direction::Outbound, time, &[0x45; 40], "");
        missing(&mut file, 1, time, 9);
        let mut reader = PcapNGReader::new(65_536, file.as_slice()).unwrap();
        let (mut names, mut packets, mut statistics) = (Vec::new(), Vec::new(), 0);
        loop {
            match reader.next() {
                Ok((bytes, PcapBlockOwned::NG(block))) => {
                    match block {
                        Block::SectionHeader(_) => {}
                        Block::InterfaceDescription(interface) => {
                            assert_eq!(interface.linktype.0, 228);
                            assert_eq!(interface.ts_resolution(), Some(1_000_000_000));
                            names.push(interface.options[0].as_bytes().unwrap().to_vec());
                        }
                        Block::EnhancedPacket(found) => {
                            let comments = found
                                .options
                                .iter()
                                .filter(|option| option.code == OptionCode::Comment);
                            let comment: Vec<_> = comments
                                .map(|option| option.as_bytes().unwrap().to_vec())
                                .collect();
                            assert_eq!(found.decode_ts(0, 1_000_000_000), (1_700_000_000, 123_456_789));
                            packets.push((found.if_id, found.packet_data().to_vec(), comment));
                        }
                        Block::InterfaceStatistics(found) => statistics += found.if_id,
                        other => panic!("{other:?}"),
                    }
                    reader.consume(bytes);
                }
                Ok(_) => panic!("not pcapng"),
                Err(PcapError::Eof) => break,
                Err(PcapError::Incomplete(_)) => reader.refill().unwrap(),
                Err(why) => panic!("{why:?}"),
            }
        }
        assert_eq!(names, [b"n1".to_vec(), b"client".to_vec()]);
        assert_eq!(
            packets[0],
            (1, vec![0x45, 2, 3], vec![b"delayed by rule 3".to_vec()])
        );
        assert_eq!(packets[1], (0, vec![0x45; 40], vec![]));
        assert_eq!((packets.len(), statistics), (2, 1));
    }
}
