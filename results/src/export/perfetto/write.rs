//! The Trace Event format: an object with a list of events, each with a phase, a process, a thread and microseconds.

use crate::text::visible;
use history::Header;
use serde::Serialize;
use serde_json::{Value, json};
use std::io::{self, Write};

/// Later moments are told as this one: two centuries are more than the format's nanoseconds can count.
const LAST_NS: u64 = 1 << 62;

/// One event.
#[derive(Serialize)]
pub struct Event<'a> {
    /// `X` a slice, `s` and `f` a flow's ends, `C` a counter, `i` an instant, `M` a name.
    pub ph: &'static str,
    /// What it is called.
    pub name: &'a str,
    /// What sort of thing it is.
    pub cat: &'static str,
    /// The process.
    pub pid: u32,
    /// The thread.
    pub tid: u32,
    /// When it began, in microseconds.
    pub ts: f64,
    /// For how long it lasted, in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dur: Option<f64>,
    /// Which flow it is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// `e`: a flow ends at the slice that it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bp: Option<&'static str>,
    /// `t`: an instant of a thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s: Option<&'static str>,
    /// What else is known.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub args: Value,
}

impl<'a> Event<'a> {
    /// An event of a phase, at a moment in nanoseconds.
    pub fn new(
        ph: &'static str,
        name: &'a str,
        cat: &'static str,
        (pid, tid): (u32, u32),
        at: u64,
    ) -> Event<'a> {
        Event {
            ph,
            name,
            cat,
            pid,
            tid,
            ts: microseconds(at),
            dur: None,
            id: None,
            bp: None,
            s: None,
            args: Value::Null,
        }
    }

    /// Something that took time, from a moment to a moment.
    pub fn slice(
        name: &'a str,
        cat: &'static str,
        thread: (u32, u32),
        (start, end): (u64, u64),
        args: Value,
    ) -> Event<'a> {
        let (start, end) = (start.min(LAST_NS), end.min(LAST_NS));
        Event {
            dur: Some(microseconds(end.saturating_sub(start))),
            args,
            ..Event::new("X", name, cat, thread, start)
        }
    }
}

fn microseconds(ns: u64) -> f64 {
    ns.min(LAST_NS) as f64 / 1e3
}

/// A trace being written.
pub struct Trace<'w, W: Write> {
    out: &'w mut W,
    is_first: bool,
}

impl<'w, W: Write> Trace<'w, W> {
    /// Begins a trace.
    ///
    /// # Errors
    /// When `out` takes no more.
    pub fn begin(out: &'w mut W) -> io::Result<Trace<'w, W>> {
        out.write_all(b"{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n")?;
        Ok(Trace { out, is_first: true })
    }

    /// Writes an event.
    ///
    /// # Errors
    /// When `out` takes no more.
    pub fn put(&mut self, event: &Event<'_>) -> io::Result<()> {
        if !std::mem::take(&mut self.is_first) {
            self.out.write_all(b",\n")?;
        }
        serde_json::to_writer(&mut *self.out, event)?;
        Ok(())
    }

    /// Names a process, and says where it stands among the others.
    ///
    /// # Errors
    /// When `out` takes no more.
    pub fn process(&mut self, pid: u32, name: &str, sort: i64) -> io::Result<()> {
        self.name("process_name", (pid, 0), json!({"name": name}))?;
        self.name("process_sort_index", (pid, 0), json!({"sort_index": sort}))
    }

    /// Names a thread, and says where it stands in its process.
    ///
    /// # Errors
    /// When `out` takes no more.
    pub fn thread(&mut self, thread: (u32, u32), name: &str, sort: i64) -> io::Result<()> {
        self.name("thread_name", thread, json!({"name": name}))?;
        self.name("thread_sort_index", thread, json!({"sort_index": sort}))
    }

    fn name(&mut self, what: &str, thread: (u32, u32), args: Value) -> io::Result<()> {
        let mut event = Event::new("M", what, "__metadata", thread, 0);
        event.args = args;
        self.put(&event)
    }

    /// Ends the trace, with what is known of the run.
    ///
    /// # Errors
    /// When `out` takes no more.
    pub fn end(self, header: Option<&Header>, left_out: usize) -> io::Result<()> {
        let about = header.map(|header| {
            json!({
                "run": visible(&header.run, 80),
                "system": visible(&header.system, 80),
                "workload": visible(&header.workload, 80),
                "seed": header.seed,
                "started_at": visible(&header.started_at, 40),
            })
        });
        let rest = json!({"run": about, "slices_left_out": left_out});
        write!(self.out, "\n],\"otherData\":{rest}}}\n")?;
        self.out.flush()
    }
}
