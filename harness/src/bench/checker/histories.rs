//! Histories, made up: clients in closed loops on correct objects, with outcomes that nobody knows and, if that is
//! wanted, one wrong answer late.
//!
//! A history is a pure function of its [`Plan`], event by event, in memory that does not depend on how many there are.
//! A step lets one client do one of three things: ask, have an effect, be told. So all that is known of an order is
//! in the order of effects, and a history without a wrong answer is linearizable by construction. A call of unknown
//! outcome has its effect meanwhile, much later, or never.
//!
//! Read next: `object` for what is asked and answered.

use super::object::{Answer, Call, Kind, Objects, Wrong};
use history::{Event, EventType, Header, SCHEMA, Writer};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use std::io::{self, Write};

/// What a history is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The kind of object.
    pub kind: Kind,
    /// How many objects.
    pub keys: usize,
    /// Whether a register's values come from five, and are not written once.
    pub few_values: bool,
    /// How many clients at once.
    pub processes: usize,
    /// How many operations of a hundred have an unknown outcome.
    pub unknown_percent: u32,
    /// Whether one answer, after 92 % of the events, is wrong.
    pub wrong: bool,
    /// How many events; an odd number may be missed by one.
    pub events: u64,
    /// What everything is drawn from.
    pub seed: u64,
}

/// The share of the events after which somebody is told something wrong.
const LATE_PERCENT: u64 = 92;
/// Nanoseconds from one event to the next.
const STEP_NS: u64 = 50_000;
const NODES: usize = 5;

impl Plan {
    /// Writes the history, header first.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write<W: Write>(self, out: W) -> io::Result<()> {
        let mut writer = Writer::new(out, &self.header())?;
        for mut event in Events::new(self) {
            writer.event(&mut event)?;
        }
        Ok(())
    }

    fn header(self) -> Header {
        Header {
            schema: SCHEMA.to_owned(),
            run: format!("generated-{}", self.seed),
            system: "generated".to_owned(),
            workload: "bench".to_owned(),
            model: self.kind.model().name().to_owned(),
            seed: self.seed,
            nodes: (1..=NODES).map(|node| format!("n{node}")).collect(),
            clients: self.processes as u64,
            nemesis: Vec::new(),
            client_timeout_ns: 1_000_000_000,
            failover_ns: None,
            served_by_primary: false,
            started_at: "1970-01-01T00:00:00Z".to_owned(),
        }
    }
}

/// When a call has its effect, and what its client hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Meanwhile; the client is told.
    Told,
    /// Meanwhile; the client hears nothing.
    Unheard,
    /// After the client gave up.
    Late,
    Never,
}

/// A call on its way.
#[derive(Debug)]
struct Open {
    call: Call,
    fate: Fate,
    /// What it is told, once it has had its effect or has been lied to.
    answer: Option<Answer>,
}

/// The events of a history.
pub struct Events {
    plan: Plan,
    random: ChaCha8Rng,
    objects: Objects,
    /// What each client waits for.
    open: Vec<Option<Open>>,
    open_count: u64,
    /// The process that each client is now.
    processes: Vec<u64>,
    /// What will still have its effect though nobody waits for it; no more than there are clients.
    late: Vec<Call>,
    emitted: u64,
    wrong: Lie,
}

/// How far the wrong answer has come.
#[derive(Debug)]
enum Lie {
    /// None is wanted, or it has been given.
    None,
    /// It is too early.
    Waiting,
    /// This client is being led to it.
    Step { client: usize, step: u32, last: Value },
}

impl Events {
    /// From the beginning.
    pub fn new(plan: Plan) -> Events {
        Events {
            plan,
            random: ChaCha8Rng::seed_from_u64(plan.seed),
            objects: Objects::new(plan.kind, plan.keys, plan.few_values),
            open: (0..plan.processes).map(|_| None).collect(),
            open_count: 0,
            processes: (0..plan.processes as u64).collect(),
            late: Vec::with_capacity(plan.processes),
            emitted: 0,
            wrong: if plan.wrong { Lie::Waiting } else { Lie::None },
        }
    }

