//! What the faults of each kind are: which form, on whom, for how long.

use super::spans::{SHORTEST_MS, as_weather, in_sieges, in_storms};
use super::{PlannedFault, Request, ScheduleError};
use crate::draw::{between, share, stream};
use crate::{Package, PacketForm, Shape, Target, Trigger};
use history::{Fault, Flap, SlowStart};
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;

/// A flapping partition is cut, and whole again, for times between these, short ones as often as long ones.
const FLAP_MS: (f64, f64) = (3.0, 100.0);

/// In a restart storm nodes are down, and up, for times between these.
pub const DOWN_MS: (f64, f64) = (1.0, 30.0);
const UP_MS: (f64, f64) = (10.0, 200.0);

/// The faults of one kind, each with its place in time.
pub fn faults(package: &Package, request: &Request<'_>) -> Result<Vec<PlannedFault>, ScheduleError> {
    Ok(match package {
        Package::Partition(shapes) => partitions(&possible_shapes(shapes, request.nodes.len())?, request),
        Package::Kill(targets) => kills(known(targets, "kill", request)?, request),
        Package::Terminate(targets) => terminations(known(targets, "terminate", request)?, request),
        Package::Member(targets) => members(known(targets, "member", request)?, request)?,
        Package::Pause(targets) => pauses(known(targets, "pause", request)?, request),
        Package::Packet(forms) => [
            disturbances(request, package, Stream::Packet, forms, |form, rng| {
                form.draw(request.nodes, rng)
            }),
            weather(request, forms),
        ]
        .concat(),
        Package::Disk(forms) => disturbances(request, package, Stream::Disk, forms, |form, rng| {
            form.draw(request.nodes, rng)
        }),
        Package::Clock(forms) => disturbances(request, package, Stream::Clock, forms, |form, rng| {
            form.draw(request.nodes, rng)
        }),
    })
}

/// The random streams: one for each concern, so that none changes when another is added. (3 is that of the sieges.)
#[derive(Clone, Copy)]
enum Stream {
    Partition = 1,
    Kill = 2,
    BesiegedByPartition = 4,
    BesiegedByKill = 5,
    Pause = 6,
    Packet = 7,
    Disk = 8,
    Clock = 9,
    Weather = 10,
    PowerTriggers = 11,
    // 12 is that of the handovers.
    Terminate = 13,
    Member = 14,
}

fn of(concern: Stream, request: &Request<'_>) -> ChaCha8Rng {
    stream(request.seed, concern as u64)
}

/// Forms, of which each comes up once (or as often as it is among them) before any comes up again: a short run has
/// seen many kinds.
struct Bag<'a, F> {
    all: &'a [F],
    left: Vec<F>,
}

