//! From texts to who made them: a get names the put that its text began with, and the appends since.

use super::{AppendString, Asked, got};
use crate::CallOf;
use crate::objects::register::ledger::{Act, Entry, INITIAL, Ledger};
use rustc_hash::{FxHashMap, FxHashSet};

/// What gets say of puts and appends: the calls as those of a register.
pub struct Story {
    /// An append that somebody saw compares and sets, one that nobody saw writes a value that nobody sees.
    pub ledger: Ledger,
    /// By call, a get that saw it, if it is an append that was seen.
    reader: FxHashMap<u32, u32>,
}

impl Story {
    /// Calls, and for appends also those that say what they were appended to.
    pub fn with_readers(&self, calls: Vec<u32>) -> Vec<u32> {
        let readers = calls.iter().filter_map(|place| self.reader.get(place).copied());
        let mut all: Vec<u32> = readers.collect();
        all.extend(calls);
        all
    }
}

/// What the gets say; `None` where a text can be taken apart in several ways.
///
/// # Errors
/// Calls of which the gets contradict each other.
pub fn take_apart(calls: &[CallOf<AppendString>]) -> Result<Option<Story>, Vec<u32>> {
    let mut pieces: FxHashMap<&str, u32> = FxHashMap::default();
    let mut beginnings: FxHashMap<&str, u32> = FxHashMap::from_iter([("", INITIAL)]);
    let mut values = INITIAL + 1;
    for (call, place) in calls.iter().zip(0u32..) {
        match &call.input {
            Asked::Append(more) if more.is_empty() || pieces.insert(more, place).is_some() => {
                return Ok(None);
            }
            Asked::Put(text) => {
                beginnings.entry(text).or_insert_with(|| {
                    values += 1;
                    values - 1
                });
            }
            Asked::Append(_) | Asked::Get => {}
        }
    }
    let texts = Texts {
        piece_lengths: lengths(pieces.keys()),
        beginning_lengths: lengths(beginnings.keys()),
        pieces,
        beginnings,
    };
    let mut acts = vec![Act::Nothing; calls.len()];
    // By a value and what is appended to it, the value that results.
    let mut results: FxHashMap<(u32, u32), u32> = FxHashMap::default();
    let mut reader: FxHashMap<u32, u32> = FxHashMap::default();
    let mut known: FxHashMap<&str, u32> = FxHashMap::default();
    for (call, place) in calls.iter().zip(0u32..) {
        let Some(text) = got(call).filter(|_| call.is_required()) else {
            continue;
        };
        if let Some(value) = known.get(text) {
            acts[place as usize] = Act::Read(*value);
            continue;
        }
        let value = match texts.ways(text) {
            Ways::None => {
                // Nobody made it: a value that nobody writes.
                values += 1;
                acts[place as usize] = Act::Read(values - 1);
                continue;
            }
            Ways::Several => return Ok(None),
            Ways::One(beginning, appends) => {
                let mut value = beginning;
                for append in appends {
                    let result = *results.entry((value, append)).or_insert_with(|| {
                        values += 1;
                        values - 1
                    });
                    match acts[append as usize] {
                        Act::Cas(old, _) if old != value => return Err(vec![reader[&append], place]),
                        _ => {}
                    }
                    acts[append as usize] = Act::Cas(value, result);
                    reader.entry(append).or_insert(place);
                    value = result;
                }
                value
            }
        };
        acts[place as usize] = Act::Read(*known.entry(text).or_insert(value));
    }
    for (call, place) in calls.iter().zip(0u32..) {
        match &call.input {
            Asked::Put(text) => acts[place as usize] = Act::Write(texts.beginnings[&**text]),
            Asked::Append(_) if acts[place as usize] == Act::Nothing && call.is_required() => {
                values += 1;
                acts[place as usize] = Act::Write(values - 1);
            }
            Asked::Append(_) | Asked::Get => {}
        }
    }
    let entries = calls.iter().zip(acts).map(|(call, act)| Entry {
        act,
        invoke: call.invoke,
        complete: call.complete,
    });
    Ok(Some(Story {
        ledger: Ledger {
            entries: entries.collect(),
            values,
        },
        reader,
    }))
}

/// How a text can have come about.
enum Ways {
    None,
    /// From this value, by these calls.
    One(u32, Vec<u32>),
    Several,
}

/// What texts are made of.
struct Texts<'a> {
    pieces: FxHashMap<&'a str, u32>,
    beginnings: FxHashMap<&'a str, u32>,
    piece_lengths: Vec<usize>,
    beginning_lengths: Vec<usize>,
}

impl Texts<'_> {
    /// All ways to make a text, as far as they can be told apart from one.
    fn ways(&self, text: &str) -> Ways {
        // From each place to the end: in how many ways (two are several), and the first piece of the last one found.
        let mut ways = vec![(0u8, 0u32, 0usize); text.len() + 1];
        ways[text.len()] = (1, 0, 0);
        for from in (0..text.len()).rev() {
            for length in &self.piece_lengths {
                let to = from + length;
                if let Some(piece) = text.get(from..to).and_then(|piece| self.pieces.get(piece))
                    && ways[to].0 > 0
                {
                    ways[from] = ((ways[from].0 + ways[to].0).min(2), *piece, to);
                }
            }
        }
        let mut found = Ways::None;
        for length in &self.beginning_lengths {
            let Some(beginning) = text
                .get(..*length)
                .and_then(|beginning| self.beginnings.get(beginning))
            else {
                continue;
            };
            match (ways[*length].0, &found) {
                (0, _) => {}
                (1, Ways::None) => {
                    let mut appends = Vec::new();
                    let mut at = *length;
                    while at < text.len() {
                        appends.push(ways[at].1);
                        at = ways[at].2;
                    }
                    found = Ways::One(*beginning, appends);
                }
                _ => return Ways::Several,
            }
        }
        found
    }
}

fn lengths<'a>(texts: impl Iterator<Item = &'a &'a str>) -> Vec<usize> {
    let lengths: FxHashSet<usize> = texts.map(|text| text.len()).collect();
    lengths.into_iter().collect()
}
