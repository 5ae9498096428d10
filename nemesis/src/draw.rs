//! How numbers are drawn: one random stream per concern, times in shares of the interval.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A random stream for one concern of the run.
pub fn stream(seed: u64, concern: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(concern);
    rng
}

/// A share of some milliseconds, evenly drawn.
pub fn share(rng: &mut impl Rng, of_ms: u64, from: f64, to: f64) -> u64 {
    (of_ms as f64 * rng.random_range(from..to)).round() as u64
}

/// A number between two others, equally likely in every order of magnitude.
pub fn between(rng: &mut impl Rng, (least, most): (f64, f64)) -> u64 {
    rng.random_range(least.ln()..most.ln()).exp().round() as u64
}
