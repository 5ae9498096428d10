//! The legal order behind a frontier: it remembers only who changed the register and when; the others find their places.
//!
//! Who looks stands where the frontier let it take effect: at its beginning, or as soon as what it saw is there. A write
//! that was hidden stands just before the first plain write after it began.

use super::walk::Effect;
use crate::objects::register::ledger::{Act, INITIAL, Ledger};
use rustc_hash::FxHashMap;

/// The order, given the calls that took effect by their completions, and those that changed the register, each with the
/// completion that needed it.
pub fn order(ledger: &Ledger, ends: &[u32], effects: &[Effect]) -> Vec<u32> {
    let mut hidden = vec![true; ledger.entries.len()];
    for (_, place) in effects {
        hidden[*place as usize] = false;
    }
    let mut effects = effects.iter().peekable();
    let mut replay = Replay {
        ledger,
        order: Vec::with_capacity(ledger.entries.len()),
        value: INITIAL,
        readers: FxHashMap::default(),
        denials: Vec::new(),
        hidden: Vec::new(),
    };
    let mut begun = 0;
    for ending in ends {
        let complete = ledger.entries[*ending as usize].complete;
        while let Some(entry) = ledger.entries.get(begun)
            && entry.invoke < complete
        {
            if entry.is_required() {
                replay.begin(begun as u32, hidden[begun]);
            }
            begun += 1;
        }
        while let Some((_, place)) = effects.next_if(|(event, _)| *event == complete) {
            replay.change(*place);
        }
    }
    replay.order
}

struct Replay<'a> {
    ledger: &'a Ledger,
    order: Vec<u32>,
    value: u32,
    /// By value, those that wait to see it.
    readers: FxHashMap<u32, Vec<u32>>,
    /// Those that wait for another value than they name.
    denials: Vec<u32>,
    /// Open writes that are never seen.
    hidden: Vec<u32>,
}

impl Replay<'_> {
    fn begin(&mut self, place: u32, is_hidden: bool) {
        match self.ledger.entries[place as usize].act {
            Act::Read(value) if value != self.value => self.readers.entry(value).or_default().push(place),
            Act::Not(value) if value == self.value => self.denials.push(place),
            Act::Write(_) if is_hidden => self.hidden.push(place),
            Act::Write(_) | Act::Cas(..) => {}
            Act::Nothing | Act::Read(_) | Act::Not(_) => self.order.push(place),
        }
    }

    fn change(&mut self, place: u32) {
        let act = self.ledger.entries[place as usize].act;
        if matches!(act, Act::Write(_)) {
            self.order.append(&mut self.hidden);
        }
        self.order.push(place);
        let Some(value) = act.leaves() else { return };
        if value != self.value {
            self.value = value;
            self.order.append(&mut self.denials);
        }
        if let Some(readers) = self.readers.get_mut(&value) {
            self.order.append(readers);
        }
    }
}
