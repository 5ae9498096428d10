//! Places in their order, of which any can be taken out, and what was taken out last put back, each in one step.

/// Places in their order.
pub struct Left {
    /// By place, the one after it and the one before it. The last stands for both ends.
    links: Vec<(u32, u32)>,
}

impl Left {
    /// The places where this is true.
    pub fn of(are_in: impl Iterator<Item = bool>) -> Left {
        let are_in: Vec<bool> = are_in.collect();
        let end = are_in.len() as u32;
        let mut links = vec![(end, end); are_in.len() + 1];
        let mut last = end;
        for place in (0..end).filter(|place| are_in[*place as usize]) {
            links[last as usize].0 = place;
            links[place as usize].1 = last;
            last = place;
        }
        links[last as usize].0 = end;
        links[end as usize].1 = last;
        Left { links }
    }

    fn end(&self) -> u32 {
        self.links.len() as u32 - 1
    }

    /// Whether all are out.
    pub fn is_empty(&self) -> bool {
        self.first() == self.end()
    }

    /// The first one; one after all places when there is none.
    pub fn first(&self) -> u32 {
        self.after(self.end())
    }

    /// The one after it.
    pub fn after(&self, place: u32) -> u32 {
        self.links[place as usize].0
    }

    /// Takes one out.
    pub fn take_out(&mut self, place: u32) {
        let (after, before) = self.links[place as usize];
        self.links[before as usize].0 = after;
        self.links[after as usize].1 = before;
    }

    /// Puts back the one that was taken out last.
    pub fn put_back(&mut self, place: u32) {
        let (after, before) = self.links[place as usize];
        self.links[before as usize].0 = place;
        self.links[after as usize].1 = place;
    }
}
