//! From the words of a fault to those of the network.

use cluster::network::link_rule::{
    Checksum, Content, Corruption, Delay, Distribution, Effect, LinkRule, Loss, Match, Order,
    Retransmissions, Window,
};
use cluster::network::{RuleCounters, RuleLinkCounters, Traffic};
use history::fault::{self, Link, PacketEffect, PacketMatch};
use std::num::NonZeroU32;
use std::time::Duration;

/// No delay is longer, however long its tail.
const DELAY_MAX: Duration = Duration::from_secs(120);
/// How long a packet that is to be overtaken waits for the others.
const REORDER_WAIT_MAX: Duration = Duration::from_millis(100);
/// How many different bits of a corrupted packet are flipped.
const CORRUPT_BITS: NonZeroU32 = NonZeroU32::new(3).expect("three is not zero");
/// A slow link's queue, in time; what comes when it is full is lost.
const RATE_QUEUE: Duration = Duration::from_millis(500);
/// At a slow link, so much passes at once after a pause: about two full packets.
const RATE_BURST_BYTES: u64 = 3_000;

/// The rule for a disturbance of packets.
pub fn rule(links: &[Link], effect: PacketEffect, matching: Option<&PacketMatch>) -> LinkRule {
    LinkRule {
        links: links.to_vec(),
        matches: matching.map_or_else(Match::default, matches),
        effect: of(effect),
    }
}

/// A rule that tells that a packet has come: one that matches, or else any with a payload. It passes, or is held.
pub fn watch(link: Link, matching: Option<&PacketMatch>, held: bool) -> LinkRule {
    let any = PacketMatch {
        payload: "(?s-u).".to_owned(),
        from: 1,
        count: None,
    };
    let mut which = matches(matching.unwrap_or(&any));
    which.window.at_most = Some(1);
    LinkRule {
        links: vec![link],
        matches: which,
        effect: if held { Effect::Hold } else { Effect::Pass },
    }
}

fn matches(matching: &PacketMatch) -> Match {
    Match {
        content: Content::Regex(matching.payload.clone()),
        window: Window {
            first: matching.from,
            at_most: matching.count,
            retransmissions: Retransmissions::Follow,
        },
        ..Match::default()
    }
}

fn share(percent: u8) -> f64 {
    f64::from(percent.min(100)) / 100.0
}

/// What the network is to do.
pub fn of(effect: PacketEffect) -> Effect {
    match effect {
        PacketEffect::Delay {
            mean_ms,
            jitter_ms,
            distribution,
        } => Effect::Delay(Delay {
            time: delay(mean_ms, jitter_ms, distribution),
            order: Order::Kept,
        }),
        PacketEffect::Loss {
            percent,
            burst: 0 | 1,
        } => Effect::Loss(Loss::Independent {
            probability: share(percent),
        }),
        PacketEffect::Loss { percent, burst } => {
            let mean_burst_packets = f64::from(burst);
            // More than this cannot be lost in bursts of so many with anything in between.
            let most = mean_burst_packets / (mean_burst_packets + 1.0);
            Effect::Loss(Loss::Bursty {
                probability: share(percent).min(most),
                mean_burst_packets,
            })
        }
        PacketEffect::Duplicate { percent } => Effect::Duplicate {
            probability: share(percent),
        },
        PacketEffect::Reorder { percent, gap_packets } => Effect::Reorder {
            probability: share(percent),
            gap_packets: NonZeroU32::new(gap_packets.into()).unwrap_or(NonZeroU32::MIN),
            wait_max: REORDER_WAIT_MAX,
        },
        PacketEffect::Corrupt {
            percent,
            past_checksum,
        } => Effect::Corrupt(Corruption {
            probability: share(percent),
            bits: CORRUPT_BITS,
            checksum: if past_checksum {
                Checksum::Agrees
            } else {
                Checksum::Catches
            },
        }),
        PacketEffect::Rate { kilobytes_per_second } => {
            let bytes_per_second = kilobytes_per_second.max(1) * 1000;
            Effect::Rate {
                bytes_per_second,
                burst_bytes: RATE_BURST_BYTES,
                queue_bytes: (bytes_per_second as f64 * RATE_QUEUE.as_secs_f64()) as u64 + RATE_BURST_BYTES,
            }
        }
        PacketEffect::Stutter {
            stalled_ms,
            flowing_ms,
        } => Effect::Stutter {
            stalled: Duration::from_millis(stalled_ms.max(1)),
            flowing: Duration::from_millis(flowing_ms.max(1)),
        },
        PacketEffect::Hold => Effect::Hold,
        PacketEffect::Reset { percent } => Effect::Reset {
            probability: share(percent),
        },
        PacketEffect::Drop => Effect::Drop,
    }
}

