//! A run as a trace: `ui.perfetto.dev` and `chrome://tracing` open it (the Trace Event format, as JSON).
//!
//! | ours | there |
//! | --- | --- |
//! | a node | a process |
//! | a logical process of a client | a thread of the node that it asks; its operations are slices |
//! | a fault | a slice for each node that it touches, in the process *faults*, a thread for each node and kind |
//! | a phase | a slice in the process *run* |
//! | a reason of the contradiction | a flow between two operations, from the one that began first: its name says who must come first |
//! | throughput, nodes up, unknown outcomes | counters of the process *run* |
//! | a line of a node's log, an exit | an instant |
//!
//! An operation whose outcome nobody knows lasts to the end of the run, because it may take effect until then. No two
//! slices of a thread overlap. Values are cut at 200 characters.
//!
//! Read next: `tracks` for how slices keep out of each other's way, `counters`, `write` for the form.

mod counters;
mod tracks;
mod write;

use crate::coverage::Coverage;
use crate::redaction::Redaction;
use crate::report::{logs, timeline};
use crate::text::{self, visible};
use checker::{Analysis, Violation};
use history::{History, Note, Operation, Outcome};
use serde_json::json;
use std::io::{self, Write};
use std::path::Path;
use tracks::Tracks;
use write::{Event, Trace};

/// Numbers of processes in the trace; nodes are `NODES` and up.
const RUN: u32 = 1;
const FAULTS: u32 = 2;
const NODES: u32 = 3;
/// Longer texts are cut.
const CHARS_MAX: usize = 200;

/// What there is of a run.
pub struct Run<'a> {
    /// What happened.
    pub history: &'a History,
    /// What it exercised.
    pub coverage: &'a Coverage,
    /// What was found, if it was checked.
    pub analysis: Option<&'a Analysis>,
    /// Its folder, where there are logs of nodes.
    pub directory: Option<&'a Path>,
    /// What is not to be seen of what nodes and clients said.
    pub redaction: &'a Redaction,
}

/// Writes a run as a trace.
///
/// # Errors
/// When `out` takes no more.
pub fn write_perfetto(run: &Run<'_>, out: &mut impl Write) -> io::Result<()> {
    let history = run.redaction.history(run.history);
    let analysis = run.analysis.map(|analysis| run.redaction.analysis(analysis));
    let run = &Run {
        history: &history,
        analysis: analysis.as_deref(),
        ..*run
    };
    let mut trace = Trace::begin(out)?;
    let mut tracks = Tracks::default();
    trace.process(RUN, "run", 0)?;
    trace.process(FAULTS, "faults", 1)?;
    for (place, node) in (0..).zip(&run.history.nodes) {
        trace.process(NODES + place, &visible(node, 60), 2 + i64::from(place))?;
    }
    if run.history.operations.iter().any(|it| node_of(run, it).is_none()) {
        let place = without_node(run);
        trace.process(place, "clients", i64::from(place))?;
    }
    phases(run, &mut tracks, &mut trace)?;
    faults(run, &mut tracks, &mut trace)?;
    let flows = operations(run, &mut tracks, &mut trace)?;
    for flow in flows {
        flow.write(&mut trace)?;
    }
    counters::write(run, &mut trace)?;
    instants(run, &mut tracks, &mut trace)?;
    trace.end(run.history.header.as_ref(), tracks.left_out())
}

fn node_of(run: &Run<'_>, operation: &Operation) -> Option<u32> {
    let node = usize::from(operation.node);
    (node < run.history.nodes.len()).then(|| NODES + u32::from(operation.node))
}

/// The process of operations of which the file does not say whom they asked.
fn without_node(run: &Run<'_>) -> u32 {
    NODES + run.history.nodes.len() as u32
}

fn phases<W: Write>(run: &Run<'_>, tracks: &mut Tracks, trace: &mut Trace<'_, W>) -> io::Result<()> {
    for (phase, start, end) in history::timeline::phases(run.history) {
        let Some(tid) = tracks.place(RUN, "phases", 0, (start, end), trace)? else {
            continue;
        };
        trace.put(&Event::slice(
            phase.name(),
            "phase",
            (RUN, tid),
            (start, end),
            json!({}),
        ))?;
    }
    Ok(())
}

fn faults<W: Write>(run: &Run<'_>, tracks: &mut Tracks, trace: &mut Trace<'_, W>) -> io::Result<()> {
    let end_ns = run.history.end_ns();
    let mut spans: Vec<_> = run.coverage.faults.iter().collect();
    spans.sort_by_key(|span| span.installed_ns);
    for span in spans {
        let Some(active) = span.active_ns(end_ns) else {
            continue;
        };
        let name = visible(&text::fault::beginning(&span.fault), CHARS_MAX);
        let evidence: Vec<String> = span
            .evidence
            .iter()
            .map(|it| visible(&run.redaction.apply(it), CHARS_MAX))
            .collect();
        for node in span.fault.nodes() {
            let place = run.history.nodes.iter().position(|it| it == node);
            let sort = place.map_or(1000, |place| place as i64 * 10);
            let thread = format!("{} {}", visible(node, 40), span.fault.kind());
            let Some(tid) = tracks.place(FAULTS, &thread, sort, active, trace)? else {
                continue;
            };
            let args = json!({"fault": span.id, "confirmed": span.confirmed(), "evidence": evidence});
            trace.put(&Event::slice(
                &name,
                span.fault.kind(),
                (FAULTS, tid),
                active,
                args,
            ))?;
        }
    }
    Ok(())
}

