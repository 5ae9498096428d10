//! Packets past rules, on a clock that the tests turn.

use super::super::anatomy::tests::{tcp, udp};
use super::super::check::check;
use super::super::counters::{RuleCounters, Traffic};
use super::super::link_rule::{
    Checksum, Content, Corruption, Delay, Distribution, Effect, LinkRule, Loss, Match, Order, Protocol,
    Retransmissions, Window,
};
use super::super::queue::WAITING_BYTES_MAX;
use super::super::rules::{RuleId, Rules};
use super::*;
use proptest::prelude::*;
use std::num::NonZeroU32;
use std::time::Duration;

const ONE_TO_TWO: Link = Link { from: 0, to: 1 };
const TWO_TO_ONE: Link = Link { from: 1, to: 0 };

/// A network of three hosts without interfaces: what arrives and what is lost is noted down, by payload.
struct World {
    rules: Rules,
    pipeline: Pipeline,
    now: Instant,
    seen: Seen,
}

#[derive(Default)]
struct Seen {
    arrived: Vec<(Link, Vec<u8>)>,
    lost: Vec<(Vec<u8>, String)>,
}

impl Outlet for Seen {
    fn deliver(&mut self, link: Link, bytes: &[u8], _: &[Touch]) {
        self.arrived.push((link, bytes.to_vec()));
    }

    fn lose(&mut self, _: Link, bytes: &[u8], touches: &[Touch]) {
        let words: Vec<_> = touches.iter().map(Touch::to_string).collect();
        self.lost.push((bytes.to_vec(), words.join("; ")));
    }
}

impl World {
    fn new() -> World {
        World {
            rules: Rules::new(["n1", "n2", "n3"].map(str::to_owned).into(), 42),
            pipeline: Pipeline::new(3),
            now: Instant::now(),
            seen: Seen::default(),
        }
    }

    fn install_on(&mut self, links: &[(&str, &str)], matches: Match, effect: Effect) -> RuleId {
        let links = links
            .iter()
            .map(|(from, to)| ((*from).to_owned(), (*to).to_owned()));
        let rule = LinkRule {
            links: links.collect(),
            matches,
            effect,
        };
        check(&rule).unwrap();
        let (id, ()) = self
            .rules
            .add(&rule, |rule| self.pipeline.install(*rule))
            .unwrap();
        id
    }

    fn install(&mut self, effect: Effect) -> RuleId {
        self.install_on(&[("n1", "n2")], Match::default(), effect)
    }

    fn send(&mut self, link: Link, packet: &[u8]) {
        self.pipeline.enter(link, packet, self.now, &mut self.seen);
    }

    /// Sends datagrams from n1 to n2 that have one letter each.
    fn letters(&mut self, letters: &str) {
        for letter in letters.as_bytes() {
            self.send(ONE_TO_TWO, &udp(&[*letter]));
        }
    }

    fn after(&mut self, ms: u64) {
        self.now += Duration::from_millis(ms);
        self.pipeline.pass_due(self.now, &mut self.seen);
    }

    /// The last bytes of what has arrived since it was asked last.
    fn arrived(&mut self) -> String {
        let arrived = std::mem::take(&mut self.seen.arrived);
        arrived
            .iter()
            .map(|(_, bytes)| char::from(bytes[bytes.len() - 1]))
            .collect()
    }

    fn count(&self, rule: &RuleId, which: fn(&RuleCounters) -> Traffic) -> u64 {
        which(&self.rules.deeds(rule).read()).packets
    }

    fn heal(&mut self, rule: &RuleId) -> RuleCounters {
        self.pipeline.heal(rule.number(), self.now, &mut self.seen);
        self.rules.deeds(rule).read()
    }
}

fn constant(ms: u64) -> Effect {
    let time = Distribution::Constant(Duration::from_millis(ms));
    Effect::Delay(Delay {
        time,
        order: Order::Kept,
    })
}

fn containing(bytes: &[u8], window: Window) -> Match {
    let content = Content::Bytes(bytes.to_vec());
    Match {
        content,
        window,
        ..Match::default()
    }
}

#[test]
fn a_link_without_rules_is_clear_and_only_that() {
    let mut world = World::new();
    let rule = world.install(Effect::Pass);
    assert!(!world.pipeline.is_clear(ONE_TO_TWO));
    assert!(world.pipeline.is_clear(TWO_TO_ONE));
    world.heal(&rule);
    assert!(world.pipeline.is_clear(ONE_TO_TWO));
}

