//! The analysis of an eventual counter: a sum of what was acknowledged, and of what is unknown at least and at most.
//!
//! No search, for the sum does not depend on the order. What contradicts a final read is all additions together, so the
//! counterexample is that read alone, beside the bounds.

use super::{Bounds, by_key, final_reads, is_read};
use crate::analysis::{
    Analysis, BrokenOrder, CoreOperation, KeyCounts, Shrink, Stats, Verdict, Violation, Weakened,
};
use crate::proof::shrink::distinct;
use crate::proof::wording::plain;
use crate::{Label, Model, Options};
use history::History;
use rustc_hash::FxHashSet;
use std::time::Instant;

/// Judges every final read on its own. All operations are a counter's.
pub(crate) fn analyse(history: &History, options: &Options) -> Analysis {
    let began = Instant::now();
    let finals: FxHashSet<u32> = final_reads(history).into_iter().collect();
    let mut violations = Vec::new();
    let (mut largest_key_ops, mut total) = (0, 0);
    for (key, numbers) in by_key(history) {
        (largest_key_ops, total) = (largest_key_ops.max(numbers.len()), total + 1);
        let bounds = Bounds::of(history, &numbers);
        let reads = || numbers.iter().copied().filter(|number| finals.contains(number));
        if let Some(read) = reads().find(|read| !bounds.allow(history, *read)) {
            let found = Instant::now();
            let dropped_reads = numbers
                .iter()
                .filter(|number| is_read(history, &history.operations[**number as usize]))
                .count()
                - 1;
            violations.push(violation(
                history,
                key,
                read,
                &bounds,
                numbers.len(),
                dropped_reads,
                found,
            ));
        }
    }
    violations.sort_by_key(|it| it.core[0].operation);
    let invalid_keys: Vec<u32> = violations.iter().map(|it| it.key).collect();
    violations.truncate(Analysis::VIOLATIONS_MAX);
    let invalid = invalid_keys.len();
    Analysis {
        model: Model::EventualCounter,
        verdict: if invalid == 0 {
            Verdict::Valid
        } else {
            Verdict::Invalid
        },
        keys: KeyCounts {
            total,
            valid: total - invalid,
            invalid,
            unknown: 0,
        },
        violations,
        invalid_keys,
        undecided: Vec::new(),
        stats: Stats {
            algorithm: "sums of the acknowledged and the unknown".to_owned(),
            largest_key_ops,
            peak_bytes: 0,
            states: 0,
            took: began.elapsed(),
        },
        limits: options.limits,
        census: None,
    }
}

fn violation(
    history: &History,
    key: u32,
    read: u32,
    bounds: &Bounds,
    operations: usize,
    dropped_reads: usize,
    found: Instant,
) -> Violation {
    let operation = &history.operations[read as usize];
    let told = plain(&history.values.json(operation.output));
    let possible = match bounds.least == bounds.most {
        true => format!("{}", bounds.least),
        false => format!("{} to {}", bounds.least, bounds.most),
    };
    let through = history
        .node_name(operation)
        .map_or_else(String::new, |node| format!(" through {}", plain(node)));
    Violation {
        key,
        code: "eventual-counter.impossible-sum",
        sentence: format!("In the end the counter was {told}{through}, and had to be {possible}."),
        detail: vec![
            format!(
                "The {} acknowledged additions come to {}; {} of unknown outcome could make it {possible}.",
                bounds.acknowledged, bounds.sum, bounds.unknown
            ),
            "In the end every node shows the sum of all acknowledged additions.".to_owned(),
        ],
        core: vec![CoreOperation {
            label: Label::of(0),
            operation: read,
            answer_counts: true,
        }],
        reasons: Vec::new(),
        orders: vec![BrokenOrder {
            order: vec![0],
            fails_at: 0,
            must: Some(possible.clone()),
            was: Some(told.clone()),
            sentence: format!("A, after all additions, must be told {possible}. It was told {told}."),
        }],
        frontier: None,
        weakened: Weakened {
            dropped_reads,
            optional_updates: 0,
        },
        // Nothing was searched: the two sums are the proof, and anybody can add them up again.
        shrink: Shrink {
            from: operations,
            to: 1,
            steps: distinct(vec![operations, 1]),
            checks: 0,
            took: found.elapsed(),
            minimal: true,
            ended_early: None,
            verified: false,
        },
        still: Default::default(),
    }
}
