//! How each state of affairs was reached: a tree of calls, of which only living branches are kept.
//!
//! What is kept of a call is for the search to say: its place, unless that is not enough.

/// No call at all: the root.
pub const START: u32 = u32::MAX;

/// The tree. A node is named by its place.
#[derive(Debug)]
pub struct Trail<C = u32> {
    nodes: Vec<Node<C>>,
    free: Vec<u32>,
}

#[derive(Debug)]
struct Node<C> {
    before: u32,
    call: C,
    holders: u32,
}

impl<C> Default for Trail<C> {
    fn default() -> Self {
        Trail {
            nodes: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<C: Copy> Trail<C> {
    /// One more call after `before`. The caller holds the new node; `before` keeps its holders.
    pub fn then(&mut self, before: u32, call: C) -> u32 {
        self.hold(before);
        let node = Node {
            before,
            call,
            holders: 1,
        };
        match self.free.pop() {
            Some(place) => {
                self.nodes[place as usize] = node;
                place
            }
            None => {
                self.nodes.push(node);
                self.nodes.len() as u32 - 1
            }
        }
    }

    /// One holder more.
    pub fn hold(&mut self, node: u32) {
        if node != START {
            self.nodes[node as usize].holders += 1;
        }
    }

    /// One holder less. What nobody holds is forgotten, as far up as that goes.
    pub fn release(&mut self, mut node: u32) {
        while node != START {
            let it = &mut self.nodes[node as usize];
            it.holders -= 1;
            if it.holders > 0 {
                return;
            }
            self.free.push(node);
            node = it.before;
        }
    }

    /// The calls up to a node, first to last.
    pub fn calls(&self, mut node: u32) -> Vec<C> {
        let mut calls = Vec::new();
        while node != START {
            calls.push(self.nodes[node as usize].call);
            node = self.nodes[node as usize].before;
        }
        calls.reverse();
        calls
    }

    /// How many bytes the tree takes.
    pub fn bytes(&self) -> usize {
        self.nodes.capacity() * size_of::<Node<C>>() + self.free.capacity() * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_holds_is_used_again() {
        let mut trail = Trail::default();
        let a = trail.then(START, 7);
        let b = trail.then(a, 8);
        let c = trail.then(a, 9);
        trail.release(a);
        trail.release(b);
        assert_eq!(trail.calls(c), [7, 9]);
        let d = trail.then(c, 10);
        assert_eq!(d, b, "its place was free");
        trail.release(c);
        assert_eq!(trail.calls(d), [7, 9, 10]);
        trail.release(d);
        assert_eq!(trail.free.len(), trail.nodes.len());
    }
}
