//! In what ways clocks can be wrong.

use crate::Target;
use crate::draw::between;
use history::Fault;
use history::fault::ClockEffect;
use rand::{Rng, RngExt};

/// A family of wrong clocks. By how much, and whose, is drawn anew each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClockForm {
    /// Ahead or behind for as long as the fault lasts: a jump when it begins, and one back when it ends.
    Jump,
    /// Jumping forth and back all the time.
    Strobe,
    /// Too fast or too slow.
    Rate,
}

impl ClockForm {
    /// Every form, in the order of the documentation.
    pub const ALL: [ClockForm; 3] = [ClockForm::Jump, ClockForm::Strobe, ClockForm::Rate];

    /// The name, as in `--nemesis clock:jump`.
    pub fn name(self) -> &'static str {
        match self {
            ClockForm::Jump => "jump",
            ClockForm::Strobe => "strobe",
            ClockForm::Rate => "rate",
        }
    }

    /// What it does, in one line.
    pub fn summary(self) -> &'static str {
        match self {
            ClockForm::Jump => {
                "the clock jumps by 100 ms to 5 minutes, ahead or back, and back again at the end"
            }
            ClockForm::Strobe => "the clock jumps forth and back every 20 to 500 ms",
            ClockForm::Rate => "the clock goes at a quarter to four times its rate",
        }
    }

    /// Wrong clocks of this form for some of `nodes`.
    pub fn draw(self, nodes: &[String], rng: &mut impl Rng) -> Fault {
        let sign = if rng.random_bool(0.5) { 1 } else { -1 };
        let effect = match self {
            ClockForm::Jump => ClockEffect::Offset {
                ms: sign * between(rng, (100.0, 300_000.0)) as i64,
            },
            ClockForm::Strobe => ClockEffect::Strobe {
                ms: sign * between(rng, (100.0, 60_000.0)) as i64,
                period_ms: between(rng, (20.0, 500.0)),
            },
            ClockForm::Rate => ClockEffect::Rate {
                per_mille: match sign {
                    1 => between(rng, (1_050.0, 4_000.0)),
                    _ => between(rng, (250.0, 950.0)),
                },
            },
        };
        let target = if rng.random_bool(0.6) {
            Target::One
        } else {
            Target::Minority
        };
        Fault::Clock {
            nodes: target.draw(nodes, rng),
            effect,
        }
    }
}
