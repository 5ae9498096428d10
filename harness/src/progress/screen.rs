//! The live lines as text: what is known at a moment, in, at most five lines, out.
//!
//! Nothing here looks at a clock or a terminal. Where a line is too wide for the screen, its columns go from the
//! right, whole.

use checker::Standing;
use cluster::NodeState;
use std::time::Duration;

/// How wide the bar of a phase is.
const BAR: usize = 48;
/// What stands before every line.
const LABEL: usize = 8;
/// An object that is searched for longer is named.
const HARD: Duration = Duration::from_secs(1);

/// What is known at a moment.
#[derive(Clone, Debug, Default)]
pub struct Now {
    /// The part of the run.
    pub phase: &'static str,
    /// For how long it has gone on.
    pub elapsed: Duration,
    /// How long it will take, where that is known.
    pub lasts: Option<Duration>,
    /// Which run of several this is, and how the others came out.
    pub series: Option<String>,
    /// Whether somebody has paused the load.
    pub is_paused: bool,
    /// How far the check is; none at any other time.
    pub check: Option<Standing>,
    /// The operations; none before there are clients and after they have gone.
    pub operations: Option<Operations>,
    /// The nodes.
    pub nodes: Vec<(String, NodeState)>,
    /// The nodes that can make up a majority, while there are faults; empty for no quorum.
    pub quorum: Option<Vec<String>>,
    /// For how long there was none so far.
    pub without_quorum: Duration,
    /// The faults in force, and for how long each has been.
    pub faults: Vec<(String, Duration)>,
}

/// Operations, counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Operations {
    /// All that began.
    pub begun: u64,
    /// Per second, of late.
    pub per_second: f64,
    /// Certainly happened.
    pub ok: u64,
    /// Certainly did not.
    pub failed: u64,
    /// Nobody knows.
    pub unknown: u64,
    /// The median and the 99th percentile of how long answers took, of late.
    pub latency: Option<(Duration, Duration)>,
}

/// The lines for a screen so wide, at most five.
pub fn lines(now: &Now, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(
        now.series
            .as_ref()
            .map(|series| fitted(std::slice::from_ref(series), width)),
    );
    lines.push(phase(now, width));
    if let Some(operations) = &now.operations {
        lines.push(labelled("ops", &numbers(operations), width));
        lines.push(labelled("nodes", &nodes(now), width));
        lines.push(labelled("fault", &faults(now), width));
    }
    lines
}

/// The numbers of a plain line: `ops 11,402 (ok 11,158, failed 190, unknown 54) 398/s`.
pub fn plain(now: &Now) -> String {
    let operations = now.operations.unwrap_or_default();
    let up = now
        .nodes
        .iter()
        .filter(|(_, state)| *state == NodeState::Up)
        .count();
    let quorum = match &now.quorum {
        Some(quorum) if quorum.is_empty() => "none",
        // A node that is on its way back is no fault any more, and not up yet.
        _ if up * 2 <= now.nodes.len() => "none",
        _ => "ok",
    };
    let faults: Vec<&str> = now.faults.iter().map(|(what, _)| what.as_str()).collect();
    format!(
        "[{}] ops {} (ok {}, failed {}, unknown {}) {:.0}/s · nodes {up}/{} · fault {} · quorum {quorum}",
        clock(now.elapsed),
        count(operations.begun),
        count(operations.ok),
        count(operations.failed),
        count(operations.unknown),
        operations.per_second,
        now.nodes.len(),
        if faults.is_empty() {
            "none".to_owned()
        } else {
            faults.join(", ")
        },
    )
}

fn phase(now: &Now, width: usize) -> String {
    let time = match now.lasts {
        Some(lasts) => format!("{} / {}", clock(now.elapsed.min(lasts)), clock(lasts)),
        None => clock(now.elapsed),
    };
    let note = if now.is_paused { "load paused" } else { "" };
    let room = width.saturating_sub(LABEL + 6 + time.len()).min(BAR);
    let bar = match now.lasts {
        Some(lasts) => bar(now.elapsed.as_secs_f64() / lasts.as_secs_f64(), room),
        None => String::new(),
    };
    let mut columns = match bar.is_empty() {
        true => vec![time, note.to_owned()],
        false => vec![format!("{bar}  {time}"), note.to_owned()],
    };
    columns.extend(now.check.iter().flat_map(checked));
    labelled(now.phase, &columns, width)
}

/// How far a check is, as a plain line: `[1:05] check 411 of 412 objects · 512 of 2,048 MiB · "x" for 0:31`; nothing before
/// it has begun.
pub fn check_line(elapsed: Duration, check: &Standing) -> Option<String> {
    let columns = checked(check);
    (!columns.is_empty()).then(|| format!("[{}] check {}", clock(elapsed), columns.join(" · ")))
}

