//! A link that stalls and flows in turns.

use super::effect::Judgement;
use rand::{Rng, RngExt};
use rand_distr::{Distribution as _, Exp1};
use std::time::{Duration, Instant};

/// No turn is longer than so many times the mean.
const LONGEST: f64 = 10.0;
/// After so many turns without a packet a link begins anew: nobody has seen what it did meanwhile.
const UNSEEN_TURNS: u32 = 1_000;

/// Whether a link stalls, and until when.
#[derive(Debug)]
pub struct Turns {
    stalled: Duration,
    flowing: Duration,
    now: Option<Turn>,
}

#[derive(Debug, Clone, Copy)]
struct Turn {
    is_stalled: bool,
    until: Instant,
}

impl Turns {
    /// A link of which nobody has seen yet what it does.
    pub fn new(stalled: Duration, flowing: Duration) -> Turns {
        Turns {
            stalled,
            flowing,
            now: None,
        }
    }

    /// What becomes of a packet that comes now.
    pub fn judge(&mut self, now: Instant, random: &mut impl Rng) -> Judgement {
        let mut turn = match self.now {
            Some(turn) => turn,
            None => self.some_turn(now, random),
        };
        let mut unseen = 0;
        while turn.until <= now {
            unseen += 1;
            turn = match unseen {
                UNSEEN_TURNS => self.some_turn(now, random),
                _ => self.turn(!turn.is_stalled, turn.until, random),
            };
        }
        self.now = Some(turn);
        match turn.is_stalled {
            true => Judgement::Until(turn.until),
            false => Judgement::Pass,
        }
    }

    /// A link that has been taking turns for a long time.
    fn some_turn(&self, now: Instant, random: &mut impl Rng) -> Turn {
        let share = self.stalled.as_secs_f64() / (self.stalled + self.flowing).as_secs_f64();
        let is_stalled = random.random_bool(share);
        self.turn(is_stalled, now, random)
    }

    fn turn(&self, is_stalled: bool, begin: Instant, random: &mut impl Rng) -> Turn {
        let mean = if is_stalled { self.stalled } else { self.flowing };
        let times: f64 = Exp1.sample(random);
        // A turn takes some time, however short.
        let lasts = mean.mul_f64(times.min(LONGEST)).max(Duration::from_nanos(1));
        Turn {
            is_stalled,
            until: begin + lasts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    const MS: Duration = Duration::from_millis(1);

    /// How long a packet that comes at each millisecond waits, and when it arrives, in microseconds from the beginning.
    fn arrivals(stalled: Duration, flowing: Duration, packets: u32) -> Vec<(u128, u128)> {
        let (begin, mut random) = (Instant::now(), ChaCha8Rng::seed_from_u64(5));
        let mut turns = Turns::new(stalled, flowing);
        let arrival = |number: u32| {
            let now = begin + MS * number;
            let arrives = match turns.judge(now, &mut random) {
                Judgement::Pass => now,
                Judgement::Until(due) => due,
                other => panic!("{other:?}"),
            };
            ((arrives - now).as_micros(), (arrives - begin).as_micros())
        };
        (0..packets).map(arrival).collect()
    }

    #[test]
    fn a_link_stalls_for_its_share_of_the_time_and_in_turns_as_long_as_told() {
        let arrivals = arrivals(MS * 30, MS * 10, 200_000);
        let late = arrivals.iter().filter(|(waits, _)| *waits > 0).count() as f64 / arrivals.len() as f64;
        assert!((late - 0.75).abs() < 0.02, "{late}");
        let waits: u128 = arrivals.iter().map(|(waits, _)| waits).sum();
        let mean_ms = waits as f64 / 1e3 / (late * arrivals.len() as f64);
        // What is left of an exponential time is as long as the whole in the mean.
        assert!((mean_ms - 30.0).abs() < 3.0, "{mean_ms}");
    }

    #[test]
    fn nothing_overtakes() {
        let arrivals = arrivals(MS * 30, MS * 3, 20_000);
        assert!(arrivals.is_sorted_by_key(|(_, arrives)| *arrives));
    }

    #[test]
    fn a_link_without_packets_for_a_year_is_judged_at_once() {
        let mut random = ChaCha8Rng::seed_from_u64(5);
        let mut turns = Turns::new(Duration::from_nanos(1), Duration::from_nanos(1));
        let begin = Instant::now();
        turns.judge(begin, &mut random);
        turns.judge(begin + Duration::from_secs(365 * 86_400), &mut random);
    }
}
