//! Drawing times.

use super::link_rule::Distribution;
use rand::{Rng, RngExt};
use rand_distr::{Distribution as _, Normal, Pareto};
use std::time::Duration;

/// A [`Distribution`], ready for use.
#[derive(Debug)]
pub enum Sampler {
    Constant(Duration),
    Uniform(Duration, Duration),
    Normal(Normal<f64>, Duration),
    Pareto(Pareto<f64>, Duration),
}

impl Sampler {
    /// Of a distribution that `check` has let pass.
    pub fn new(distribution: &Distribution) -> Sampler {
        match *distribution {
            Distribution::Constant(time) => Sampler::Constant(time),
            Distribution::Uniform { min, max } => Sampler::Uniform(min, max),
            Distribution::Normal { mean, deviation, max } => {
                let normal = Normal::new(mean.as_secs_f64(), deviation.as_secs_f64());
                Sampler::Normal(normal.expect("a duration is finite and not negative"), max)
            }
            Distribution::Pareto { min, shape, max } => {
                let pareto = Pareto::new(min.as_secs_f64(), shape);
                Sampler::Pareto(pareto.expect("both are checked to be positive"), max)
            }
        }
    }

    /// The next time.
    pub fn draw(&self, random: &mut impl Rng) -> Duration {
        match self {
            Sampler::Constant(time) => *time,
            Sampler::Uniform(min, max) => random.random_range(*min..=*max),
            Sampler::Normal(normal, max) => seconds(normal.sample(random), *max),
            Sampler::Pareto(pareto, max) => seconds(pareto.sample(random), *max),
        }
    }
}

fn seconds(seconds: f64, max: Duration) -> Duration {
    // Infinity is above any longest time as well.
    Duration::from_secs_f64(seconds.clamp(0.0, max.as_secs_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    const MAX: Duration = Duration::from_millis(50);

    fn draws(distribution: Distribution) -> Vec<f64> {
        let sampler = Sampler::new(&distribution);
        let mut random = ChaCha8Rng::seed_from_u64(3);
        (0..20_000)
            .map(|_| sampler.draw(&mut random).as_secs_f64() * 1e3)
            .collect()
    }

    fn mean(draws: &[f64]) -> f64 {
        draws.iter().sum::<f64>() / draws.len() as f64
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_constant_does_not_vary() {
        assert!(
            draws(Distribution::Constant(ms(3)))
                .iter()
                .all(|drawn| *drawn == 3.0)
        );
    }

    #[test]
    fn uniform_times_lie_between_the_two_around_their_middle() {
        let drawn = draws(Distribution::Uniform {
            min: ms(2),
            max: ms(4),
        });
        assert!(drawn.iter().all(|drawn| (2.0..=4.0).contains(drawn)));
        assert!((mean(&drawn) - 3.0).abs() < 0.05);
    }

    #[test]
    fn normal_times_spread_as_told_and_stay_within_their_bounds() {
        let normal = |mean, deviation| Distribution::Normal {
            mean,
            deviation,
            max: MAX,
        };
        let drawn = draws(normal(ms(20), ms(2)));
        let middle = mean(&drawn);
        let variance = mean(
            &drawn
                .iter()
                .map(|drawn| (drawn - middle).powi(2))
                .collect::<Vec<_>>(),
        );
        assert!((middle - 20.0).abs() < 0.1 && (variance.sqrt() - 2.0).abs() < 0.1);
        let wide = draws(normal(ms(20), ms(100)));
        assert!(wide.iter().all(|drawn| (0.0..=50.0).contains(drawn)));
        assert!(wide.contains(&0.0) && wide.contains(&50.0));
    }

    #[test]
    fn pareto_times_are_mostly_short_and_sometimes_the_longest() {
        let drawn = draws(Distribution::Pareto {
            min: ms(1),
            shape: 1.0,
            max: MAX,
        });
        assert!(drawn.iter().all(|drawn| (1.0..=50.0).contains(drawn)));
        let share = |longer: f64| drawn.iter().filter(|drawn| **drawn > longer).count() as f64 / 20_000.0;
        assert!(
            (share(2.0) - 0.5).abs() < 0.02,
            "half are longer than twice the shortest"
        );
        assert!(
            (share(49.9) - 0.02).abs() < 0.005,
            "one in fifty would be longer than the longest"
        );
    }
}
