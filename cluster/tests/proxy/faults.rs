//! What rules do to streams: felt by kernels, which are not ours, and healed.

use crate::suite::{eventually, tests};
use crate::wire::{PORT, Wire, hear, is_silent, link, say};
use cluster::network::link_rule::{
    Checksum, Content, Corruption, Delay, Distribution, Effect, LinkRule, Loss, Match, Order, Protocol,
    Window,
};
use cluster::network::{Network, NetworkError, RuleId};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

tests![
    no_byte_passes_a_cut_and_all_of_them_arrive_when_it_is_healed,
    a_cut_of_one_direction_leaves_the_other,
    a_new_connection_hangs_in_a_cut_and_works_when_it_is_healed,
    nothing_is_asked_of_a_host_whose_answer_cannot_come_back,
    a_dialer_who_gave_up_in_a_cut_is_never_heard,
    a_cut_keeps_back_what_is_under_way_and_what_the_kernel_has_yet_to_send,
    the_end_of_a_connection_does_not_pass_a_cut_either,
    of_two_cuts_each_counts_and_the_last_lets_go,
    a_delay_takes_its_time,
    a_rate_takes_its_time,
    a_stream_that_stutters_is_whole_and_some_of_it_is_late,
    what_is_held_arrives_in_order_when_it_is_released,
    the_third_message_is_held_and_what_follows_waits_for_it,
    both_ends_of_a_reset_connection_notice,
    a_flipped_bit_reaches_the_program,
    links_of_the_client_can_be_disturbed_by_themselves,
    what_a_stream_cannot_suffer_is_refused_by_name,
    the_dice_are_those_of_the_seed,
];

fn rule(from: &str, to: &str, effect: Effect) -> LinkRule {
    LinkRule {
        links: vec![link(from, to)],
        matches: Match::default(),
        effect,
    }
}

fn cut(network: &Network, links: &[(&str, &str)]) -> RuleId {
    let links: Vec<_> = links.iter().map(|(from, to)| link(from, to)).collect();
    network.cut(&links).unwrap()
}

fn dropped(network: &Network, rule: &RuleId) -> u64 {
    network.rule(rule).total(|link| link.dropped).packets
}

fn no_byte_passes_a_cut_and_all_of_them_arrive_when_it_is_healed() {
    let wire = Wire::new(11);
    let (mut ours, mut theirs) = wire.connection("n1");
    let rule = cut(&wire.network, &[("n1", "n2"), ("n2", "n1")]);
    say(&mut ours, "one ");
    say(&mut theirs, "back");
    eventually("both were swallowed", || {
        let counters = wire.network.rule(&rule);
        counters.links.iter().all(|link| link.dropped.packets > 0)
    });
    say(&mut ours, "two");
    assert!(is_silent(&ours) && is_silent(&theirs));
    let counters = wire.network.heal(rule);
    assert!(counters.links.iter().all(|link| link.matched == link.dropped));
    assert_eq!(hear(&mut theirs, 7), "one two");
    assert_eq!(hear(&mut ours, 4), "back");
    let links = wire.network.links();
    let of = |from: &str| links.iter().find(|link| link.from == from && link.to != "client");
    assert!(of("n1").unwrap().dropped > 0 && of("n2").unwrap().dropped > 0);
}

fn a_cut_of_one_direction_leaves_the_other() {
    let wire = Wire::new(12);
    let (mut ours, mut theirs) = wire.connection("n1");
    let rule = cut(&wire.network, &[("n1", "n2")]);
    say(&mut ours, "unheard");
    eventually("it was swallowed", || dropped(&wire.network, &rule) > 0);
    say(&mut theirs, "heard");
    assert_eq!(hear(&mut ours, 5), "heard");
    assert!(is_silent(&theirs));
    wire.network.heal(rule);
    assert_eq!(hear(&mut theirs, 7), "unheard");
}

fn a_new_connection_hangs_in_a_cut_and_works_when_it_is_healed() {
    let wire = Wire::new(13);
    let rule = cut(&wire.network, &[("n1", "n2")]);
    let mut ours = wire.dial("n1");
    say(&mut ours, "anybody?");
    eventually("the question was swallowed", || dropped(&wire.network, &rule) > 0);
    wire.server.set_nonblocking(true).unwrap();
    let nobody = wire.server.accept().unwrap_err();
    assert_eq!(nobody.kind(), ErrorKind::WouldBlock);
    wire.server.set_nonblocking(false).unwrap();
    assert!(is_silent(&ours), "it is neither refused nor reset");
    wire.network.heal(rule);
    let mut theirs = wire.accept();
    assert_eq!(hear(&mut theirs, 8), "anybody?");
    say(&mut theirs, "yes");
    assert_eq!(hear(&mut ours, 3), "yes");
}