#[test]
fn each_cut_of_a_link_counts_and_the_link_stays_cut_until_the_last_is_healed() {
    let mut world = World::new();
    let first = world.install(Effect::Drop);
    let second = world.install(Effect::Drop);
    world.letters("a");
    assert_eq!(world.heal(&first).links[0].dropped.packets, 1);
    world.letters("b");
    assert_eq!(world.arrived(), "");
    assert_eq!(world.heal(&second).total(|link| link.dropped).packets, 2);
    world.letters("c");
    assert_eq!(world.arrived(), "c");
}

#[test]
fn a_delayed_packet_arrives_at_its_time_even_when_the_rule_is_healed() {
    let mut world = World::new();
    let rule = world.install(constant(10));
    world.letters("ab");
    assert_eq!(
        world.pipeline.next_due(),
        Some(world.now + Duration::from_millis(10))
    );
    world.after(9);
    assert_eq!(world.arrived(), "");
    assert_eq!(world.heal(&rule).links[0].delayed.packets, 2);
    assert_eq!(world.arrived(), "");
    world.after(1);
    assert_eq!(world.arrived(), "ab");
    assert_eq!(world.pipeline.next_due(), None);
    assert!(world.pipeline.room == Room::default());
}

#[test]
fn delays_add_up() {
    let mut world = World::new();
    world.install(constant(10));
    world.install(constant(5));
    world.letters("a");
    world.after(14);
    assert_eq!(world.arrived(), "");
    world.after(1);
    assert_eq!(world.arrived(), "a");
}

#[test]
fn what_is_under_way_meets_the_cut_that_is_installed_meanwhile() {
    let mut world = World::new();
    let delay = world.install(constant(10));
    let hold = world.install_on(&[("n2", "n1")], Match::default(), Effect::Hold);
    world.letters("a");
    world.send(TWO_TO_ONE, &udp(b"b"));
    let cut = world.install_on(&[("n1", "n2"), ("n2", "n1")], Match::default(), Effect::Drop);
    world.after(10);
    world.heal(&delay);
    world.heal(&hold);
    assert_eq!(world.arrived(), "");
    let cut = world.heal(&cut);
    assert_eq!(cut.total(|link| link.dropped).packets, 2);
}

#[test]
fn what_is_held_arrives_in_order_when_released_and_the_rule_goes_on_holding() {
    let mut world = World::new();
    let rule = world.install_on(&[("n1", "n2"), ("n2", "n1")], Match::default(), Effect::Hold);
    world.letters("a");
    world.send(TWO_TO_ONE, &udp(b"b"));
    world.letters("c");
    assert_eq!(world.arrived(), "");
    world.pipeline.release(rule.number(), world.now, &mut world.seen);
    assert_eq!(world.arrived(), "abc");
    world.letters("d");
    assert_eq!(world.arrived(), "");
    let counters = world.heal(&rule);
    assert_eq!(world.arrived(), "d");
    let released = counters
        .links
        .iter()
        .map(|link| (link.held.packets, link.released.packets));
    assert_eq!(released.collect::<Vec<_>>(), [(3, 3), (1, 1)]);
}

#[test]
fn what_does_not_find_room_is_dropped_and_counted() {
    let mut world = World::new();
    let rule = world.install(Effect::Hold);
    let packet = udp(&[b'x'; 1400]);
    let sent = WAITING_BYTES_MAX / 1428;
    for _ in 0..sent {
        world.send(ONE_TO_TWO, &packet);
    }
    let counters = world.heal(&rule);
    let link = &counters.links[0];
    assert!(link.overflowed.packets > 0);
    assert_eq!(link.dropped, link.overflowed);
    assert_eq!(link.held.packets + link.dropped.packets, sent as u64);
    assert_eq!(world.arrived().len() as u64, link.released.packets);
    assert!(world.seen.lost[0].1.ends_with("no room to wait"));
    assert!(world.pipeline.room == Room::default());
}

#[test]
fn a_copy_comes_after_its_original_and_is_not_copied_again() {
    let mut world = World::new();
    let first = world.install(Effect::Duplicate { probability: 1.0 });
    let second = world.install(Effect::Duplicate { probability: 1.0 });
    world.letters("ab");
    assert_eq!(world.arrived(), "aaabbb");
    assert_eq!(world.count(&first, |rule| rule.links[0].duplicated), 2);
    assert_eq!(world.count(&second, |rule| rule.links[0].duplicated), 2);
}

