//! What can happen to packets, and on which links.

use history::Fault;
use history::fault::{Distribution, Link, PacketEffect};
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, RngExt};
use std::slice::from_ref;

use crate::draw::between;

/// A family of disturbances. How strong, and on which links, is drawn anew each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PacketForm {
    /// They arrive later.
    Delay,
    /// Some are lost, alone or in bursts.
    Loss,
    /// Some arrive twice.
    Duplicate,
    /// Some arrive after those that were sent after them.
    Reorder,
    /// Bits of some are flipped, and their checksums tell.
    Corrupt,
    /// Bits of some are flipped, and their checksums are right.
    CorruptPastChecksum,
    /// They queue for a slow link.
    Rate,
    /// Links stall, and flow, and stall again.
    Stutter,
    /// They are kept, and all arrive later.
    Hold,
    /// TCP connections are reset.
    Reset,
}

impl PacketForm {
    /// Every form, in the order of the documentation.
    pub const ALL: [PacketForm; 10] = [
        PacketForm::Delay,
        PacketForm::Loss,
        PacketForm::Duplicate,
        PacketForm::Reorder,
        PacketForm::Corrupt,
        PacketForm::CorruptPastChecksum,
        PacketForm::Rate,
        PacketForm::Stutter,
        PacketForm::Hold,
        PacketForm::Reset,
    ];

    /// Those that `packet` alone stands for. What passes a checksum with wrong bits is no fault that a system can
    /// be asked to survive, unless it says so: that has to be asked for by name.
    pub const USUAL: [PacketForm; 9] = [
        PacketForm::Delay,
        PacketForm::Loss,
        PacketForm::Duplicate,
        PacketForm::Reorder,
        PacketForm::Corrupt,
        PacketForm::Rate,
        PacketForm::Stutter,
        PacketForm::Hold,
        PacketForm::Reset,
    ];

    /// The name, as in `--nemesis packet:delay`.
    pub fn name(self) -> &'static str {
        match self {
            PacketForm::Delay => "delay",
            PacketForm::Loss => "loss",
            PacketForm::Duplicate => "duplicate",
            PacketForm::Reorder => "reorder",
            PacketForm::Corrupt => "corrupt",
            PacketForm::CorruptPastChecksum => "corrupt-past-checksum",
            PacketForm::Rate => "rate",
            PacketForm::Stutter => "stutter",
            PacketForm::Hold => "hold",
            PacketForm::Reset => "reset",
        }
    }

    /// What it does, in one line.
    pub fn summary(self) -> &'static str {
        match self {
            PacketForm::Delay => "packets arrive 1 to 250 ms later, evenly, bell-shaped or long-tailed",
            PacketForm::Loss => "2 to 50 % of packets are lost, each alone or in bursts",
            PacketForm::Duplicate => "5 to 50 % of packets arrive twice",
            PacketForm::Reorder => "5 to 60 % of packets are overtaken by 1 to 10 others",
            PacketForm::Corrupt => "1 to 30 % of packets have flipped bits; checksums catch them",
            PacketForm::CorruptPastChecksum => {
                "1 to 30 % of packets have flipped bits and right checksums; only by name"
            }
            PacketForm::Rate => "a link carries 20 to 500 kB/s; the rest queues",
            PacketForm::Stutter => {
                "links stall for 3 to 100 ms, flow for as long, stall again, each in its own time"
            }
            PacketForm::Hold => "packets are kept, and arrive all together when the fault ends",
            PacketForm::Reset => "1 to 20 % of segments reset their TCP connection, at both ends",
        }
    }

    /// A disturbance of this form among `nodes`, now and then of a node's own clients.
    pub fn draw(self, nodes: &[String], rng: &mut impl Rng) -> Fault {
        let effect = self.effect(rng);
        let mut links = links(nodes, rng);
        if self == PacketForm::Hold && links.len() == all_links(nodes).len() {
            // Where everybody waits, nobody misses anything: somebody has to go on meanwhile.
            links = around_one(nodes, rng);
        }
        Fault::Packet {
            links,
            effect,
            matching: None,
        }
    }

    /// How often all links are a little bad in this way, while work goes on, as a share of all such ways; 0 where a
    /// form has no mild kind. Links that stutter make the most different orders of messages: nothing is lost, so that
    /// no time is lost on sending it again, and who hears of what first is another one all the time.
    pub fn weather_weight(self) -> usize {
        match self {
            PacketForm::Stutter => 4,
            PacketForm::Delay | PacketForm::Loss | PacketForm::Reorder | PacketForm::Reset => 1,
            _ => 0,
        }
    }

    /// A disturbance of this form that is mild, and on all links between nodes.
    pub fn weather(self, nodes: &[String], rng: &mut impl Rng) -> Fault {
        let effect = match self {
            PacketForm::Delay => PacketEffect::Delay {
                mean_ms: rng.random_range(1..=6),
                jitter_ms: rng.random_range(1..=6),
                distribution: Distribution::LongTailed,
            },
            PacketForm::Loss => PacketEffect::Loss {
                percent: rng.random_range(2..=10),
                burst: 1,
            },
            PacketForm::Reset => PacketEffect::Reset {
                percent: rng.random_range(1..=4),
            },
            PacketForm::Stutter => PacketEffect::Stutter {
                stalled_ms: between(rng, (2.0, 40.0)),
                flowing_ms: between(rng, (2.0, 40.0)),
            },
            _ => PacketEffect::Reorder {
                percent: rng.random_range(5..=50),
                gap_packets: rng.random_range(1..=5),
            },
        };
        Fault::Packet {
            links: all_links(nodes),
            effect,
            matching: None,
        }
    }

    fn effect(self, rng: &mut impl Rng) -> PacketEffect {
        match self {
            PacketForm::Delay => {
                let mean_ms = between(rng, (1.0, 250.0)).max(1);
                let distributions = [
                    Distribution::Uniform,
                    Distribution::Normal,
                    Distribution::LongTailed,
                ];
                PacketEffect::Delay {
                    mean_ms,
                    jitter_ms: (mean_ms as f64 * rng.random_range(0.1..1.0)) as u64,
                    distribution: *distributions.choose(rng).expect("there are three"),
                }
            }
            PacketForm::Loss => PacketEffect::Loss {
                percent: percent(rng, 2.0, 50.0),
                burst: if rng.random_bool(0.5) {
                    1
                } else {
                    rng.random_range(2..=20)
                },
            },
            PacketForm::Duplicate => PacketEffect::Duplicate {
                percent: percent(rng, 5.0, 50.0),
            },
            PacketForm::Reorder => PacketEffect::Reorder {
                percent: percent(rng, 5.0, 60.0),
                gap_packets: rng.random_range(1..=10),
            },
            PacketForm::Corrupt | PacketForm::CorruptPastChecksum => PacketEffect::Corrupt {
                percent: percent(rng, 1.0, 30.0),
                past_checksum: self == PacketForm::CorruptPastChecksum,
            },
            PacketForm::Rate => PacketEffect::Rate {
                kilobytes_per_second: between(rng, (20.0, 500.0)),
            },
            PacketForm::Stutter => PacketEffect::Stutter {
                stalled_ms: between(rng, (3.0, 100.0)),
                flowing_ms: between(rng, (3.0, 100.0)),
            },
            PacketForm::Hold => PacketEffect::Hold,
            PacketForm::Reset => PacketEffect::Reset {
                percent: percent(rng, 1.0, 20.0),
            },
        }
    }
}