/// The objects that were checked, the memory that is held, and the object that takes the longest.
fn checked(check: &Standing) -> Vec<String> {
    if check.objects == 0 {
        return Vec::new();
    }
    let objects = format!(
        "{} of {}",
        count(check.objects_done as u64),
        results::text::counted(check.objects, "object")
    );
    let mib = |bytes: usize| count(bytes.div_ceil(1 << 20) as u64);
    let memory = (check.held_bytes > 0).then(|| match check.memory_max_bytes {
        Some(most) => format!("{} of {} MiB", mib(check.held_bytes), mib(most)),
        None => format!("{} MiB", mib(check.held_bytes)),
    });
    let is_hard = |(_, lasted): &&(String, Duration)| *lasted >= HARD;
    let hardest = check
        .hardest
        .as_ref()
        .filter(is_hard)
        .map(|(name, lasted)| format!("{} for {}", results::text::visible(name, 24), clock(*lasted)));
    std::iter::once(objects).chain(memory).chain(hardest).collect()
}

fn bar(share: f64, cells: usize) -> String {
    let full = ((share.clamp(0.0, 1.0) * cells as f64) as usize).min(cells);
    match full {
        full if full == cells => "━".repeat(cells),
        full => format!("{}╸{}", "━".repeat(full), "─".repeat(cells - full - 1)),
    }
}

fn numbers(operations: &Operations) -> Vec<String> {
    let mut columns = vec![
        format!("{:<8}", count(operations.begun)),
        format!("{:.0}/s", operations.per_second),
        format!("ok {}", count(operations.ok)),
        format!("failed {}", count(operations.failed)),
        format!("unknown {}", count(operations.unknown)),
    ];
    if let Some((median, worst)) = operations.latency {
        columns.push(format!("p50 {}  p99 {}", short(median), short(worst)));
    }
    columns
}

fn nodes(now: &Now) -> Vec<String> {
    let node = |(name, state): &(String, NodeState)| match state {
        NodeState::Up => format!("{name} ●"),
        NodeState::Starting => format!("{name} ◐ starting"),
        NodeState::Paused => format!("{name} ‖ paused"),
        state => format!("{name} ✕ {state}"),
    };
    let all: Vec<String> = now.nodes.iter().map(node).collect();
    let mut columns = vec![all.join("  ")];
    match &now.quorum {
        None => {}
        Some(quorum) if quorum.is_empty() => columns.push("no quorum".to_owned()),
        Some(quorum) => columns.push(format!("quorum {}", quorum.join(" "))),
    }
    if !now.without_quorum.is_zero() {
        columns.push(format!(
            "no quorum so far {:.1} s",
            now.without_quorum.as_secs_f64()
        ));
    }
    columns
}

fn faults(now: &Now) -> Vec<String> {
    match now.faults.as_slice() {
        [] => vec!["none".to_owned()],
        faults => {
            let told = |(what, since): &(String, Duration)| format!("{what} {:.1} s", since.as_secs_f64());
            faults.iter().map(told).collect()
        }
    }
}

fn labelled(label: &str, columns: &[String], width: usize) -> String {
    let columns: Vec<&String> = columns.iter().filter(|column| !column.is_empty()).collect();
    let mut first = format!("{label:LABEL$}");
    let mut all = Vec::new();
    for (place, column) in columns.into_iter().enumerate() {
        match place {
            0 => first += &format!(" {column}"),
            _ => all.push(column.clone()),
        }
    }
    let mut whole = vec![first];
    whole.extend(all);
    fitted(&whole, width)
}

/// As many columns as there is room for; of the first, as much.
fn fitted(columns: &[String], width: usize) -> String {
    let mut line = String::new();
    for (place, column) in columns.iter().enumerate() {
        let gap = if place == 0 { "  " } else { "   " };
        let longer = format!("{line}{gap}{column}");
        if place > 0 && longer.chars().count() > width {
            break;
        }
        line = longer;
    }
    // The last cell of a line is left alone: some terminals wrap there.
    line.chars().take(width.saturating_sub(1)).collect()
}

fn count(number: u64) -> String {
    results::text::count(number)
}

/// `1:05`.
pub fn clock(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}

