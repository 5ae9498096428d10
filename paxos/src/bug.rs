//! Planted bugs: each is one rule, wrong, at the place where the rule stands.
//!
//! A harness that is worth anything finds them. One is chosen by name when a node starts (`--bug NAME`), and
//! there is no other way to get it; when none is, a rule costs a comparison with a constant.
//!
//! The questions Q1 to Q11 are those of `docs/paxos.md`; *L* is about learning, *R* about reading, *C* about
//! what clients are told.

/// What a node breaks: nothing, or one rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Planted(Option<Bug>);

impl Planted {
    /// A correct node.
    pub const NOTHING: Planted = Planted(None);

    /// Whether this bug is planted.
    pub fn is(self, bug: Bug) -> bool {
        self.0 == Some(bug)
    }
}

impl From<Option<Bug>> for Planted {
    fn from(bug: Option<Bug>) -> Planted {
        Planted(bug)
    }
}

/// Writes the enum, and what is known of each of its members, from one table.
macro_rules! catalogue {
    ($($bug:ident $name:literal $question:literal $rule:literal $sentence:literal $(needs $needs:literal)?;)*) => {
        /// A rule that a node breaks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Bug {
            $(#[doc = concat!("*", $question, "*, rule *", $rule, "*: the node ", $sentence, ".")] $bug,)*
        }

        impl Bug {
            /// All of them, in the order of the questions.
            pub const ALL: [Bug; [$($name),*].len()] = [$(Bug::$bug),*];

            /// The name, as in `--bug`.
            pub fn name(self) -> &'static str {
                match self { $(Bug::$bug => $name,)* }
            }

            /// The question about Paxos that the rule answers, as numbered in `docs/paxos.md`.
            pub fn question(self) -> &'static str {
                match self { $(Bug::$bug => $question,)* }
            }

            /// The rule that is broken, by its name in the protocol.
            pub fn rule(self) -> &'static str {
                match self { $(Bug::$bug => $rule,)* }
            }

            /// What the node does wrong, in one sentence that begins after "the node".
            pub fn sentence(self) -> &'static str {
                match self { $(Bug::$bug => $sentence,)* }
            }

            /// The fault without which the bug does no harm that a client could see, where that is not one of
            /// partitions, kills and pauses.
            pub fn needs(self) -> Option<&'static str> {
                match self { $(Bug::$bug => catalogue!(@needs $($needs)?),)* }
            }
        }
    };
    (@needs) => { None };
    (@needs $needs:literal) => { Some($needs) };
}

