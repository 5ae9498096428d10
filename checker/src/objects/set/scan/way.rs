//! One way that things can have gone, as the scan of a set keeps it: what is in, and what is open.

use super::super::members::Members;
use super::super::{Asked, Set, Shown, Told};
use crate::CallOf;
use rustc_hash::{FxBuildHasher, FxHashMap};
use smallvec::SmallVec;

type Of<'h> = CallOf<Set<'h>>;
/// Places of calls.
pub(super) type Places = SmallVec<[u32; 2]>;
/// A map of which copies share what has not changed.
type Map<V> = imbl::GenericHashMap<u32, V, FxBuildHasher, imbl::shared_ptr::DefaultSharedPtr>;

/// What a call needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// That the element is in, or out, at some moment.
    Sees(u32, bool),
    /// That it changes the element to this.
    Changes(u32, bool),
    /// Either: afterwards the element is like this.
    Makes(u32, bool),
    /// That the set is this.
    Whole(u32),
    /// Nothing.
    Nothing,
}

/// What a call needs.
pub(super) fn need(call: &Of<'_>) -> Need {
    match (&call.input, call.output) {
        (Asked::Add(it), Some(Told::Bool(true))) => Need::Changes(*it, true),
        (Asked::Add(it), Some(Told::Bool(false))) => Need::Sees(*it, true),
        (Asked::Add(it), _) => Need::Makes(*it, true),
        (Asked::Remove(it), Some(Told::Bool(true))) => Need::Changes(*it, false),
        (Asked::Remove(it), Some(Told::Bool(false))) => Need::Sees(*it, false),
        (Asked::Remove(it), _) => Need::Makes(*it, false),
        (Asked::Contains(it), Some(Told::Bool(is_in))) => Need::Sees(*it, is_in),
        (Asked::Read, Some(Told::Whole(whole))) => Need::Whole(whole),
        _ => Need::Nothing,
    }
}

/// What is open about one element.
#[derive(Clone, Debug, Default)]
pub(super) struct Open {
    /// By direction (out, in): the updates that must change it, by completion.
    pub must: [SmallVec<[(u32, u32); 1]>; 2],
    /// Those that can, by completion, and whether they have found it as they leave it.
    pub can: [SmallVec<[(u32, u32, bool); 1]>; 2],
    /// Who waits to see it out, or in.
    pub waits: [Places; 2],
    /// When it changed last.
    pub changed: u64,
}

impl PartialEq for Open {
    fn eq(&self, other: &Self) -> bool {
        self.must == other.must && self.can == other.can && self.waits == other.waits
    }
}

impl Open {
    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        let none =
            |way: usize| self.must[way].is_empty() && self.can[way].is_empty() && self.waits[way].is_empty();
        none(0) && none(1)
    }
}

/// One way that things can have gone.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub members: Members,
    pub open: Map<Open>,
    /// The reads of the whole that wait, each with how many elements are still different.
    pub reads: SmallVec<[(u32, u32); 2]>,
    /// The last call that took effect, as a place in the trail, and when that was.
    pub by: u32,
    pub time: u64,
}

impl Way {
    /// Before everything.
    pub fn start(by: u32) -> Way {
        Way {
            members: Members::default(),
            open: Map::default(),
            reads: SmallVec::new(),
            by,
            time: 0,
        }
    }
}

/// Forgets an element about which nothing is open.
pub(super) fn tidy(way: &mut Way, element: u32) {
    if way.open.get(&element).is_some_and(Open::is_empty) {
        way.open.remove(&element);
    }
}

/// The elements that have to change for the set to be what a read showed.
pub(super) fn different(way: &Way, shown: &Shown) -> Vec<u32> {
    let missing = shown.elements.iter().copied().filter(|it| !way.members.has(*it));
    let mut different: Vec<u32> = missing.collect();
    if way.members.len() + different.len() > shown.elements.len() {
        let mut needless: Vec<u32> = way.members.iter().filter(|it| !shown.has(*it)).collect();
        needless.sort_unstable();
        different.extend(needless);
    }
    different
}

/// What is compared first, for it is quick.
type Print = (u64, usize, SmallVec<[(u32, u32); 2]>);

/// Each way once: how it came about does not matter.
pub(super) fn distinct(ways: Vec<Way>) -> Vec<Way> {
    if ways.len() < 2 {
        return ways;
    }
    let mut kept: Vec<Way> = Vec::new();
    let mut alike: FxHashMap<Print, Vec<usize>> = FxHashMap::default();
    for way in ways {
        let same = alike
            .entry((way.members.print(), way.open.len(), way.reads.clone()))
            .or_default();
        let equal = |place: &usize| kept[*place].members == way.members && kept[*place].open == way.open;
        if !same.iter().any(equal) {
            same.push(kept.len());
            kept.push(way);
        }
    }
    kept
}
