//! The run in progress, from its history as it grows: operations per second, faults in force, nodes.
//!
//! [`Live`] is fed the bytes that were added to the file and knows at any time what to show. It believes nothing:
//! a line that it does not understand is passed over, one that does not end is dropped, and lists have an end.

use crate::text::{self, seconds, visible};
use askama::Template;
use history::{FaultNote, FaultStep, Header, Phase};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

/// How many seconds the picture of the rate has.
const SECONDS: usize = 120;
/// How many events are listed.
const EVENTS: usize = 14;
/// The longest line that is looked at, in bytes.
const LINE_MAX: usize = 1 << 20;
/// The most nodes and faults that are shown.
const SHOWN_MAX: usize = 99;

/// What is known of a run so far.
#[derive(Debug, Default)]
pub struct Live {
    rest: Vec<u8>,
    is_too_long: bool,
    header: Option<Header>,
    phase: Option<Phase>,
    now_ns: u64,
    counts: Counts,
    /// Operations that began in each second, from the first one on.
    per_second: VecDeque<u32>,
    first_second: u64,
    faults: BTreeMap<u32, (history::Fault, u64)>,
    events: VecDeque<Happening>,
    ended: BTreeMap<String, u64>,
}

/// Operations, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All that began.
    pub begun: u64,
    /// Certainly happened.
    pub ok: u64,
    /// Certainly did not.
    pub failed: u64,
    /// Nobody knows.
    pub unknown: u64,
}

/// Something that happened, with its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Happening {
    /// `31.418 s`.
    pub at: String,
    /// What.
    pub what: String,
}

/// A node and how it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NodeNow {
    /// Its name.
    pub name: String,
    /// `●`, `✕`, `‖`.
    pub glyph: &'static str,
    /// `up`, `killed`, `paused`, `ended by itself`.
    pub state: &'static str,
}

/// What is shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Snapshot {
    /// The part of the run.
    pub phase: &'static str,
    /// How far the history reaches.
    pub at: String,
    /// Operations.
    pub counts: Counts,
    /// Operations that began in each of the last seconds.
    pub per_second: Vec<u32>,
    /// The rate of the last whole second.
    pub rate: u32,
    /// The faults in force, and since when.
    pub faults: Vec<Happening>,
    /// The nodes.
    pub nodes: Vec<NodeNow>,
    /// The last events, newest first.
    pub events: Vec<Happening>,
}

#[derive(Deserialize)]
struct Line<'a> {
    time: u64,
    #[serde(borrow)]
    process: &'a RawValue,
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Exit {
    node: String,
    status: String,
}

