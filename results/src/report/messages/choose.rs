//! Which messages are drawn: those about the object, else those nearest to the contradiction; never too many, and of each of
//! its operations as many as of the others.

use super::read::{Captured, Message};
use crate::document::ViolationRow;

/// How many are drawn: with more, nobody could follow one.
const SHOWN_MAX: usize = 120;

/// The messages to be drawn, in the order of their arrival.
pub fn choose<'a>(captured: &'a Captured, row: &ViolationRow) -> Vec<&'a Message> {
    let about = captured.messages.iter().filter(|message| message.is_about);
    let mut chosen: Vec<&Message> = about.collect();
    if chosen.is_empty() {
        chosen = captured.messages.iter().collect();
    }
    if chosen.len() > SHOWN_MAX {
        let members = row.core.iter();
        let spans = members.map(|it| (it.start_ns, it.end_ns.unwrap_or(it.start_ns)));
        chosen = nearest_in_turn(&chosen, &spans.collect::<Vec<_>>());
    }
    chosen.sort_by_key(|message| message.at_ns);
    chosen
}

/// The nearest to the first operation, the nearest to the second, and so on in turn: those under way with it, the last of
/// them first, which led to its answer; then those before and after it.
fn nearest_in_turn<'a>(messages: &[&'a Message], spans: &[(u64, u64)]) -> Vec<&'a Message> {
    let queue = |(start_ns, end_ns): &(u64, u64)| {
        let (start_ns, end_ns) = (*start_ns, *end_ns);
        let mut places: Vec<usize> = (0..messages.len()).collect();
        places.sort_by_key(|place| {
            let at_ns = messages[*place].at_ns;
            let beside = start_ns.saturating_sub(at_ns).max(at_ns.saturating_sub(end_ns));
            (beside, at_ns.abs_diff(end_ns))
        });
        places.into_iter()
    };
    let mut queues: Vec<_> = spans.iter().map(queue).collect();
    let mut is_taken = vec![false; messages.len()];
    let mut taken = 0;
    let turns = queues.len();
    for turn in (0..turns).cycle() {
        let Some(place) = queues[turn].find(|place| !is_taken[*place]) else {
            break;
        };
        is_taken[place] = true;
        taken += 1;
        if taken == SHOWN_MAX {
            break;
        }
    }
    let chosen = messages.iter().zip(is_taken).filter(|(_, is_taken)| *is_taken);
    chosen.map(|(message, _)| *message).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn at(at_ns: u64) -> Message {
        Message {
            at_ns,
            delay_ns: 0,
            from: Ipv4Addr::new(10, 0, 0, 1),
            to: Ipv4Addr::new(10, 0, 0, 2),
            bytes: 1,
            excerpt: String::new(),
            comment: String::new(),
            is_dropped: false,
            is_about: true,
            is_called: true,
        }
    }

    #[test]
    fn the_second_operation_has_its_messages_although_the_first_has_too_many() {
        // Ten of the last, at its end, and a thousand of the first.
        let messages: Vec<Message> = (0..1_000).chain(5_000..5_010).map(at).collect();
        let all: Vec<&Message> = messages.iter().collect();
        let chosen = nearest_in_turn(&all, &[(0, 999), (4_990, 5_009)]);
        assert_eq!(chosen.len(), SHOWN_MAX);
        let of_the_second = chosen.iter().filter(|it| it.at_ns >= 5_000).count();
        assert_eq!(of_the_second, 10);
        assert!(chosen.iter().any(|it| it.at_ns == 999), "what led to the answer");
    }

    #[test]
    fn with_fewer_than_there_is_room_for_all_are_taken_once() {
        let messages: Vec<Message> = (0..50).map(at).collect();
        let all: Vec<&Message> = messages.iter().collect();
        assert_eq!(nearest_in_turn(&all, &[(0, 9), (20, 30)]).len(), 50);
        assert!(nearest_in_turn(&all, &[]).is_empty());
    }
}