impl<'a, F: Copy> Bag<'a, F> {
    fn of(all: &'a [F]) -> Bag<'a, F> {
        Bag {
            all,
            left: Vec::new(),
        }
    }

    fn draw(&mut self, rng: &mut impl Rng) -> F {
        if self.left.is_empty() {
            self.left = self.all.to_vec();
            self.left.shuffle(rng);
        }
        self.left.pop().expect("no kind of fault is without forms")
    }
}

fn possible_shapes(shapes: &[Shape], nodes: usize) -> Result<Vec<Shape>, ScheduleError> {
    let possible: Vec<Shape> = shapes
        .iter()
        .copied()
        .filter(|shape| shape.nodes_min() <= nodes)
        .collect();
    let asked_for_by_name = shapes != Shape::ALL;
    match shapes.iter().find(|shape| shape.nodes_min() > nodes) {
        Some(shape) if asked_for_by_name || possible.is_empty() => Err(ScheduleError::TooFewNodes {
            shape: shape.name(),
            needs: shape.nodes_min(),
            nodes,
        }),
        _ => Ok(possible),
    }
}

/// How many partial partitions of a shape there are for each clean split of another. Partial ones are what systems are
/// least prepared for (Alfatafta et al., "Toward a Generic Fault Tolerance Technique for Partial Network Partitioning",
/// OSDI 2020).
const PARTIAL_TIMES: usize = 3;

fn partitions(shapes: &[Shape], request: &Request<'_>) -> Vec<PlannedFault> {
    let mut rng = of(Stream::Partition, request);
    let weighted: Vec<Shape> = shapes
        .iter()
        .flat_map(|shape| {
            let times = if shape.is_partial() { PARTIAL_TIMES } else { 1 };
            std::iter::repeat_n(*shape, times)
        })
        .collect();
    let mut bag = Bag::of(&weighted);
    let shape = *shapes
        .iter()
        .find(|shape| **shape == Shape::One)
        .unwrap_or(&shapes[0]);
    let mut of_sieges = of(Stream::BesiegedByPartition, request);
    let sieges: Vec<PlannedFault> =
        in_sieges(request, false, || shape.draw(request.nodes, &mut of_sieges)).collect();
    let storms = in_storms(request, "partition", &mut rng, |rng, interval_ms| {
        let shape = bag.draw(rng);
        // Flapping ones let some messages through and delay others; short ones catch what is under way; long ones
        // what gives up waiting. One interval in the mean.
        let lasts_ms = match rng.random_range(0..10) {
            0..3 => share(rng, interval_ms, 0.1, 0.6),
            3..6 => share(rng, interval_ms, 1.2, 2.6),
            _ => share(rng, interval_ms, 0.5, 1.5),
        };
        let flaps = rng.random_bool(0.6);
        let (cut_ms, whole_ms) = (between(rng, FLAP_MS), between(rng, FLAP_MS));
        let mut fault = shape.draw(request.nodes, rng);
        if let Fault::Partition { flap, .. } = &mut fault
            && flaps
        {
            *flap = Some(Flap { cut_ms, whole_ms });
        }
        (lasts_ms.max(SHORTEST_MS), fault)
    });
    [storms, sieges].concat()
}

fn known<'a>(
    targets: &'a [Target],
    kind: &'static str,
    request: &Request<'_>,
) -> Result<&'a [Target], ScheduleError> {
    let is_unknown = |target: &&Target| matches!(target, Target::Node(name) if !request.nodes.contains(name));
    match targets.iter().find(is_unknown) {
        Some(target) => Err(ScheduleError::UnknownNode {
            kind,
            name: target.name().to_owned(),
            nodes: request.nodes.to_vec(),
        }),
        None => Ok(targets),
    }
}

fn kills(targets: &[Target], request: &Request<'_>) -> Vec<PlannedFault> {
    let mut rng = of(Stream::Kill, request);
    let power = request.kills_are_power_failures();
    let smallest = targets.iter().min_by_key(|target| target.stops_the_system());
    let mut of_sieges = of(Stream::BesiegedByKill, request);
    let besieged = || Fault::Kill {
        nodes: smallest
            .unwrap_or(&Target::One)
            .draw(request.nodes, &mut of_sieges),
        power,
        flap: None,
        slow_start: None,
    };
    let sieges: Vec<PlannedFault> = in_sieges(request, true, besieged).collect();
    let mut storms = in_storms(request, "kill", &mut rng, |rng, interval_ms| {
        let target = draw_weighted(targets, rng);
        let (lasts_ms, flap) = match (rng.random_range(0..10), target.stops_the_system()) {
            // Restarted at once: what was acknowledged a moment ago must still be there.
            (0..3, _) => (share(rng, interval_ms, 0.0, 0.1), None),
            // And again, and again: somewhere in what others are in the middle of.
            (3..6, _) => {
                let (cut_ms, whole_ms) = (between(rng, DOWN_MS), between(rng, UP_MS));
                (share(rng, interval_ms, 0.8, 2.5), Some(Flap { cut_ms, whole_ms }))
            }
            // With a majority down nothing happens; keep that shorter than any partition.
            (_, true) => (share(rng, interval_ms, 0.05, 0.3), None),
            (_, false) => (share(rng, interval_ms, 0.5, 2.5), None),
        };
        let nodes = target.draw(request.nodes, rng);
        let slow_start = (*target == Target::SlowStart).then(|| slow_start(rng));
        let fault = Fault::Kill {
            nodes,
            power,
            flap: flap.filter(|_| slow_start.is_none()),
            slow_start,
        };
        (lasts_ms, fault)
    });
    if power {
        // Not those of sieges, which have their time to themselves.
        let mut of_triggers = of(Stream::PowerTriggers, request);
        for storm in &mut storms {
            if of_triggers.random_bool(AT_A_CHANGE) {
                when_a_directory_changes(storm, &mut of_triggers);
            }
        }
    }
    [storms, sieges].concat()
}

