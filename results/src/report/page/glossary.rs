//! The words that the page uses, each with its meaning: those that this page has a use for, folded at its end.

use crate::coverage::Coverage;
use crate::document::Results;
use crate::text;
use checker::Model;
use history::fault::PacketEffect;
use history::{Fault, History};

/// A word, and what it means here.
pub type Entry = (String, String);

pub fn glossary(results: &Results, history: &History, coverage: &Coverage) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    let mut put = |when: bool, word: &str, meaning: &str| {
        if when {
            entries.push((word.to_owned(), meaning.to_owned()));
        }
    };
    let model = Model::from_name(&results.model);
    let is_eventual = model.is_some_and(Model::is_eventual);
    put(
        !is_eventual,
        "linearizable",
        "Each operation can be given one moment between its beginning and its answer such that all answers are those \
         that the operations would have got one after the other, in the order of these moments.",
    );
    put(
        is_eventual,
        "seen in the end",
        "What was acknowledged is there when everything was mended and all had their time.",
    );
    let noun = text::noun(history);
    put(
        noun != "object",
        &format!("{noun}, object, key"),
        &format!(
            "The objects of this run are {noun}s. Each is checked on its own; its key is its name, in a search as key:147."
        ),
    );
    put(
        true,
        "ok, failed, unknown",
        "An operation that certainly happened; that certainly did not and never will; of which nobody knows: it may have \
         happened, may happen at any later time, or never.",
    );
    put(
        !results.violations.is_empty(),
        "real time, value",
        "Why one operation is before another: it had its answer before the other began; or what one of them was told \
         could not have been told otherwise.",
    );
    put(
        results.violations.len() > 1,
        "alike, like 1",
        "Of the same kind, with operations that are called and ended alike, for the same reasons: whoever has understood \
         one has understood the other.",
    );
    let has_faults = !coverage.faults.is_empty();
    put(
        has_faults,
        "nemesis",
        "What breaks the world of the nodes on a schedule: the faults that --nemesis asks for.",
    );
    put(
        has_faults,
        "felt, confirmed",
        "A fault was felt when it was seen to meet the system: packets were dropped, a process was gone. It is confirmed \
         when it was in force and felt.",
    );
    put(
        has_faults,
        "quorum",
        "A running node that can exchange packets, both ways, with enough others to be a majority of all nodes. Without \
         one nothing can be expected to succeed.",
    );
    let flaps = |wanted: fn(&Fault) -> bool| {
        let mut faults = coverage.faults.iter().map(|span| &span.fault);
        faults.any(|fault| fault.flap().is_some() && wanted(fault))
    };
    put(
        flaps(|fault| matches!(fault, Fault::Partition { .. })),
        "flapping",
        "A partition that is cut and whole in turns while it is in force: on and off.",
    );
    put(
        flaps(|fault| matches!(fault, Fault::Kill { .. })),
        "restart storm",
        "Nodes that are killed and started again in turns: down on and off.",
    );
    let stutters = |fault: &Fault| {
        matches!(
            fault,
            Fault::Packet {
                effect: PacketEffect::Stutter { .. },
                ..
            }
        )
    };
    put(
        coverage.faults.iter().any(|span| stutters(&span.fault)),
        "stutter",
        "Links stall and flow in turns, each in its own time, for so long in the mean; what comes while one stalls \
         arrives afterwards, in order.",
    );
    put(
        !results.phases.is_empty(),
        "main phase",
        "The time in which clients work while faults come and go. After it everything is mended and read once more.",
    );
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use history::timeline::FaultSpan;

    fn words(faults: Vec<FaultSpan>) -> Vec<String> {
        let history = History::default();
        let coverage = Coverage {
            faults,
            ..Coverage::of(&history)
        };
        let results = Results::error(None, &history, "no".to_owned(), Vec::new());
        let entries = glossary(&results, &history, &coverage).into_iter();
        entries.map(|(word, _)| word).collect()
    }

    #[test]
    fn a_word_that_the_page_has_no_use_for_is_not_explained() {
        assert_eq!(words(Vec::new()), ["linearizable", "ok, failed, unknown"]);
        let storm = FaultSpan {
            id: 1,
            fault: Fault::Kill {
                nodes: vec!["n1".to_owned()],
                power: false,
                flap: Some(history::Flap {
                    cut_ms: 1,
                    whole_ms: 1,
                }),
                slow_start: None,
            },
            requested_ns: 0,
            installed_ns: None,
            healing_ns: None,
            healed_ns: None,
            felt: None,
            trouble: None,
            evidence: Vec::new(),
        };
        let stutter = FaultSpan {
            fault: Fault::Packet {
                links: vec![("n1".to_owned(), "n2".to_owned())],
                effect: PacketEffect::Stutter {
                    stalled_ms: 1,
                    flowing_ms: 1,
                },
                matching: None,
            },
            ..storm.clone()
        };
        let has = |words: &[String], word: &str| words.iter().any(|it| it == word);
        let with_storm = words(vec![storm]);
        assert!(has(&with_storm, "restart storm"));
        assert!(!has(&with_storm, "flapping") && !has(&with_storm, "stutter"));
        assert!(has(&words(vec![stutter]), "stutter"));
    }
}
