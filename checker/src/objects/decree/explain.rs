//! How a decree's contradiction is told: the few operations that cannot all be right, and why.
//!
//! The operations shown are the *core*; every other proposal of the decree may happen at any time, or not at
//! all, and every other read is dropped. That only ever makes a history more legal, so the core proves that
//! the whole is not. Before anything is said, the independent checker tries every order of the core, and
//! tries again with each of its operations weakened: the core is as small as it can be.

use super::Decree;
use crate::proof::argument::Argument;
use crate::proof::shrink::distinct;
use crate::proof::verify;
use crate::proof::wording::{asker, gap, moment, value};
use crate::theory::{Part, Theory};
use crate::{BrokenOrder, CallOf, CoreOperation, Reason, ReasonKind, Shrink, Violation, Weakened};
use history::{History, NEVER, Operation, Outcome, Value};
use std::time::{Duration, Instant};

/// How many different answers are looked at for the clearest pair.
const VALUES_MAX: usize = 16;

/// What is wrong, and by which operations.
enum Finding {
    /// A proposal was answered with nothing.
    NullAnswer(u32),
    /// A value was answered that nobody had proposed.
    Unproposed(u32),
    /// A value was answered that only proposals that failed had proposed.
    FailedTookEffect { failed: u32, answer: u32 },
    /// A value was answered before any proposal of it began.
    ProposedLater { answer: u32, proposals: Vec<u32> },
    /// Two answers differ.
    TwoDecisions(u32, u32),
    /// A read found nothing after somebody had been told the decision.
    Undone { answer: u32, read: u32 },
}

/// Explains why a decree's operations have no legal order.
///
/// # Errors
/// When the independent checker does not agree that they have none.
pub fn explain<'h>(decree: &Decree<'h>, part: &Part<'_, Decree<'h>>) -> Result<Violation, String> {
    let began = Instant::now();
    let case = Case {
        history: part.history,
        decree,
        key: part.key,
        operations: part.operations,
    };
    let finding = case
        .find()
        .ok_or("no contradiction was found, though there must be one")?;
    let mut violation = case.tell(&finding);
    violation.shrink = case.verify(&violation.core)?;
    violation.shrink.took = began.elapsed();
    match violation.shrink.verified {
        true => Ok(violation),
        false => Err("some order of the counterexample works".to_owned()),
    }
}

/// One decree of one history.
struct Case<'a> {
    history: &'a History,
    decree: &'a Decree<'a>,
    key: u32,
    operations: &'a [u32],
}