fn short(time: Duration) -> String {
    match time.as_micros() {
        micros @ 0..10_000 => format!("{:.1} ms", micros as f64 / 1000.0),
        micros => format!("{} ms", micros / 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn under_way() -> Now {
        let node = |name: &str, state| (name.to_owned(), state);
        Now {
            phase: "run",
            elapsed: Duration::from_millis(32_160),
            lasts: Some(Duration::from_secs(60)),
            operations: Some(Operations {
                begun: 12_071,
                per_second: 352.4,
                ok: 11_790,
                failed: 214,
                unknown: 67,
                latency: Some((Duration::from_millis(6), Duration::from_millis(48))),
            }),
            nodes: vec![
                node("n1", NodeState::Up),
                node("n2", NodeState::Paused),
                node("n3", NodeState::Down),
                node("n4", NodeState::Starting),
                node("n5", NodeState::Up),
            ],
            quorum: Some(vec![]),
            without_quorum: Duration::from_millis(3600),
            faults: vec![
                (
                    "partition n1 n2 ┊ n3 n4 n5".to_owned(),
                    Duration::from_millis(600),
                ),
                ("kill n3".to_owned(), Duration::from_millis(1250)),
            ],
            ..Now::default()
        }
    }

    #[test]
    fn a_run_under_way_on_a_usual_screen() {
        let golden = [
            "  run      ━━━━━━━━━━━━━━━━━━━━━━━━━╸──────────────────────  0:32 / 1:00",
            "  ops      12,071     352/s   ok 11,790   failed 214   unknown 67",
            "  nodes    n1 ●  n2 ‖ paused  n3 ✕ down  n4 ◐ starting  n5 ●   no quorum",
            "  fault    partition n1 n2 ┊ n3 n4 n5 0.6 s   kill n3 1.2 s",
        ];
        assert_eq!(lines(&under_way(), 80), golden);
    }

    #[test]
    fn a_wide_screen_has_every_column_and_a_narrow_one_drops_them_from_the_right() {
        let wide = lines(&under_way(), 120).join("\n");
        assert!(wide.contains("unknown 67   p50 6.0 ms  p99 48 ms"), "{wide}");
        assert!(wide.contains("no quorum   no quorum so far 3.6 s"), "{wide}");
        let golden = [
            "  run      ━━━━━━━━╸──────  0:32 / 1:00",
            "  ops      12,071     352/s   ok 11,790",
            "  nodes    n1 ●  n2 ‖ paused  n3 ✕ down",
            "  fault    partition n1 n2 ┊ n3 n4 n5 0",
        ];
        let narrow = lines(&under_way(), 40);
        assert_eq!(narrow.iter().map(|it| it.trim_end()).collect::<Vec<_>>(), golden);
    }

    #[test]
    fn there_are_never_more_than_five_lines_and_none_is_too_wide() {
        let now = Now {
            series: Some("run 7/50   valid 6  invalid 0  unknown 0".into()),
            is_paused: true,
            ..under_way()
        };
        for width in [1, 10, 40, 79, 80, 200] {
            let lines = lines(&now, width);
            assert_eq!(lines.len(), 5);
            assert!(
                lines.iter().all(|line| line.chars().count() < width.max(2)),
                "{width}"
            );
        }
        assert!(lines(&now, 100)[0].contains("run 7/50   valid 6"));
        assert!(lines(&now, 100)[1].contains("load paused"));
    }

    #[test]
    fn other_phases_have_a_line_of_their_own() {
        let now = Now {
            phase: "check",
            elapsed: Duration::from_secs(65),
            ..Now::default()
        };
        assert_eq!(lines(&now, 80), ["  check    1:05"]);
        assert_eq!(bar(0.0, 4), "╸───");
        assert_eq!(bar(1.0, 4), "━━━━");
        assert_eq!(bar(7.5, 2), "━━");
    }

    #[test]
    fn a_check_says_how_many_objects_are_done_and_which_one_is_hard() {
        let check = Standing {
            objects: 412,
            objects_done: 411,
            held_bytes: 512 << 20,
            memory_max_bytes: Some(2 << 30),
            hardest: Some(("\"x\u{1b}\"".to_owned(), Duration::from_secs(31))),
            ..Standing::default()
        };
        let now = Now {
            phase: "check",
            elapsed: Duration::from_secs(65),
            check: Some(check.clone()),
            ..Now::default()
        };
        let wide = "  check    1:05   411 of 412 objects   512 of 2,048 MiB   \"x\\u{1b}\" for 0:31";
        assert_eq!(lines(&now, 120), [wide]);
        assert_eq!(lines(&now, 50), ["  check    1:05   411 of 412 objects"]);
        let plain = "[1:05] check 411 of 412 objects · 512 of 2,048 MiB · \"x\\u{1b}\" for 0:31";
        assert_eq!(check_line(now.elapsed, &check).as_deref(), Some(plain));
        // Before it has begun there is nothing to be said, and of easy objects no more than their number.
        assert_eq!(check_line(now.elapsed, &Standing::default()), None);
        let easy = Standing {
            held_bytes: 0,
            hardest: Some(("x".to_owned(), Duration::from_millis(900))),
            ..check
        };
        assert_eq!(checked(&easy), ["411 of 412 objects"]);
    }

    #[test]
    fn elsewhere_the_same_is_one_line() {
        assert_eq!(
            plain(&under_way()),
            "[0:32] ops 12,071 (ok 11,790, failed 214, unknown 67) 352/s · nodes 2/5 · fault partition n1 n2 ┊ n3 n4 n5, kill n3 · quorum none"
        );
        // No fault any more, and nobody back yet.
        let one = |state| Now {
            nodes: vec![("n1".to_owned(), state)],
            ..Now::default()
        };
        assert!(plain(&one(NodeState::Starting)).ends_with("nodes 0/1 · fault none · quorum none"));
        assert!(plain(&one(NodeState::Up)).ends_with("nodes 1/1 · fault none · quorum ok"));
    }
}