fn nothing_is_asked_of_a_host_whose_answer_cannot_come_back() {
    let wire = Wire::new(14);
    let rule = cut(&wire.network, &[("n2", "n1")]);
    let mut ours = wire.dial("n1");
    say(&mut ours, "do it");
    let mut theirs = wire.accept();
    eventually("the answer was swallowed", || dropped(&wire.network, &rule) > 0);
    assert!(is_silent(&theirs));
    wire.network.heal(rule);
    assert_eq!(hear(&mut theirs, 5), "do it");
}

fn a_dialer_who_gave_up_in_a_cut_is_never_heard() {
    let wire = Wire::new(15);
    let rule = cut(&wire.network, &[("n1", "n2")]);
    let mut gave_up = wire.dial("n1");
    say(&mut gave_up, "do it");
    eventually("it was swallowed", || dropped(&wire.network, &rule) > 0);
    drop(gave_up);
    // The order of the next one shows that the first has been noticed: it is dialled after it was dropped.
    let mut next = wire.dial("n1");
    eventually("it was swallowed too", || dropped(&wire.network, &rule) > 1);
    wire.network.heal(rule);
    say(&mut next, "or not");
    let mut theirs = wire.accept();
    assert_eq!(hear(&mut theirs, 6), "or not");
}

fn a_cut_keeps_back_what_is_under_way_and_what_the_kernel_has_yet_to_send() {
    let wire = Wire::new(16);
    let (mut ours, mut theirs) = wire.connection("n1");
    let late = wire.network.install(&rule("n1", "n2", constant(50))).unwrap();
    say(&mut ours, "under way");
    eventually("it is", || {
        wire.network.rule(&late).total(|link| link.delayed).packets > 0
    });
    let swallow = cut(&wire.network, &[("n1", "n2")]);
    eventually("it was swallowed", || dropped(&wire.network, &swallow) > 0);
    assert!(is_silent(&theirs));
    wire.network.heal(late);
    wire.network.heal(swallow);
    assert_eq!(hear(&mut theirs, 9), "under way");
}

fn the_end_of_a_connection_does_not_pass_a_cut_either() {
    let wire = Wire::new(17);
    let (ours, mut theirs) = wire.connection("n1");
    let rule = cut(&wire.network, &[("n1", "n2")]);
    drop(ours);
    eventually("its end was swallowed", || dropped(&wire.network, &rule) > 0);
    assert!(is_silent(&theirs));
    wire.network.heal(rule);
    assert_eq!(theirs.read(&mut [0]).unwrap(), 0);
}

fn of_two_cuts_each_counts_and_the_last_lets_go() {
    let wire = Wire::new(18);
    let (mut ours, mut theirs) = wire.connection("n1");
    let first = cut(&wire.network, &[("n1", "n2")]);
    let second = cut(&wire.network, &[("n1", "n2"), ("n2", "n1")]);
    say(&mut ours, "wait");
    eventually("both counted it", || {
        dropped(&wire.network, &first) > 0 && dropped(&wire.network, &second) > 0
    });
    wire.network.heal(first);
    assert!(is_silent(&theirs));
    wire.network.heal(second);
    assert_eq!(hear(&mut theirs, 4), "wait");
}

fn constant(ms: u64) -> Effect {
    Effect::Delay(Delay {
        time: Distribution::Constant(Duration::from_millis(ms)),
        order: Order::Kept,
    })
}

fn a_delay_takes_its_time() {
    let wire = Wire::new(19);
    let (mut ours, mut theirs) = wire.connection("n1");
    let slow = wire.network.install(&rule("n1", "n2", constant(200))).unwrap();
    let begun = Instant::now();
    say(&mut ours, "slow");
    assert_eq!(hear(&mut theirs, 4), "slow");
    assert!(begun.elapsed() >= Duration::from_millis(200));
    say(&mut theirs, "fast");
    assert_eq!(hear(&mut ours, 4), "fast");
    assert_eq!(wire.network.heal(slow).total(|link| link.delayed).packets, 1);
    // Times of its own for each chunk, and still a stream: nothing overtakes.
    let free = Effect::Delay(Delay {
        time: Distribution::Uniform {
            min: Duration::ZERO,
            max: Duration::from_millis(20),
        },
        order: Order::Free,
    });
    let jitter = wire.network.install(&rule("n1", "n2", free)).unwrap();
    let words: String = (100..200).map(|number| number.to_string()).collect();
    for word in words.as_bytes().chunks(3) {
        ours.write_all(word).unwrap();
    }
    assert_eq!(hear(&mut theirs, words.len()), words);
    assert!(wire.network.heal(jitter).total(|link| link.delayed).packets > 0);
}

