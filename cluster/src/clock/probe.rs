//! What time it is for a program: `date`, started in the same environment, and the machine's own clock before and
//! after.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

/// One look at two clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// The machine's own time before.
    pub before_ns: i128,
    /// What the program saw.
    pub shown_ns: i128,
    /// The machine's own time after.
    pub after_ns: i128,
}

impl Look {
    /// How far the program's clock is off, give or take [`Look::doubt_ns`].
    pub fn offset_ns(&self) -> i128 {
        self.shown_ns - i128::midpoint(self.before_ns, self.after_ns)
    }

    /// How wrong that can be: the program looked at some moment between the two.
    pub fn doubt_ns(&self) -> i128 {
        (self.after_ns - self.before_ns) / 2 + 1
    }
}

/// The machine's own time, since 1970.
pub fn now_ns() -> i128 {
    let now = SystemTime::now();
    match now.duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_nanos() as i128,
        Err(before) => -(before.duration().as_nanos() as i128),
    }
}

/// Starts `date` and reads what it says. Blocking, for some milliseconds.
pub fn look(date: &Path, env: &BTreeMap<String, String>) -> Result<Look, String> {
    let mut command = Command::new(date);
    command.arg("+%s.%N").env_clear().envs(env).stdin(Stdio::null());
    let before_ns = now_ns();
    let output = command
        .output()
        .map_err(|why| format!("{}: {why}", date.display()))?;
    let after_ns = now_ns();
    let text = String::from_utf8_lossy(&output.stdout);
    let shown_ns = nanoseconds(text.trim()).ok_or_else(|| {
        let told = String::from_utf8_lossy(&output.stderr);
        let told = crate::untrusted::printable(told.trim(), 200);
        format!("{} +%s.%N printed {:?} {told}", date.display(), text.trim())
    })?;
    Ok(Look {
        before_ns,
        shown_ns,
        after_ns,
    })
}

/// Reads `1790000000.000000001`.
fn nanoseconds(text: &str) -> Option<i128> {
    let (seconds, fraction) = text.split_once('.')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if fraction.len() != 9 || !digits(fraction) {
        return None;
    }
    let size: i128 = seconds.strip_prefix('-').unwrap_or(seconds).parse().ok()?;
    let sign = if seconds.starts_with('-') { -1 } else { 1 };
    // The fraction counts upwards also before 1970.
    Some(sign * size * 1_000_000_000 + fraction.parse::<i128>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_nanoseconds_are_read() {
        assert_eq!(
            nanoseconds("1790000000.000000001"),
            Some(1_790_000_000_000_000_001)
        );
        assert_eq!(nanoseconds("-1.750000000"), Some(-250_000_000));
        for wrong in [
            "",
            "1790000000",
            "1790000000.%N",
            "1.5",
            "1,500000000",
            "x.000000000",
        ] {
            assert_eq!(nanoseconds(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_doubt_covers_every_moment_at_which_it_may_have_looked() {
        let look = Look {
            before_ns: 100,
            shown_ns: 1_000,
            after_ns: 105,
        };
        assert_eq!((look.offset_ns(), look.doubt_ns()), (898, 3));
    }
}