#[test]
fn who_is_held_back_is_overtaken_by_so_many_and_no_more() {
    let mut world = World::new();
    let held_back = Effect::Reorder {
        probability: 1.0,
        gap_packets: NonZeroU32::new(2).unwrap(),
        wait_max: Duration::from_millis(50),
    };
    // Only the packets with a z are held back; the others go past them, under a rule that lets them.
    let matches = containing(b"z", Window::default());
    let rule = world.install_on(&[("n1", "n2")], matches, held_back);
    world.letters("zab");
    assert_eq!(world.arrived(), "ab", "who does not match does not count");
    world.after(50);
    assert_eq!(
        world.arrived(),
        "z",
        "and after its longest wait it goes on alone"
    );
    assert_eq!(world.heal(&rule).links[0].reordered.packets, 1);
    let half = Effect::Reorder {
        probability: 0.5,
        gap_packets: NonZeroU32::new(2).unwrap(),
        wait_max: Duration::from_secs(1),
    };
    let rule = world.install(half);
    let letters: String = ('a'..='z').collect();
    world.letters(&letters);
    world.after(1000);
    let arrived = world.arrived();
    let mut sorted: Vec<_> = arrived.chars().collect();
    sorted.sort_unstable();
    assert_eq!(sorted.iter().collect::<String>(), letters, "nothing is lost");
    assert_ne!(arrived, letters);
    let reordered = world.count(&rule, |rule| rule.links[0].reordered);
    assert!((5..=20).contains(&reordered), "{reordered}");
}

#[test]
fn the_third_message_with_a_word_is_held_with_its_retransmissions() {
    let mut world = World::new();
    let window = Window {
        first: 3,
        at_most: Some(1),
        retransmissions: Retransmissions::Follow,
    };
    let rule = world.install_on(&[("n1", "n2")], containing(b"accept", window), Effect::Hold);
    for (sequence, text) in [
        (0, "accept 1"),
        (8, "accept 2"),
        (16, "prepare 3"),
        (25, "accept 4"),
        (25, "accept 4"),
        (33, "accept 5"),
    ] {
        world.send(ONE_TO_TWO, &tcp(sequence, text.as_bytes()));
    }
    assert_eq!(world.arrived(), "1235");
    let link = &world.heal(&rule).links[0];
    assert_eq!(
        (
            link.matched.packets,
            link.outside_window.packets,
            link.held.packets
        ),
        (2, 3, 2)
    );
    assert_eq!(world.arrived(), "44");
}

#[test]
fn who_waits_for_a_match_is_told_of_those_before_and_after() {
    let mut world = World::new();
    let window = Window {
        first: 2,
        ..Window::default()
    };
    let rule = world.install_on(&[("n1", "n2")], containing(b"x", window), Effect::Pass);
    let deeds = world.rules.deeds(&rule);
    let early = deeds.matches();
    assert_eq!(*early.borrow(), 0);
    world.letters("axbx");
    assert_eq!(*early.borrow(), 1);
    assert_eq!(
        *deeds.matches().borrow(),
        1,
        "who comes later is told what was before"
    );
    drop(early);
    world.letters("xx");
    assert_eq!(*deeds.matches().borrow(), 3);
    assert_eq!(world.arrived(), "axbxxx");
}

#[test]
fn both_ends_of_a_connection_are_told_that_it_is_reset() {
    let mut world = World::new();
    let before = world.install(Effect::Pass);
    let rule = world.install(Effect::Reset { probability: 1.0 });
    world.send(ONE_TO_TWO, &tcp(1000, b"hello"));
    assert_eq!(
        world.count(&before, |rule| rule.links[0].matched),
        1,
        "its reset comes after it"
    );
    let links: Vec<_> = world.seen.arrived.iter().map(|(link, _)| *link).collect();
    assert_eq!(links, [ONE_TO_TWO, TWO_TO_ONE]);
    assert_eq!(world.seen.lost.len(), 1);
    world.arrived();
    world.letters("a");
    assert_eq!(world.arrived(), "a", "what is not TCP passes");
    assert_eq!(world.heal(&rule).links[0].reset.packets, 1);
}

#[test]
fn a_reset_does_not_pass_a_cut() {
    let mut world = World::new();
    world.install(Effect::Reset { probability: 1.0 });
    world.install_on(&[("n2", "n1")], Match::default(), Effect::Drop);
    world.send(ONE_TO_TWO, &tcp(1000, b"hello"));
    let links: Vec<_> = world.seen.arrived.iter().map(|(link, _)| *link).collect();
    assert_eq!(links, [ONE_TO_TWO]);
}

