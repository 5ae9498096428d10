//! What an effect makes of each packet of one link: the dice, and what has to be remembered between two throws.

use super::corruption::corrupt;
use super::distribution::Sampler;
use super::link_rule::{Corruption, Effect, Loss, Order};
use super::turns::Turns;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::{Duration, Instant};

/// What shall become of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// It passes.
    Pass,
    /// It passes, and was changed.
    Changed,
    /// It is lost.
    Drop,
    /// It goes on at this time, and not before.
    Until(Instant),
    /// It passes, and so does a copy.
    Copy,
    /// It goes on after so many others, or at this time.
    Behind(u32, Instant),
    /// It is kept.
    Hold,
    /// It is answered with resets.
    Reset,
}

/// An effect on one link.
#[derive(Debug)]
pub struct Actor {
    random: ChaCha8Rng,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Fixed(Judgement),
    Lose {
        probability: f64,
    },
    LoseBursts {
        begin: f64,
        end: f64,
        is_bad: bool,
    },
    Delay {
        sampler: Sampler,
        last: Option<Instant>,
        order: Order,
    },
    Reset {
        probability: f64,
    },
    Copy {
        probability: f64,
    },
    HoldBack {
        probability: f64,
        gap_packets: u32,
        wait: Duration,
    },
    Corrupt(Corruption),
    Throttle(Bucket),
    Stutter(Turns),
}

impl Actor {
    /// An effect that `check` has let pass. The dice are the run's seed, and a number of the rule and link.
    pub fn new(effect: &Effect, seed: u64, stream: u64) -> Actor {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(stream);
        let way = match effect {
            Effect::Pass => Way::Fixed(Judgement::Pass),
            Effect::Drop => Way::Fixed(Judgement::Drop),
            Effect::Hold => Way::Fixed(Judgement::Hold),
            Effect::Reset { probability } => Way::Reset {
                probability: *probability,
            },
            Effect::Loss(Loss::Independent { probability }) => Way::Lose {
                probability: *probability,
            },
            Effect::Loss(Loss::Bursty {
                probability,
                mean_burst_packets,
            }) => Way::LoseBursts {
                // In the long run a share of begin / (begin + end) is lost.
                begin: probability / ((1.0 - probability) * mean_burst_packets),
                end: mean_burst_packets.recip(),
                is_bad: false,
            },
            Effect::Delay(delay) => Way::Delay {
                sampler: Sampler::new(&delay.time),
                last: None,
                order: delay.order,
            },
            Effect::Duplicate { probability } => Way::Copy {
                probability: *probability,
            },
            Effect::Reorder {
                probability,
                gap_packets,
                wait_max,
            } => Way::HoldBack {
                probability: *probability,
                gap_packets: gap_packets.get(),
                wait: *wait_max,
            },
            Effect::Corrupt(corruption) => Way::Corrupt(*corruption),
            Effect::Stutter { stalled, flowing } => Way::Stutter(Turns::new(*stalled, *flowing)),
            Effect::Rate {
                bytes_per_second,
                burst_bytes,
                queue_bytes,
            } => Way::Throttle(Bucket::new(*bytes_per_second, *burst_bytes, *queue_bytes)),
        };
        Actor { random, way }
    }

    /// What becomes of the next packet, which may be changed on the spot.
    pub fn judge(&mut self, packet: &mut [u8], now: Instant) -> Judgement {
        let random = &mut self.random;
        let mut happens = |probability: f64| random.random_bool(probability.min(1.0));
        match &mut self.way {
            Way::Fixed(judgement) => *judgement,
            Way::Lose { probability } if happens(*probability) => Judgement::Drop,
            Way::Reset { probability } if happens(*probability) => Judgement::Reset,
            Way::LoseBursts { begin, end, is_bad } => {
                *is_bad = if *is_bad { !happens(*end) } else { happens(*begin) };
                if *is_bad { Judgement::Drop } else { Judgement::Pass }
            }
            Way::Delay { sampler, last, order } => {
                let mut due = now + sampler.draw(random);
                if let (Order::Kept, Some(last)) = (*order, *last) {
                    due = due.max(last);
                }
                *last = Some(due);
                if due > now {
                    Judgement::Until(due)
                } else {
                    Judgement::Pass
                }
            }
            Way::Copy { probability } if happens(*probability) => Judgement::Copy,
            Way::HoldBack {
                probability,
                gap_packets,
                wait,
            } if happens(*probability) => Judgement::Behind(*gap_packets, now + *wait),
            Way::Corrupt(corruption) => {
                let Corruption {
                    probability,
                    bits,
                    checksum,
                } = *corruption;
                if happens(probability) && corrupt(packet, bits.get(), checksum, random) {
                    Judgement::Changed
                } else {
                    Judgement::Pass
                }
            }
            Way::Stutter(turns) => turns.judge(now, random),
            Way::Throttle(bucket) => bucket.judge(packet.len(), now),
            Way::Lose { .. } | Way::Reset { .. } | Way::Copy { .. } | Way::HoldBack { .. } => Judgement::Pass,
        }
    }
}

/// A token bucket as one number: the time at which all that has come so far will be through.
#[derive(Debug)]
struct Bucket {
    seconds_per_byte: f64,
    burst: Duration,
    queue: Duration,
    through: Option<Instant>,
}

/// Nobody waits for longer than this, and `Instant` can be added to.
const AGES: Duration = Duration::from_secs(86_400);

