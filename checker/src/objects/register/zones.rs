//! Registers whose values tell who wrote them: decided by zones, in the time that sorting takes.
//!
//! Where every value that was seen has a single call that can have written it, that call and those that saw the value
//! are a *cluster*; a compare-and-set that took effect joins the cluster of its old value to that of its new one, and
//! clusters so joined are a *block*. While a block lasts nobody else writes. So (Gibbons and Korach, "Testing shared
//! memories", 1997, extended to chains of compare-and-set and to calls of unknown outcome):
//!
//! 1. A value that was seen was written. What was seen of a call without outcome makes it certain, and so what that
//!    call must have seen; all other calls without outcome can be left out.
//! 2. Nothing is replaced by two compare-and-sets, and no chain of them is a circle.
//! 3. In a block, calls stand in the order of the chain. That is possible exactly when, wherever the chain is cut, the
//!    latest invocation before the cut lies before the earliest completion after it.
//! 4. A block lasts at least from its earliest completion f to its latest invocation s, if f < s (a forward zone), and
//!    otherwise fits into any one moment between s and f (a backward zone). The history is legal exactly when no two
//!    forward zones overlap, and no backward zone lies within a forward one. The initial value is a block from time 0.
//!
//! What says that a value was *not* there (a compare-and-set that compared in vain) is placed into the order found.
//! Where it does not fit, it is either refuted by the zone of that value or left to another algorithm.
//!
//! Read next: [`order`] for how the legal order comes about.

mod order;

use super::ledger::{Act, INITIAL, Ledger};
use crate::budget::Account;
use crate::{Judgement, Limit};
use history::NEVER;

/// No call, or no cluster.
const NONE: u32 = u32::MAX;
/// More than one call can have written it.
const SEVERAL: u32 = u32::MAX - 1;

/// A moment and the call that it is of. The beginning is 0, event n is n + 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    at: u32,
    by: u32,
}

impl Mark {
    const START: Mark = Mark { at: 0, by: NONE };
    const END: Mark = Mark { at: NEVER, by: NONE };

    fn earlier(self, other: Mark) -> Mark {
        if other.at < self.at { other } else { self }
    }

    fn later(self, other: Mark) -> Mark {
        if other.at > self.at { other } else { self }
    }
}

/// A value's writer, and those that saw it.
#[derive(Clone, Copy, Debug)]
struct Cluster {
    /// Nobody, for the initial value.
    writer: u32,
    /// The cluster that replaced it by compare-and-set.
    next: u32,
    /// Whether a compare-and-set made it.
    follows: bool,
    /// The latest invocation of a read; once lined up, of anything up to the reads.
    latest: Mark,
    /// The earliest completion of a read; once lined up, of anything from the writer on.
    earliest: Mark,
}

/// Clusters that follow each other, as a range of the line.
#[derive(Clone, Copy, Debug)]
struct Block {
    from: u32,
    to: u32,
    /// The earliest completion in it.
    first: Mark,
    /// The latest invocation in it.
    last: Mark,
}

impl Block {
    fn is_forward(&self) -> bool {
        self.first.at < self.last.at
    }

    /// The calls that stretch it.
    fn ends(&self) -> impl Iterator<Item = u32> {
        [self.first.by, self.last.by].into_iter().filter(|by| *by != NONE)
    }
}

/// Why zones end early.
enum End {
    Illegal(Vec<u32>),
    /// They cannot say.
    Silent,
    Limit(Limit),
}

impl From<Limit> for End {
    fn from(limit: Limit) -> End {
        End::Limit(limit)
    }
}

/// The verdict on a register; `None` where its values do not tell who wrote them, or something that they leave open matters.
///
/// # Errors
/// The limit that was reached.
pub fn judge(ledger: &Ledger, account: &mut Account) -> Result<Option<Judgement>, Limit> {
    let found = Zones::of(ledger, account).and_then(|mut zones| {
        zones.join()?;
        zones.line_up()?;
        account.holds(zones.bytes())?;
        let blocks = zones.in_order()?;
        account.holds(zones.bytes() + blocks.len() * size_of::<Block>() + ledger.entries.len() * 8)?;
        zones.order(&blocks)
    });
    match found {
        Ok(order) => Ok(Some(Judgement::Legal { order })),
        Err(End::Illegal(suspects)) => Ok(Some(Judgement::Illegal { suspects })),
        Err(End::Silent) => Ok(None),
        Err(End::Limit(limit)) => Err(limit),
    }
}