/// A percentage, mild ones as often as strong ones: what strikes rarely lets the work go on, and so meets more of it.
fn percent(rng: &mut impl Rng, least: f64, most: f64) -> u8 {
    between(rng, (least, most)) as u8
}

/// The links of one disturbance. All of them most often: then whoever is quickest is another one each time, and
/// every majority comes about sooner or later.
fn links(nodes: &[String], rng: &mut impl Rng) -> Vec<Link> {
    let mut shuffled = nodes.to_vec();
    shuffled.shuffle(rng);
    let (one, others) = shuffled.split_first().expect("a cluster has a node");
    let client = cluster::network::CLIENT.to_owned();
    let out = |to: &[String]| -> Vec<Link> { to.iter().map(|to| (one.clone(), to.clone())).collect() };
    let into =
        |from: &[String]| -> Vec<Link> { from.iter().map(|from| (from.clone(), one.clone())).collect() };
    // The clients' links rarely: what nobody is told says little.
    let mut links = match rng.random_range(0..100) {
        _ if others.is_empty() => [out(from_ref(&client)), into(from_ref(&client))].concat(),
        0..14 => [out(others), into(others)].concat(),
        14..26 => out(others),
        // Whoever hears late goes on with what it knew.
        26..48 => into(others),
        48..53 => out(&others[..1]),
        53..93 => all_links(nodes),
        93..96 => into(from_ref(&client)),
        _ => out(from_ref(&client)),
    };
    links.sort();
    links
}

/// The links to one node, or from it.
fn around_one(nodes: &[String], rng: &mut impl Rng) -> Vec<Link> {
    let one = nodes.choose(rng).expect("a cluster has a node");
    let others = nodes.iter().filter(|node| *node != one);
    let mut links: Vec<Link> = match rng.random_bool(0.65) {
        true => others.map(|other| (other.clone(), one.clone())).collect(),
        false => others.map(|other| (one.clone(), other.clone())).collect(),
    };
    links.sort();
    links
}

fn all_links(nodes: &[String]) -> Vec<Link> {
    let pairs = nodes.iter().flat_map(|a| nodes.iter().map(move |b| (a, b)));
    let apart = pairs.filter(|(a, b)| a != b);
    apart.map(|(a, b)| (a.clone(), b.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn every_form_has_links_of_this_cluster_and_never_one_to_itself() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for count in [1, 2, 3, 5, 9] {
            let nodes: Vec<String> = (1..=count).map(|i| format!("n{i}")).collect();
            let is_known = |name: &String| nodes.contains(name) || name == "client";
            for form in PacketForm::ALL {
                for _ in 0..100 {
                    let Fault::Packet { links, .. } = form.draw(&nodes, &mut rng) else {
                        panic!("a packet form drew something else")
                    };
                    assert!(!links.is_empty());
                    assert!(links.iter().all(|(a, b)| a != b && is_known(a) && is_known(b)));
                }
            }
        }
    }

    #[test]
    fn packets_are_never_held_on_all_links_at_once() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for count in [2, 3, 5, 12] {
            let nodes: Vec<String> = (1..=count).map(|i| format!("n{i}")).collect();
            for _ in 0..200 {
                let Fault::Packet { links, .. } = PacketForm::Hold.draw(&nodes, &mut rng) else {
                    panic!("a packet form drew something else")
                };
                assert!(
                    !links.is_empty() && links.len() < count * (count - 1),
                    "{links:?}"
                );
            }
        }
    }

    #[test]
    fn what_passes_a_checksum_has_to_be_asked_for_by_name() {
        let unusual: Vec<_> = PacketForm::ALL
            .into_iter()
            .filter(|form| !PacketForm::USUAL.contains(form))
            .collect();
        assert_eq!(unusual, [PacketForm::CorruptPastChecksum]);
    }
}
