//! Appending to a history file, one event a line, each handed to the operating system as it happens.
//!
//! A run that is killed leaves every event that was recorded, and at most one torn line.

use crate::{Event, EventType, Header, Note};
use serde::Serialize;
use std::io::{self, Write};

/// Writes a history. Every call is one `write` of one whole line, so nothing waits in a buffer of ours
/// when the process dies.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    line: Vec<u8>,
    next_index: u64,
}

/// The common shape of the lines that are not operations: a word in the place of the process number.
#[derive(Serialize)]
struct NoteLine<'a, V: Serialize> {
    index: u64,
    time: u64,
    process: &'static str,
    #[serde(rename = "type")]
    kind: EventType,
    f: &'a str,
    value: V,
}

#[derive(Serialize)]
struct ExitValue<'a> {
    node: &'a str,
    status: &'a str,
}

impl<W: Write> Writer<W> {
    /// Starts a history with its header line.
    ///
    /// # Errors
    /// When the line cannot be written.
    pub fn new(out: W, header: &Header) -> io::Result<Self> {
        let mut writer = Self {
            out,
            line: Vec::with_capacity(256),
            next_index: 0,
        };
        writer.put(header)?;
        Ok(writer)
    }

    /// Appends an operation's event. Its `index` is set here, to the next number.
    ///
    /// # Errors
    /// When the line cannot be written.
    pub fn event(&mut self, event: &mut Event) -> io::Result<()> {
        event.index = self.next_index;
        self.put(event)?;
        self.next_index += 1;
        Ok(())
    }

    /// Appends a line that is not an operation's, stamped `time` (nanoseconds on the run's clock).
    ///
    /// # Errors
    /// When the line cannot be written.
    pub fn note(&mut self, time: u64, note: &Note) -> io::Result<()> {
        let index = self.next_index;
        let kind = EventType::Info;
        match note {
            Note::Phase(phase) => {
                self.put(&NoteLine {
                    index,
                    time,
                    process: "harness",
                    kind,
                    f: "phase",
                    value: phase,
                })?;
            }
            Note::Stop(why) => {
                self.put(&NoteLine {
                    index,
                    time,
                    process: "harness",
                    kind,
                    f: "stop",
                    value: why,
                })?;
            }
            Note::Fault(fault) => {
                let f = fault.fault.kind();
                self.put(&NoteLine {
                    index,
                    time,
                    process: "nemesis",
                    kind,
                    f,
                    value: fault,
                })?;
            }
            Note::Exit { node, status } => {
                let value = ExitValue { node, status };
                self.put(&NoteLine {
                    index,
                    time,
                    process: "cluster",
                    kind,
                    f: "exit",
                    value,
                })?;
            }
        }
        self.next_index += 1;
        Ok(())
    }

    /// The file behind the writer.
    pub fn get_ref(&self) -> &W {
        &self.out
    }

    fn put(&mut self, line: &impl Serialize) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, line)?;
        self.line.push(b'\n');
        self.out.write_all(&self.line)
    }
}
