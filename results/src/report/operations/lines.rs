//! On which line an operation is drawn: that of its client, or, where processes are many, one that is free.

use history::History;
use rustc_hash::FxHashMap;

/// How many lines there are at most.
pub const LINES_MAX: usize = 120;

/// The lines of a drawing.
pub struct Lines {
    /// What is said of each at its left, and its node, where all its operations asked the same one.
    pub names: Vec<(String, Option<u16>)>,
    /// The line of each operation.
    pub of: Vec<u16>,
}

/// Lines for some operations, which are in the order of their beginnings.
pub fn lines(history: &History, numbers: &[u32]) -> Lines {
    let clients = history.header.as_ref().map_or(0, |header| header.clients) as usize;
    if clients == 0 || clients > LINES_MAX {
        return packed(history, numbers);
    }
    let operations = numbers.iter().map(|number| &history.operations[*number as usize]);
    // The node of a client: none yet, one, or several.
    let mut nodes: Vec<Option<Option<u16>>> = vec![None; clients];
    for operation in operations.clone() {
        let seen = &mut nodes[history.client(operation) as usize];
        let here = (operation.node != u16::MAX).then_some(operation.node);
        *seen = Some(seen.map_or(here, |before| before.filter(|_| before == here)));
    }
    let node = |client: usize| nodes[client].flatten();
    let mut order: Vec<usize> = (0..clients).collect();
    order.sort_by_key(|client| (node(*client).unwrap_or(u16::MAX), *client));
    let mut line_of = vec![0u16; clients];
    for (line, client) in order.iter().enumerate() {
        line_of[*client] = line as u16;
    }
    Lines {
        names: order
            .iter()
            .map(|client| (format!("client {client}"), node(*client)))
            .collect(),
        of: operations
            .map(|operation| line_of[history.client(operation) as usize])
            .collect(),
    }
}

/// Each operation on the line of its process, if that is free, or on the first one that is; if none is, on the one that
/// is free the soonest.
fn packed(history: &History, numbers: &[u32]) -> Lines {
    let mut free_ns: Vec<u64> = Vec::new();
    let mut last: FxHashMap<u32, usize> = FxHashMap::default();
    let mut of = Vec::with_capacity(numbers.len());
    for number in numbers {
        let operation = &history.operations[*number as usize];
        let is_free = |line: &usize| free_ns[*line] <= operation.start_ns;
        let own = last.get(&operation.process).copied().filter(is_free);
        let line = match own.or_else(|| (0..free_ns.len()).find(is_free)) {
            Some(line) => line,
            None if free_ns.len() < LINES_MAX => {
                free_ns.push(0);
                free_ns.len() - 1
            }
            None => (0..LINES_MAX).min_by_key(|line| free_ns[*line]).unwrap_or(0),
        };
        free_ns[line] = free_ns[line].max(crate::coverage::known_end_ns(operation));
        last.insert(operation.process, line);
        of.push(line as u16);
    }
    Lines {
        names: vec![(String::new(), None); free_ns.len()],
        of,
    }
}
