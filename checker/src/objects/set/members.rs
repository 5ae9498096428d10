//! What is in a set, cheap to keep in many versions.

use super::Shown;
use rustc_hash::FxBuildHasher;
use std::hash::{Hash, Hasher};

/// The elements that are in a set. A copy shares all that has not changed.
#[derive(Clone, Debug, Default)]
pub struct Members {
    elements: imbl::GenericHashSet<u32, FxBuildHasher, imbl::shared_ptr::DefaultSharedPtr>,
    /// The same for equal sets.
    print: u64,
}

/// Spreads a number over 64 bits (the finaliser of splitmix64).
pub(super) fn mix(element: u32) -> u64 {
    let mut z = u64::from(element).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Members {
    /// Whether an element is in it.
    pub fn has(&self, element: u32) -> bool {
        self.elements.contains(&element)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.elements.len()
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        self.elements.iter().copied()
    }

    /// A number that is the same for equal sets, and as a rule for no others.
    pub(super) fn print(&self) -> u64 {
        self.print
    }

    /// The same and this element.
    #[must_use]
    pub fn with(&self, element: u32) -> Members {
        let mut next = self.clone();
        if next.elements.insert(element).is_none() {
            next.print ^= mix(element);
        }
        next
    }

    /// The same but for this element.
    #[must_use]
    pub fn without(&self, element: u32) -> Members {
        let mut next = self.clone();
        if next.elements.remove(&element).is_some() {
            next.print ^= mix(element);
        }
        next
    }

    /// Whether it is what a read showed.
    pub(super) fn is(&self, shown: &Shown) -> bool {
        shown.twice.is_none()
            && self.elements.len() == shown.elements.len()
            && self.print == shown.print
            && shown.elements.iter().all(|element| self.has(*element))
    }
}

impl PartialEq for Members {
    fn eq(&self, other: &Self) -> bool {
        self.print == other.print && self.elements == other.elements
    }
}

impl Eq for Members {}

impl Hash for Members {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.print.hash(state);
    }
}
