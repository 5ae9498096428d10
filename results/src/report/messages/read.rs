//! Reads the messages of a window from a capture: pcapng, IPv4 packets, what rules did to them in their comments.
//!
//! A packet was written when its way ended, on the interface of the host where that was: so every host is found by the
//! address that packets reach it under, and those that were dropped by the one that they were sent from.

use crate::report::piece::{find_words, is_called};
use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use pcap_parser::traits::{PcapNGPacketBlock, PcapReaderIterator};
use pcap_parser::{Block, EnhancedPacketBlock, OptionCode, PcapBlockOwned, PcapError, PcapNGReader};
use rustc_hash::FxHashMap;
use std::fs::File;
use std::io::Read;
use std::net::Ipv4Addr;

/// How much of a file is looked at.
const BYTES_MAX: u64 = 8 << 30;
/// The largest block that is read: a packet is shorter than 64 KiB.
const BLOCK_BYTES_MAX: usize = 1 << 20;
/// How many hosts there are at most.
const HOSTS_MAX: usize = 200;
/// How many messages are kept to choose from.
const KEPT_MAX: usize = 50_000;
/// How much of a payload is searched, and kept around what was found.
const PAYLOAD_BYTES: usize = 16 * 1024;
const BEFORE_CHARS: usize = 60;
const EXCERPT_CHARS_MAX: usize = 240;
/// The order of the file is nearly that of time: how much longer it is read on.
const AFTER_NS: u64 = 200_000_000;

/// A segment or datagram with a payload.
#[derive(Debug)]
pub struct Message {
    /// When its way ended, in nanoseconds on the run's clock.
    pub at_ns: u64,
    /// How long rules kept it.
    pub delay_ns: u64,
    pub from: Ipv4Addr,
    pub to: Ipv4Addr,
    /// The length of its payload.
    pub bytes: usize,
    /// Part of the payload, as text: about the object, or its beginning.
    pub excerpt: String,
    /// What rules did to it, in words; empty for nothing.
    pub comment: String,
    /// Whether it never arrived.
    pub is_dropped: bool,
    /// Whether it names the object, or answers one that does.
    pub is_about: bool,
    /// Whether it, or what it answers, calls the object what it is: `"decree":7`, and not only `7`.
    pub is_called: bool,
}

/// What a capture has in a window.
#[derive(Debug, Default)]
pub struct Captured {
    /// The hosts, in the order of the file.
    pub hosts: Vec<String>,
    /// Messages, in the order of the file.
    pub messages: Vec<Message>,
    /// How many there were, kept or not.
    pub seen: usize,
    /// Whether there may be more, beyond what is looked at.
    pub is_cut_short: bool,
    /// Which host has an address.
    addresses: FxHashMap<Ipv4Addr, usize>,
}

impl Captured {
    /// The place of the host with an address among the hosts.
    pub fn host(&self, address: Ipv4Addr) -> Option<usize> {
        self.addresses.get(&address).copied()
    }

    /// Who sends to whom.
    pub fn way(&self, message: &Message) -> String {
        let name = |address: Ipv4Addr| match self.host(address) {
            Some(host) => self.hosts[host].clone(),
            None => address.to_string(),
        };
        format!("{} → {}", name(message.from), name(message.to))
    }
}

/// A direction of a connection.
type Flow = (Ipv4Addr, u16, Ipv4Addr, u16);

/// The messages of a window of the run's clock, about an object by its name and what it is; `zero_ns` is the clock's zero
/// since 1970. None for a file that is no capture; one that ends in the middle of a block, as a killed run leaves it, has
/// what is before.
pub fn read(file: File, zero_ns: u64, window: (u64, u64), object: (&str, &str)) -> Option<Captured> {
    let mut captured = read_all(file, zero_ns, window, object)?;
    // Where messages call the object what it is, one with its name as any other number or word is not about it.
    if captured.messages.iter().any(|message| message.is_called) {
        let messages = captured.messages.iter_mut();
        messages.for_each(|message| message.is_about &= message.is_called);
    }
    Some(captured)
}

fn read_all(file: File, zero_ns: u64, (from, to): (u64, u64), object: (&str, &str)) -> Option<Captured> {
    let mut captured = Captured::default();
    let mut asked: FxHashMap<Flow, bool> = FxHashMap::default();
    let mut reader = PcapNGReader::new(BLOCK_BYTES_MAX, file.take(BYTES_MAX)).ok()?;
    let mut read_bytes = 0u64;
    loop {
        match reader.next() {
            Ok((bytes, PcapBlockOwned::NG(block))) => {
                match block {
                    Block::InterfaceDescription(interface) if captured.hosts.len() < HOSTS_MAX => {
                        let mut options = interface.options.iter();
                        let name = options.find(|option| option.code == OptionCode::IfName);
                        let name = name.and_then(|name| name.as_bytes().ok()).unwrap_or_default();
                        captured.hosts.push(crate::text::visible(&text(name), 14));
                    }
                    Block::EnhancedPacket(packet) => {
                        let since_1970 = (u64::from(packet.ts_high) << 32) | u64::from(packet.ts_low);
                        let at_ns = since_1970.saturating_sub(zero_ns);
                        if at_ns > to.saturating_add(AFTER_NS) {
                            return Some(captured);
                        }
                        captured.add(&packet, at_ns, (from..=to).contains(&at_ns), object, &mut asked);
                    }
                    _ => {}
                }
                read_bytes += bytes as u64;
                reader.consume(bytes);
            }
            Ok(_) => return None,
            Err(PcapError::Incomplete(_)) => {
                if reader.refill().is_err() {
                    return Some(captured);
                }
            }
            // The end, whether a block is whole or not; what is no block is the end too.
            Err(_) => {
                captured.is_cut_short = read_bytes + (BLOCK_BYTES_MAX as u64) >= BYTES_MAX;
                return (!captured.hosts.is_empty()).then_some(captured);
            }
        }
    }
}

