//! Faults in words.

use super::names;
use history::Fault;
use history::fault::{ClockEffect, DiskEffect, Distribution, Link, PacketEffect};
use std::collections::BTreeSet;

/// A fault in a few words: `kill n3`, `partition n1 n2 ┊ n3 n4 n5`, `delay 50 ± 20 ms n1 → n2 n3`.
pub fn fault(fault: &Fault) -> String {
    format!("{} {}", deed(fault), whom(fault))
}

/// How it begins, as an entry in a diary: `kill n3`, `cut n1 ┊ n2 n3 (halves)`, `pause n2`.
pub fn beginning(fault: &Fault) -> String {
    let verb = match fault {
        Fault::Partition { .. } => "cut".to_owned(),
        other => deed(other),
    };
    format!("{verb} {}", whom_exactly(fault))
}

/// How it ends: `start n3`, `heal n1 ┊ n2 n3 (halves)`, `resume n2`.
pub fn ending(fault: &Fault) -> String {
    let verb = match fault {
        Fault::Kill {
            slow_start: Some(_), ..
        } => "start, slowly,".to_owned(),
        Fault::Kill { .. } | Fault::Terminate { .. } => "start".to_owned(),
        Fault::Member { .. } => "take back in".to_owned(),
        Fault::Pause { .. } => "resume".to_owned(),
        Fault::Partition { .. } => "heal".to_owned(),
        Fault::Packet {
            effect: PacketEffect::Hold,
            ..
        } => "release".to_owned(),
        other => format!("end of {}", deed(other)),
    };
    format!("{verb} {}", whom_exactly(fault))
}

/// Its two turns as sentences about those it hit: `n3 killed (SIGKILL)`, `n3 restarted`.
pub fn turns(of: &Fault) -> (String, String) {
    let whom = whom(of);
    match (of, what_befell(of)) {
        (Fault::Kill { .. } | Fault::Terminate { .. }, Some(befell)) => {
            let back = match of.flap() {
                None => "restarted",
                Some(_) => "restarted for good",
            };
            (format!("{whom} {befell}"), format!("{whom} {back}"))
        }
        (Fault::Member { .. }, Some(befell)) => {
            (format!("{whom} {befell}"), format!("{whom} back as a new member"))
        }
        (_, Some(befell)) => (format!("{whom} {befell}"), format!("{whom} resumed")),
        (_, None) => (fault(of), format!("{} healed", fault(of))),
    }
}

/// What became of those it hit: `n3 killed (SIGKILL)`; none for faults of links, which do not stop a node.
pub fn what_befell(fault: &Fault) -> Option<&'static str> {
    match fault {
        Fault::Kill { power, flap, .. } => Some(match (power, flap) {
            (false, None) => "killed (SIGKILL)",
            (true, None) => "lost power",
            (false, Some(_)) => "killed again and again (SIGKILL)",
            (true, Some(_)) => "lost power again and again",
        }),
        Fault::Terminate { .. } => Some("stopped (SIGTERM)"),
        Fault::Member { .. } => Some("killed and taken out of the membership"),
        Fault::Pause { .. } => Some("paused (SIGSTOP)"),
        _ => None,
    }
}

/// What is done by faults of a kind, for the table of what was exercised.
pub fn kind(kind: &str) -> String {
    match kind {
        "kill" => "kill, then restart".to_owned(),
        "pause" => "pause, then resume".to_owned(),
        "terminate" => "stop in order, then restart".to_owned(),
        "member" => "out of the membership, then in anew".to_owned(),
        "packet" => "packets disturbed".to_owned(),
        "disk" => "disk misbehaves".to_owned(),
        "clock" => "clock wrong".to_owned(),
        other => super::visible(other, 40),
    }
}