fn delay(mean_ms: u64, jitter_ms: u64, distribution: fault::Distribution) -> Distribution {
    let ms = Duration::from_millis;
    match distribution {
        _ if jitter_ms == 0 => Distribution::Constant(ms(mean_ms)),
        fault::Distribution::Uniform => Distribution::Uniform {
            min: ms(mean_ms.saturating_sub(jitter_ms)),
            max: ms(mean_ms + jitter_ms).min(DELAY_MAX),
        },
        fault::Distribution::Normal => Distribution::Normal {
            mean: ms(mean_ms),
            deviation: ms(jitter_ms),
            max: DELAY_MAX,
        },
        // A Pareto distribution of shape 1.5 has three times its least value as its mean.
        fault::Distribution::LongTailed => Distribution::Pareto {
            min: ms((mean_ms / 3).max(1)),
            shape: 1.5,
            max: DELAY_MAX,
        },
    }
}

/// What a rule did, in words, and whether anybody felt it.
pub fn told(effect: PacketEffect, counters: &RuleCounters) -> (bool, String) {
    let touched = |which: fn(&RuleLinkCounters) -> Traffic| {
        let links = counters.links.iter().filter(|link| which(link).packets > 0);
        (counters.total(which).packets, links.count())
    };
    let (verb, (packets, links)) = match effect {
        PacketEffect::Delay { .. } => ("delayed", touched(|it| it.delayed)),
        PacketEffect::Rate { .. } | PacketEffect::Stutter { .. } => {
            ("made to wait", touched(|it| it.delayed))
        }
        PacketEffect::Loss { .. } | PacketEffect::Drop => ("dropped", touched(|it| it.dropped)),
        PacketEffect::Duplicate { .. } => ("doubled", touched(|it| it.duplicated)),
        PacketEffect::Reorder { .. } => ("held back", touched(|it| it.reordered)),
        PacketEffect::Corrupt { .. } => ("corrupted", touched(|it| it.corrupted)),
        PacketEffect::Hold => ("held", touched(|it| it.held)),
        PacketEffect::Reset { .. } => ("answered with a reset", touched(|it| it.reset)),
    };
    let lost = counters.total(|it| it.overflowed).packets;
    let lost = match lost {
        0 => String::new(),
        lost => format!(", {lost} more lost for want of room"),
    };
    let matched = counters.total(|it| it.matched).packets;
    let of_links = counters.links.len();
    (
        packets > 0,
        format!("{packets} of {matched} packets {verb} on {links} of {of_links} links{lost}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> Link {
        ("n1".to_owned(), "n2".to_owned())
    }

    #[test]
    fn a_spread_never_makes_a_delay_negative_and_none_is_a_constant() {
        let delay = |jitter_ms| super::delay(10, jitter_ms, fault::Distribution::Uniform);
        let ms = Duration::from_millis;
        assert_eq!(delay(0), Distribution::Constant(ms(10)));
        assert_eq!(
            delay(30),
            Distribution::Uniform {
                min: ms(0),
                max: ms(40)
            }
        );
    }

    #[test]
    fn packets_that_are_lost_in_bursts_leave_room_for_others_between_them() {
        let lost = |percent, burst| of(PacketEffect::Loss { percent, burst });
        assert_eq!(lost(100, 1), Effect::Loss(Loss::Independent { probability: 1.0 }));
        let Effect::Loss(Loss::Bursty {
            probability,
            mean_burst_packets,
        }) = lost(100, 4)
        else {
            panic!("{:?}", lost(100, 4))
        };
        assert_eq!((probability, mean_burst_packets), (0.8, 4.0));
    }

    #[test]
    fn what_is_waited_for_is_one_packet_whatever_else_matches() {
        let all_from_the_third = PacketMatch {
            payload: "accept".to_owned(),
            from: 3,
            count: None,
        };
        let rule = watch(link(), Some(&all_from_the_third), true);
        assert_eq!(
            (rule.matches.window.first, rule.matches.window.at_most),
            (3, Some(1))
        );
        assert_eq!(rule.effect, Effect::Hold);
        let rule = watch(link(), None, false);
        assert_eq!(
            (rule.matches.window.first, rule.matches.window.at_most),
            (1, Some(1))
        );
        assert_eq!(rule.effect, Effect::Pass);
    }
}
