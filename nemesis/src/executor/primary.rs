//! Who the primary is, for a fault that hits it: asked when the fault begins, of all nodes at once.
//!
//! Where nobody says that it is, as during an election, all are asked again for a while, and then the fault is skipped: it
//! never hits another node in the primary's place. Where several say so (one has not heard yet that it no longer is), they
//! are hit in turn.

use super::{Task, milliseconds};
use crate::role;
use cluster::PrimaryTold;
use history::FaultStep;
use std::time::Duration;
use tokio::time::Instant;

/// How long nodes are asked again when none is the primary, from the first time that they are asked.
const PATIENCE: Duration = Duration::from_secs(1);
/// The pause between two times.
const ASK_AGAIN: Duration = Duration::from_millis(50);

impl Task {
    /// Puts the primary's name in the place of the word, and says what was seen. `None` when there is none to be hit, which
    /// is recorded then.
    pub(super) async fn find_primary(&mut self) -> Option<String> {
        let begun = Instant::now();
        loop {
            let told = tokio::select! {
                told = self.cluster.ask_for_primary() => Some(told),
                _ = self.stop.wait_for(|stop| *stop) => None,
            };
            let Some(told) = told else {
                return self.no_primary("the run ended before the primary was known");
            };
            let primaries: Vec<&str> = told
                .iter()
                .filter(|told| told.says.is_ok())
                .map(|told| told.node.as_str())
                .collect();
            if let Some(primary) = in_turn(&primaries, self.planned.id) {
                let seen = words(&primaries, primary, begun.elapsed());
                self.planned = self.planned.of_primary(primary, self.cluster.nodes());
                return match role::hits_somebody(&self.planned.fault) {
                    true => Some(seen),
                    false => self.no_primary(&format!("{seen}, and the fault hits nobody else")),
                };
            }
            if begun.elapsed() >= PATIENCE {
                let reason = format!(
                    "no node says that it is the primary, asked for {}: {}",
                    milliseconds(begun.elapsed()),
                    no_one(&told)
                );
                return self.no_primary(&reason);
            }
            // The next asking sees to it when the run stops.
            self.stopped_before(Instant::now() + ASK_AGAIN).await;
        }
    }

    fn no_primary(&mut self, reason: &str) -> Option<String> {
        let fault = self.planned.fault.clone();
        self.step(FaultStep::Skipped, &fault, None, Some(reason.to_owned()));
        None
    }
}

/// Which of several is hit: each in its turn, as the faults are numbered.
fn in_turn<'a>(primaries: &[&'a str], fault: u32) -> Option<&'a str> {
    let place = (fault as usize).checked_rem(primaries.len())?;
    Some(primaries[place])
}

fn words(primaries: &[&str], primary: &str, took: Duration) -> String {
    let said = match primaries {
        [one] => format!("{one} says that it is the primary"),
        several => format!(
            "{} say that they are the primary, {primary} is taken",
            several.join(" and ")
        ),
    };
    match took >= ASK_AGAIN {
        true => format!("{said}, after {}", milliseconds(took)),
        false => said,
    }
}

/// What all of them said instead.
fn no_one(told: &[PrimaryTold]) -> String {
    let words = told.iter().map(|told| {
        let says = told.says.as_ref().err().map_or("yes", String::as_str);
        format!("{}: {says}", told.node)
    });
    words.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_are_hit_in_turn_and_nobody_when_there_is_none() {
        assert_eq!(in_turn(&[], 7), None);
        assert_eq!(in_turn(&["n2"], 7), Some("n2"));
        let hit: Vec<_> = (1..=4).map(|id| in_turn(&["n1", "n3"], id).unwrap()).collect();
        assert_eq!(hit, ["n3", "n1", "n3", "n1"]);
    }

    #[test]
    fn it_is_said_who_says_so_and_who_was_taken() {
        let soon = Duration::from_millis(3);
        assert_eq!(words(&["n2"], "n2", soon), "n2 says that it is the primary");
        assert_eq!(
            words(&["n1", "n3"], "n3", Duration::from_millis(70)),
            "n1 and n3 say that they are the primary, n3 is taken, after 70 ms"
        );
        let told = [
            ("n1", Err("down".to_owned())),
            ("n2", Err("status 503".to_owned())),
        ]
        .map(|(node, says)| PrimaryTold {
            node: node.to_owned(),
            says,
        });
        assert_eq!(no_one(&told), "n1: down; n2: status 503");
    }
}