#[test]
fn rules_act_one_after_the_other_and_a_capture_can_tell_what_each_did() {
    let mut world = World::new();
    world.install(Effect::Duplicate { probability: 1.0 });
    world.install(constant(10));
    world.install(Effect::Loss(Loss::Independent { probability: 1.0 }));
    world.letters("a");
    world.after(10);
    let words: Vec<_> = world.seen.lost.iter().map(|(_, words)| words.as_str()).collect();
    assert_eq!(
        words,
        [
            "delayed 10ms by rule 1; dropped by rule 2",
            "copied by rule 0; delayed 10ms by rule 1; dropped by rule 2"
        ]
    );
}

#[test]
fn other_protocols_and_other_links_are_left_alone() {
    let mut world = World::new();
    let protocol = Some(Protocol::Tcp);
    world.install_on(
        &[("n1", "n2")],
        Match {
            protocol,
            ..Match::default()
        },
        Effect::Drop,
    );
    world.letters("a");
    world.send(TWO_TO_ONE, &tcp(1, b"b"));
    world.send(ONE_TO_TWO, &tcp(1, b"c"));
    assert_eq!(world.arrived(), "ab");
}

#[test]
fn garbage_passes_all_rules_without_harm() {
    let mut world = World::new();
    let port = Some(1);
    world.install_on(
        &[("n1", "n2")],
        Match {
            port,
            ..Match::default()
        },
        Effect::Drop,
    );
    world.install(Effect::Reset { probability: 1.0 });
    world.install(constant(0));
    for length in 0..60 {
        world.send(ONE_TO_TWO, &vec![0x4f; length]);
    }
    assert_eq!(world.seen.arrived.len(), 60);
}

/// Garbage, and segments with a wrong byte or a wrong end.
fn any_packet() -> impl Strategy<Value = Vec<u8>> {
    let damaged = |packet: Vec<u8>| {
        (0..packet.len(), any::<u8>(), 0..=packet.len()).prop_map(move |(at, value, length)| {
            let mut packet = packet.clone();
            packet[at] = value;
            packet[..length].to_vec()
        })
    };
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..100),
        damaged(tcp(7, b"accept")),
        damaged(udp(b"accept")),
    ]
}

proptest! {
    #[test]
    fn whatever_hosts_send_every_packet_is_accounted_for(packets in proptest::collection::vec(any_packet(), 1..40)) {
        let mut world = World::new();
        let corruption = |checksum| {
            Effect::Corrupt(Corruption { probability: 0.5, bits: NonZeroU32::new(3).unwrap(), checksum })
        };
        let window = Window { first: 2, at_most: Some(5), ..Window::default() };
        let rules = [
            world.install(Effect::Duplicate { probability: 0.3 }),
            world.install(corruption(Checksum::Agrees)),
            world.install(corruption(Checksum::Catches)),
            world.install_on(&[("n1", "n2")], containing(b"acc", window), Effect::Hold),
            world.install(Effect::Reset { probability: 1.0 }),
            world.install(Effect::Loss(Loss::Independent { probability: 0.2 })),
            world.install(Effect::Reorder {
                probability: 0.3,
                gap_packets: NonZeroU32::new(2).unwrap(),
                wait_max: Duration::from_millis(3),
            }),
            world.install(Effect::Rate { bytes_per_second: 50_000, burst_bytes: 100, queue_bytes: 300 }),
        ];
        for packet in &packets {
            world.send(ONE_TO_TWO, packet);
            world.after(1);
        }
        world.pipeline.release(rules[3].number(), world.now, &mut world.seen);
        world.after(1_000);
        let forged = world.seen.arrived.iter().filter(|(link, _)| *link == TWO_TO_ONE).count();
        let count = |rule: usize, which: fn(&RuleCounters) -> Traffic| world.count(&rules[rule], which) as usize;
        let copies = count(0, |rule| rule.links[0].duplicated);
        let resets = count(4, |rule| rule.links[0].reset);
        // Each reset segment is lost, and makes one packet for its sender and perhaps one for its receiver.
        prop_assert_eq!(forged, resets);
        let (arrived, lost) = (world.seen.arrived.len(), world.seen.lost.len());
        let came = packets.len() + copies;
        prop_assert!(came + resets <= arrived + lost && arrived + lost <= came + 2 * resets);
        prop_assert!(world.pipeline.room == Room::default());
        prop_assert_eq!(world.pipeline.next_due(), None);
    }
}