catalogue! {
    DecideOnMinority "decide-on-minority" "Q1" "chosen"
        "takes a value for chosen with one acceptance less than a majority";
    CountAcrossBallots "count-across-ballots" "Q1" "chosen"
        "counts acceptances of different ballots together" needs "messages that are late";
    SkipPhase1 "skip-phase-1" "Q2" "1a"
        "proposes at once, without phase 1, when it has heard of no other proposer";
    BallotWithoutNode "ballot-without-node" "Q3" "1a"
        "numbers its ballots by round alone, as every other node does";
    RoundForgottenOnRestart "round-forgotten-on-restart" "Q3" "1a"
        "counts its rounds from 1 again after a restart" needs "messages that are late";
    OwnValueAlways "own-value-always" "Q4" "2a"
        "proposes its own value although an acceptor has accepted another";
    OwnValueUnlessAll "own-value-unless-all" "Q4" "2a"
        "proposes its own value unless every promise brings another";
    AcceptBelowPromise "accept-below-promise" "Q5" "2b"
        "accepts a proposal with a lower ballot than it promised";
    PromiseBelowPromise "promise-below-promise" "Q5" "1b"
        "promises a ballot below the one that it had promised, and forgets the higher one";
    RefusalsCounted "refusals-counted" "Q6" "chosen"
        "counts a refusal as if it were a yes";
    RetryKeepsPromises "retry-keeps-promises" "Q6" "2a"
        "counts the promises of its last attempt for the next one";
    ValueOfFirstPromise "value-of-first-promise" "Q7" "2a"
        "carries on the value of the first promise that brings one";
    ValueOfLowestBallot "value-of-lowest-ballot" "Q7" "2a"
        "carries on the value of the lowest ballot among the promises";
    FirstAcceptedKept "first-accepted-kept" "Q8" "2b"
        "answers prepares with the first proposal that it accepted, not the latest";
    AcceptKeepsPromise "accept-keeps-promise" "Q8" "2b"
        "accepts a proposal without raising its promise" needs "packets that overtake each other";
    ForgetPromiseOnRestart "forget-promise-on-restart" "Q9" "1b"
        "keeps its promises in memory only";
    ForgetAcceptedOnRestart "forget-accepted-on-restart" "Q9" "2b"
        "keeps what it has accepted in memory only";
    AnswerBeforeDurable "answer-before-durable" "Q9" "1b, 2b"
        "answers before the answer's record has reached the disk" needs "a disk that loses unsynced writes";
    ReplaceNotAtomically "replace-not-atomically" "Q9" "1b, 2b"
        "removes its old log before the table that replaces it is durable" needs "a disk that loses unsynced writes";
    NoDirectorySync "no-directory-sync" "Q9" "1b, 2b"
        "does not sync the directory when it begins a new log file" needs "a disk that loses unsynced writes";
    NeedAllAcceptors "need-all-acceptors" "Q10" "chosen"
        "waits for every acceptor, not for a majority";
    MajorityOfTheLiving "majority-of-the-living" "Q10" "chosen"
        "takes a majority of the acceptors that answer for a majority of all";
    ReportHalfFinished "report-half-finished" "Q11" "read"
        "answers a read with a proposal that it found, without finishing it";
    LearnFromOneAccept "learn-from-one-accept" "L" "learn"
        "takes a value for chosen when it has accepted it itself";
    OverwriteLearned "overwrite-learned" "L" "learn"
        "lets a late proposal overwrite what it has learned";
    TellAcceptedAsLearned "tell-accepted-as-learned" "L" "learn"
        "tells others what it has accepted as if it had been chosen";
    ReadLocalState "read-local-state" "R" "read"
        "answers a read with `undecided` when it has not learned, without asking anyone";
    UndecidedOnMinority "undecided-on-minority" "R" "read"
        "answers a read with `undecided` when less than a majority has accepted nothing";
    LateReadJoins "late-read-joins" "R" "read"
        "answers a read from an attempt that had begun before the read came";
    OvertakenReportedFailed "overtaken-reported-failed" "C" "outcome"
        "reports a proposal as failed when its ballot is overtaken, though its value may be chosen";
    TimedOutReportedFailed "timed-out-reported-failed" "C" "outcome"
        "reports a proposal as failed when time runs out, though its value may be chosen";
    RetryUnderNewValue "retry-under-new-value" "C" "2a"
        "proposes something else than the client's value when it has to try again";
    DuplicateAnswersCounted "duplicate-answers-counted" "C" "chosen"
        "counts an answer that came twice as two";
    AnswerOwnValue "answer-own-value" "C" "outcome"
        "tells a client that its value was chosen whichever was";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_bug_has_a_name_of_its_own_and_says_what_it_breaks() {
        let names: BTreeSet<&str> = Bug::ALL.iter().map(|bug| bug.name()).collect();
        assert_eq!(names.len(), Bug::ALL.len());
        for bug in Bug::ALL {
            assert!(
                bug.name()
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            );
            assert!(!bug.question().is_empty() && !bug.rule().is_empty());
            assert!(!bug.sentence().ends_with('.'), "{}", bug.name());
        }
    }

    #[test]
    fn a_correct_node_has_none() {
        assert!(Bug::ALL.iter().all(|bug| !Planted::NOTHING.is(*bug)));
        assert!(Bug::ALL.iter().all(|bug| Planted::from(Some(*bug)).is(*bug)));
    }
}
