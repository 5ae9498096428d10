//! How a node hears of decisions that it missed, because it was down or cut off.
//!
//! Every node numbers the decisions that it learns. Now and then a node asks another, in turn, for the names of
//! those from a number on, and to be told about the ones that it lacks. It goes on from the first that has not come. What
//! it is told this way is what the other has *learned*, never what it has merely accepted.
//!
//! A node that was killed may number its latest decisions anew; so a number is worth something together with the
//! start in which it was counted.

use crate::ballot::NodeId;
use crate::peers::frame::NAMES_MAX;
use crate::storage::StorageError;
use crate::storage::table::Table;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What this node has learned, in order, and how far it has caught up with each other.
#[derive(Debug)]
pub struct CatchUp {
    start: u64,
    /// How many decisions are in the table; the others follow, in order.
    in_table: u64,
    recent: Vec<Arc<str>>,
    /// How many there were when this node started.
    at_start: u64,
    /// For each other node: in which of its starts, and how many of its decisions are known here.
    places: BTreeMap<NodeId, (u64, u64)>,
    /// For each other node: where it was last asked for what is unknown, in this turn.
    waits_at: BTreeMap<NodeId, (u64, u64)>,
    turn: usize,
}

impl CatchUp {
    /// As it was when the node stopped.
    pub fn new(
        start: u64,
        in_table: u64,
        recent: Vec<Arc<str>>,
        places: BTreeMap<NodeId, (u64, u64)>,
    ) -> CatchUp {
        CatchUp {
            start,
            in_table,
            at_start: in_table + recent.len() as u64,
            recent,
            places,
            waits_at: BTreeMap::new(),
            turn: 0,
        }
    }

    /// How many decisions this node has learned.
    pub fn learned_count(&self) -> u64 {
        self.in_table + self.recent.len() as u64
    }

    /// A decision was learned.
    pub fn learned(&mut self, decree: &Arc<str>) {
        self.recent.push(Arc::clone(decree));
    }

    /// What is not in the table yet, with the number of the first.
    pub fn recent(&self) -> (u64, Vec<Arc<str>>) {
        (self.in_table, self.recent.clone())
    }

    /// So many more are in the table now.
    pub fn moved(&mut self, count: usize) {
        self.recent.drain(..count);
        self.in_table += count as u64;
    }

    /// How far this node has caught up, for the table.
    pub fn places(&self) -> Vec<(String, (u64, u64))> {
        self.places
            .iter()
            .map(|(node, place)| (node.as_str().to_owned(), *place))
            .collect()
    }

    /// Whom to ask next, and for what: `(node, start, from)`.
    pub fn question(&mut self) -> Option<(NodeId, u64, u64)> {
        let (node, (start, from)) = self.places.iter().nth(self.turn % self.places.len().max(1))?;
        let question = (node.clone(), *start, *from);
        self.waits_at.remove(node);
        self.turn = self.turn.wrapping_add(1);
        Some(question)
    }

    /// Another node asks: the number of the first name, and the names.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub fn answer(&self, start: u64, from: u64, table: &Table) -> Result<(u64, Vec<Arc<str>>), StorageError> {
        // Numbers of an earlier start are good as far as they were remembered.
        let from = match start == self.start {
            true => from.min(self.learned_count()),
            false => from.min(self.at_start),
        };
        let mut names: Vec<Arc<str>> = Vec::new();
        if from < self.in_table {
            let count = usize::try_from(self.in_table - from)
                .unwrap_or(NAMES_MAX)
                .min(NAMES_MAX);
            names.extend(table.learned_from(from, count)?.into_iter().map(Arc::from));
        }
        let skipped = usize::try_from(from.saturating_sub(self.in_table)).unwrap_or(usize::MAX);
        let room = NAMES_MAX - names.len();
        names.extend(self.recent.iter().skip(skipped).take(room).cloned());
        Ok((from, names))
    }

    /// Another node has answered. What is not known here is asked for now, and the place stays before it until it has
    /// come: the question or its answer may get lost, and then it is asked for again in a later turn.
    ///
    /// Returns the number from which to ask on at once. Either the place has moved, or this is the first time in this
    /// turn that it did not; so this comes to an end.
    pub fn answered(&mut self, node: &NodeId, news: News) -> Option<u64> {
        let place = self.places.get_mut(node)?;
        let (start, known_before) = *place;
        if news.from > known_before {
            // An answer to somebody else's question: what is before it may be unknown.
            return None;
        }
        let known = news.from.saturating_add(news.known);
        *place = match start == news.start {
            true => (start, known.max(known_before)),
            // What was numbered anew is not known by these numbers.
            false => (news.start, known),
        };
        let place = *place;
        let go_on = match news.known == news.count {
            true => news.count == NAMES_MAX as u64,
            false => self.waits_at.insert(node.clone(), place) != Some(place),
        };
        go_on.then_some(place.1)
    }
}

/// What another node has answered.
#[derive(Clone, Copy, Debug)]
pub struct News {
    /// In which of its starts.
    pub start: u64,
    /// The number of the first name.
    pub from: u64,
    /// How many names there are.
    pub count: u64,
    /// How many of them, from the first on, are known here.
    pub known: u64,
}

#[cfg(test)]
mod tests;
