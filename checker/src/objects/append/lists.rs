//! All lists that reads showed, as a tree: a list is a node, and its parent is the list without the last element.
//!
//! In a legal history all lists of a key are beginnings of one, so the tree has no more nodes than there were appends.
//! A list that begins like the longest one so far is compared with its text, byte by byte; only what is
//! new is taken apart.

use crate::objects::elements::{Elements, split};
use rustc_hash::FxHashMap;

/// The empty list.
pub(super) const EMPTY: u32 = 0;
/// Any list that no read showed, not even as its beginning.
pub(super) const UNSEEN: u32 = u32::MAX;

/// The tree.
#[derive(Debug)]
pub(super) struct Lists<'h> {
    nodes: Vec<Node>,
    longer: FxHashMap<(u32, u32), u32>,
    /// By key, the longest list so far.
    longest: FxHashMap<u32, Longest<'h>>,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    without_last: u32,
    last: u32,
    length: u32,
}

#[derive(Debug)]
struct Longest<'h> {
    text: &'h str,
    /// Of each element, the place behind it in the text, and the list up to it.
    up_to: Vec<(u32, u32)>,
}

impl<'h> Lists<'h> {
    /// Only the empty list.
    pub fn new() -> Self {
        let root = Node {
            without_last: EMPTY,
            last: u32::MAX,
            length: 0,
        };
        Lists {
            nodes: vec![root],
            longer: FxHashMap::default(),
            longest: FxHashMap::default(),
        }
    }

    /// The list of a text that a read of a key showed.
    pub fn insert(&mut self, key: u32, text: &'h str, elements: &mut Elements) -> u32 {
        let longest = self.longest.entry(key).or_insert(Longest {
            text: "[]",
            up_to: Vec::new(),
        });
        let same = same_bytes(longest.text.as_bytes(), text.as_bytes());
        let mut shared = longest.up_to.partition_point(|(end, _)| *end as usize <= same);
        // "[1,12" is the beginning of both [1,12] and [1,123].
        while shared > 0
            && !matches!(
                text.as_bytes().get(longest.up_to[shared - 1].0 as usize),
                Some(b',' | b']')
            )
        {
            shared -= 1;
        }
        let (from, mut list) = match shared {
            0 => (1, EMPTY),
            _ => {
                let (end, list) = longest.up_to[shared - 1];
                (end as usize + 1, list)
            }
        };
        let mut up_to = Vec::new();
        for (element, end) in split(text, from) {
            let last = elements.of_json(element);
            let next = self.nodes.len() as u32;
            let length = self.nodes[list as usize].length + 1;
            let without_last = list;
            list = *self.longer.entry((list, last)).or_insert(next);
            if list == next {
                self.nodes.push(Node {
                    without_last,
                    last,
                    length,
                });
            }
            up_to.push((end as u32, list));
        }
        if shared + up_to.len() > longest.up_to.len() {
            longest.up_to.truncate(shared);
            longest.up_to.extend(up_to);
            longest.text = text;
        }
        list
    }

    /// The list with one element more, if a read showed it.
    pub fn with(&self, list: u32, element: u32) -> u32 {
        self.longer.get(&(list, element)).copied().unwrap_or(UNSEEN)
    }

    /// How many elements it has.
    pub fn length(&self, list: u32) -> u32 {
        self.nodes[list as usize].length
    }

    /// Its last element, and the list without it; nothing for the empty list.
    pub fn last(&self, list: u32) -> Option<(u32, u32)> {
        let node = self.nodes[list as usize];
        (list != EMPTY).then_some((node.last, node.without_last))
    }

    /// The lists that it begins with: itself first, the empty one last.
    pub fn beginnings(&self, list: u32) -> impl Iterator<Item = u32> {
        std::iter::successors(Some(list), |at| self.last(*at).map(|(_, before)| before))
    }

    /// Its elements, first to last.
    pub fn elements(&self, list: u32) -> Vec<u32> {
        let mut elements: Vec<u32> = self
            .beginnings(list)
            .filter_map(|at| self.last(at).map(|(last, _)| last))
            .collect();
        elements.reverse();
        elements
    }

    /// Whether one is the beginning of the other.
    pub fn begins(&self, short: u32, long: u32) -> bool {
        let length = self.length(short);
        self.beginnings(long).find(|at| self.length(*at) <= length) == Some(short)
    }
}

/// How many bytes two texts have in common at their beginning.
fn same_bytes(one: &[u8], other: &[u8]) -> usize {
    const STRIDE: usize = 64;
    let pieces = one.chunks_exact(STRIDE).zip(other.chunks_exact(STRIDE));
    let whole = pieces.take_while(|(a, b)| a == b).count() * STRIDE;
    let rest = one[whole..].iter().zip(&other[whole..]);
    whole + rest.take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_that_begin_alike_share_their_beginning() {
        let mut elements = Elements::default();
        let mut lists = Lists::new();
        let texts = [
            "[]",
            "[1,12]",
            "[1,123]",
            "[1,12,5]",
            "[1]",
            "[1,12,5,\"a,b\"]",
            "[2]",
        ];
        let numbers: Vec<u32> = texts
            .iter()
            .map(|text| lists.insert(0, text, &mut elements))
            .collect();
        for (text, number) in texts.iter().zip(&numbers) {
            let shown: Vec<String> = lists
                .elements(*number)
                .into_iter()
                .map(|it| elements.show(it))
                .collect();
            assert_eq!(format!("[{}]", shown.join(",")), **text);
            assert_eq!(lists.insert(0, text, &mut elements), *number);
        }
        assert!(lists.begins(numbers[1], numbers[3]) && lists.begins(numbers[0], numbers[6]));
        assert!(!lists.begins(numbers[2], numbers[3]) && !lists.begins(numbers[3], numbers[1]));
        assert_eq!(
            lists.nodes.len(),
            7,
            "1; 1,12; 1,123; 1,12,5; …,a,b; 2; and the empty one"
        );
    }
}