fn a_rate_takes_its_time() {
    let wire = Wire::new(20);
    let (mut ours, mut theirs) = wire.connection("n1");
    let slow = Effect::Rate {
        bytes_per_second: 100_000,
        burst_bytes: 3_000,
        queue_bytes: 53_000,
    };
    let slow = wire.network.install(&rule("n1", "n2", slow)).unwrap();
    let begun = Instant::now();
    let sent = vec![b'x'; 50_000];
    ours.write_all(&sent).unwrap();
    assert_eq!(hear(&mut theirs, sent.len()).as_bytes(), sent);
    assert!(
        begun.elapsed() >= Duration::from_millis(450),
        "{:?}",
        begun.elapsed()
    );
    assert!(wire.network.heal(slow).total(|link| link.delayed).packets > 20);
    let begun = Instant::now();
    ours.write_all(&sent).unwrap();
    assert_eq!(hear(&mut theirs, sent.len()).as_bytes(), sent);
    assert!(begun.elapsed() < Duration::from_millis(450), "healed");
}

fn a_stream_that_stutters_is_whole_and_some_of_it_is_late() {
    let wire = Wire::new(22);
    let (mut ours, mut theirs) = wire.connection("n1");
    let ms = Duration::from_millis;
    let (stalled, flowing) = (ms(20), ms(20));
    let stutter = Effect::Stutter { stalled, flowing };
    let stutter = wire.network.install(&rule("n1", "n2", stutter)).unwrap();
    let words: String = (100..200).map(|number| number.to_string()).collect();
    for word in words.as_bytes().chunks(3) {
        ours.write_all(word).unwrap();
        std::thread::sleep(ms(2));
    }
    assert_eq!(hear(&mut theirs, words.len()), words);
    let counters = wire.network.heal(stutter);
    assert!(counters.total(|link| link.delayed).packets > 0);
}

fn what_is_held_arrives_in_order_when_it_is_released() {
    let wire = Wire::new(21);
    let (mut ours, mut theirs) = wire.connection("n1");
    let hold = wire.network.install(&rule("n1", "n2", Effect::Hold)).unwrap();
    let held = |chunks| {
        eventually("they are held", || {
            wire.network.rule(&hold).total(|link| link.held).packets == chunks
        });
    };
    say(&mut ours, "one ");
    held(1);
    say(&mut ours, "two ");
    held(2);
    assert!(is_silent(&theirs));
    let counters = wire.network.release(&hold);
    assert_eq!(counters.total(|link| link.released).packets, 2);
    assert_eq!(hear(&mut theirs, 8), "one two ");
    say(&mut ours, "three");
    held(3);
    assert!(is_silent(&theirs));
    wire.network.heal(hold);
    assert_eq!(hear(&mut theirs, 5), "three");
}

fn the_third_message_is_held_and_what_follows_waits_for_it() {
    let wire = Wire::new(22);
    let (mut ours, mut theirs) = wire.connection("n1");
    let third = LinkRule {
        links: vec![link("n1", "n2")],
        matches: Match {
            content: Content::Regex("acc.pt".to_owned()),
            port: Some(PORT),
            protocol: Some(Protocol::Tcp),
            window: Window {
                first: 3,
                at_most: Some(1),
                ..Window::default()
            },
        },
        effect: Effect::Hold,
    };
    let third = wire.network.install(&third).unwrap();
    let told = wire.network.matched(&third);
    for number in 1..=2 {
        say(&mut ours, &format!("accept {number};"));
        assert_eq!(hear(&mut theirs, 9), format!("accept {number};"));
    }
    assert!(!told.has_changed().unwrap_or(false) || *told.borrow() == 0);
    say(&mut ours, "accept 3;");
    eventually("it is held", || *told.borrow() == 1);
    say(&mut ours, "other;");
    eventually("that has been seen", || {
        let links = wire.network.links();
        links
            .iter()
            .any(|link| link.from == "n1" && link.to == "n2" && link.packets == 5)
    });
    assert!(is_silent(&theirs), "a stream has an order");
    wire.network.heal(third);
    assert_eq!(hear(&mut theirs, 15), "accept 3;other;");
}

fn is_reset(stream: &mut TcpStream) -> bool {
    let read = stream.read(&mut [0]);
    read.is_err_and(|why| why.kind() == ErrorKind::ConnectionReset)
}

