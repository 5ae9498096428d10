//! What can be done to a clock, within which bounds, and why it was not.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// A clock is at most so far off: ten years.
pub const OFFSET_MS_MAX: i64 = 10 * 365 * 24 * 3_600 * 1_000;

/// A clock runs at least and at most so many times as fast. libfaketime multiplies the rate by the nanoseconds since
/// the anchor, which may be 1970, as an `i64`: beyond 5 that overflows.
pub const RATES: std::ops::RangeInclusive<f64> = 0.25..=4.0;

/// A strobe holds each of its two times at least so long.
pub const STROBE_MIN: Duration = Duration::from_millis(1);

pub(super) const NS_IN_MS: i128 = 1_000_000;

/// What a clock is made to do, from now on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ClockFault {
    /// To be off the true time by so much, ahead or (negative) behind.
    Offset {
        /// Milliseconds.
        by_ms: i64,
    },
    /// To jump by so much from what it shows now, ahead or (negative) back.
    Jump {
        /// Milliseconds.
        by_ms: i64,
    },
    /// To jump to and fro: off by the first at once, then by the second, then by the first again.
    Strobe {
        /// The two offsets from the true time, in milliseconds.
        between_ms: [i64; 2],
        /// How long each is shown; at least [`STROBE_MIN`].
        every: Duration,
    },
    /// To go on from what it shows now, so many times as fast; within [`RATES`].
    Rate {
        /// Seconds on it for each second.
        times: f64,
    },
}

/// Why a clock could not be changed or looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClockError {
    /// The fault is out of bounds.
    #[error("set the clock of {node}: {what}")]
    Bounds {
        /// Which node.
        node: String,
        /// What is wrong and what is allowed.
        what: String,
    },
    /// The control file could not be replaced.
    #[error("set the clock of {node}: {path}: {source}")]
    Write {
        /// Which node.
        node: String,
        /// The control file.
        path: PathBuf,
        /// The file system's answer.
        source: io::Error,
    },
    /// The program that looks at the clock gave no answer.
    #[error("look at the clock of {node}: {reason}")]
    Look {
        /// Which node.
        node: String,
        /// What it did instead.
        reason: String,
    },
}

/// Whether a fault is within bounds.
///
/// # Errors
/// What is wrong and what is allowed.
pub(super) fn check(fault: ClockFault) -> Result<(), String> {
    let near = |by_ms: i64| {
        let far = by_ms.unsigned_abs() > OFFSET_MS_MAX.unsigned_abs();
        if far {
            Err(far_off(i128::from(by_ms) * NS_IN_MS))
        } else {
            Ok(())
        }
    };
    match fault {
        ClockFault::Offset { by_ms } | ClockFault::Jump { by_ms } => near(by_ms),
        ClockFault::Strobe { between_ms, every } => {
            between_ms.into_iter().try_for_each(near)?;
            if every < STROBE_MIN {
                return Err(format!("it cannot jump every {every:?}; at least {STROBE_MIN:?}"));
            }
            Ok(())
        }
        ClockFault::Rate { times } if !RATES.contains(&times) => Err(format!(
            "it cannot run {times} times as fast; from {} to {}",
            RATES.start(),
            RATES.end()
        )),
        ClockFault::Rate { .. } => Ok(()),
    }
}

/// Says that it is too far off.
pub(super) fn far_off(ns: i128) -> String {
    format!(
        "it cannot be off by {} ms; at most {OFFSET_MS_MAX}",
        ns / NS_IN_MS
    )
}
