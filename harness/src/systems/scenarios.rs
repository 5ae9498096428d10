//! Schedules with names: situations in which one rule of the built-in Paxos is put to the test, again and again.
//!
//! Each is a schedule file as anybody can write one, `systems/paxos/scenarios/NAME.json`. The bugs beside it are what it is
//! for; nothing but lists and tests reads them.

/// A schedule with a name.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// The name, which begins with the question that it is about.
    pub name: &'static str,
    /// The planted bugs that it is to show.
    pub bugs: &'static [&'static str],
    /// The schedule file.
    pub text: &'static str,
}

macro_rules! scenarios {
    ($($name:literal: $($bug:literal)*;)*) => {
        /// Every one, in the order of the questions.
        pub const ALL: &[Scenario] = &[$(Scenario {
            name: $name,
            bugs: &[$($bug),*],
            text: include_str!(concat!("../../../systems/paxos/scenarios/", $name, ".json")),
        }),*];
    };
}

scenarios! {
    "q1-missed": "decide-on-minority" "duplicate-answers-counted";
    "q1-late": "decide-on-minority";
    "q1-carried-on": "decide-on-minority";
    "q1-two-ballots": "decide-on-minority" "count-across-ballots";
    "q2-contended": "skip-phase-1" "retry-under-new-value" "answer-own-value";
    "q3-restarted-proposer": "ballot-without-node";
    "q3-proposal-of-the-dead": "round-forgotten-on-restart";
    "q4-one-has-a-value": "own-value-always" "own-value-unless-all";
    "q5-old-proposer": "accept-below-promise" "promise-below-promise";
    "q6-paused-proposer": "refusals-counted" "retry-keeps-promises";
    "q7-newer-ballots": "value-of-lowest-ballot" "value-of-first-promise";
    "q8-several-ballots": "first-accepted-kept";
    "q8-older-proposal": "accept-keeps-promise";
    "q9-minority-killed": "forget-accepted-on-restart";
    "q9-promise-and-restart": "forget-promise-on-restart";
    "q9-power-in-a-checkpoint": "no-directory-sync" "answer-before-durable" "replace-not-atomically";
    "q10-minority-down": "need-all-acceptors" "majority-of-the-living";
    "q11-proposer-and-a-minority": "report-half-finished";
    "l-first-accept": "learn-from-one-accept" "overwrite-learned" "tell-accepted-as-learned" "read-local-state"
        "undecided-on-minority" "late-read-joins";
    "c-late-outcome": "timed-out-reported-failed" "overtaken-reported-failed";
}

/// Those of a system. Only the built-in Paxos has any: they know what its nodes say to each other.
pub fn of(system: &str) -> impl Iterator<Item = &'static Scenario> {
    ALL.iter().filter(move |_| system == "paxos")
}

/// The first that is there to show this planted bug.
pub fn that_shows(bug: &str) -> Option<&'static Scenario> {
    ALL.iter().find(|scenario| scenario.bugs.contains(&bug))
}

impl Scenario {
    /// What happens in it, in one sentence.
    pub fn about(&self) -> String {
        let file: Option<serde_json::Value> = serde_json::from_str(self.text).ok();
        let about = file.as_ref().and_then(|file| file["about"].as_str());
        about.unwrap_or_default().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nemesis::Schedule;
    use std::time::Duration;

    #[test]
    fn every_planted_bug_has_a_scenario_that_shows_it_and_every_scenario_shows_planted_bugs() {
        for bug in paxos::Bug::ALL {
            assert!(that_shows(bug.name()).is_some(), "{}", bug.name());
        }
        let is_planted = |name: &&str| paxos::Bug::ALL.iter().any(|bug| bug.name() == *name);
        for scenario in ALL {
            assert!(scenario.bugs.iter().all(is_planted), "{}", scenario.name);
        }
        assert!(that_shows("no-such-bug").is_none());
    }

    #[test]
    fn every_scenario_is_a_schedule_for_five_nodes_and_says_what_happens() {
        let nodes: Vec<String> = (1..=5).map(|number| format!("n{number}")).collect();
        for scenario in ALL {
            let schedule = Schedule::from_json(scenario.text, &nodes, Duration::from_secs(10))
                .unwrap_or_else(|error| panic!("{}: {error}", scenario.name));
            assert!(
                schedule.faults.len() > 1 || scenario.name == "q2-contended",
                "{}: {} faults",
                scenario.name,
                schedule.faults.len()
            );
            assert!(scenario.about().ends_with('.'), "{}", scenario.name);
            assert!(!scenario.bugs.is_empty(), "{}", scenario.name);
            for bug in scenario.bugs {
                let known = paxos::Bug::ALL.into_iter().find(|known| known.name() == *bug);
                let question = known.unwrap_or_else(|| panic!("{bug}")).question().to_lowercase();
                let of_scenario = scenario.name.split('-').next().unwrap();
                // Reads are learners' business, and what clients are told can go wrong anywhere.
                let is_near = question == "c" || question == "r" && of_scenario == "l";
                assert!(is_near || question == of_scenario, "{}: {bug}", scenario.name);
            }
        }
    }
}
