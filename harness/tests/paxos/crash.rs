//! Kill -9 at random moments, under load: no acknowledged decision is lost, and every log can be read.
//!
//! ```text
//! clients:  propose  propose  read  propose …        (every acknowledged decision is kept in a list)
//! killer:       n2 ✗       n1 ✗ n3 ✗    n2 ✗         (and each is started again at once)
//! ```
//!
//! The nodes make a checkpoint every few dozen decrees, so that kills hit those as well. A killed process loses no
//! write that the operating system has taken: what a power failure loses is not shown here.
//!
//! `PAXOS_CRASH_SEED=7 cargo test -p harness --test paxos crash` kills by the schedule of that seed; when which request
//! arrives is up to the machine all the same.

use crate::nodes::{Answer, Cluster, Connection, Node, log_files};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const CLIENTS: u64 = 6;
/// How many decisions are read back as soon as a majority was killed at once.
const LATEST: usize = 12;
const CHECKPOINTS_ALL_THE_TIME: [&str; 2] = ["--checkpoint-bytes", "16384"];

/// What the clients have been told so far.
#[derive(Default)]
struct Told {
    decisions: Mutex<BTreeMap<u64, u64>>,
    /// The decrees of the latest of them, the latest last.
    latest: Mutex<VecDeque<u64>>,
    /// The first few contradictions.
    contradictions: Mutex<Vec<String>>,
    /// The next decree that nobody has asked about.
    fresh: AtomicU64,
    is_over: AtomicBool,
}

impl Told {
    /// Takes note of an answer, which may contradict an earlier one. `was_decided`: before the question.
    fn note(&self, node: usize, decree: u64, was_decided: bool, answer: &Answer) {
        let mut decisions = self.decisions.lock().unwrap();
        match (decisions.get(&decree), answer.value()) {
            (None, Some(value)) => {
                decisions.insert(decree, value);
                let mut latest = self.latest.lock().unwrap();
                latest.push_back(decree);
                if latest.len() > LATEST {
                    latest.pop_front();
                }
            }
            (Some(known), Some(value)) if *known == value => {}
            (Some(known), None) if was_decided => {
                self.contradiction(format!(
                    "decree {decree} was decided as {known}, n{} says undecided",
                    node + 1
                ));
            }
            (Some(known), Some(value)) => {
                self.contradiction(format!(
                    "decree {decree} was decided as {known}, n{} says {value}",
                    node + 1
                ));
            }
            (_, None) => {}
        }
    }

    fn contradiction(&self, sentence: String) {
        let mut contradictions = self.contradictions.lock().unwrap();
        if contradictions.len() < 5 {
            contradictions.push(sentence);
        }
    }

    fn is_contradicted(&self) -> bool {
        !self.contradictions.lock().unwrap().is_empty()
    }

    /// A decree that is decided, one of the latest more often than not.
    fn decided(&self, random: &mut ChaCha8Rng) -> Option<u64> {
        let fresh = self.fresh.load(Ordering::Relaxed);
        let oldest = match random.random_bool(0.7) {
            true => fresh.saturating_sub(40),
            false => 0,
        };
        let from = random.random_range(oldest..=fresh);
        let decisions = self.decisions.lock().unwrap();
        decisions.range(from..).next().map(|(decree, _)| *decree)
    }
}

/// Ends the clients, also when the killer panics.
struct Over<'a>(&'a Told);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::Relaxed);
    }
}

/// Asks one node after the other, without pause.
fn client(cluster: &Cluster, told: &Told, number: u64, mut random: ChaCha8Rng) {
    let mut connections: Vec<Option<Connection>> = (0..cluster.size()).map(|_| None).collect();
    let mut value = number;
    while !told.is_over.load(Ordering::Relaxed) {
        value += CLIENTS;
        let node = random.random_range(0..cluster.size());
        let old = told.decided(&mut random);
        let (decree, is_read) = match (random.random_range(0..10), old) {
            (0..2, Some(decree)) => (decree, true),
            (2, Some(decree)) => (decree, false),
            // One that another client is at.
            (3, _) => (told.fresh.load(Ordering::Relaxed), false),
            _ => (told.fresh.fetch_add(1, Ordering::Relaxed), false),
        };
        let Some(mut connection) = connections[node].take().or_else(|| cluster.connect(node).ok()) else {
            // It is down.
            std::thread::sleep(Duration::from_millis(1));
            continue;
        };
        let answer = match is_read {
            true => connection.read(&format!("d{decree}")),
            false => connection.propose(&format!("d{decree}"), value),
        };
        // Without an answer the node has been killed.
        if let Ok(answer) = answer {
            if answer.status == 200 {
                told.note(node, decree, old == Some(decree), &answer);
            }
            connections[node] = Some(connection);
        }
    }
}

/// How the killer goes about it.
struct Killings {
    seed: u64,
    /// How many processes that were up.
    count: usize,
    /// How often two nodes, and how often all of them at once.
    two: f64,
    all: f64,
}

/// What has happened.
struct Aftermath {
    kills: usize,
    decisions: usize,
    checkpoints: u64,
    contradictions: Vec<String>,
}

/// The seed of this run.
fn seed() -> u64 {
    match std::env::var("PAXOS_CRASH_SEED") {
        Ok(seed) => seed.parse().unwrap(),
        Err(_) => rand::random(),
    }
}

