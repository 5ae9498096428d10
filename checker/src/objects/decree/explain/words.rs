//! How a finding is told: the core, the reasons that go in a circle, and where each order breaks.

use super::Case;
use super::finding::Finding;
use crate::proof::wording::{asker, gap, moment, value};
use crate::theory::Theory;
use crate::{BrokenOrder, CoreOperation, Label, Reason, ReasonKind, Shrink, Violation, Weakened};
use history::{Outcome, Value};

impl Case<'_> {
    fn show(&self, it: Value) -> String {
        value(&self.history.values, it)
    }

    fn name(&self) -> String {
        self.decree.name(self.history, self.key)
    }

    /// Puts a finding into words.
    pub(super) fn tell(&self, finding: &Finding) -> Violation {
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
        let told = |label: Label, number: u32, mine: &str, theirs: &str| match self.told_its_own(number) {
            true => format!("{label} was told its own value, so nothing had been decided."),
            false => format!("{label} was told {mine}, so {theirs} had not been decided."),
        };
        let forth = match in_order {
            true => self.real_time_reason(&violation, first, second),
            false => reason(
                0,
                1,
                ReasonKind::Value,
                format!(
                    "A must come before B: {}",
                    told(Label::of(0), first, &one, &other)
                ),
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
            format!(
                "B must come before A: {}",
                told(Label::of(1), second, &other, &one)
            ),
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
        let core: Vec<CoreOperation> = numbers
            .iter()
            .enumerate()
            .map(|(place, number)| CoreOperation {
                label: Label::of(place),
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
            frontier: None,
            weakened: Weakened {
                dropped_reads: reads.len(),
                optional_updates: optional,
            },
            shrink: Shrink::default(),
            still: Default::default(),
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
