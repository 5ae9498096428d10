//! What a node's clock shows, and the line for libfaketime that makes it show that. Pure arithmetic.
//!
//! libfaketime computes `anchor + offset + (now - anchor) * rate`. Without a rate the anchor cancels out. With one
//! it does not: a clock that is to go on from where it is when its rate changes needs an offset that makes up for
//! all the time since the anchor. Hence every process of a node must have the same anchor, and we must know it;
//! see `library`.

/// Nanoseconds in a second.
const NS: i128 = 1_000_000_000;

/// What a clock shows: so far off at that moment, and running at that rate since then. Times are nanoseconds of
/// the machine's real-time clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    since_ns: i128,
    offset_ns: i128,
    rate: f64,
}

impl Setting {
    /// The machine's own time.
    pub const TRUE: Setting = Setting {
        since_ns: 0,
        offset_ns: 0,
        rate: 1.0,
    };

    /// Off by so much, from now on.
    pub fn offset(offset_ns: i128) -> Setting {
        Setting {
            offset_ns,
            ..Setting::TRUE
        }
    }

    /// Going on from where it is now, at another rate.
    pub fn at_rate(self, rate: f64, now_ns: i128) -> Setting {
        Setting {
            since_ns: now_ns,
            offset_ns: self.offset_at(now_ns),
            rate,
        }
    }

    /// How far off it is at some moment.
    pub fn offset_at(&self, now_ns: i128) -> i128 {
        if self.runs_true() {
            return self.offset_ns;
        }
        // A float has whole nanoseconds for a hundred days of a run.
        let gained = (now_ns - self.since_ns) as f64 * (self.rate - 1.0);
        self.offset_ns + gained.round() as i128
    }

    /// How much goes by on it in so long a time.
    pub fn on_it(&self, true_ns: i128) -> i128 {
        (true_ns as f64 * self.rate).ceil() as i128
    }

    /// Whether a second on it takes a second.
    pub fn runs_true(&self) -> bool {
        self.rate == 1.0
    }

    /// The line for libfaketime. It remembers the last rate that it read, so that a clock that has ever had
    /// another (`rate_was_set`) has to be told that it runs true again.
    pub fn line(&self, anchor_ns: i128, rate_was_set: bool) -> String {
        if !self.runs_true() {
            let since_anchor = (self.since_ns - anchor_ns) as f64 / NS as f64;
            let offset = self.offset_ns as f64 / NS as f64 + since_anchor * (1.0 - self.rate);
            return format!("{offset:+.9} x{}\n", self.rate);
        }
        let sign = if self.offset_ns < 0 { '-' } else { '+' };
        let size = self.offset_ns.abs();
        let rate = if rate_was_set { " x1" } else { "" };
        format!("{sign}{}.{:09}{rate}\n", size / NS, size % NS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i128 = 1_790_000_000 * NS;

    /// What libfaketime makes of a line.
    fn shown(line: &str, anchor: f64, now: f64) -> f64 {
        let mut words = line.split_whitespace();
        let offset: f64 = words.next().unwrap().parse().unwrap();
        let rate = words.next().map_or(1.0, |rate| rate[1..].parse().unwrap());
        anchor + offset + (now - anchor) * rate
    }

    #[test]
    fn an_offset_is_written_to_the_nanosecond() {
        assert_eq!(Setting::TRUE.line(0, false), "+0.000000000\n");
        assert_eq!(Setting::TRUE.line(0, true), "+0.000000000 x1\n");
        assert_eq!(Setting::offset(-1).line(0, false), "-0.000000001\n");
        assert_eq!(
            Setting::offset(-1_500 * 1_000_000).line(0, false),
            "-1.500000000\n"
        );
        assert_eq!(
            Setting::offset(3_600 * NS + 7).line(5, false),
            "+3600.000000007\n"
        );
    }

    #[test]
    fn a_rate_begins_and_ends_where_the_clock_is() {
        for rate in [0.25, 0.5, 0.9999, 1.0001, 2.0, 4.0] {
            for anchor in [0, NOW - 3_600 * NS] {
                let before = Setting::offset(-250_000_000);
                let during = before.at_rate(rate, NOW);
                assert_eq!(during.offset_at(NOW), before.offset_at(NOW));
                let later = NOW + 40 * NS;
                let line = during.line(anchor, true);
                for now in [NOW, later] {
                    let expected = (now + during.offset_at(now)) as f64 / 1e9;
                    let shown = shown(&line, anchor as f64 / 1e9, now as f64 / 1e9);
                    assert!((shown - expected).abs() < 1e-4, "{line} {shown} {expected}");
                }
                let shown_later = later + during.offset_at(later) - NOW - during.offset_at(NOW);
                assert!((during.on_it(40 * NS) - shown_later).abs() <= 1, "{rate}");
                let after = during.at_rate(1.0, later);
                assert_eq!(after.offset_at(later), during.offset_at(later));
                assert_eq!(
                    after.offset_at(later + NS),
                    after.offset_at(later),
                    "it gains no more"
                );
                let gained = during.offset_at(later) - during.offset_at(NOW);
                assert_eq!(gained, (40.0 * 1e9 * (rate - 1.0)).round() as i128);
            }
        }
    }
}
