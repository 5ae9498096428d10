//! How fast history files are read, beside merely finding the ends of their lines and beside a general JSON library.
//!
//! `cargo bench -p history` uses a million events of a register; `HISTORY_BENCH_EVENTS=10000000 cargo bench -p history` ten
//! million, of which it only prints the quickest of three passes each, in processor time. Pages are warm.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on ends")]

use criterion::{Criterion, Throughput};
use history::{EventType, read_bytes};
use std::fmt::Write;
use std::hint::black_box;

const CLIENTS: u64 = 10;

/// How an event is written.
type Layout = fn(&mut String, Line<'_>);

struct Line<'a> {
    index: u64,
    process: u64,
    kind: &'a str,
    f: &'a str,
    json: &'a str,
    edn: &'a str,
}

impl Line<'_> {
    fn time(&self) -> u64 {
        self.index * 53_000 + 31_362_000_000
    }
}

fn ours(out: &mut String, line: Line<'_>) {
    let (time, node) = (line.time(), line.process % 5 + 1);
    let Line {
        index,
        process,
        kind,
        f,
        json,
        ..
    } = line;
    writeln!(out, r#"{{"index":{index},"time":{time},"process":{process},"type":"{kind}","f":"{f}","key":7,"value":{json},"node":"n{node}"}}"#).unwrap();
}

fn neutral(out: &mut String, line: Line<'_>) {
    let time = line.time();
    let Line {
        process,
        kind,
        f,
        json,
        ..
    } = line;
    writeln!(
        out,
        r#"{{"process":{process},"type":"{kind}","f":"{f}","value":{json},"time":{time}}}"#
    )
    .unwrap();
}

fn spaced(out: &mut String, line: Line<'_>) {
    let time = line.time();
    let Line {
        process,
        kind,
        f,
        json,
        ..
    } = line;
    writeln!(
        out,
        r#"{{"process": {process}, "type": "{kind}", "f": "{f}", "value": {json}, "time": {time}}}"#
    )
    .unwrap();
}

fn jepsen(out: &mut String, line: Line<'_>) {
    let time = line.time();
    let Line {
        index,
        process,
        kind,
        f,
        edn,
        ..
    } = line;
    writeln!(
        out,
        "{{:index {index}, :time {time}, :type :{kind}, :process {process}, :f :{f}, :value {edn}}}"
    )
    .unwrap();
}

fn printed(out: &mut String, line: Line<'_>) {
    let Line {
        process,
        kind,
        f,
        edn,
        ..
    } = line;
    writeln!(out, "{process}\t:{kind}\t:{f}\t{edn}").unwrap();
}

const LAYOUTS: [(&str, Layout); 5] = [
    ("our own layout", ours),
    ("neutral layout", neutral),
    ("neutral, with spaces", spaced),
    ("Jepsen's history.edn", jepsen),
    ("Jepsen's history.txt", printed),
];

/// So many events of ten clients in turn: writes, reads and compare-and-sets.
fn history(layout: Layout, events: u64) -> String {
    let mut out = String::new();
    for index in 0..events {
        let (round, process) = (index / (2 * CLIENTS), index % CLIENTS);
        let number = round % 5;
        let invokes = (index / CLIENTS).is_multiple_of(2);
        let f = ["write", "read", "cas"][((round + process) % 3) as usize];
        let pair = format!("[{},{}]", number, (number + 1) % 5);
        let number = number.to_string();
        let (json, edn) = match f {
            "read" if invokes => ("null", "nil"),
            "cas" => (&*pair, &*pair.replace(',', " ")),
            _ => (&*number, &*number),
        };
        let (json, edn) = (json.to_owned(), edn.to_owned());
        let kind = if invokes { "invoke" } else { "ok" };
        let line = Line {
            index,
            process,
            kind,
            f,
            json: &json,
            edn: &edn,
        };
        layout(&mut out, line);
    }
    out
}

fn ends_of_lines(text: &str) -> usize {
    memchr::memchr_iter(b'\n', text.as_bytes()).count()
}

/// What a general JSON library needs for the same lines, without making operations of them.
fn serde_json_only(text: &str) -> usize {
    #[derive(serde::Deserialize)]
    #[expect(dead_code, reason = "what is read is not looked at")]
    struct Any<'a> {
        process: u64,
        #[serde(rename = "type")]
        kind: EventType,
        f: &'a str,
        value: serde_json::Value,
        time: u64,
    }
    let lines = text
        .lines()
        .map(|line| black_box(serde_json::from_str::<Any<'_>>(line).unwrap()));
    lines.count()
}

/// For how long this thread has had a processor, in seconds: what else the machine does is not measured.
fn processor_s() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

fn quickest(events: u64, size: usize, name: &str, work: impl Fn() -> usize) {
    let passes = (0..3).map(|_| {
        let began = processor_s();
        black_box(work());
        processor_s() - began
    });
    let seconds = passes.fold(f64::INFINITY, f64::min);
    println!(
        "{name:24} {seconds:8.3} s {:8.2} M events/s {:8.0} MB/s",
        events as f64 / seconds / 1e6,
        size as f64 / seconds / 1e6
    );
}

fn main() {
    let events = std::env::var("HISTORY_BENCH_EVENTS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1_000_000);
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    for (name, layout) in LAYOUTS {
        let text = history(layout, events);
        println!("\n{name}: {events} events, {:.0} MB", text.len() as f64 / 1e6);
        quickest(events, text.len(), "ends of lines", || ends_of_lines(&text));
        quickest(events, text.len(), "read", || {
            read_bytes(text.as_bytes()).unwrap().operations.len()
        });
        if text.starts_with("{\"") {
            quickest(events, text.len(), "serde_json alone", || serde_json_only(&text));
        }
        if events > 1_000_000 {
            continue;
        }
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(events));
        group.bench_function("read", |bencher| {
            bencher.iter(|| read_bytes(text.as_bytes()).unwrap())
        });
        group.finish();
    }
    criterion.final_summary();
}