/// When operations began that met a fault of a kind: `during a partition`.
pub fn meanwhile(kind: &str) -> String {
    match kind {
        "kill" => "with a node down".to_owned(),
        "pause" => "with a node paused".to_owned(),
        "terminate" => "with a node stopped".to_owned(),
        "member" => "with a member taken out".to_owned(),
        "packet" => "while packets were disturbed".to_owned(),
        "disk" => "while a disk misbehaved".to_owned(),
        "clock" => "while a clock was wrong".to_owned(),
        other => format!("during a {}", super::visible(other, 40)),
    }
}

/// So many faults of a kind, `power_failures` of them: `3 partitions`, `2 disk faults`, `2 power failures`, `3 kills (1
/// power failure among them)`.
pub fn counted(kind: &str, number: usize, power_failures: usize) -> String {
    match kind {
        "partition" | "pause" => super::counted(number, kind),
        "terminate" => super::counted(number, "termination"),
        "member" => super::counted(number, "membership change"),
        "kill" if power_failures == 0 => super::counted(number, kind),
        "kill" if power_failures >= number => super::counted(number, "power failure"),
        "kill" => format!(
            "{} ({} among them)",
            super::counted(number, kind),
            super::counted(power_failures, "power failure")
        ),
        other => super::counted(number, &format!("{} fault", super::visible(other, 40))),
    }
}

/// What is done, without to whom: `kill`, `delay 50 ± 20 ms`, `disk full`.
pub fn deed(fault: &Fault) -> String {
    match fault {
        Fault::Partition { .. } => "partition".to_owned(),
        Fault::Kill { power, flap, .. } => match (power, flap) {
            (false, None) => "kill".to_owned(),
            (true, None) => "power failure".to_owned(),
            (false, Some(_)) => "restart storm".to_owned(),
            (true, Some(_)) => "power failures".to_owned(),
        },
        Fault::Terminate { .. } => "terminate".to_owned(),
        Fault::Member { .. } => "take out".to_owned(),
        Fault::Pause { .. } => "pause".to_owned(),
        Fault::Packet { effect, matching, .. } => match matching {
            None => packets(*effect),
            Some(which) => format!(
                "{} of packets with {}",
                packets(*effect),
                super::visible(&which.payload, 30)
            ),
        },
        Fault::Disk { effect, .. } => disk(*effect),
        Fault::Clock { effect, .. } => clock(*effect),
    }
}

fn packets(effect: PacketEffect) -> String {
    match effect {
        PacketEffect::Delay {
            mean_ms,
            jitter_ms,
            distribution,
        } => {
            let tail = if distribution == Distribution::LongTailed {
                ", long-tailed"
            } else {
                ""
            };
            format!("delay {mean_ms} ± {jitter_ms} ms{tail}")
        }
        PacketEffect::Loss {
            percent,
            burst: 0 | 1,
        } => format!("loss {percent} %"),
        PacketEffect::Loss { percent, burst } => format!("loss {percent} % in bursts of {burst}"),
        PacketEffect::Duplicate { percent } => format!("duplication {percent} %"),
        PacketEffect::Reorder { percent, gap_packets } => format!(
            "reordering {percent} % by {}",
            super::counted(usize::from(gap_packets), "packet")
        ),
        PacketEffect::Corrupt {
            percent,
            past_checksum: false,
        } => format!("corruption {percent} %"),
        PacketEffect::Corrupt { percent, .. } => format!("corruption {percent} % past the checksum"),
        PacketEffect::Rate { kilobytes_per_second } => format!("rate {kilobytes_per_second} kB/s"),
        PacketEffect::Stutter {
            stalled_ms,
            flowing_ms,
        } => format!("stutter (stalled {stalled_ms} ms, flowing {flowing_ms} ms)"),
        PacketEffect::Hold => "hold".to_owned(),
        PacketEffect::Reset { percent } => format!("reset by {percent} %"),
        PacketEffect::Drop => "drop".to_owned(),
    }
}