impl Live {
    /// Takes in what was added to the file.
    pub fn feed(&mut self, bytes: &[u8]) {
        let mut bytes = bytes;
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            let (line, after) = bytes.split_at(end);
            bytes = &after[1..];
            match (self.is_too_long, self.rest.is_empty()) {
                (true, _) => {}
                (false, true) => self.line(line),
                (false, false) => {
                    let mut whole = std::mem::take(&mut self.rest);
                    whole.extend_from_slice(line);
                    self.line(&whole);
                }
            }
            self.rest.clear();
            self.is_too_long = false;
        }
        self.rest.extend_from_slice(bytes);
        if self.rest.len() > LINE_MAX {
            self.rest = Vec::new();
            self.is_too_long = true;
        }
    }

    fn line(&mut self, bytes: &[u8]) {
        let Ok(line) = serde_json::from_slice::<Line<'_>>(bytes) else {
            if self.header.is_none() {
                self.header = serde_json::from_slice(bytes).ok();
            }
            return;
        };
        self.now_ns = self.now_ns.max(line.time);
        let value = || line.value.map_or("null", RawValue::get);
        match line.process.get() {
            "\"harness\"" => {
                if let Ok(phase) = serde_json::from_str::<Phase>(value()) {
                    self.phase = Some(phase);
                    self.event(line.time, phase.name().to_owned());
                }
            }
            "\"nemesis\"" => {
                if let Ok(note) = serde_json::from_str::<FaultNote>(value()) {
                    self.fault(line.time, note);
                }
            }
            "\"cluster\"" => {
                if let Ok(exit) = serde_json::from_str::<Exit>(value()) {
                    let (node, status) = (visible(&exit.node, 40), visible(&exit.status, 80));
                    self.event(line.time, format!("{node} ended by itself: {status}"));
                    if self.ended.len() < SHOWN_MAX {
                        self.ended.insert(exit.node, line.time);
                    }
                }
            }
            _ => self.operation(line.time, &line.kind),
        }
    }

    fn operation(&mut self, time_ns: u64, kind: &str) {
        match kind {
            "invoke" => {
                self.counts.begun += 1;
                self.count_second(time_ns / 1_000_000_000);
            }
            "ok" => self.counts.ok += 1,
            "fail" => self.counts.failed += 1,
            _ => self.counts.unknown += 1,
        }
    }

    fn count_second(&mut self, second: u64) {
        if self.per_second.is_empty() {
            self.first_second = second;
        }
        let Some(place) = second.checked_sub(self.first_second) else {
            return;
        };
        // A clock that leaps, as only a foreign file's can, leaves no more than an empty picture.
        if place >= (self.per_second.len() + SECONDS) as u64 {
            self.per_second.clear();
            self.first_second = second;
        }
        while (second - self.first_second) as usize >= self.per_second.len() {
            self.per_second.push_back(0);
        }
        while self.per_second.len() > SECONDS {
            self.per_second.pop_front();
            self.first_second += 1;
        }
        if let Some(last) = self.per_second.get_mut((second - self.first_second) as usize) {
            *last += 1;
        }
    }

    fn fault(&mut self, time_ns: u64, note: FaultNote) {
        let words = match note.step {
            FaultStep::Installed => text::fault::beginning(&note.fault),
            FaultStep::Healed => text::fault::ending(&note.fault),
            FaultStep::Skipped => format!("skipped: {}", text::fault(&note.fault)),
            FaultStep::Failed => format!("failed: {}", text::fault(&note.fault)),
            FaultStep::Requested | FaultStep::Healing => return,
        };
        self.event(time_ns, words);
        if note.step != FaultStep::Installed {
            self.faults.remove(&note.id);
        } else if self.faults.len() < SHOWN_MAX {
            self.faults.insert(note.id, (note.fault, time_ns));
        }
    }

    fn event(&mut self, time_ns: u64, what: String) {
        let what = visible(&what, 200);
        self.events.push_front(Happening {
            at: text::moment(time_ns),
            what,
        });
        self.events.truncate(EVENTS);
    }

    /// What to show now.
    pub fn snapshot(&self) -> Snapshot {
        let fault = |(fault, since): &(history::Fault, u64)| Happening {
            at: format!("{:.1} s", seconds(self.now_ns.saturating_sub(*since))),
            what: visible(&text::fault(fault), 200),
        };
        let nodes = self.header.iter().flat_map(|header| header.nodes.iter());
        let whole = self.per_second.len().saturating_sub(2);
        Snapshot {
            phase: self.phase.map_or("starting", Phase::name),
            at: format!("{:.1} s", seconds(self.now_ns)),
            counts: self.counts,
            per_second: self.per_second.iter().copied().collect(),
            rate: self.per_second.get(whole).copied().unwrap_or(0),
            faults: self.faults.values().map(fault).collect(),
            nodes: nodes.take(SHOWN_MAX).map(|name| self.node(name)).collect(),
            events: self.events.iter().cloned().collect(),
        }
    }

    fn node(&self, name: &str) -> NodeNow {
        let mut state = ("●", "up");
        if self.ended.contains_key(name) {
            state = ("✕", "ended by itself");
        }
        for (fault, _) in self.faults.values() {
            match fault {
                history::Fault::Kill { nodes, .. } if nodes.iter().any(|it| it == name) => {
                    state = ("✕", "killed")
                }
                history::Fault::Terminate { nodes } if nodes.iter().any(|it| it == name) => {
                    state = ("✕", "stopped")
                }
                history::Fault::Member { nodes } if nodes.iter().any(|it| it == name) => {
                    state = ("✕", "taken out of the membership")
                }
                history::Fault::Pause { nodes } if nodes.iter().any(|it| it == name) => {
                    state = ("‖", "paused")
                }
                _ => {}
            }
        }
        NodeNow {
            name: visible(name, 40),
            glyph: state.0,
            state: state.1,
        }
    }
}

#[derive(Template)]
#[template(path = "live.html")]
struct Page<'a> {
    title: String,
    events: String,
    snapshot: &'a Snapshot,
    bars: Vec<(usize, u32)>,
    most: u32,
    /// For how many seconds the picture has room.
    span: usize,
}