    /// The client that does something next. Who is being led to a wrong answer gets there soon.
    fn client(&mut self) -> usize {
        match self.wrong {
            Lie::Step { client, .. } if self.random.random_ratio(1, 4) => client,
            _ => self.random.random_range(0..self.plan.processes),
        }
    }

    /// Something that nobody waits for any more has its effect, now and then.
    fn haunt(&mut self) {
        let is_full = self.late.len() >= self.plan.processes;
        if !self.late.is_empty() && (is_full || self.random.random_ratio(1, 100)) {
            let place = self.random.random_range(0..self.late.len());
            let call = self.late.swap_remove(place);
            self.objects.apply(&call);
        }
    }

    /// What an idle client asks for.
    fn ask(&mut self, client: usize) -> Open {
        let told = |call| Open {
            call,
            fate: Fate::Told,
            answer: None,
        };
        if matches!(self.wrong, Lie::Waiting) && self.emitted >= self.plan.events * LATE_PERCENT / 100 {
            self.wrong = Lie::Step {
                client,
                step: 0,
                last: Value::Null,
            };
        }
        if let Lie::Step {
            client: led,
            step,
            last,
        } = &mut self.wrong
            && *led == client
        {
            let mut next = self.objects.wrong(*step, last);
            if next == Wrong::Again {
                *step = 0;
                next = self.objects.wrong(0, last);
            }
            match next {
                Wrong::Answer(call, answer) => {
                    self.wrong = Lie::None;
                    return Open {
                        answer: Some(Some(answer)),
                        ..told(call)
                    };
                }
                Wrong::Prepare(call) => {
                    *step += 1;
                    return told(call);
                }
                Wrong::Again => {}
            }
        }
        let fate = match self.random.random_range(0..100) < self.plan.unknown_percent {
            false => Fate::Told,
            true => match self.random.random_range(0..3) {
                0 => Fate::Unheard,
                1 => Fate::Late,
                _ => Fate::Never,
            },
        };
        Open {
            fate,
            ..told(self.objects.draw(&mut self.random))
        }
    }

    fn event(&self, client: usize, kind: EventType, call: &Call, value: Value) -> Event {
        Event {
            index: self.emitted,
            time: self.emitted * STEP_NS,
            process: self.processes[client],
            kind,
            f: call.f.to_owned(),
            key: (self.plan.keys > 1).then(|| json!(call.key)),
            value,
            node: Some(format!("n{}", client % NODES + 1)),
            error: (kind == EventType::Info).then(|| "timeout".to_owned()),
        }
    }

    /// A client is told, or gives up.
    fn tell(&mut self, client: usize, open: Open) -> Event {
        let Open { call, fate, answer } = open;
        self.open_count -= 1;
        if fate != Fate::Told {
            let event = self.event(client, EventType::Info, &call, call.argument.clone());
            // The process is never heard of again; the client goes on as another.
            self.processes[client] += self.plan.processes as u64;
            if fate == Fate::Late {
                self.late.push(call);
            }
            return event;
        }
        let answer = answer.flatten();
        if let Lie::Step {
            client: led, last, ..
        } = &mut self.wrong
            && *led == client
        {
            *last = answer.clone().unwrap_or(Value::Null);
        }
        match answer {
            Some(value) => self.event(client, EventType::Ok, &call, value),
            None => self.event(client, EventType::Fail, &call, call.argument.clone()),
        }
    }
}

impl Iterator for Events {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        loop {
            let may_ask = self.emitted + self.open_count + 2 <= self.plan.events;
            if !may_ask && self.open_count == 0 {
                return None;
            }
            self.haunt();
            let client = self.client();
            let event = match self.open[client].take() {
                None if may_ask => {
                    let open = self.ask(client);
                    let event = self.event(client, EventType::Invoke, &open.call, open.call.argument.clone());
                    self.open[client] = Some(open);
                    self.open_count += 1;
                    event
                }
                None => continue,
                Some(mut open) => {
                    let has_effect = matches!(open.fate, Fate::Told | Fate::Unheard);
                    if has_effect && open.answer.is_none() {
                        open.answer = Some(self.objects.apply(&open.call));
                        self.open[client] = Some(open);
                        continue;
                    }
                    self.tell(client, open)
                }
            };
            self.emitted += 1;
            return Some(event);
        }
    }
}

#[cfg(test)]
mod tests;