fn disk(effect: DiskEffect) -> String {
    match effect {
        DiskEffect::Slow { mean_ms } => format!("disk slow by {mean_ms} ms"),
        DiskEffect::Full => "disk full".to_owned(),
        DiskEffect::SyncError { percent } => format!("disk: {percent} % of syncs fail"),
        DiskEffect::WriteError { percent } => format!("disk: {percent} % of writes fail"),
        DiskEffect::ReadError { percent } => format!("disk: {percent} % of reads fail"),
        DiskEffect::FlipBits { per_mille } => format!("disk: bits flipped in {per_mille} ‰ of blocks"),
        DiskEffect::StaleBlocks { per_mille } => format!("disk: {per_mille} ‰ of blocks stale"),
    }
}

fn clock(effect: ClockEffect) -> String {
    match effect {
        ClockEffect::Offset { ms } => format!("clock {ms:+} ms"),
        ClockEffect::Strobe { ms, period_ms } => format!("clock {ms:+} ms every other {period_ms} ms"),
        ClockEffect::Rate { per_mille } => format!("clock at {:.3} of its rate", per_mille as f64 / 1000.0),
    }
}

/// Whom it hits, with the shape of a partition.
fn whom_exactly(fault: &Fault) -> String {
    match fault {
        Fault::Partition { shape, .. } => {
            format!("{} ({})", whom(fault), super::visible(shape, 20))
        }
        other => whom(other),
    }
}

/// Whom it hits: `n1 n2`, `n1 n2 ┊ n3 n4 n5`, `n1 → n2 n3`.
fn whom(fault: &Fault) -> String {
    match fault {
        Fault::Partition {
            shape, sides, flap, ..
        } => {
            let arrow = if shape == "one-way" { " ⇥ " } else { " ┊ " };
            let sides: Vec<String> = sides.iter().map(|side| names(side)).collect();
            let flapping = if flap.is_some() { ", flapping" } else { "" };
            format!("{}{flapping}", sides.join(arrow))
        }
        Fault::Kill { nodes, .. }
        | Fault::Terminate { nodes }
        | Fault::Member { nodes }
        | Fault::Pause { nodes }
        | Fault::Disk { nodes, .. }
        | Fault::Clock { nodes, .. } => names(nodes),
        Fault::Packet { links, .. } => directions(links),
    }
}

