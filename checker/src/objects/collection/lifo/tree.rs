//! Segment trees over the elements of a stack: the greatest key in a range, and the first cut that nothing covers.

/// The greatest key in a range of places. A place has a key or none.
#[derive(Debug)]
pub(super) struct MaxTree {
    /// A node is its key above its place, plus one; 0 is none. The leaves are the second half.
    nodes: Vec<u64>,
    size: usize,
}

fn leaf(place: u32, key: Option<u32>) -> u64 {
    key.map_or(0, |key| (u64::from(key) << 32 | u64::from(place)) + 1)
}

impl MaxTree {
    /// Of the keys of all places.
    pub fn of(keys: impl ExactSizeIterator<Item = Option<u32>>) -> MaxTree {
        let size = keys.len();
        let mut nodes = vec![0; 2 * size];
        for (place, key) in keys.enumerate() {
            nodes[size + place] = leaf(place as u32, key);
        }
        for node in (1..size).rev() {
            nodes[node] = nodes[2 * node].max(nodes[2 * node + 1]);
        }
        MaxTree { nodes, size }
    }

    /// Changes the key of a place.
    pub fn set(&mut self, place: u32, key: Option<u32>) {
        let mut node = self.size + place as usize;
        self.nodes[node] = leaf(place, key);
        while node > 1 {
            node /= 2;
            self.nodes[node] = self.nodes[2 * node].max(self.nodes[2 * node + 1]);
        }
    }

    /// The greatest key from a place until before another, with its place.
    pub fn max(&self, from: u32, until: u32) -> Option<(u32, u32)> {
        let (mut from, mut until) = (self.size + from as usize, self.size + until as usize);
        let mut best = 0;
        while from < until {
            if from % 2 == 1 {
                best = best.max(self.nodes[from]);
                from += 1;
            }
            if until % 2 == 1 {
                until -= 1;
                best = best.max(self.nodes[until]);
            }
            (from, until) = (from / 2, until / 2);
        }
        let best = u64::checked_sub(best, 1)?;
        Some(((best >> 32) as u32, best as u32))
    }
}

/// How many elements cover each cut.
#[derive(Debug)]
pub(super) struct CoverTree {
    /// What was added to a whole node, and the least below it with that.
    nodes: Vec<(i32, i32)>,
    /// A power of two.
    size: usize,
}

impl CoverTree {
    /// Nothing covers anything.
    pub fn new(cuts: usize) -> CoverTree {
        let size = cuts.next_power_of_two();
        CoverTree {
            nodes: vec![(0, 0); 2 * size],
            size,
        }
    }

    /// Adds to all cuts from one until before another.
    pub fn add(&mut self, from: u32, until: u32, change: i32) {
        let (mut left, mut right) = (self.size + from as usize, self.size + until as usize);
        if left >= right {
            return;
        }
        let (first, last) = (left, right - 1);
        while left < right {
            if left % 2 == 1 {
                self.change(left, change);
                left += 1;
            }
            if right % 2 == 1 {
                right -= 1;
                self.change(right, change);
            }
            (left, right) = (left / 2, right / 2);
        }
        for end in [first, last] {
            let mut node = end / 2;
            while node >= 1 {
                let below = self.nodes[2 * node].1.min(self.nodes[2 * node + 1].1);
                self.nodes[node].1 = self.nodes[node].0 + below;
                node /= 2;
            }
        }
    }

    fn change(&mut self, node: usize, change: i32) {
        self.nodes[node].0 += change;
        self.nodes[node].1 += change;
    }

    /// The first cut from one until before another that nothing covers.
    pub fn first_zero(&self, from: u32, until: u32) -> Option<u32> {
        let (from, until) = (from as usize, until as usize);
        // Nodes to look at, the leftmost last: where it begins, how wide it is, and what is added above it.
        let mut nodes = vec![(1, 0, self.size, 0)];
        while let Some((node, begin, width, above)) = nodes.pop() {
            if begin >= until || begin + width <= from || self.nodes[node].1 + above > 0 {
                continue;
            }
            if width == 1 {
                return Some(begin as u32);
            }
            let above = above + self.nodes[node].0;
            nodes.push((2 * node + 1, begin + width / 2, width / 2, above));
            nodes.push((2 * node, begin, width / 2, above));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_key_of_a_range_is_found_with_its_place() {
        let mut tree = MaxTree::of([Some(3), None, Some(7), Some(7), Some(1)].into_iter());
        assert_eq!(tree.max(0, 5), Some((7, 3)));
        assert_eq!(tree.max(0, 3), Some((7, 2)));
        assert_eq!(tree.max(1, 2), None);
        tree.set(3, None);
        tree.set(1, Some(u32::MAX));
        assert_eq!(tree.max(0, 5), Some((u32::MAX, 1)));
        assert_eq!(tree.max(3, 3), None);
    }

    #[test]
    fn the_first_cut_that_nothing_covers_is_found() {
        let mut tree = CoverTree::new(6);
        tree.add(1, 4, 1);
        tree.add(3, 6, 1);
        assert_eq!(tree.first_zero(0, 6), Some(0));
        assert_eq!(tree.first_zero(1, 6), None);
        tree.add(1, 4, -1);
        assert_eq!(tree.first_zero(1, 6), Some(1));
        assert_eq!(tree.first_zero(3, 6), None);
        tree.add(3, 6, -1);
        assert_eq!(tree.first_zero(3, 6), Some(3));
    }
}