/// The page of a run in progress as it is now; `events` is where a browser that can hears what comes.
///
/// # Errors
/// When the template cannot be filled in, which is a defect.
pub fn page(title: &str, events: &str, snapshot: &Snapshot) -> Result<String, askama::Error> {
    let most = snapshot.per_second.iter().copied().max().unwrap_or(0);
    let height = |count: &u32| {
        if most == 0 {
            0
        } else {
            u32::try_from(u64::from(*count) * 100 / u64::from(most)).unwrap_or(100)
        }
    };
    Page {
        title: visible(title, 200),
        events: events.to_owned(),
        snapshot,
        bars: snapshot.per_second.iter().map(height).enumerate().collect(),
        most,
        span: snapshot.per_second.len().max(30),
    }
    .render()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invoke(time_ns: u64) -> String {
        format!(
            "{{\"index\":0,\"time\":{time_ns},\"process\":1,\"type\":\"invoke\",\"f\":\"read\",\"key\":1,\"value\":null}}\n"
        )
    }

    const KILL: &str = r#"{"index":1,"time":2000000000,"process":"nemesis","type":"info","f":"kill","value":{"id":3,"step":"STEP","fault":{"kind":"kill","nodes":["n1"]}}}"#;
    const HEADER: &str = r#"{"schema":"harness.history/v1","run":"r","system":"s","workload":"w","model":"m","seed":1,"nodes":["n1","n2"],"clients":1,"nemesis":[],"client_timeout_ns":1,"started_at":"t"}"#;

    fn kill(step: &str) -> String {
        KILL.replace("STEP", step) + "\n"
    }

    #[test]
    fn operations_are_counted_by_second_however_the_bytes_arrive() {
        let text = invoke(500_000_000) + &invoke(900_000_000) + &invoke(2_100_000_000);
        let mut whole = Live::default();
        whole.feed(text.as_bytes());
        let mut torn = Live::default();
        text.as_bytes().chunks(7).for_each(|chunk| torn.feed(chunk));
        assert_eq!(whole.snapshot(), torn.snapshot());
        assert_eq!(whole.snapshot().per_second, [2, 0, 1]);
        assert_eq!(whole.snapshot().counts.begun, 3);
    }

    #[test]
    fn a_node_is_down_while_its_fault_is_in_force() {
        let mut live = Live::default();
        live.feed(format!("{HEADER}\n{}", kill("installed")).as_bytes());
        let states = |live: &Live| {
            live.snapshot()
                .nodes
                .into_iter()
                .map(|it| it.state)
                .collect::<Vec<_>>()
        };
        assert_eq!(states(&live), ["killed", "up"]);
        assert_eq!(live.snapshot().faults[0].what, "kill n1");
        live.feed(kill("healed").as_bytes());
        assert_eq!(states(&live), ["up", "up"]);
        assert_eq!(live.snapshot().events[0].what, "start n1");
    }

    #[test]
    fn rubbish_a_leaping_clock_and_a_line_without_end_do_no_harm() {
        let mut live = Live::default();
        live.feed(b"\xff\xfe\n{}\n[1,2]\n\"x\"\n");
        live.feed(invoke(1).as_bytes());
        live.feed(invoke(u64::MAX).as_bytes());
        live.feed(invoke(5).as_bytes());
        assert!(live.snapshot().per_second.len() <= SECONDS);
        let long = vec![b'x'; LINE_MAX + 10];
        live.feed(&long);
        assert!(live.rest.len() <= LINE_MAX, "it is not kept");
        live.feed(b"\n");
        live.feed(invoke(6).as_bytes());
        assert_eq!(live.snapshot().counts.begun, 4);
    }

    #[test]
    fn what_a_system_said_is_text_on_the_page() {
        let hostile = "<script>alert(1)</script>";
        let mut live = Live::default();
        let exit = format!(
            "{{\"index\":0,\"time\":1,\"process\":\"cluster\",\"type\":\"info\",\"f\":\"exit\",\"value\":{{\"node\":\"{hostile}\",\"status\":\"\\u001b[31m\"}}}}\n"
        );
        live.feed(exit.as_bytes());
        let html = page(hostile, "/events", &live.snapshot()).unwrap();
        assert!(
            !html.contains("<script>alert") && !html.contains('\u{1b}'),
            "{html}"
        );
        assert!(html.contains("alert(1)"));
    }
}
