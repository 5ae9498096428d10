//! How long the parts of a node take: a decree in the pure core, encoding and decoding, group commit on a real file.
//!
//! `cargo bench -p paxos`. How fast whole nodes are is measured by `harness bench paxos`.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on ends")]

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use paxos::acceptor::Acceptor;
use paxos::ballot::{Ballot, NodeId};
use paxos::bug::Planted;
use paxos::config::Config;
use paxos::instance::{Answer, Durable, Input, Instance, Output, Request};
use paxos::message::{Message, Proposal};
use paxos::peers::frame::Frame;
use paxos::storage::batch;
use paxos::storage::log::{Log, LogFailed, Watch};
use paxos::storage::record::Record;
use paxos::value::Value;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::hint::black_box;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

fn configs(count: u64) -> Vec<Config> {
    let acceptors: Vec<NodeId> = (1..=count).map(|node| NodeId::new(&format!("n{node}"))).collect();
    let config = |id: &NodeId| Config {
        id: id.clone(),
        acceptors: acceptors.clone().into(),
        start: 1,
        resends_max: 3,
        planted: Planted::default(),
    };
    acceptors.iter().map(config).collect()
}

/// One decree from the proposal until every node has learned: every message arrives, in order, at once, and every
/// state is durable at once.
fn decide(configs: &[Config], value: &Value) -> Vec<Instance> {
    let mut instances = vec![Instance::default(); configs.len()];
    let mut inputs = VecDeque::from([(0, Input::Request(1, Request::Propose(value.clone())))]);
    let mut outputs = Vec::new();
    let place = |node: &NodeId| configs.iter().position(|config| config.id == *node).unwrap();
    while let Some((node, input)) = inputs.pop_front() {
        let config = &configs[node];
        instances[node].handle(config, input, &mut outputs);
        for output in outputs.drain(..) {
            match output {
                Output::Send(to, message) => {
                    inputs.push_back((place(&to), Input::Message(config.id.clone(), message)));
                }
                Output::Broadcast(message) => inputs.extend(
                    (0..configs.len()).map(|to| (to, Input::Message(config.id.clone(), message.clone()))),
                ),
                Output::Reply(_, answer) => assert_eq!(answer, Answer::Decided(value.clone())),
                Output::Persist(_) | Output::Remember(_) | Output::Wake(_) => {}
            }
        }
    }
    instances
}

fn core(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decree");
    for count in [3, 5] {
        let (configs, value) = (configs(count), Value::of_number(17));
        let knows = |it: &Instance| it.chosen() == Some(&value);
        assert!(
            decide(&configs, &value).iter().all(knows),
            "every node has learned"
        );
        group.bench_with_input(BenchmarkId::new("nodes", count), &configs, |bencher, configs| {
            bencher.iter(|| decide(black_box(configs), &value));
        });
    }
    group.finish();
}

fn proposal() -> Proposal {
    let ballot = Ballot {
        round: 1,
        node: NodeId::new("n1"),
        start: 1,
    };
    let value = Value::of_number(1234);
    Proposal { ballot, value }
}

fn accepted() -> Durable {
    Durable {
        acceptor: Acceptor {
            promised: Some(proposal().ballot),
            accepted: Some(proposal()),
        },
        learned: None,
    }
}

fn encode_record(state: &Durable, bytes: &mut Vec<u8>) {
    let (name, state) = (Cow::Borrowed("17-1234"), Cow::Borrowed(state));
    Record::Decree { name, state }.encode(bytes);
}

fn forms(criterion: &mut Criterion) {
    let state = accepted();
    let mut bytes = Vec::new();
    encode_record(&state, &mut bytes);
    let mut group = criterion.benchmark_group("record");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("encode", |bencher| {
        let mut buffer = Vec::new();
        bencher.iter(|| {
            buffer.clear();
            encode_record(black_box(&state), &mut buffer);
        });
    });
    group.bench_function("decode", |bencher| {
        let each = |record: Record<'_>| drop(black_box(record));
        let file = [&batch::header(0, &bytes)[..], &bytes].concat();
        bencher.iter(|| batch::read(black_box(&file), Path::new("a log"), false, each).unwrap());
    });
    group.finish();

    let message = Message::Accept { proposal: proposal() };
    let decree = "17-1234".into();
    let frame = Frame::About { decree, message };
    let line = frame.encode();
    let mut group = criterion.benchmark_group("frame");
    group.throughput(Throughput::Bytes(line.len() as u64));
    group.bench_function("encode", |bencher| bencher.iter(|| black_box(&frame).encode()));
    group.bench_function("decode", |bencher| {
        bencher.iter(|| serde_json::from_slice::<Frame>(black_box(&line)).unwrap());
    });
    group.finish();
}

struct Nobody;

impl Watch for Nobody {
    fn synced(&self, _: usize, _: usize, _: Duration) {}
    fn failed(&self, error: &LogFailed) {
        panic!("failed to {error}");
    }
}

fn group_commit(criterion: &mut Criterion) {
    let mut record = Vec::new();
    encode_record(&accepted(), &mut record);
    // Not the usual folder for temporary files, which may be in memory.
    let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
    let log = Log::begin(folder.path(), 1, 1, Planted::default(), Nobody).unwrap();
    let mut group = criterion.benchmark_group("log");
    for waiting in [1_u32, 8, 64] {
        group.throughput(Throughput::Elements(waiting.into()));
        group.bench_function(BenchmarkId::new("waiting", waiting), |bencher| {
            let records = || vec![record.clone(); waiting as usize];
            let make_durable = |records: Vec<Vec<u8>>| {
                let (tell, told) = mpsc::channel();
                for record in records {
                    let tell = tell.clone();
                    log.append(record, move |outcome| tell.send(outcome).unwrap());
                }
                drop(tell);
                told.iter().for_each(|outcome| outcome.unwrap());
            };
            bencher.iter_batched(records, make_durable, BatchSize::PerIteration);
        });
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .sample_size(20)
        .configure_from_args();
    core(&mut criterion);
    forms(&mut criterion);
    group_commit(&mut criterion);
    criterion.final_summary();
}