/// Links in as few words as possible: `n1 → n2 n3`, `n1 ⇄ n2 n3`, `among n1 n2 n3`, `on 2 links of n1 n2 n3 n4`.
fn directions(links: &[Link]) -> String {
    let sorted = |set: BTreeSet<&String>| names(&set.into_iter().collect::<Vec<_>>());
    let from: BTreeSet<&String> = links.iter().map(|(from, _)| from).collect();
    let to: BTreeSet<&String> = links.iter().map(|(_, to)| to).collect();
    if from.len() == 1 || to.len() == 1 {
        return format!("{} → {}", sorted(from), sorted(to));
    }
    let all: BTreeSet<&Link> = links.iter().collect();
    let is_two_way = all.iter().all(|(a, b)| all.contains(&(b.clone(), a.clone())));
    let centre = from
        .iter()
        .find(|node| links.iter().all(|(a, b)| a == **node || b == **node));
    match centre {
        Some(node) if is_two_way => {
            let others = from.iter().copied().filter(|other| other != node).collect();
            format!("{} ⇄ {}", super::visible(node, 40), sorted(others))
        }
        _ if from == to && all.len() == from.len() * (from.len() - 1) => format!("among {}", sorted(from)),
        _ => format!(
            "on {} links of {}",
            links.len(),
            sorted(from.union(&to).copied().collect())
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use history::Flap;

    fn list(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_partition_that_comes_and_goes_is_said_to_flap() {
        let partition = |flap| Fault::Partition {
            shape: "halves".into(),
            sides: vec![list(&["n1"]), list(&["n2", "n3"])],
            cut: vec![],
            flap,
        };
        let (cut_ms, whole_ms) = (5, 7);
        assert_eq!(fault(&partition(None)), "partition n1 ┊ n2 n3");
        assert_eq!(beginning(&partition(None)), "cut n1 ┊ n2 n3 (halves)");
        assert_eq!(ending(&partition(None)), "heal n1 ┊ n2 n3 (halves)");
        let flap = Some(Flap { cut_ms, whole_ms });
        assert_eq!(fault(&partition(flap)), "partition n1 ┊ n2 n3, flapping");
    }

    #[test]
    fn a_power_failure_is_named_so() {
        let kill = |power| Fault::Kill {
            nodes: list(&["n1", "n3"]),
            power,
            flap: None,
            slow_start: None,
        };
        assert_eq!(fault(&kill(false)), "kill n1 n3");
        assert_eq!(fault(&kill(true)), "power failure n1 n3");
        assert_eq!(ending(&kill(true)), "start n1 n3");
        assert_eq!(what_befell(&kill(true)), Some("lost power"));
    }

    #[test]
    fn a_node_that_changes_its_membership_is_told_as_such() {
        let change = Fault::Member {
            nodes: list(&["n1", "n3"]),
        };
        assert_eq!(fault(&change), "take out n1 n3");
        assert_eq!(ending(&change), "take back in n1 n3");
        assert_eq!(
            turns(&change),
            (
                "n1 n3 killed and taken out of the membership".to_owned(),
                "n1 n3 back as a new member".to_owned()
            )
        );
        assert_eq!(counted("member", 2, 0), "2 membership changes");
    }

    #[test]
    fn a_restart_storm_is_told_as_one() {
        let storm = Fault::Kill {
            nodes: list(&["n1"]),
            power: false,
            flap: Some(Flap {
                cut_ms: 5,
                whole_ms: 7,
            }),
            slow_start: None,
        };
        assert_eq!(beginning(&storm), "restart storm n1");
        assert_eq!(
            turns(&storm),
            (
                "n1 killed again and again (SIGKILL)".to_owned(),
                "n1 restarted for good".to_owned()
            )
        );
    }

    #[test]
    fn faults_are_counted_by_what_they_are() {
        assert_eq!(counted("partition", 3, 0), "3 partitions");
        assert_eq!(counted("packet", 2, 0), "2 packet faults");
        assert_eq!(counted("kill", 1, 0), "1 kill");
        assert_eq!(counted("kill", 2, 2), "2 power failures");
        assert_eq!(counted("kill", 3, 1), "3 kills (1 power failure among them)");
    }

    #[test]
    fn links_are_named_by_what_they_have_in_common() {
        let links = |pairs: &[(&str, &str)]| -> Vec<Link> {
            let owned = pairs.iter().map(|(a, b)| (a.to_string(), b.to_string()));
            owned.collect()
        };
        let held = |pairs| Fault::Packet {
            links: links(pairs),
            effect: PacketEffect::Hold,
            matching: None,
        };
        assert_eq!(fault(&held(&[("n1", "n2"), ("n1", "n3")])), "hold n1 → n2 n3");
        assert_eq!(ending(&held(&[("n2", "n1"), ("n3", "n1")])), "release n2 n3 → n1");
        let around = held(&[("n1", "n2"), ("n2", "n1"), ("n1", "n3"), ("n3", "n1")]);
        assert_eq!(fault(&around), "hold n1 ⇄ n2 n3");
        let mesh = held(&[
            ("n1", "n2"),
            ("n2", "n1"),
            ("n1", "n3"),
            ("n3", "n1"),
            ("n2", "n3"),
            ("n3", "n2"),
        ]);
        assert_eq!(fault(&mesh), "hold among n1 n2 n3");
        let apart = held(&[("n1", "n2"), ("n3", "n4")]);
        assert_eq!(fault(&apart), "hold on 2 links of n1 n2 n3 n4");
    }
}
