//! Recognising the packets that a rule is about, and counting them into its window.

use super::anatomy::{Anatomy, read};
use super::check::RuleError;
use super::link_rule::{Content, Match, Protocol, REMEMBERED_SEGMENTS, Retransmissions, Window};
use memchr::memmem::Finder;
use regex::bytes::Regex;
use std::collections::{HashMap, VecDeque};

/// What a packet is to a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sighting {
    /// Nothing.
    Other,
    /// It is what the rule is about, but before or after its window.
    OutsideWindow,
    /// The rule acts on it.
    Match,
}

/// A [`Match`], ready for use, with what it has seen so far.
#[derive(Debug)]
pub struct Matcher {
    protocol: Option<Protocol>,
    port: Option<u16>,
    needle: Needle,
    window: Window,
    seen: u64,
    remembered: Remembered,
}

#[derive(Debug)]
enum Needle {
    Any,
    Bytes(Box<Finder<'static>>),
    Regex(Regex),
}

impl Matcher {
    /// Prepares the search.
    ///
    /// # Errors
    /// When the regular expression is none, or would take more than the ten megabytes that `regex` allows it.
    pub fn new(matches: &Match) -> Result<Matcher, RuleError> {
        let needle = match &matches.content {
            Content::Any => Needle::Any,
            Content::Bytes(bytes) => Needle::Bytes(Box::new(Finder::new(bytes).into_owned())),
            Content::Regex(text) => {
                Needle::Regex(Regex::new(text).map_err(|why| RuleError::Regex(Box::new(why)))?)
            }
        };
        Ok(Matcher {
            protocol: matches.protocol,
            port: matches.port,
            needle,
            window: matches.window,
            seen: 0,
            remembered: Remembered::default(),
        })
    }

    /// Looks at a packet on a link, which is any number that tells links apart.
    pub fn look_at(&mut self, link: usize, packet: &[u8]) -> Sighting {
        let is_windowed = self.window.first > 1 || self.window.at_most.is_some();
        let is_about_all =
            self.protocol.is_none() && self.port.is_none() && matches!(self.needle, Needle::Any);
        if is_about_all && !is_windowed {
            return Sighting::Match;
        }
        let anatomy = read(packet);
        if !self.describes(packet, &anatomy) {
            return Sighting::Other;
        }
        if !is_windowed {
            return Sighting::Match;
        }
        let number = self.number(link, &anatomy);
        if self.is_in_window(number) {
            Sighting::Match
        } else {
            Sighting::OutsideWindow
        }
    }

    fn describes(&self, packet: &[u8], anatomy: &Anatomy) -> bool {
        let payload = || &packet[anatomy.payload.clone()];
        self.protocol
            .is_none_or(|wanted| anatomy.protocol == Some(wanted))
            && self.port.is_none_or(|wanted| {
                anatomy
                    .ports
                    .is_some_and(|(from, to)| from == wanted || to == wanted)
            })
            && match &self.needle {
                Needle::Any => true,
                Needle::Bytes(finder) => finder.find(payload()).is_some(),
                Needle::Regex(regex) => regex.is_match(payload()),
            }
    }

    fn number(&mut self, link: usize, anatomy: &Anatomy) -> u64 {
        let segment = match (self.window.retransmissions, anatomy.ports, anatomy.sequence) {
            (Retransmissions::Follow, Some(ports), Some(sequence)) if !anatomy.payload.is_empty() => {
                (link, ports, sequence)
            }
            _ => {
                self.seen += 1;
                return self.seen;
            }
        };
        if let Some(number) = self.remembered.number(&segment) {
            return number;
        }
        self.seen += 1;
        self.remembered.add(segment, self.seen);
        self.seen
    }

    fn is_in_window(&self, number: u64) -> bool {
        let Window { first, at_most, .. } = self.window;
        number >= first && at_most.is_none_or(|at_most| number - first < at_most)
    }
}

/// A TCP segment: its link, its ports, and the sequence number of its first byte.
type Segment = (usize, (u16, u16), u32);

/// The numbers of the last segments that matched; at most [`REMEMBERED_SEGMENTS`].
#[derive(Debug, Default)]
struct Remembered {
    numbers: HashMap<Segment, u64>,
    order: VecDeque<Segment>,
}

impl Remembered {
    fn number(&self, segment: &Segment) -> Option<u64> {
        self.numbers.get(segment).copied()
    }

    fn add(&mut self, segment: Segment, number: u64) {
        if self.order.len() == REMEMBERED_SEGMENTS
            && let Some(oldest) = self.order.pop_front()
        {
            self.numbers.remove(&oldest);
        }
        self.numbers.insert(segment, number);
        self.order.push_back(segment);
    }
}

#[cfg(test)]
mod tests {
    use super::super::anatomy::tests::{tcp, udp};
    use super::*;