impl Case<'_> {
    fn at(&self, number: u32) -> &Operation {
        &self.history.operations[number as usize]
    }

    fn answered(&self) -> impl Iterator<Item = u32> {
        self.operations
            .iter()
            .copied()
            .filter(|number| self.at(*number).outcome == Outcome::Ok)
    }

    /// What is wrong: what needs the fewest operations first, then what is easiest to believe.
    fn find(&self) -> Option<Finding> {
        let nothing =
            |number: &u32| self.decree.is_propose(self.at(*number)) && self.at(*number).output.is_null();
        if let Some(number) = self.answered().find(nothing) {
            return Some(Finding::NullAnswer(number));
        }
        let firsts = self.first_answers();
        if let Some(finding) = firsts.iter().find_map(|answer| self.without_proposal(*answer)) {
            return Some(finding);
        }
        if firsts.len() > 1 {
            return self.two_decisions(&firsts);
        }
        let answer = *firsts.first()?;
        let t0 = self.at(answer).complete;
        let undone = |number: &u32| self.at(*number).output.is_null() && self.at(*number).invoke > t0;
        self.answered()
            .find(undone)
            .map(|read| Finding::Undone { answer, read })
    }

    /// For each answered value the operation that completed first with it, in the order of completion.
    fn first_answers(&self) -> Vec<u32> {
        let mut by_completion: Vec<u32> = self
            .answered()
            .filter(|number| !self.at(*number).output.is_null())
            .collect();
        by_completion.sort_unstable_by_key(|number| self.at(*number).complete);
        let mut firsts: Vec<u32> = Vec::new();
        for number in by_completion {
            let known = firsts
                .iter()
                .any(|first| self.at(*first).output == self.at(number).output);
            if !known && firsts.len() < VALUES_MAX {
                firsts.push(number);
            }
        }
        firsts
    }

    /// What is wrong with the value of an answer, if no proposal can have brought it.
    fn without_proposal(&self, answer: u32) -> Option<Finding> {
        let (told, complete) = (self.at(answer).output, self.at(answer).complete);
        let proposals = || {
            let all = self.operations.iter().copied();
            all.filter(|number| self.decree.is_propose(self.at(*number)) && self.at(*number).input == told)
        };
        let may_have_happened = |number: &u32| self.at(*number).outcome != Outcome::Fail;
        if proposals()
            .filter(may_have_happened)
            .any(|number| self.at(number).invoke < complete)
        {
            return None;
        }
        let later: Vec<u32> = proposals()
            .filter(may_have_happened)
            .take(verify::CORE_MAX - 1)
            .collect();
        let failed =
            proposals().find(|number| !may_have_happened(number) && self.at(*number).invoke < complete);
        Some(match (failed, later.is_empty()) {
            (Some(failed), true) => Finding::FailedTookEffect { failed, answer },
            (_, false) => Finding::ProposedLater {
                answer,
                proposals: later,
            },
            (None, true) => Finding::Unproposed(answer),
        })
    }

    /// Of all pairs of different answers the one that is easiest to believe: one was over before the other
    /// began, and the other was a proposal that was told its own value; the shorter the gap, the better.
    fn two_decisions(&self, firsts: &[u32]) -> Option<Finding> {
        let mut argument = Argument::default();
        let mut nodes = std::collections::BTreeMap::new();
        for first in firsts {
            let earlier = self.at(*first);
            let others = self.answered().filter(|number| {
                !self.at(*number).output.is_null() && self.at(*number).output != earlier.output
            });
            // In the order of invocations: the first that began after, and the first of its own mind.
            let (after, meanwhile): (Vec<u32>, Vec<u32>) =
                others.partition(|number| earlier.precedes(self.at(*number)));
            let own = after.iter().find(|number| self.told_its_own(**number));
            for other in own
                .into_iter()
                .chain(after.first())
                .chain(meanwhile.first())
                .copied()
            {
                let mut node = |number| *nodes.entry(number).or_insert_with(|| argument.operation(number));
                let (a, b) = (node(*first), node(other));
                let doubt = if self.told_its_own(other) { 0 } else { 10 };
                // Two values against each other take more believing than a value against the clock.
                let (forth, doubt) = match earlier.precedes(self.at(other)) {
                    true => (self.real_time(*first, other), doubt),
                    false => (ReasonKind::Value, doubt + 50),
                };
                argument.before(a, b, forth, doubt);
                argument.before(b, a, ReasonKind::Value, doubt);
            }
        }
        let around = argument.shortest_loop();
        let (a, b) = (around.first()?.0, around.get(1)?.0);
        let (first, second) = if self.at(a).invoke < self.at(b).invoke {
            (a, b)
        } else {
            (b, a)
        };
        Some(Finding::TwoDecisions(first, second))
    }

    fn told_its_own(&self, number: u32) -> bool {
        self.decree.is_propose(self.at(number)) && self.at(number).input == self.at(number).output
    }

    fn real_time(&self, first: u32, second: u32) -> ReasonKind {
        ReasonKind::RealTime {
            gap_ns: self.at(second).start_ns.saturating_sub(self.at(first).end_ns),
        }
    }

    fn show(&self, it: Value) -> String {
        value(&self.history.values, it)
    }

    fn name(&self) -> String {
        self.decree.name(self.history, self.key)
    }

    /// Puts a finding into words.
    fn tell(&self, finding: &Finding) -> Violation {
        let name = self.name();
        match finding {
            Finding::NullAnswer(number) => {
                let operation = self.at(*number);
                let sentence = format!(
                    "{name}: a proposal of {} was answered with no value.",
                    self.show(operation.input)
                );
                let reason = "A was answered with nothing; a proposal is answered with what was decided.";
                self.alone(
                    "decree.null-answer",
                    sentence,
                    *number,
                    reason,
                    "A must be told a value. It was told nothing.",
                )
            }
            Finding::Unproposed(number) => {
                let told = self.show(self.at(*number).output);
                let sentence = format!("{name} was decided as {told}, which nobody had proposed.");
                let reason = format!("A was told {told}, and nobody had proposed it.");
                let order = format!("A cannot be told {told}: nobody proposed it.");
                self.alone("decree.unproposed", sentence, *number, &reason, &order)
            }
            Finding::FailedTookEffect { failed, answer } => {
                let told = self.show(self.at(*answer).output);
                let mut violation = self.violation(
                    "decree.failed-took-effect",
                    format!("{name}: a proposal that was reported as failed ({told}) was decided."),
                    &[*failed, *answer],
                );
                let [f, a] = [*failed, *answer].map(|number| violation.place(number));
                let (lf, la) = (violation.core[f].label, violation.core[a].label);
                violation.reasons = vec![
                    reason(
                        f,
                        a,
                        ReasonKind::Value,
                        format!(
                            "{lf} must come before {la}: {la} was told {told}, which only {lf} had proposed."
                        ),
                        format!("{la} was told {lf}'s value"),
                    ),
                    reason(
                        a,
                        f,
                        ReasonKind::Value,
                        format!(
                            "{lf} cannot come before {la}: {lf} was reported as failed, so it never took effect."
                        ),
                        format!("{lf} was reported as failed"),
                    ),
                ];
                let sentence = format!("{la} cannot be told {told}: its only proposal, {lf}, had failed.");
                violation.orders = vec![broken(&[a], a, sentence).by_answer(None, &told)];
                violation
                    .detail
                    .push("What failed has no effect, ever.".to_owned());
                violation
            }
            Finding::ProposedLater { answer, proposals } => {
                let told = self.show(self.at(*answer).output);
                let numbers: Vec<u32> = [*answer].into_iter().chain(proposals.iter().copied()).collect();
                let sentence = format!("{name} was decided as {told} before anybody had proposed {told}.");
                let mut violation = self.violation("decree.proposed-later", sentence, &numbers);
                for member in &mut violation.core {
                    member.answer_counts = member.operation == *answer;
                }
                let first = proposals[0];
                let (a, p) = (violation.place(*answer), violation.place(first));
                let (la, lp) = (violation.core[a].label, violation.core[p].label);
                violation.reasons = vec![
                    self.real_time_reason(&violation, *answer, first),
                    reason(
                        p,
                        a,
                        ReasonKind::Value,
                        format!(
                            "{lp} must come before {la}: {la} was told {told}, which {lp} was the first to propose."
                        ),
                        format!("{la} was told {lp}'s value"),
                    ),
                ];
                let sentence = format!("{la} cannot be told {told}: {lp} had not begun.");
                violation.orders = vec![broken(&[a, p], a, sentence).by_answer(None, &told)];
                violation
                    .detail
                    .push("What is decided was proposed before.".to_owned());
                violation
            }
            Finding::TwoDecisions(first, second) => self.tell_two_decisions(&name, *first, *second),
            Finding::Undone { answer, read } => {
                let told = self.show(self.at(*answer).output);
                let wait = gap(self.at(*read).start_ns.saturating_sub(self.at(*answer).end_ns));
                let sentence =
                    format!("{name} was decided as {told}, and {wait} later a read found it undecided.");
                let mut violation = self.violation("decree.undone", sentence, &[*answer, *read]);
                violation.reasons = vec![
                    self.real_time_reason(&violation, *answer, *read),
                    reason(
                        1,
                        0,
                        ReasonKind::Value,
                        "B must come before A: B was told that nothing had been decided.".to_owned(),
                        "B found nothing decided, so B must come before A".to_owned(),
                    ),
                ];
                violation.orders = vec![
                    broken(
                        &[0, 1],
                        1,
                        format!("B must be told {told}. It was told that nothing was decided."),
                    )
                    .by_answer(Some(&told), &self.show(Value::NULL)),
                    broken(&[1, 0], 1, "A had finished before B began.".to_owned()),
                ];
                violation.detail.push("A decision is never undone.".to_owned());
                violation
            }
        }
    }

    fn tell_two_decisions(&self, name: &str, first: u32, second: u32) -> Violation {
        let [one, other] = [first, second].map(|number| self.show(self.at(number).output));
        let sentence = format!("{name} was decided twice: first as {one}, then as {other}.");
        let in_order = self.at(first).precedes(self.at(second));
        let sentence = if in_order {
            sentence
        } else {
            format!("{name} was decided twice: as {one} and as {other}.")
        };
        let mut violation = self.violation("decree.two-decisions", sentence, &[first, second]);
        let told = |label: char, number: u32, mine: &str, theirs: &str| match self.told_its_own(number) {
            true => format!("{label} was told its own value, so nothing had been decided."),
            false => format!("{label} was told {mine}, so {theirs} had not been decided."),
        };
        let forth = match in_order {
            true => self.real_time_reason(&violation, first, second),
            false => reason(
                0,
                1,
                ReasonKind::Value,
                format!("A must come before B: {}", told('A', first, &one, &other)),
                format!("A was told {one}, so A must come before B"),
            ),
        };
        let short = match self.told_its_own(second) {
            true => "B was told its own value, so B must come before A".to_owned(),
            false => format!("B was told {other}, so B must come before A"),
        };
        let back = reason(
            1,
            0,
            ReasonKind::Value,
            format!("B must come before A: {}", told('B', second, &other, &one)),
            short,
        );
        violation.reasons = vec![forth, back];
        let b_first = match in_order {
            true => format!("A had finished before B began, and A must be told {other}. It was told {one}."),
            false => format!("A must be told {other}. It was told {one}."),
        };
        violation.orders = vec![
            broken(&[0, 1], 1, format!("B must be told {one}. It was told {other}."))
                .by_answer(Some(&one), &other),
            broken(&[1, 0], 0, b_first).by_answer(Some(&other), &one),
        ];
        violation.detail.push("A decree is decided once.".to_owned());
        violation
    }

    /// A violation of one operation, which contradicts itself.
    fn alone(&self, code: &'static str, sentence: String, number: u32, why: &str, order: &str) -> Violation {
        let mut violation = self.violation(code, sentence, &[number]);
        violation.reasons = vec![reason(
            0,
            0,
            ReasonKind::Value,
            why.to_owned(),
            "no order explains A".to_owned(),
        )];
        let was = self.show(self.at(number).output);
        violation.orders = vec![broken(&[0], 0, order.to_owned()).by_answer(None, &was)];
        violation
    }

    /// What every violation has: the core, and who asked what.
    fn violation(&self, code: &'static str, sentence: String, numbers: &[u32]) -> Violation {
        let mut numbers = numbers.to_vec();
        numbers.sort_unstable_by_key(|number| self.at(*number).invoke);
        let core: Vec<CoreOperation> = ('A'..)
            .zip(&numbers)
            .map(|(label, number)| CoreOperation {
                label,
                operation: *number,
                answer_counts: true,
            })
            .collect();
        let detail = core.iter().map(|member| self.account(member)).collect();
        let others = self.operations.iter().filter(|number| !numbers.contains(number));
        let (reads, updates): (Vec<u32>, Vec<u32>) =
            others.partition(|number| !self.decree.is_propose(self.at(**number)));
        let optional = updates
            .iter()
            .filter(|number| self.at(**number).outcome != Outcome::Fail)
            .count();
        Violation {
            key: self.key,
            code,
            sentence,
            detail,
            core,
            reasons: Vec::new(),
            orders: Vec::new(),
            weakened: Weakened {
                dropped_reads: reads.len(),
                optional_updates: optional,
            },
            shrink: Shrink::default(),
            still: Vec::new(),
        }
    }

    /// One core operation as a sentence.
    fn account(&self, member: &CoreOperation) -> String {
        let operation = self.at(member.operation);
        let who = asker(self.history, operation);
        let asked = match self.decree.is_propose(operation) {
            true => format!("proposed {}", self.show(operation.input)),
            false => "read".to_owned(),
        };
        let began = moment(operation.start_ns);
        let end = match operation.outcome {
            Outcome::Ok if operation.output.is_null() => format!(
                "was told that nothing was decided at {}",
                moment(operation.end_ns)
            ),
            Outcome::Ok => format!(
                "was told {} at {}",
                self.show(operation.output),
                moment(operation.end_ns)
            ),
            Outcome::Fail => format!("was told that it had failed at {}", moment(operation.end_ns)),
            Outcome::Info => "was never told the outcome".to_owned(),
        };
        format!("{}: {who} {asked} at {began} and {end}.", member.label)
    }

    fn real_time_reason(&self, violation: &Violation, first: u32, second: u32) -> Reason {
        let (from, to) = (violation.place(first), violation.place(second));
        let (lf, lt) = (violation.core[from].label, violation.core[to].label);
        let kind = self.real_time(first, second);
        let ReasonKind::RealTime { gap_ns } = kind else {
            unreachable!("it was just made of real time")
        };
        let wait = gap(gap_ns);
        let sentence = format!("{lf} comes before {lt}: {lf} had its answer {wait} before {lt} began.");
        reason(
            from,
            to,
            kind,
            sentence,
            format!("{lf} finished {wait} before {lt} began"),
        )
    }

    /// Has the core tried in every order, and once more with each of its operations weakened.
    fn verify(&self, core: &[CoreOperation]) -> Result<Shrink, String> {
        let no_order_works = |kept: &[CoreOperation]| {
            let members: Vec<CallOf<Decree>> = kept.iter().filter_map(|it| self.as_kept(it)).collect();
            verify::no_order_works(self.decree, &members, &self.free(core, kept))
        };
        let verified = no_order_works(core)?;
        let mut minimal = true;
        for place in 0..core.len() {
            let mut rest = core.to_vec();
            rest.remove(place);
            minimal &= !no_order_works(&rest)?;
        }
        Ok(Shrink {
            from: self.operations.len(),
            to: core.len(),
            // Nothing is weakened on the way: the algorithm names the few.
            steps: distinct(vec![self.operations.len(), core.len()]),
            checks: core.len() + 1,
            took: Duration::ZERO,
            minimal,
            verified,
        })
    }

    /// A core operation with what of it is part of the argument; what failed is not in any order.
    fn as_kept(&self, member: &CoreOperation) -> Option<CallOf<Decree<'_>>> {
        let call = self.call(member.operation)?;
        Some(match member.answer_counts {
            true => call,
            false => CallOf::<Decree> {
                output: None,
                complete: NEVER,
                ..call
            },
        })
    }

    fn call(&self, number: u32) -> Option<CallOf<Decree<'_>>> {
        let operation = self.at(number);
        let (input, output) = self.decree.call(operation).ok()??;
        Some(CallOf::<Decree> {
            input,
            output,
            invoke: operation.invoke,
            complete: operation.complete,
            number,
        })
    }

    /// The proposals that may happen at any time or never while `kept` stays: all others that did not fail,
    /// and whatever of the `core` is weakened now, failed or not.
    fn free(&self, core: &[CoreOperation], kept: &[CoreOperation]) -> Vec<CallOf<Decree<'_>>> {
        let is_in = |members: &[CoreOperation], number: u32| members.iter().any(|it| it.operation == number);
        let may_happen = |number: &u32| {
            let operation = self.at(*number);
            let is_update = self.decree.is_propose(operation) && !is_in(kept, *number);
            is_update && (operation.outcome != Outcome::Fail || is_in(core, *number))
        };
        let mut free: Vec<Operation> = self
            .operations
            .iter()
            .copied()
            .filter(may_happen)
            .map(|number| *self.at(number))
            .collect();
        // To the object only the argument matters: one of each is as good as any number.
        free.sort_unstable_by_key(|operation| operation.input);
        free.dedup_by_key(|operation| operation.input);
        // Values that the core does not speak of are all the same to it: one of them is enough.
        let speaks_of = |value: Value| {
            core.iter().any(|member| {
                let operation = self.at(member.operation);
                operation.input == value || operation.output == value
            })
        };
        let mut others = 0;
        free.retain(|operation| {
            others += usize::from(!speaks_of(operation.input));
            speaks_of(operation.input) || others == 1
        });
        let weak = free.iter().map(|operation| CallOf::<Decree> {
            input: super::Asked::Propose(operation.input),
            output: None,
            invoke: 0,
            complete: NEVER,
            number: 0,
        });
        weak.collect()
    }
}

impl Violation {
    /// The place in the core of an operation that is in it.
    fn place(&self, number: u32) -> usize {
        self.core
            .iter()
            .position(|member| member.operation == number)
            .expect("it was put into the core")
    }
}

fn reason(from: usize, to: usize, kind: ReasonKind, sentence: String, short: String) -> Reason {
    Reason {
        from,
        to,
        kind,
        sentence,
        short,
    }
}

fn broken(order: &[usize], fails_at: usize, sentence: String) -> BrokenOrder {
    BrokenOrder {
        order: order.to_vec(),
        fails_at,
        must: None,
        was: None,
        sentence,
    }
}

impl BrokenOrder {
    /// The same where it is an answer that breaks it.
    fn by_answer(self, must: Option<&str>, was: &str) -> BrokenOrder {
        BrokenOrder {
            must: must.map(str::to_owned),
            was: Some(was.to_owned()),
            ..self
        }
    }
}