/// Load and kills, until there were as many as wanted or a contradiction is seen; then everything is read back from
/// every node.
fn kill_under_load(cluster: &Cluster, killings: &Killings) -> Aftermath {
    let began = Instant::now();
    println!("PAXOS_CRASH_SEED={}", killings.seed);
    let random = |stream: u64| {
        let mut random = ChaCha8Rng::seed_from_u64(killings.seed);
        random.set_stream(stream);
        random
    };
    let told = Told::default();
    let mut nodes = cluster.start_all();
    let mut starts = vec![1; cluster.size()];
    let (mut kills, mut kills_while_starting) = (0, 0);
    std::thread::scope(|scope| {
        let _over = Over(&told);
        for number in 0..CLIENTS {
            let (told, random) = (&told, random(1 + number));
            scope.spawn(move || client(cluster, told, number, random));
        }
        let mut random = random(0);
        while kills < killings.count && !told.is_contradicted() {
            std::thread::sleep(Duration::from_micros(random.random_range(0..60_000)));
            let mut victims: Vec<usize> = (0..cluster.size()).collect();
            let chance = random.random_range(0.0..1.0);
            let spared = match () {
                () if chance < killings.all => 0,
                () if chance < killings.all + killings.two => 1,
                () => cluster.size() - 1,
            };
            for _ in 0..spared {
                victims.remove(random.random_range(0..victims.len()));
            }
            let latest = told.latest.lock().unwrap().clone();
            kill_and_start_again(cluster, &victims, &mut nodes, &mut starts);
            kills += victims.len();
            // A node that is just reading its log is worth a kill as well, but does not count.
            if random.random_bool(0.2) {
                std::thread::sleep(Duration::from_micros(random.random_range(0..20_000)));
                kill_and_start_again(cluster, &victims, &mut nodes, &mut starts);
                kills_while_starting += victims.len();
            }
            for node in &victims {
                nodes[*node].wait_until_ready();
            }
            if victims.len() > 1 {
                read_back(cluster, random.random_range(0..cluster.size()), &told, latest);
            }
        }
    });
    let decided: Vec<u64> = told.decisions.lock().unwrap().keys().copied().collect();
    std::thread::scope(|scope| {
        for node in 0..cluster.size() {
            let (told, decided) = (&told, decided.iter().copied());
            scope.spawn(move || read_back(cluster, node, told, decided));
        }
    });
    let newest = |node| *log_files(&cluster.data(node)).last().unwrap();
    // A log file is begun by every start and by every checkpoint.
    let checkpoints = (0..cluster.size()).map(|node| newest(node) - starts[node].min(newest(node)));
    let checkpoints = checkpoints.sum();
    nodes.iter_mut().for_each(Node::stop);
    for node in &nodes {
        let said = node.stderr();
        assert!(!said.contains("failed") && !said.contains("corrupt"), "{said}");
    }
    let aftermath = Aftermath {
        kills,
        decisions: told.decisions.lock().unwrap().len(),
        checkpoints,
        contradictions: told.contradictions.into_inner().unwrap(),
    };
    println!(
        "{} kills and {kills_while_starting} of nodes that had just begun to start, {} decisions, {} checkpoints, {:.1} s",
        aftermath.kills,
        aftermath.decisions,
        aftermath.checkpoints,
        began.elapsed().as_secs_f64()
    );
    aftermath
}

/// All victims at once.
fn kill_and_start_again(cluster: &Cluster, victims: &[usize], nodes: &mut [Node], starts: &mut [u64]) {
    for node in victims {
        nodes[*node].kill();
    }
    for node in victims {
        nodes[*node].wait_until_killed();
        nodes[*node] = cluster.spawn(*node);
        starts[*node] += 1;
    }
}

/// Decisions that were acknowledged, as a node tells them now.
fn read_back(cluster: &Cluster, node: usize, told: &Told, decrees: impl IntoIterator<Item = u64>) {
    let mut connection = cluster.connect(node).unwrap();
    for decree in decrees {
        let read = || {
            let answer = connection.read(&format!("d{decree}")).unwrap();
            (answer.status == 200).then_some(answer)
        };
        // Proposers may have got into each other's way.
        let answer = std::iter::repeat_with(read).take(10).flatten().next();
        let answer = answer.unwrap_or_else(|| panic!("n{}: no answer about d{decree}", node + 1));
        told.note(node, decree, true, &answer);
    }
}

#[test]
fn a_thousand_kills_under_load_lose_no_acknowledged_decision() {
    let cluster = Cluster::of(3, &CHECKPOINTS_ALL_THE_TIME);
    let aftermath = kill_under_load(
        &cluster,
        &Killings {
            seed: seed(),
            count: 1000,
            two: 0.2,
            all: 0.1,
        },
    );
    assert_eq!(aftermath.contradictions, [""; 0]);
    assert!(aftermath.kills >= 1000);
    assert!(aftermath.decisions > 3 * aftermath.kills, "there was load");
    assert!(
        aftermath.checkpoints > aftermath.kills as u64 / 4,
        "kills hit checkpoints as well"
    );
}

#[test]
fn the_same_kills_find_what_a_node_forgets_when_it_is_made_to_forget() {
    let mut cluster = Cluster::of(3, &CHECKPOINTS_ALL_THE_TIME);
    cluster
        .arguments
        .extend(["--bug", "forget-accepted-on-restart"].map(str::to_owned));
    let aftermath = kill_under_load(
        &cluster,
        &Killings {
            seed: seed(),
            count: 2000,
            two: 0.3,
            all: 0.5,
        },
    );
    assert!(
        !aftermath.contradictions.is_empty(),
        "after {} kills nothing was found",
        aftermath.kills
    );
}