impl Bucket {
    fn new(bytes_per_second: u64, burst_bytes: u64, queue_bytes: u64) -> Bucket {
        let seconds_per_byte = (bytes_per_second as f64).recip();
        let takes = |bytes: u64| {
            Duration::try_from_secs_f64(bytes as f64 * seconds_per_byte).map_or(AGES, |time| time.min(AGES))
        };
        Bucket {
            seconds_per_byte,
            burst: takes(burst_bytes),
            queue: takes(queue_bytes),
            through: None,
        }
    }

    fn judge(&mut self, bytes: usize, now: Instant) -> Judgement {
        let takes = Duration::from_secs_f64(bytes as f64 * self.seconds_per_byte);
        // A full bucket pays for a burst in advance.
        let paid_until = now.checked_sub(self.burst).unwrap_or(now);
        let due = self.through.map_or(paid_until, |through| through.max(paid_until)) + takes;
        if due <= now {
            self.through = Some(due);
            return Judgement::Pass;
        }
        // What waits takes as long as the last of it has to wait.
        if due - now > self.queue {
            return Judgement::Drop;
        }
        self.through = Some(due);
        Judgement::Until(due)
    }
}

#[cfg(test)]
mod tests {
    use super::super::link_rule::{Checksum, Delay, Distribution};
    use super::*;
    use std::num::NonZeroU32;

    fn actor(effect: Effect) -> Actor {
        Actor::new(&effect, 11, 0)
    }

    fn judgements(effect: Effect, count: usize) -> Vec<Judgement> {
        let (mut actor, now) = (actor(effect), Instant::now());
        (0..count).map(|_| actor.judge(&mut [0; 100], now)).collect()
    }

    fn share(judgements: &[Judgement], which: Judgement) -> f64 {
        judgements.iter().filter(|judgement| **judgement == which).count() as f64 / judgements.len() as f64
    }

    #[test]
    fn independent_losses_come_as_often_as_told() {
        let losses = judgements(Effect::Loss(Loss::Independent { probability: 0.2 }), 20_000);
        assert!((share(&losses, Judgement::Drop) - 0.2).abs() < 0.01);
        let all = judgements(Effect::Loss(Loss::Independent { probability: 1.0 }), 100);
        assert_eq!(share(&all, Judgement::Drop), 1.0);
    }

    #[test]
    fn bursts_are_as_long_and_as_frequent_as_told() {
        let loss = Loss::Bursty {
            probability: 0.2,
            mean_burst_packets: 8.0,
        };
        let losses = judgements(Effect::Loss(loss), 200_000);
        let bursts: Vec<_> = losses
            .chunk_by(|one, next| one == next)
            .filter(|run| run[0] == Judgement::Drop)
            .collect();
        let mean = bursts.iter().map(|burst| burst.len()).sum::<usize>() as f64 / bursts.len() as f64;
        assert!((mean - 8.0).abs() < 0.4, "{mean}");
        let lost = share(&losses, Judgement::Drop);
        assert!((lost - 0.2).abs() < 0.01, "{lost}");
    }

    #[test]
    fn the_same_seed_throws_the_same_dice_and_another_link_others() {
        let effect = Effect::Duplicate { probability: 0.5 };
        let throws = |seed, stream| {
            let (mut actor, now) = (Actor::new(&effect, seed, stream), Instant::now());
            (0..64).map(|_| actor.judge(&mut [], now)).collect::<Vec<_>>()
        };
        assert_eq!(throws(1, 5), throws(1, 5));
        assert_ne!(throws(1, 5), throws(1, 6));
        assert_ne!(throws(1, 5), throws(2, 5));
    }

    #[test]
    fn a_delay_that_keeps_the_order_never_lets_a_packet_overtake() {
        let time = Distribution::Uniform {
            min: Duration::ZERO,
            max: Duration::from_millis(10),
        };
        let in_order = |order| {
            let delays = judgements(Effect::Delay(Delay { time, order }), 100);
            delays.is_sorted_by_key(|judgement| match judgement {
                Judgement::Until(due) => *due,
                other => panic!("{other:?}"),
            })
        };
        assert!(in_order(Order::Kept));
        assert!(!in_order(Order::Free));
    }

    #[test]
    fn a_link_carries_its_rate_after_its_burst_and_drops_what_does_not_fit_in_its_queue() {
        let mut link = actor(Effect::Rate {
            bytes_per_second: 1000,
            burst_bytes: 200,
            queue_bytes: 300,
        });
        let begin = Instant::now();
        let mut come = |at_ms| link.judge(&mut [0; 100], begin + Duration::from_millis(at_ms));
        let at = |ms| Judgement::Until(begin + Duration::from_millis(ms));
        let expected = [
            Judgement::Pass,
            Judgement::Pass,
            at(100),
            at(200),
            at(300),
            Judgement::Drop,
        ];
        assert_eq!([(); 6].map(|()| come(0)), expected);
        assert_eq!(come(150), at(400));
        assert_eq!(
            come(1000),
            Judgement::Pass,
            "after a pause there is a burst again"
        );
    }

    #[test]
    fn the_slowest_link_and_the_largest_burst_do_not_overflow() {
        let (bytes_per_second, bytes) = (1, u64::MAX);
        let rate = Effect::Rate {
            bytes_per_second,
            burst_bytes: bytes,
            queue_bytes: bytes,
        };
        assert!(judgements(rate, 10).len() == 10);
        let bits = NonZeroU32::MAX;
        let probability = 1.0;
        let checksum = Checksum::Catches;
        let corrupt = Effect::Corrupt(Corruption {
            probability,
            bits,
            checksum,
        });
        assert_eq!(judgements(corrupt, 1), vec![Judgement::Changed]);
    }
}
