//! The file that Wireshark opens, read back by a parser that is not ours.

use crate::network::{PORT, endpoint, link, names, receive};
use crate::suite::{eventually, tests};
use cluster::network::{Network, NetworkError};
use pcap_parser::traits::{PcapNGPacketBlock, PcapReaderIterator};
use pcap_parser::{Block, OptionCode, PcapBlockOwned, PcapError, PcapNGReader};
use std::fs::File;
use std::path::Path;
use std::time::SystemTime;

tests![
    a_capture_has_every_packet_with_what_rules_did_to_it,
    a_capture_that_is_not_stopped_is_whole_when_the_network_is_gone,
    there_is_one_capture_at_a_time_and_no_file_is_overwritten,
];

#[derive(Debug, PartialEq, Eq)]
struct Captured {
    host: String,
    payload: String,
    comment: String,
}

fn captured(host: &str, payload: &str, comment: &str) -> Captured {
    let [host, payload, comment] = [host, payload, comment].map(str::to_owned);
    Captured {
        host,
        payload,
        comment,
    }
}

/// The datagrams in a file, and the times of all packets in seconds since 1970. A connection of an earlier test may
/// still say good-bye from the client's namespace, which all networks share.
///
/// Nothing when the file ends in the middle of a block.
fn parse(path: &Path) -> Option<(Vec<Captured>, Vec<f64>)> {
    let mut reader = PcapNGReader::new(1 << 20, File::open(path).unwrap()).unwrap();
    let (mut names, mut packets, mut times) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        match reader.next() {
            Ok((bytes, PcapBlockOwned::NG(block))) => {
                match block {
                    Block::InterfaceDescription(interface) => {
                        let name = interface
                            .options
                            .iter()
                            .find(|option| option.code == OptionCode::IfName);
                        names.push(text(name.unwrap().as_bytes().unwrap()));
                    }
                    Block::EnhancedPacket(packet) => {
                        let (host, bytes) = (&names[packet.if_id as usize], packet.packet_data());
                        let mut options = packet.options.iter();
                        let comment = options.find(|option| option.code == OptionCode::Comment);
                        let comment = comment.map(|comment| text(comment.as_bytes().unwrap()));
                        const UDP: u8 = 17;
                        if bytes[9] == UDP {
                            packets.push(captured(host, &text(&bytes[28..]), &comment.unwrap_or_default()));
                        }
                        times.push(packet.decode_ts_f64(0, 1_000_000_000));
                    }
                    _ => {}
                }
                reader.consume(bytes);
            }
            Ok(_) => panic!("not pcapng"),
            Err(PcapError::Eof) => return Some((packets, times)),
            Err(PcapError::UnexpectedEof) => return None,
            Err(PcapError::Incomplete(_)) => reader.refill().unwrap(),
            Err(why) => panic!("{why:?}"),
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn now() -> f64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    now.as_secs_f64()
}

fn a_capture_has_every_packet_with_what_rules_did_to_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.pcapng");
    let network = Network::start(&names(2), 1).unwrap();
    let [one, two] = ["n1", "n2"].map(|host| endpoint(&network, host));
    one.send_to(b"before", (network.ip("n2"), PORT)).unwrap();
    assert_eq!(receive(&two).1, "before");
    let begun = now();
    let capture = network.capture(&path).unwrap();
    one.send_to(b"plain", (network.ip("n2"), PORT)).unwrap();
    assert_eq!(receive(&two).1, "plain");
    let rule = network.cut(&[link("n1", "n2")]).unwrap();
    one.send_to(b"cut", (network.ip("n2"), PORT)).unwrap();
    eventually("the drop is counted", || {
        network.rule(&rule).links[0].dropped.packets == 1
    });
    one.send_to(b"lost", ("10.0.0.77", PORT)).unwrap();
    eventually("the stray is counted", || network.strays().unroutable == 1);
    two.send_to(b"back", (network.ip("n1"), PORT)).unwrap();
    assert_eq!(receive(&one).1, "back");
    let summary = network.stop_capture(capture).unwrap();
    two.send_to(b"after", (network.ip("n1"), PORT)).unwrap();
    assert_eq!(receive(&one).1, "after");
    let (packets, times) = parse(&path).unwrap();
    let expected = (times.len() as u64, 0, &path);
    assert_eq!((summary.packets, summary.left_out, &summary.path), expected);
    let dropped = format!("dropped by rule {rule}");
    let expected = [
        captured("n2", "plain", ""),
        captured("n1", "cut", &dropped),
        captured("n1", "lost", "dropped: to an address that no other host has"),
        captured("n1", "back", ""),
    ];
    assert_eq!(packets, expected);
    // A millisecond for the two roundings.
    assert!(
        times
            .iter()
            .all(|time| (begun - 1e-3..=now() + 1e-3).contains(time))
    );
}

fn a_capture_that_is_not_stopped_is_whole_when_the_network_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.pcapng");
    let network = Network::start(&names(2), 1).unwrap();
    let [one, two] = ["n1", "n2"].map(|host| endpoint(&network, host));
    let _capture = network.capture(&path).unwrap();
    for _ in 0..100 {
        one.send_to(b"x", (network.ip("n2"), PORT)).unwrap();
        receive(&two);
    }
    drop(network);
    eventually("the file is whole", || {
        parse(&path).is_some_and(|(packets, _)| packets.len() == 100)
    });
}

fn there_is_one_capture_at_a_time_and_no_file_is_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run.pcapng");
    let network = Network::start(&names(2), 1).unwrap();
    let capture = network.capture(&path).unwrap();
    assert!(matches!(
        network.capture(&dir.path().join("b")),
        Err(NetworkError::Capturing)
    ));
    network.stop_capture(capture).unwrap();
    let refused = network.capture(&path).unwrap_err();
    assert!(matches!(refused, NetworkError::Capture { .. }), "{refused}");
    let other = network.capture(&dir.path().join("c")).unwrap();
    network.stop_capture(other).unwrap();
}