struct Zones<'a> {
    ledger: &'a Ledger,
    /// By value, the one call that can have written what was seen.
    writer: Vec<u32>,
    /// Whether a call takes effect.
    counts: Vec<bool>,
    clusters: Vec<Cluster>,
    /// By value, the cluster of those that saw it.
    cluster_of: Vec<u32>,
    /// Clusters, block by block, in the order of their chains.
    line: Vec<u32>,
    blocks: Vec<Block>,
}

impl<'a> Zones<'a> {
    /// Who wrote what was seen, and which calls count.
    fn of(ledger: &'a Ledger, account: &mut Account) -> Result<Zones<'a>, End> {
        let entries = &ledger.entries;
        let values = ledger.values as usize;
        account.holds(ledger.bytes() + entries.len() + values * 12)?;
        // Whoever began after all that saw a value does not matter to them.
        let mut seen_until = vec![0u32; values];
        for entry in entries {
            if let Some(value) = entry.act.finds() {
                let until = &mut seen_until[value as usize];
                *until = (*until).max(entry.complete);
            }
        }
        let mut writer = vec![NONE; values];
        for (entry, place) in entries.iter().zip(0u32..) {
            if let Some(value) = entry.act.leaves()
                && entry.invoke < seen_until[value as usize]
            {
                let writer = &mut writer[value as usize];
                *writer = if *writer == NONE && value != INITIAL {
                    place
                } else {
                    SEVERAL
                };
            }
        }
        let mut counts: Vec<bool> = entries.iter().map(super::ledger::Entry::is_required).collect();
        let mut seen = vec![false; values];
        for (entry, place) in entries.iter().zip(0u32..) {
            let mut finds = if entry.is_required() {
                entry.act.finds()
            } else {
                None
            };
            // From what was seen of an unknown call to what it saw, and on.
            while let Some(value) = finds
                && !std::mem::replace(&mut seen[value as usize], true)
            {
                finds = None;
                match writer[value as usize] {
                    NONE if value == INITIAL => {}
                    NONE => return Err(End::Illegal(unwritten(ledger, place, value))),
                    SEVERAL => return Err(End::Silent),
                    source => {
                        if !std::mem::replace(&mut counts[source as usize], true) {
                            finds = entries[source as usize].act.finds();
                        }
                    }
                }
            }
        }
        Ok(Zones {
            ledger,
            writer,
            counts,
            clusters: Vec::new(),
            cluster_of: vec![NONE; values],
            line: Vec::new(),
            blocks: Vec::new(),
        })
    }

    /// Makes the clusters and joins them.
    fn join(&mut self) -> Result<(), End> {
        let cluster = |writer| Cluster {
            writer,
            next: NONE,
            follows: false,
            latest: Mark::START,
            earliest: Mark::END,
        };
        self.clusters.push(cluster(NONE));
        self.cluster_of[INITIAL as usize] = 0;
        for (entry, place) in self.ledger.entries.iter().zip(0u32..) {
            if let Some(value) = entry.act.leaves()
                && self.counts[place as usize]
            {
                if self.writer[value as usize] == place {
                    self.cluster_of[value as usize] = self.clusters.len() as u32;
                }
                self.clusters.push(cluster(place));
            }
        }
        for number in 1..self.clusters.len() {
            let place = self.clusters[number].writer;
            if let Act::Cas(old, _) = self.ledger.entries[place as usize].act {
                let before = self.cluster_of[old as usize] as usize;
                let rival = std::mem::replace(&mut self.clusters[before].next, number as u32);
                if rival != NONE {
                    return Err(End::Illegal(vec![self.clusters[rival as usize].writer, place]));
                }
                self.clusters[number].follows = true;
            }
        }
        for (entry, place) in self.ledger.entries.iter().zip(0u32..) {
            if let Act::Read(value) = entry.act {
                let cluster = &mut self.clusters[self.cluster_of[value as usize] as usize];
                cluster.latest = cluster.latest.later(began(entry.invoke, place));
                cluster.earliest = cluster.earliest.earlier(ended(entry.complete, place));
            }
        }
        Ok(())
    }

    /// Lines the clusters up by chain, and finds how long each block lasts.
    fn line_up(&mut self) -> Result<(), End> {
        self.line.reserve_exact(self.clusters.len());
        for head in 0..self.clusters.len() {
            if self.clusters[head].follows {
                continue;
            }
            let from = self.line.len() as u32;
            let mut at = head as u32;
            while at != NONE {
                self.line.push(at);
                at = self.clusters[at as usize].next;
            }
            let block = self.block(from, self.line.len() as u32)?;
            self.blocks.push(block);
        }
        match self.line.len() < self.clusters.len() {
            true => Err(End::Illegal(self.circle())),
            false => Ok(()),
        }
    }

    /// The compare-and-sets of a circle, which is all that is left when no head leads there.
    fn circle(&self) -> Vec<u32> {
        let mut reached = vec![false; self.clusters.len()];
        for cluster in &self.line {
            reached[*cluster as usize] = true;
        }
        let start = reached.iter().position(|reached| !reached).unwrap_or(0) as u32;
        let mut around = Vec::new();
        let mut at = start;
        loop {
            let cluster = &self.clusters[at as usize];
            around.push(cluster.writer);
            at = cluster.next;
            if at == start || at == NONE {
                return around;
            }
        }
    }

    /// A block, if its calls can stand in the order of its chain.
    fn block(&mut self, from: u32, to: u32) -> Result<Block, End> {
        let entries = &self.ledger.entries;
        let mut earliest = Mark::END;
        for number in self.line[from as usize..to as usize].iter().rev() {
            let cluster = &mut self.clusters[*number as usize];
            let reads = cluster.earliest.earlier(earliest);
            earliest = match cluster.writer {
                NONE => Mark::START,
                writer => reads.earlier(ended(entries[writer as usize].complete, writer)),
            };
            cluster.earliest = earliest;
        }
        let first = earliest;
        let mut latest = Mark::START;
        for number in &self.line[from as usize..to as usize] {
            let cluster = &mut self.clusters[*number as usize];
            if cluster.writer != NONE {
                latest = latest.later(began(entries[cluster.writer as usize].invoke, cluster.writer));
                if latest.at > cluster.earliest.at {
                    return Err(contradiction(cluster.earliest, latest));
                }
            }
            latest = latest.later(cluster.latest);
            cluster.latest = latest;
        }
        Ok(Block {
            from,
            to,
            first,
            last: latest,
        })
    }

    /// The blocks in the order in which they last, if they can.
    fn in_order(&self) -> Result<Vec<Block>, End> {
        let (mut forward, mut backward): (Vec<Block>, Vec<Block>) =
            self.blocks.iter().partition(|block| block.is_forward());
        forward.sort_unstable_by_key(|block| block.first.at);
        for pair in forward.windows(2) {
            if pair[1].first.at < pair[0].last.at {
                return Err(End::Illegal(pair[0].ends().chain(pair[1].ends()).collect()));
            }
        }
        backward.sort_unstable_by_key(|block| block.last.at);
        let mut order: Vec<(u32, Block)> = Vec::with_capacity(self.blocks.len());
        let mut zones = forward.iter().peekable();
        let mut current: Option<&Block> = None;
        for block in backward {
            while let Some(zone) = zones.next_if(|zone| zone.first.at < block.last.at) {
                order.push((zone.first.at, *zone));
                current = Some(zone);
            }
            // As early as it can be: when its last call has begun, and nothing else lasts.
            let at = match current {
                Some(zone) if block.last.at < zone.last.at => {
                    if block.first.at < zone.last.at {
                        return Err(End::Illegal(zone.ends().chain(block.ends()).collect()));
                    }
                    zone.last.at
                }
                _ => block.last.at,
            };
            order.push((at, block));
        }
        order.extend(zones.map(|zone| (zone.first.at, *zone)));
        order.sort_by_key(|(at, _)| *at);
        Ok(order.into_iter().map(|(_, block)| block).collect())
    }

    fn bytes(&self) -> usize {
        let by_call = self.ledger.bytes() + self.counts.len();
        let by_value = (self.writer.len() + self.cluster_of.len()) * size_of::<u32>();
        let clusters =
            self.clusters.capacity() * size_of::<Cluster>() + self.line.capacity() * size_of::<u32>();
        by_call + by_value + clusters + self.blocks.capacity() * size_of::<Block>()
    }
}

fn began(event: u32, by: u32) -> Mark {
    Mark { at: event + 1, by }
}

fn ended(event: u32, by: u32) -> Mark {
    Mark {
        at: event.saturating_add(1),
        by,
    }
}

/// A call that saw what nobody had written, with those that wrote it too late.
fn unwritten(ledger: &Ledger, place: u32, value: u32) -> Vec<u32> {
    let wrote = |(entry, _): &(&super::ledger::Entry, u32)| entry.act.leaves() == Some(value);
    let too_late = ledger.entries.iter().zip(0u32..).filter(wrote);
    too_late.map(|(_, place)| place).chain([place]).collect()
}

/// Two calls of a block that stand the other way round in time; or one that contradicts its own times.
fn contradiction(first: Mark, second: Mark) -> End {
    let both = [first.by, second.by];
    End::Illegal(both.into_iter().filter(|by| *by != NONE).collect())
}