    fn matcher(content: Content, window: Window) -> Matcher {
        let matches = Match {
            content,
            window,
            ..Match::default()
        };
        Matcher::new(&matches).unwrap()
    }

    fn window(first: u64, at_most: u64, retransmissions: Retransmissions) -> Window {
        Window {
            first,
            at_most: Some(at_most),
            retransmissions,
        }
    }

    #[test]
    fn bytes_and_expressions_are_looked_for_in_the_payload_only() {
        let accept = || Content::Bytes(b"accept".to_vec());
        let mut bytes = matcher(accept(), Window::default());
        assert_eq!(bytes.look_at(0, &tcp(1, b"{\"accept\":1}")), Sighting::Match);
        assert_eq!(bytes.look_at(0, &udp(b"accep t")), Sighting::Other);
        let text = Content::Regex(r"(?-u)ballot=\d+\xff$".to_owned());
        let mut regex = matcher(text, Window::default());
        assert_eq!(regex.look_at(0, &udp(b"ballot=12\xff")), Sighting::Match);
        assert_eq!(regex.look_at(0, &udp(b"ballot=\xff")), Sighting::Other);
        // The addresses are 10.0.0.1 and 10.0.0.2, in the header.
        let mut header = matcher(Content::Bytes(vec![10, 0, 0, 1]), Window::default());
        assert_eq!(header.look_at(0, &udp(b"nothing")), Sighting::Other);
    }

    #[test]
    fn an_expression_that_is_none_is_refused() {
        let content = Content::Regex("(".to_owned());
        let matches = Match {
            content,
            ..Match::default()
        };
        let refused = Matcher::new(&matches).unwrap_err().to_string();
        assert!(
            refused.starts_with("the regular expression is none: "),
            "{refused}"
        );
    }

    #[test]
    fn protocol_and_port_must_be_right() {
        let about = |protocol, port| {
            let matches = Match {
                protocol,
                port,
                ..Match::default()
            };
            Matcher::new(&matches).unwrap().look_at(0, &udp(b"x"))
        };
        assert_eq!(about(Some(Protocol::Udp), None), Sighting::Match);
        assert_eq!(about(Some(Protocol::Tcp), None), Sighting::Other);
        assert_eq!(about(None, Some(7001)), Sighting::Match);
        assert_eq!(about(None, Some(7002)), Sighting::Match);
        assert_eq!(about(None, Some(7003)), Sighting::Other);
    }

    #[test]
    fn only_the_matches_in_the_window_count() {
        let mut third = matcher(
            Content::Bytes(b"x".to_vec()),
            window(3, 2, Retransmissions::Count),
        );
        let mut seen = |payload: &[u8]| third.look_at(0, &udp(payload));
        assert_eq!(seen(b"x"), Sighting::OutsideWindow);
        assert_eq!(seen(b"y"), Sighting::Other);
        assert_eq!(seen(b"x"), Sighting::OutsideWindow);
        assert_eq!(seen(b"x"), Sighting::Match);
        assert_eq!(seen(b"x"), Sighting::Match);
        assert_eq!(seen(b"x"), Sighting::OutsideWindow);
    }

    #[test]
    fn a_retransmission_shares_the_fate_of_the_first_or_counts() {
        let sightings = |retransmissions| {
            let mut second = matcher(Content::Any, window(2, 1, retransmissions));
            [1, 1, 100, 200, 100, 1]
                .map(|sequence| second.look_at(0, &tcp(sequence, b"x")) == Sighting::Match)
        };
        assert_eq!(
            sightings(Retransmissions::Follow),
            [false, false, true, false, true, false]
        );
        assert_eq!(
            sightings(Retransmissions::Count),
            [false, true, false, false, false, false]
        );
    }

    #[test]
    fn the_same_sequence_number_on_another_link_is_another_segment() {
        let mut second = matcher(Content::Any, window(2, 1, Retransmissions::Follow));
        assert_eq!(second.look_at(0, &tcp(1, b"x")), Sighting::OutsideWindow);
        assert_eq!(second.look_at(1, &tcp(1, b"x")), Sighting::Match);
    }

    #[test]
    fn what_is_remembered_has_a_bound() {
        let mut first = matcher(Content::Any, window(1, 1, Retransmissions::Follow));
        for sequence in 0..=REMEMBERED_SEGMENTS as u32 {
            first.look_at(0, &tcp(sequence, b"x"));
        }
        assert_eq!(first.remembered.numbers.len(), REMEMBERED_SEGMENTS);
        assert_eq!(first.remembered.order.len(), REMEMBERED_SEGMENTS);
        assert_eq!(
            first.look_at(0, &tcp(0, b"x")),
            Sighting::OutsideWindow,
            "forgotten"
        );
    }
}
