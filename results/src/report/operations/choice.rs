//! Which operations are in the page: all, or for a very long run those that matter, and what is left out in words.

use super::Surroundings;
use crate::text::{count, seconds};
use history::History;

/// How many operations a page has at most: what a browser can hold and draw.
pub const OPERATIONS_MAX: usize = 1_000_000;
/// How much of the run around a violation is in the page, before it and after it.
const AROUND_NS: u64 = 5_000_000_000;

/// Some operations of a history.
pub struct Chosen {
    /// Their numbers, by the time of their beginning.
    pub numbers: Vec<u32>,
    /// What is left out, in words; empty when nothing is.
    pub left_out: String,
}

/// All operations; if they are more than `most`, those on the objects of the violations and around them, or,
/// where there are none, the first.
pub fn choose(history: &History, surroundings: &Surroundings<'_>, most: usize) -> Chosen {
    let operations = &history.operations;
    let mut numbers: Vec<u32> = (0..operations.len() as u32).collect();
    numbers.sort_by_key(|number| operations[*number as usize].start_ns);
    if numbers.len() <= most {
        return Chosen {
            numbers,
            left_out: String::new(),
        };
    }
    let keys: Vec<u32> = surroundings.violations.iter().map(|it| it.key).collect();
    let spans: Vec<(u64, u64)> = surroundings.violations.iter().map(|it| it.span).collect();
    if !spans.is_empty() {
        numbers.retain(|number| {
            let operation = &operations[*number as usize];
            let is_near = |(start, end): &(u64, u64)| {
                let around = start.saturating_sub(AROUND_NS)..=end.saturating_add(AROUND_NS);
                around.contains(&operation.start_ns)
            };
            keys.contains(&operation.key) || spans.iter().any(is_near)
        });
    }
    let found = numbers.len();
    if found > most {
        // The objects of the contradiction stay, whenever their operations were.
        let mut room = most;
        let mut kept = vec![false; found];
        let is_key = |number: &u32| keys.contains(&operations[*number as usize].key);
        for wanted in [true, false] {
            for (place, number) in numbers.iter().enumerate() {
                if room > 0 && is_key(number) == wanted {
                    kept[place] = true;
                    room -= 1;
                }
            }
        }
        let mut kept = kept.into_iter();
        numbers.retain(|_| kept.next().unwrap_or(false));
    }
    let moment = |place: Option<&u32>| place.map_or(0.0, |it| seconds(operations[*it as usize].start_ns));
    let left_out = format!(
        "Single operations are shown for {} of {}{}, between {:.1} and {:.1} s; all are in history.jsonl. Faults, throughput and latency are those of the whole run.",
        count(numbers.len()),
        count(operations.len()),
        if spans.is_empty() {
            ""
        } else {
            ", those around the violations"
        },
        moment(numbers.first()),
        moment(numbers.last()),
    );
    Chosen { numbers, left_out }
}

#[cfg(test)]
mod tests {
    use super::super::Contradiction;
    use super::*;
    use history::{Operation, Outcome, Value};

    /// An operation a second, each on a key of its own.
    fn history(length: u32) -> History {
        let operation = |number: u32| Operation {
            input: Value::NULL,
            output: Value::NULL,
            start_ns: u64::from(number) * 1_000_000_000,
            end_ns: u64::from(number) * 1_000_000_000 + 1,
            invoke: number * 2,
            complete: number * 2 + 1,
            process: 0,
            key: number,
            node: 0,
            f: 0,
            outcome: Outcome::Ok,
        };
        History {
            operations: (0..length).map(operation).collect(),
            ..History::default()
        }
    }

    fn surroundings(violations: &[Contradiction]) -> Surroundings<'_> {
        Surroundings {
            lanes: &[],
            no_quorum: &[],
            on_and_off: &[],
            violations,
        }
    }

    #[test]
    fn nothing_is_left_out_where_there_is_room() {
        let chosen = choose(&history(50), &surroundings(&[]), 50);
        assert_eq!((chosen.numbers.len(), chosen.left_out.as_str()), (50, ""));
    }

    #[test]
    fn what_is_near_a_violation_stays_and_the_rest_is_said_to_be_missing() {
        let violations = [Contradiction {
            key: 3,
            span: (20_000_000_000, 21_000_000_000),
            core: vec![("A".to_owned(), 3)],
        }];
        let chosen = choose(&history(50), &surroundings(&violations), 40);
        assert_eq!(chosen.numbers, [3].into_iter().chain(15..=26).collect::<Vec<_>>());
        assert!(
            chosen
                .left_out
                .starts_with("Single operations are shown for 13 of 50, those around"),
            "{}",
            chosen.left_out
        );
        let chosen = choose(&history(50), &surroundings(&violations), 4);
        assert_eq!(
            chosen.numbers,
            [3, 15, 16, 17],
            "the contradiction's own object stays"
        );
    }

    #[test]
    fn without_a_violation_the_first_stay() {
        let chosen = choose(&history(50), &surroundings(&[]), 10);
        assert_eq!(chosen.numbers, (0..10).collect::<Vec<_>>());
        assert!(
            chosen.left_out.contains("10 of 50, between 0.0 and 9.0 s"),
            "{}",
            chosen.left_out
        );
    }
}