/// In a slow start a node is stopped so long after the start of its process, or, half of the time, at once: in the middle of
/// reading what it has, or while it listens and does not answer.
const STOPPED_AFTER_MS: (f64, f64) = (1.0, 100.0);
/// It is stopped for as long as others wait for it, or for much longer.
const STOPPED_MS: (f64, f64) = (50.0, 3_000.0);

fn slow_start(rng: &mut impl Rng) -> SlowStart {
    let after_ms = between(rng, STOPPED_AFTER_MS);
    SlowStart {
        after_ms: if rng.random_bool(0.5) { after_ms } else { 0 },
        stopped_ms: between(rng, STOPPED_MS),
    }
}

/// The share of power failures that come at the moment at which a file is made, renamed or removed: that is when
/// programs go from one state on disk to another, and it is over in a moment.
const AT_A_CHANGE: f64 = 0.4;
/// How long they wait for such a moment.
const AT_A_CHANGE_WITHIN_MS: u64 = 700;
/// One in three comes at once, the others after so many requests more, each as likely as any: in the middle of what the
/// change belongs to.
const REQUESTS_LATER: std::ops::RangeInclusive<u32> = 1..=30;

fn when_a_directory_changes(planned: &mut PlannedFault, rng: &mut impl Rng) {
    if let Fault::Kill { nodes, .. } = &planned.fault
        && let Some(node) = nodes.first()
    {
        planned.when = Some(a_change_on(node, rng));
        planned.patience_ms = Some(AT_A_CHANGE_WITHIN_MS);
    }
}

/// A moment at which a program goes from one state on disk to another, and in which it stays until power fails.
pub fn a_change_on(node: &str, rng: &mut impl Rng) -> Trigger {
    let then_requests = match rng.random_range(0..3) {
        0 => 0,
        _ => rng.random_range(REQUESTS_LATER),
    };
    Trigger::DirectoryChange {
        node: node.to_owned(),
        then_requests,
        held: true,
    }
}

/// Terminations: of nodes that have time to put things in order, as in every upgrade.
fn terminations(targets: &[Target], request: &Request<'_>) -> Vec<PlannedFault> {
    let mut rng = of(Stream::Terminate, request);
    in_storms(request, "terminate", &mut rng, |rng, interval_ms| {
        let target = draw_weighted(targets, rng);
        let lasts_ms = match (rng.random_range(0..10), target.stops_the_system()) {
            // Most are started again at once.
            (0..6, _) => share(rng, interval_ms, 0.0, 0.2),
            (_, true) => share(rng, interval_ms, 0.05, 0.3),
            (_, false) => share(rng, interval_ms, 0.5, 2.5),
        };
        let nodes = target.draw(request.nodes, rng);
        (lasts_ms, Fault::Terminate { nodes })
    })
}

/// Fewer nodes have no minority that could be out.
const MEMBERS_MIN: usize = 3;

