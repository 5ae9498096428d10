//! The legal order that zones leave: block after block, and in it cluster after cluster, the writer before the reads.
//!
//! What found that a value was not there is placed last. With every call as early as it can be, the register's values
//! follow each other at known times; it goes where something else is in the register while it lasts.

use super::{Block, End, NONE, Zones};
use crate::objects::register::ledger::{Act, INITIAL};

/// Where a value begins: after so many calls of the order, at that time.
struct Turn {
    value: u32,
    after: u32,
    at: u32,
}

impl Zones<'_> {
    /// A legal order, given that of the blocks.
    pub(super) fn order(&self, blocks: &[Block]) -> Result<Vec<u32>, End> {
        let entries = &self.ledger.entries;
        let mut starts = vec![0u32; self.clusters.len() + 1];
        let cluster_of = |act: Act| match act {
            Act::Read(value) => Some(self.cluster_of[value as usize] as usize),
            _ => None,
        };
        for cluster in entries.iter().filter_map(|entry| cluster_of(entry.act)) {
            starts[cluster + 1] += 1;
        }
        for cluster in 1..starts.len() {
            starts[cluster] += starts[cluster - 1];
        }
        let mut next = starts.clone();
        let mut reads = vec![NONE; starts[self.clusters.len()] as usize];
        for (entry, place) in entries.iter().zip(0u32..) {
            if let Some(cluster) = cluster_of(entry.act) {
                reads[next[cluster] as usize] = place;
                next[cluster] += 1;
            }
        }
        let mut order = Vec::with_capacity(entries.len());
        for block in blocks {
            for cluster in &self.line[block.from as usize..block.to as usize] {
                let cluster = *cluster as usize;
                let writer = self.clusters[cluster].writer;
                order.extend((writer != NONE).then_some(writer));
                order.extend_from_slice(&reads[starts[cluster] as usize..starts[cluster + 1] as usize]);
            }
        }
        match entries.iter().any(|entry| matches!(entry.act, Act::Not(_))) {
            true => self.with_denials(order),
            false => Ok(order),
        }
    }

    /// The order with those that found that a value was not there.
    fn with_denials(&self, order: Vec<u32>) -> Result<Vec<u32>, End> {
        let entries = &self.ledger.entries;
        // By call of the order, its time.
        let mut times = Vec::with_capacity(order.len());
        let mut turns = vec![Turn {
            value: INITIAL,
            after: 0,
            at: 0,
        }];
        let mut now = 0;
        for (place, after) in order.iter().zip(1u32..) {
            let entry = &entries[*place as usize];
            now = now.max(entry.invoke + 1);
            times.push(now);
            if let Some(value) = entry.act.leaves()
                && turns.last().is_none_or(|turn| turn.value != value)
            {
                turns.push(Turn {
                    value,
                    after,
                    at: now,
                });
            }
        }
        // After how many calls of the order, and when.
        let mut denials: Vec<(u32, u32, u32)> = Vec::new();
        for (entry, place) in entries.iter().zip(0u32..) {
            let Act::Not(value) = entry.act else { continue };
            let (began, ended) = (entry.invoke + 1, entry.complete.saturating_add(1));
            let current = turns.partition_point(|turn| turn.at <= began) - 1;
            let lasting = turns[current..].iter().take_while(|turn| turn.at < ended);
            let Some(turn) = lasting.into_iter().find(|turn| turn.value != value) else {
                return Err(self.denied(place, value));
            };
            let after = match turn.at < began {
                true => times.partition_point(|at| *at <= began) as u32,
                false => turn.after,
            };
            denials.push((after, turn.at.max(began), place));
        }
        denials.sort_unstable();
        let mut all = Vec::with_capacity(order.len() + denials.len());
        let mut denials = denials.into_iter().peekable();
        for (place, before) in order.into_iter().zip(0u32..) {
            while let Some((_, _, denial)) = denials.next_if(|(after, _, _)| *after <= before) {
                all.push(denial);
            }
            all.push(place);
        }
        all.extend(denials.map(|(_, _, denial)| denial));
        Ok(all)
    }

    /// What it means that a value was denied while it was in the register: a contradiction if it was there in any order.
    fn denied(&self, place: u32, value: u32) -> End {
        let entry = &self.ledger.entries[place as usize];
        let Some(cluster) = self.clusters.get(self.cluster_of[value as usize] as usize) else {
            return End::Silent;
        };
        let certain =
            cluster.earliest.at < entry.invoke + 1 && entry.complete.saturating_add(1) < cluster.latest.at;
        match certain {
            true => End::Illegal(
                [place, cluster.earliest.by, cluster.latest.by]
                    .into_iter()
                    .filter(|by| *by != NONE)
                    .collect(),
            ),
            false => End::Silent,
        }
    }
}