fn both_ends_of_a_reset_connection_notice() {
    let wire = Wire::new(23);
    let (mut ours, mut theirs) = wire.connection("n1");
    let (mut other, mut other_theirs) = wire.connection("client");
    let reset = rule("n1", "n2", Effect::Reset { probability: 1.0 });
    let reset = wire.network.install(&reset).unwrap();
    say(&mut ours, "boom");
    assert!(is_reset(&mut ours) && is_reset(&mut theirs));
    let mut asking = wire.dial("n1");
    assert!(is_reset(&mut asking), "who asks is refused");
    assert_eq!(wire.network.heal(reset).total(|link| link.reset).packets, 2);
    say(&mut other, "unharmed");
    assert_eq!(hear(&mut other_theirs, 8), "unharmed");
    let (mut ours, mut theirs) = wire.connection("n1");
    say(&mut ours, "healed");
    assert_eq!(hear(&mut theirs, 6), "healed");
}

fn a_flipped_bit_reaches_the_program() {
    let wire = Wire::new(24);
    let (mut ours, mut theirs) = wire.connection("n1");
    let flip = Effect::Corrupt(Corruption {
        probability: 1.0,
        bits: NonZeroU32::MIN,
        checksum: Checksum::Agrees,
    });
    let flip = wire.network.install(&rule("n1", "n2", flip)).unwrap();
    ours.write_all(&[0; 100]).unwrap();
    let mut heard = [0; 100];
    theirs.read_exact(&mut heard).unwrap();
    let flipped: u32 = heard.iter().map(|byte| byte.count_ones()).sum();
    let corrupted = wire.network.heal(flip).total(|link| link.corrupted).packets;
    assert_eq!((u64::from(flipped), corrupted), (1, 1));
}

fn links_of_the_client_can_be_disturbed_by_themselves() {
    let wire = Wire::new(25);
    let (mut ours, mut theirs) = wire.connection("n1");
    let (mut client, mut client_theirs) = wire.connection("client");
    let rule = cut(&wire.network, &[("client", "n2")]);
    say(&mut client, "unheard");
    eventually("it was swallowed", || dropped(&wire.network, &rule) > 0);
    say(&mut ours, "heard");
    assert_eq!(hear(&mut theirs, 5), "heard");
    assert!(is_silent(&client_theirs));
    wire.network.heal(rule);
    assert_eq!(hear(&mut client_theirs, 7), "unheard");
}

fn what_a_stream_cannot_suffer_is_refused_by_name() {
    let wire = Wire::new(26);
    let corruption = |checksum| {
        Effect::Corrupt(Corruption {
            probability: 0.5,
            bits: NonZeroU32::MIN,
            checksum,
        })
    };
    let impossible = [
        (Effect::Loss(Loss::Independent { probability: 0.5 }), "losses"),
        (Effect::Duplicate { probability: 0.5 }, "twice"),
        (
            Effect::Reorder {
                probability: 0.5,
                gap_packets: NonZeroU32::MIN,
                wait_max: Duration::from_millis(1),
            },
            "overtakes",
        ),
        (corruption(Checksum::Catches), "checksum"),
    ];
    for (effect, word) in impossible {
        let reason = wire.network.can(&effect).unwrap_err().to_string();
        assert!(reason.contains(word), "{reason}");
        let refused = wire.network.install(&rule("n1", "n2", effect)).unwrap_err();
        assert!(matches!(refused, NetworkError::CannotBe(_)), "{refused}");
        assert!(refused.to_string().contains("--network switch"), "{refused}");
    }
    wire.network.can(&corruption(Checksum::Agrees)).unwrap();
    let mut udp = rule("n1", "n2", Effect::Drop);
    udp.matches.protocol = Some(Protocol::Udp);
    let refused = wire.network.install(&udp).unwrap_err().to_string();
    assert!(refused.contains("TCP only"), "{refused}");
}

fn the_dice_are_those_of_the_seed() {
    /// Which of the messages came through; the others reset their connections.
    fn thrown(seed: u64) -> Vec<bool> {
        let wire = Wire::new(seed);
        let mut reset = rule("n1", "n2", Effect::Reset { probability: 0.3 });
        reset.matches.content = Content::Bytes(b"x".to_vec());
        let reset = wire.network.install(&reset).unwrap();
        let comes_through = |_| {
            let (mut ours, mut theirs) = wire.connection("n1");
            say(&mut ours, "x");
            theirs.read_exact(&mut [0]).is_ok()
        };
        let thrown: Vec<_> = (0..30).map(comes_through).collect();
        let resets = wire.network.heal(reset).total(|link| link.reset).packets;
        assert_eq!(resets, thrown.iter().filter(|through| !**through).count() as u64);
        thrown
    }
    assert_eq!(thrown(31), thrown(31));
    assert_ne!(thrown(31), thrown(32));
}