impl Captured {
    fn add(
        &mut self,
        packet: &EnhancedPacketBlock<'_>,
        at_ns: u64,
        is_inside: bool,
        (key, noun): (&str, &str),
        asked: &mut FxHashMap<Flow, bool>,
    ) {
        /// As section 4.3.1 of the draft has it: the two lowest bits of epb_flags.
        const INBOUND: u8 = 1;
        /// epb_flags.
        const FLAGS: OptionCode = OptionCode(2);
        let Ok(sliced) = SlicedPacket::from_ip(packet.packet_data()) else {
            return;
        };
        let Some(NetSlice::Ipv4(ip)) = &sliced.net else {
            return;
        };
        let (source, destination) = (ip.header().source_addr(), ip.header().destination_addr());
        let host = packet.if_id as usize;
        let mut options = packet.options.iter();
        let flags = options.find(|option| option.code == FLAGS);
        let is_inbound = flags.is_some_and(|flags| flags.value.first().is_some_and(|it| it & 3 == INBOUND));
        if host < self.hosts.len() {
            let here = if is_inbound { destination } else { source };
            self.addresses.entry(here).or_insert(host);
        }
        let (flow, payload) = match &sliced.transport {
            Some(TransportSlice::Tcp(tcp)) => (
                (source, tcp.source_port(), destination, tcp.destination_port()),
                tcp.payload(),
            ),
            Some(TransportSlice::Udp(udp)) => (
                (source, udp.source_port(), destination, udp.destination_port()),
                udp.payload(),
            ),
            _ => return,
        };
        if payload.is_empty() || !is_inside {
            return;
        }
        self.seen += 1;
        if self.messages.len() >= KEPT_MAX {
            return;
        }
        let text = text(&payload[..payload.len().min(PAYLOAD_BYTES)]);
        let called = find_words(&text, key).find(|at| is_called(&text, *at, noun));
        let place = called.or_else(|| find_words(&text, key).next());
        // Of HTTP it is known that the next answer on the connection is the answer.
        let is_http_answer = text.starts_with("HTTP/");
        let answered = is_http_answer.then(|| asked.remove(&flow)).flatten();
        if place.is_some() && !is_http_answer {
            asked.insert((flow.2, flow.3, flow.0, flow.1), called.is_some());
        }
        let mut options = packet.options.iter();
        let comment = options.find(|option| option.code == OptionCode::Comment);
        let comment = comment.and_then(|comment| comment.as_bytes().ok());
        let comment = comment.map(self::text).unwrap_or_default();
        self.messages.push(Message {
            at_ns,
            delay_ns: delay_ns(&comment),
            from: source,
            to: destination,
            bytes: payload.len(),
            excerpt: excerpt(&text, place),
            is_dropped: comment.contains("dropped"),
            comment,
            is_about: place.is_some() || answered.is_some(),
            is_called: called.is_some() || answered == Some(true),
        });
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The line with the object in it, from shortly before; of a text without it, the beginning.
fn excerpt(text: &str, place: Option<usize>) -> String {
    let place = place.unwrap_or(0);
    let line = text[..place].rfind('\n').map_or(0, |at| at + 1);
    let before = text[line..place].char_indices().rev().nth(BEFORE_CHARS - 1);
    let from = before.map_or(line, |(at, _)| line + at);
    // Lines of a protocol are read more easily with their ends as one sign.
    let text = text[from..].trim_end().replace('\r', "").replace('\n', "⏎");
    text.chars().take(EXCERPT_CHARS_MAX).collect()
}

/// How long rules kept a packet: `delayed 12.5ms by rule 3; delayed 1s by rule 4`.
fn delay_ns(comment: &str) -> u64 {
    let parts = comment.split("; ");
    let delays = parts.filter_map(|part| part.strip_prefix("delayed ")?.split(' ').next());
    delays.filter_map(nanoseconds).fold(0, u64::saturating_add)
}

/// A time as Rust writes it: `1.5s`, `12ms`, `30µs`, `7ns`.
fn nanoseconds(text: &str) -> Option<u64> {
    let units = [("ns", 1.0), ("µs", 1e3), ("ms", 1e6), ("s", 1e9)];
    let (number, scale) = units
        .iter()
        .find_map(|(unit, scale)| Some((text.strip_suffix(unit)?, scale)))?;
    let number: f64 = number.parse().ok()?;
    Some((number * scale) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_read_as_it_is_written() {
        assert_eq!(delay_ns(""), 0);
        assert_eq!(delay_ns("dropped by rule 2"), 0);
        assert_eq!(
            delay_ns("delayed 12.5ms by rule 3; delayed 2s by rule 4"),
            2_012_500_000
        );
        assert_eq!(delay_ns("delayed 30µs by rule 3"), 30_000);
        assert_eq!(delay_ns("delayed forever by rule 3"), 0);
    }

    #[test]
    fn an_excerpt_is_about_the_object() {
        let text = format!("first\n{}147{}", "é".repeat(100), "b".repeat(900));
        let shown = excerpt(&text, text.find("147"));
        assert!(shown.starts_with("é") && shown.contains("147"), "{shown}");
        assert_eq!(shown.chars().take_while(|c| *c == 'é').count(), BEFORE_CHARS);
        assert_eq!(shown.chars().count(), EXCERPT_CHARS_MAX);
        assert_eq!(excerpt("GET / HTTP/1.1\r\n\r\n", None), "GET / HTTP/1.1");
    }
}