/// Changes of the membership. Nobody does them by the second: a node is out for as long as the others need to go on without
/// it, and some are replaced at once.
fn members(targets: &[Target], request: &Request<'_>) -> Result<Vec<PlannedFault>, ScheduleError> {
    if request.nodes.len() < MEMBERS_MIN {
        return Err(ScheduleError::TooFewMembers {
            nodes: request.nodes.len(),
        });
    }
    let mut rng = of(Stream::Member, request);
    Ok(in_storms(request, "member", &mut rng, |rng, interval_ms| {
        let target = draw_weighted(targets, rng);
        let lasts_ms = match rng.random_range(0..10) {
            0..4 => share(rng, interval_ms, 0.2, 1.0),
            4..8 => share(rng, interval_ms, 1.0, 4.0),
            _ => share(rng, interval_ms, 4.0, 8.0),
        };
        let nodes = target.draw(request.nodes, rng);
        (lasts_ms.max(SHORTEST_MS), Fault::Member { nodes })
    }))
}

/// Pauses: short ones stop a node in the middle of something, long ones let everybody else go on without it.
fn pauses(targets: &[Target], request: &Request<'_>) -> Vec<PlannedFault> {
    let mut rng = of(Stream::Pause, request);
    in_storms(request, "pause", &mut rng, |rng, interval_ms| {
        let target = draw_weighted(targets, rng);
        let lasts_ms = match (rng.random_range(0..10), target.stops_the_system()) {
            (0..6, _) => between(rng, (5.0, 120.0)),
            (_, true) => share(rng, interval_ms, 0.1, 0.5),
            (6..9, false) => share(rng, interval_ms, 0.3, 1.5),
            (_, false) => share(rng, interval_ms, 1.5, 4.0),
        };
        let nodes = target.draw(request.nodes, rng);
        (lasts_ms.max(5), Fault::Pause { nodes })
    })
}

/// Faults under which everything goes on, only badly.
fn disturbances<F: Copy>(
    request: &Request<'_>,
    package: &Package,
    stream: Stream,
    forms: &[F],
    mut draw: impl FnMut(F, &mut ChaCha8Rng) -> Fault,
) -> Vec<PlannedFault> {
    let mut rng = of(stream, request);
    let mut bag = Bag::of(forms);
    in_storms(request, package.kind(), &mut rng, |rng, interval_ms| {
        let form = bag.draw(rng);
        let lasts_ms = match rng.random_range(0..10) {
            0..4 => share(rng, interval_ms, 0.2, 0.8),
            4..8 => share(rng, interval_ms, 0.8, 1.6),
            _ => share(rng, interval_ms, 1.6, 3.0),
        };
        (lasts_ms.max(SHORTEST_MS), draw(form, rng))
    })
}

/// Bad weather under everything else: all links are a little bad, and work goes on. Who hears of what first is
/// different each time.
fn weather(request: &Request<'_>, forms: &[PacketForm]) -> Vec<PlannedFault> {
    let weighted = |form: &PacketForm| std::iter::repeat_n(*form, form.weather_weight());
    let forms: Vec<PacketForm> = forms.iter().flat_map(weighted).collect();
    if forms.is_empty() || request.nodes.len() < 2 || request.interval.is_plain() {
        return Vec::new();
    }
    let mut rng = of(Stream::Weather, request);
    as_weather(request, &mut rng, |rng, interval_ms| {
        let form = *forms.choose(rng).expect("there is one");
        let lasts_ms = share(rng, interval_ms, 1.0, 4.0);
        (lasts_ms.max(SHORTEST_MS), form.weather(request.nodes, rng))
    })
}

fn draw_weighted<'a>(targets: &'a [Target], rng: &mut impl Rng) -> &'a Target {
    let total: u32 = targets.iter().map(|target| target.weight()).sum();
    let mut ticket = rng.random_range(0..total);
    for target in targets {
        if ticket < target.weight() {
            return target;
        }
        ticket -= target.weight();
    }
    unreachable!("the ticket is below the sum of the weights")
}