/// The first violation that has been explained.
fn violation<'a>(run: &Run<'a>) -> Option<&'a Violation> {
    run.analysis.and_then(|analysis| analysis.violations.first())
}

/// Writes every operation, and says where those of the contradiction are.
fn operations<W: Write>(
    run: &Run<'_>,
    tracks: &mut Tracks,
    trace: &mut Trace<'_, W>,
) -> io::Result<Vec<Flow>> {
    let history = run.history;
    let end_ns = history.end_ns();
    let core = violation(run).map_or(&[][..], |violation| &violation.core);
    let mut places: Vec<Option<Place>> = vec![None; core.len()];
    for (number, operation) in history.operations.iter().enumerate() {
        let (word, end) = match operation.outcome {
            Outcome::Ok => ("ok", operation.end_ns),
            Outcome::Fail => ("fail", operation.end_ns),
            Outcome::Info => ("info", end_ns),
        };
        let span = (operation.start_ns, end.max(operation.start_ns));
        let pid = node_of(run, operation).unwrap_or(without_node(run));
        let client = history.client(operation);
        let thread = format!("client {client}, process {}", operation.process);
        let sort = i64::try_from(client).unwrap_or(i64::MAX).min(1 << 30);
        let Some(tid) = tracks.place(pid, &thread, sort, span, trace)? else {
            continue;
        };
        let member = core.iter().position(|member| member.operation as usize == number);
        let call = timeline::call(history, operation);
        let name = match member {
            Some(place) => format!("{}: {call}", core[place].label),
            None => call,
        };
        let error = u32::try_from(number).ok().and_then(|it| history.errors.get(&it));
        let args = json!({
            "index": operation.invoke,
            "key": visible(&history.key_name(operation.key), CHARS_MAX),
            "input": visible(&history.values.json(operation.input), CHARS_MAX),
            "output": visible(&history.values.json(operation.output), CHARS_MAX),
            "type": word,
            "error": error.map(|error| visible(error, CHARS_MAX)),
        });
        trace.put(&Event::slice(&name, word, (pid, tid), span, args))?;
        if let Some(place) = member {
            places[place] = Some(Place {
                thread: (pid, tid),
                // Just inside of the slice, for that is how a flow finds it.
                at: span.0 + (span.1 - span.0).min(2000) / 2,
            });
        }
    }
    let reasons = violation(run).map_or(&[][..], |violation| &violation.reasons);
    let flow = |(id, reason): (u32, &checker::Reason)| {
        let mut ends = [places[reason.from]?, places[reason.to]?];
        ends.sort_by_key(|end| end.at);
        (reason.from != reason.to).then(|| Flow {
            id,
            ends,
            name: visible(&reason.sentence, CHARS_MAX),
        })
    };
    Ok((1..).zip(reasons).filter_map(flow).collect())
}

/// Where an operation of the contradiction is.
#[derive(Clone, Copy)]
struct Place {
    thread: (u32, u32),
    at: u64,
}

/// One reason as an arrow. It cannot go back in time, so it goes from the operation that began first.
struct Flow {
    id: u32,
    ends: [Place; 2],
    name: String,
}

impl Flow {
    fn write<W: Write>(&self, trace: &mut Trace<'_, W>) -> io::Result<()> {
        for (phase, end) in ["s", "f"].into_iter().zip(&self.ends) {
            trace.put(&Event {
                id: Some(self.id),
                bp: (phase == "f").then_some("e"),
                ..Event::new(phase, &self.name, "reason", end.thread, end.at)
            })?;
        }
        Ok(())
    }
}

/// Exits and lines of logs.
fn instants<W: Write>(run: &Run<'_>, tracks: &mut Tracks, trace: &mut Trace<'_, W>) -> io::Result<()> {
    let mut put = |place: u32, thread: &str, (at, name): (u64, &str), trace: &mut Trace<'_, W>| {
        let pid = NODES + place;
        let tid = tracks.thread(pid, thread, -1, trace)?;
        trace.put(&Event {
            s: Some("t"),
            ..Event::new("i", name, "log", (pid, tid), at)
        })
    };
    for (at, note) in &run.history.notes {
        let Note::Exit { node, status } = note else {
            continue;
        };
        let place = run.history.nodes.iter().position(|it| it == node);
        if let Some(place) = place.and_then(|place| u32::try_from(place).ok()) {
            let name = format!("ended by itself: {}", visible(status, CHARS_MAX));
            put(place, "exits", (*at, &name), trace)?;
        }
    }
    let Some(directory) = run.directory else {
        return Ok(());
    };
    for (place, node) in (0..).zip(&run.history.nodes) {
        for (at, line) in logs::of_node(directory, node, run.redaction) {
            put(place, "log", (at, &line), trace)?;
        }
    }
    Ok(())
}
