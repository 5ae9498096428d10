//! Registers whose values repeat: a frontier that knows what a register forgets.
//!
//! Like [`crate::search::frontier`] it goes from event to event and keeps the configurations that are possible. What
//! it knows beyond that:
//!
//! * Who only looks takes effect at the first moment that fits.
//! * A write that was overwritten at once was never seen. Once any plain write took effect after it began, an open write
//!   is *waived*: it may have been hidden just before. At its end it vanishes, or takes effect after all, because the
//!   value that it leaves may be seen later.
//! * Before the call that ends, only what is awaited takes effect: values that an open read or compare-and-set
//!   has to find, and compare-and-sets that find their value.
//! * Of writes of one value the one that ends first is used first, and one without outcome last.
//! * A configuration that can do whatever another can makes that other one superfluous ([`Configuration::dominates`]).
//!
//! At first hardly any configuration is kept, the most promising one, and calls of unknown outcome take effect only for the
//! call that ends. Where it dies, it is gone back a little, and more are kept until that place is behind ([`retreat`]): that finds
//! an order of most legal histories in linear time. If they die all the same, a frontier that lets everything open happen as often as it
//! likes is asked, and then one that lets only calls of unknown outcome do so: where even that dies, there is no order; and where there are
//! enough of those for what it did, there is one. Only then more are kept from the beginning, and in the end all.
//!
//! Read next: [`walk`] for the way from event to event, [`configuration`] for what is kept, [`open`] for what is open,
//! [`replay`] for how the order is told.

mod configuration;
mod open;
mod replay;
mod retreat;
mod walk;

use super::ledger::Ledger;
use crate::Budget;
use crate::search::{Judgement, Stuck};
use configuration::Often;
use walk::Beam;

/// How many configurations are kept, one attempt after another.
const WIDTHS: [usize; 3] = [64, 1024, usize::MAX];
/// How many are kept when calls of unknown outcome are used sparingly, from the beginning to the end.
const THRIFTY_WIDTH: usize = 128;
/// How many are kept where calls may happen as often as they like.
const RELAXED_WIDTH: usize = 4096;

/// What is to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Effort {
    /// At most so many configurations.
    width: usize,
    /// Whether it is gone back and more are kept for a while where they die.
    retreats: bool,
    /// What may happen as often as it likes.
    often: Often,
    /// Whether calls of unknown outcome take effect only when the call that ends cannot do without.
    thrifty: bool,
}

/// How one attempt ended.
#[derive(Debug)]
enum Attempt {
    Legal(Vec<u32>),
    /// These calls have no order, whatever the others did.
    Illegal(Vec<u32>),
    /// No configuration is left. Only certain when none was left out.
    Dead {
        begun: u32,
        certain: bool,
    },
    /// There would be an order if calls could happen as often as they like.
    Survived,
    /// More calls are open at one time than this can hold.
    TooManyOpen,
    Unknown(Stuck),
}

/// Says whether the last of so many calls have no order, whatever the others did, and which these are.
pub type Recent<'a> = &'a dyn Fn(u32) -> Option<Vec<u32>>;

/// The verdict on a register; `None` when too many calls are open at one time. With it, the name of the algorithm that
/// found it. Where few configurations do not get beyond an event, `recent` is asked of the calls that had begun by then
/// before more configurations are tried: mostly it is these.
pub fn judge(ledger: &Ledger, budget: &Budget, recent: Recent<'_>) -> Option<(&'static str, Judgement)> {
    let has_unknown = ledger.entries.iter().any(|entry| !entry.is_required());
    let effort = |width, often| Effort {
        width,
        retreats: false,
        often,
        thrifty: false,
    };
    let first = Effort {
        retreats: true,
        thrifty: has_unknown,
        ..effort(retreat::WIDTH, Often::Nothing)
    };
    let thrifty = Effort {
        thrifty: true,
        ..effort(THRIFTY_WIDTH, Often::Nothing)
    };
    let relaxed = |often| ("relaxed frontier", effort(RELAXED_WIDTH, often));
    let [narrow, wide, all] = WIDTHS.map(|width| effort(width, Often::Nothing));
    let everything = relaxed(Often::Everything);
    let attempts = match has_unknown {
        true => vec![
            ("narrow frontier", first),
            everything,
            relaxed(Often::Unknown),
            ("narrow frontier", thrifty),
            ("narrow frontier", narrow),
            ("frontier", wide),
            ("frontier", all),
        ],
        false => vec![
            ("narrow frontier", first),
            everything,
            ("frontier", wide),
            ("frontier", all),
        ],
    };
    let mut asked = 0;
    for (name, effort) in attempts {
        let ask = |begun: u32| {
            let is_new = begun > asked;
            asked = asked.max(begun);
            is_new.then(|| recent(begun)).flatten()
        };
        match Beam::new(ledger, effort, budget).run(ask) {
            Attempt::Legal(order) => return Some((name, Judgement::Legal { order })),
            Attempt::Illegal(suspects) => return Some((name, Judgement::Illegal { suspects })),
            Attempt::Dead { begun, certain: true } => {
                let suspects = (0..begun).collect();
                return Some((name, Judgement::Illegal { suspects }));
            }
            Attempt::Dead { .. } | Attempt::Survived => {}
            Attempt::TooManyOpen => return None,
            Attempt::Unknown(stuck) => return Some((name, Judgement::Unknown(stuck))),
        }
    }
    None
}

#[cfg(test)]
mod tests;
