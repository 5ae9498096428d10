//! Runs with many operations, made without a system: as large as a test needs them, the same every time.

use checker::Model;
use history::{Header, History, NEVER, Operation, Outcome, SCHEMA, Value};
use results::coverage::Coverage;
use results::{Results, report_html};

/// How many clients there are, eight on each of five nodes.
pub const CLIENTS: u32 = 40;
/// How many operations there are on a key.
const PER_KEY: usize = 20;

/// Numbers that look random, from a multiplicative generator (MMIX's).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// A history of so many operations of clients that are always busy: 95 % ok, 3 % failed, 2 % unknown.
pub fn busy(length: usize) -> History {
    let mut history = History {
        header: Some(Header {
            schema: SCHEMA.to_owned(),
            run: "20261123T064512Z-7".to_owned(),
            system: "paxos".to_owned(),
            workload: "decree".to_owned(),
            model: "decree".to_owned(),
            seed: 7,
            nodes: (1..=5).map(|number| format!("n{number}")).collect(),
            clients: CLIENTS.into(),
            nemesis: Vec::new(),
            client_timeout_ns: 1_000_000_000,
            failover_ns: None,
            served_by_primary: false,
            started_at: "2026-11-23T06:45:12Z".to_owned(),
        }),
        functions: vec!["propose".to_owned(), "read".to_owned()],
        ..History::default()
    };
    history.nodes = history
        .header
        .as_ref()
        .map(|it| it.nodes.clone())
        .unwrap_or_default();
    let mut dice = Dice(17);
    // When each client is free, and the process that it is.
    let mut clients: Vec<(u64, u32)> = (0..CLIENTS)
        .map(|client| (1_000_000 + u64::from(client) * 7_000, client))
        .collect();
    let mut decided = Value::NULL;
    for number in 0..length {
        if number % PER_KEY == 0 {
            history
                .keys
                .push(Value::integer((number / PER_KEY) as i64).unwrap());
            decided = Value::NULL;
        }
        let client = (0..clients.len())
            .min_by_key(|client| clients[*client].0)
            .unwrap();
        let (start_ns, process) = clients[client];
        let input = match dice.below(2) {
            0 => Value::NULL,
            _ => Value::integer(dice.below(10 * length as u64) as i64).unwrap(),
        };
        let (outcome, took_ns) = match dice.below(100) {
            0..3 => (Outcome::Fail, 1_000_000 + dice.below(50_000_000)),
            3..5 => (Outcome::Info, 1_000_000_000),
            // Mostly a few milliseconds, now and then a hundred times as long.
            _ => (
                Outcome::Ok,
                (200_000 + dice.below(4_000_000)) * if dice.below(50) == 0 { 100 } else { 1 },
            ),
        };
        if outcome == Outcome::Ok && decided.is_null() {
            decided = input;
        }
        history.operations.push(Operation {
            input,
            output: if outcome == Outcome::Ok {
                decided
            } else {
                Value::NULL
            },
            start_ns,
            end_ns: start_ns + took_ns,
            invoke: number as u32 * 2,
            complete: if outcome == Outcome::Info {
                NEVER
            } else {
                number as u32 * 2 + 1
            },
            process,
            key: (history.keys.len() - 1) as u32,
            node: (process % 5) as u16,
            f: u8::from(input.is_null()),
            outcome,
        });
        if outcome != Outcome::Ok {
            history.errors.insert(
                number as u32,
                if outcome == Outcome::Fail {
                    "no quorum"
                } else {
                    "timed out"
                }
                .into(),
            );
        }
        let next = if outcome == Outcome::Info {
            process + CLIENTS
        } else {
            process
        };
        clients[client] = (start_ns + took_ns + 1_000 + dice.below(500_000), next);
    }
    history.events = length * 2;
    history
}

/// The page of a history.
pub fn page(history: &History) -> String {
    let analysis = checker::check(history, Model::Decree).unwrap();
    let coverage = Coverage::of(history);
    let results = Results::new(None, history, &analysis, &coverage);
    report_html(&results, history, Some(&analysis), &coverage, None).unwrap()
}
