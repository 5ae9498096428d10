//! What limits a run on this machine without forbidding it.

use cluster::Missing;
use cluster::probe::Capability;
use nix::sys::resource::{Resource, getrlimit};

/// Open files that a run of the defaults takes, measured (125), and as much again for more nodes and clients.
const OPEN_FILES: u64 = 256;

/// How many files may be open, and how many processors there are.
pub fn capabilities() -> [Capability; 2] {
    let files = getrlimit(Resource::RLIMIT_NOFILE).map_or(u64::MAX, |(soft, _)| soft);
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let source = std::fs::read_to_string("/sys/devices/system/clocksource/clocksource0/current_clocksource");
    [
        open_files(files),
        of_processors(processors, source.ok().as_deref()),
    ]
}

fn open_files(limit: u64) -> Capability {
    let ok = match limit {
        u64::MAX => Ok("as many as one likes".to_owned()),
        OPEN_FILES.. => Ok(format!("{limit} at a time")),
        _ => Err(Missing {
            reason: format!("{limit} at a time, and a run of the defaults may need {OPEN_FILES}"),
            fix: "ulimit -n 1024".to_owned(),
        }),
    };
    Capability {
        name: "open files",
        required: false,
        ok,
    }
}

fn of_processors(count: usize, clock: Option<&str>) -> Capability {
    let clock = clock.map(|name| format!("; the clock is {}", name.trim()));
    let detail = match count {
        1 => "1, which nodes, clients and faults share: times say little".to_owned(),
        _ => count.to_string(),
    };
    Capability {
        name: "processors",
        required: false,
        ok: Ok(detail + &clock.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_open_files_are_said_with_the_way_out() {
        let missing = open_files(255).ok.unwrap_err();
        assert_eq!(
            missing.reason,
            "255 at a time, and a run of the defaults may need 256"
        );
        assert_eq!(missing.fix, "ulimit -n 1024");
        assert_eq!(open_files(256).ok.unwrap(), "256 at a time");
    }

    #[test]
    fn processors_are_counted_and_the_clock_is_named() {
        assert_eq!(of_processors(2, Some("tsc\n")).ok.unwrap(), "2; the clock is tsc");
        let alone = of_processors(1, None).ok.unwrap();
        assert!(alone.starts_with("1, which"), "{alone}");
    }
}
