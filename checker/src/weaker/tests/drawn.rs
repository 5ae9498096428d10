//! Histories of a register for these tests: how they are kept, drawn and written down, and all that is said of one.

use super::super::{Still, still_holds};
use crate::objects::register::Register;
use crate::proof::shrink;
use crate::theory::{self, Theory};
use crate::{Budget, Call, CallOf, Judgement, Limits, Object, Options};
use history::{History, NEVER};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

pub type OfCell = Call<Option<u8>, u8>;

/// Calls, who asked each, and when it began and ended.
#[derive(Debug, Default)]
pub struct Drawn {
    pub calls: Vec<OfCell>,
    pub processes: Vec<u32>,
    pub times: Vec<(u64, u64)>,
}

impl Drawn {
    /// A call begins, which is not known to end; its place. Events are ten nanoseconds apart.
    fn begin(&mut self, event: u32, process: u32, input: Option<u8>) -> usize {
        let place = self.calls.len();
        self.calls.push(OfCell {
            input,
            output: None,
            invoke: event,
            complete: NEVER,
            number: place as u32,
        });
        self.processes.push(process);
        self.times.push((u64::from(event) * 10, u64::MAX));
        place
    }

    fn end(&mut self, place: usize, event: u32, told: u8) {
        self.calls[place].complete = event;
        self.calls[place].output = Some(told);
        self.times[place].1 = u64::from(event) * 10;
    }
}

/// At most six calls of three clients, of which some never end, and which are told anything.
pub fn small(rng: &mut ChaCha8Rng) -> Drawn {
    let mut drawn = Drawn::default();
    let mut open: [Option<usize>; 3] = [None; 3];
    let mut retired = [false; 3];
    for event in 1..=11u32 {
        let lane = rng.random_range(0..3usize);
        match open[lane] {
            _ if retired[lane] => {}
            None if drawn.calls.len() < 6 => {
                let input = rng.random_bool(0.5).then(|| rng.random_range(1..=2));
                open[lane] = Some(drawn.begin(event, lane as u32, input));
            }
            Some(place) if rng.random_bool(0.9) => {
                open[lane] = None;
                drawn.end(place, event, rng.random_range(0..=2));
            }
            Some(_) => retired[lane] = true,
            None => {}
        }
    }
    drawn
}

/// Some hundred calls of three clients, of which now and then one never ends, a read is told what was there a while ago, or
/// what nobody wrote.
pub fn long(rng: &mut ChaCha8Rng) -> Drawn {
    let mut drawn = Drawn::default();
    let mut open: [Option<(usize, u8)>; 3] = [None; 3];
    let mut states = vec![0];
    let stale = [0.003, 0.02][rng.random_range(0..2)];
    let nonsense = [0.0, 0.002][rng.random_range(0..2)];
    let length = rng.random_range(125..=200);
    let mut clients = [0, 1, 2];
    for event in 1.. {
        let lane = rng.random_range(0..3usize);
        if let Some((place, told)) = open[lane].take() {
            match rng.random_bool(0.01) {
                true => clients[lane] += 3,
                false => drawn.end(place, event, told),
            }
            continue;
        }
        if drawn.calls.len() == length {
            break;
        }
        let input = rng.random_bool(0.4).then(|| rng.random_range(1..=9));
        states.extend(input);
        let last = states.len() - 1;
        let told = match rng.random_bool(stale) {
            true => states[last.saturating_sub(rng.random_range(1..=3))],
            false => states[last],
        };
        let told = if rng.random_bool(nonsense) { 10 } else { told };
        open[lane] = Some((drawn.begin(event, clients[lane], input), told));
    }
    drawn
}

/// The calls as a history of a register, in which null stands for 0.
pub fn written(drawn: &Drawn) -> History {
    let value = |value: u8| match value {
        0 => "null".to_owned(),
        more => more.to_string(),
    };
    let mut lines: Vec<(u32, String)> = Vec::new();
    for ((call, process), (begin, end)) in drawn.calls.iter().zip(&drawn.processes).zip(&drawn.times) {
        let f = if call.input.is_some() { "write" } else { "read" };
        let mut line = |event, kind, value: String, time| {
            let text =
                format!(r#"{{"process":{process},"type":"{kind}","f":"{f}","value":{value},"time":{time}}}"#);
            lines.push((event, text));
        };
        line(call.invoke, "invoke", value(call.input.unwrap_or(0)), *begin);
        if let Some(told) = call.output {
            let told = call.input.unwrap_or(told);
            line(call.complete, "ok", value(told), *end);
        }
    }
    lines.sort();
    let lines: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
    history::read_bytes(lines.join("\n").as_bytes()).unwrap()
}

/// What is said of calls that have no legal order, however long it takes; nothing of others.
pub fn still(drawn: &Drawn) -> Option<Still> {
    let history = written(drawn);
    let register = Register::of(&history, &Options::default()).unwrap();
    let calls = all_calls(&register, &history);
    let budget = Budget::of(&Limits::default());
    let Judgement::Illegal { suspects } = register.search(&calls, &budget) else {
        return None;
    };
    let core = shrink::shrink(&register, &calls, &suspects, &budget);
    let core = core.members.iter().map(|place| calls[*place as usize].number);
    let core: Vec<u32> = core.collect();
    Some(still_holds(&register, &history, &calls, &core, &budget))
}

/// The calls of a history of one register.
pub fn all_calls<'h>(register: &Register<'h>, history: &'h History) -> Vec<CallOf<Register<'h>>> {
    let numbers: Vec<u32> = (0..history.operations.len() as u32).collect();
    theory::calls(register, history, &numbers).unwrap()
}
