//! An illegal history in words, for any object: the core, the loop of reasons, and where each order breaks.
//!
//! Read next: `furthest` for cores that have too many orders.

mod furthest;

use super::argument::Argument;
use super::classes::{Classes, Reached};
use super::shrink::{Core, free, shrink};
use super::verify::{self, CORE_MAX};
use super::wording::Setting;
use crate::object::is_pure;
use crate::{
    BrokenOrder, Budget, CallOf, CoreOperation, Label, Object, Reason, ReasonKind, Shrink, Violation,
    Weakened,
};
use petgraph::graph::NodeIndex;
use rustc_hash::FxHashSet;
use std::time::{Duration, Instant};

/// Of cores with more operations no order is shown, but how far one comes.
const ORDERED_MAX: usize = 6;
/// Of cores with more operations only the orders that respect real time are shown.
const PERMUTED_MAX: usize = 3;
/// Of cores with more operations only so many have a sentence each.
const ACCOUNTS_MAX: usize = 12;
/// At most so many orders are shown.
const ORDERS_MAX: usize = 24;
/// More states than these around a core, and its orders are not shown.
const STATES_MAX: usize = 2_000;

/// What kind of violation a counterexample is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telling {
    /// The kind, stable for machines: `register.stale-read`.
    pub code: &'static str,
    /// One sentence, at most about 110 characters, that says what went wrong.
    pub sentence: String,
    /// The rule that is broken, in one clause. May be empty.
    pub rule: String,
}

impl Telling {
    /// What can be said of any object.
    pub fn general(name: &str, operations: usize) -> Telling {
        let sentence = match operations {
            1 => format!("One operation on {name} was given an answer that no order explains."),
            more => {
                format!("No order of these {more} operations on {name} gives the answers the clients got.")
            }
        };
        Telling {
            code: "general",
            sentence,
            rule: String::new(),
        }
    }
}

/// Explains why the calls of an object have no legal order, given `suspects` among them that have none.
///
/// # Errors
/// What the independent checker says when it does not agree.
pub fn explain<O: Object>(
    object: &O,
    setting: &Setting,
    calls: &[CallOf<O>],
    suspects: &[u32],
    budget: &Budget,
) -> Result<Violation, String> {
    let began = Instant::now();
    let core = shrink(object, calls, suspects, budget);
    tell(object, setting, calls, core, began)
}

/// Puts a core into words that is as small as it can be; `began` is when it began to be looked for.
///
/// # Errors
/// What the independent checker says when it does not agree.
pub(crate) fn tell<O: Object>(
    object: &O,
    setting: &Setting,
    calls: &[CallOf<O>],
    core: Core,
    began: Instant,
) -> Result<Violation, String> {
    let case = Case::new(object, setting, calls, core);
    let verified = case.is_verified()?;
    Ok(case.violation(verified, began.elapsed()))
}

/// A core, and what it takes to talk about it.
struct Case<'a, O: Object> {
    object: &'a O,
    setting: &'a Setting<'a>,
    calls: &'a [CallOf<O>],
    core: Core,
    /// The members, each with what of it counts.
    kept: Vec<CallOf<O>>,
    free: Vec<CallOf<O>>,
}

impl<'a, O: Object> Case<'a, O> {
    fn new(object: &'a O, setting: &'a Setting, calls: &'a [CallOf<O>], core: Core) -> Self {
        let kept = core
            .members
            .iter()
            .zip(&core.answer_counts)
            .map(|(place, counts)| {
                let call = calls[*place as usize].clone();
                match counts {
                    true => call,
                    false => CallOf::<O> {
                        invoke: call.invoke,
                        ..call.weakened()
                    },
                }
            });
        let kept: Vec<CallOf<O>> = kept.collect();
        let members: Vec<&CallOf<O>> = kept.iter().collect();
        Case {
            free: object.around(&members, free(object, calls, &core.members)),
            kept,
            object,
            setting,
            calls,
            core,
        }
    }

    /// Whether the independent checker agrees. A core that is too much for it is not verified, and says so.
    fn is_verified(&self) -> Result<bool, String> {
        match verify::no_order_works(self.object, &self.kept, &self.free) {
            Ok(true) => Ok(true),
            Ok(false) => Err("some order of the counterexample works".to_owned()),
            Err(_) => Ok(false),
        }
    }

    fn violation(&self, verified: bool, took: Duration) -> Violation {
        let views: Vec<&CallOf<O>> = self.kept.iter().collect();
        let whole: Vec<&CallOf<O>> = self
            .core
            .members
            .iter()
            .map(|place| &self.calls[*place as usize])
            .collect();
        let telling = self.object.tell(&self.setting.name, &whole);
        let members: Vec<CoreOperation> = whole
            .iter()
            .zip(&self.core.answer_counts)
            .enumerate()
            .map(|(place, (call, counts))| CoreOperation {
                label: Label::of(place),
                operation: call.number,
                answer_counts: *counts,
            })
            .collect();
        // Of very many the last are told: the search died there, and what is before them it had passed.
        let untold = members.len().saturating_sub(ACCOUNTS_MAX);
        let mut detail: Vec<String> = members
            .iter()
            .zip(&whole)
            .skip(untold)
            .map(|(it, call)| self.account(it.label, call))
            .collect();
        if untold > 0 {
            detail.insert(0, format!("The last {ACCOUNTS_MAX} of them:"));
        }
        detail.extend((!telling.rule.is_empty()).then_some(telling.rule));
        let mut weakened = Weakened::default();
        let mut members_left = self.core.members.iter().peekable();
        for (place, call) in self.calls.iter().enumerate() {
            if members_left.peek().is_some_and(|it| **it as usize == place) {
                members_left.next();
            } else if is_pure(self.object, call) {
                weakened.dropped_reads += 1;
            } else {
                weakened.optional_updates += 1;
            }
        }
        let orders = self.orders(&members);
        Violation {
            key: self.setting.key,
            code: telling.code,
            sentence: telling.sentence,
            detail,
            reasons: self.reasons(&views, &members),
            frontier: match orders.is_empty() {
                true => self.furthest(&members),
                false => None,
            },
            orders,
            core: members,
            weakened,
            shrink: Shrink {
                from: self.calls.len(),
                to: self.kept.len(),
                steps: self.core.steps.clone(),
                checks: self.core.checks,
                took,
                minimal: self.core.minimal,
                ended_early: self.core.ended_early,
                verified,
            },
            still: Default::default(),
        }
    }

    fn account(&self, label: Label, call: &CallOf<O>) -> String {
        let asked = self.object.show_input(&call.input);
        let told = call.output.as_ref().map(|output| self.object.show_output(output));
        self.setting.account(label, call.number, &asked, told.as_deref())
    }

    fn before(&self, first: usize, second: usize) -> bool {
        self.kept[first].precedes(&self.kept[second])
    }

    /// Whether the core has an order when `constraint` says who comes before whom.
    fn works(&self, constraint: &dyn Fn(usize, usize) -> bool) -> bool {
        matches!(
            verify::some_order(self.object, &self.kept, &self.free, constraint),
            Ok(Some(_))
        )
    }

    /// The shortest loop of "must come before".
    fn reasons(&self, views: &[&CallOf<O>], members: &[CoreOperation]) -> Vec<Reason> {
        let size = self.kept.len();
        let mut argument = Argument::default();
        let nodes: Vec<NodeIndex> = (0..size as u32).map(|place| argument.operation(place)).collect();
        if size <= CORE_MAX.min(8) {
            for (first, second) in pairs(size) {
                if self.before(first, second) {
                    let kind = self.setting.real_time(views[first].number, views[second].number);
                    argument.before(nodes[first], nodes[second], kind, 1);
                    // Nobody between them: without this edge alone, does an order work? Then the second comes first.
                    let between = |it: usize| self.before(first, it) && self.before(it, second);
                    let without = |a: usize, b: usize| (a, b) != (first, second) && self.before(a, b);
                    if !(0..size).any(between) && self.works(&without) {
                        argument.before(nodes[second], nodes[first], ReasonKind::Value, 20);
                    }
                } else if !self.before(second, first) && self.is_forced_by_value(first, second) {
                    argument.before(nodes[first], nodes[second], ReasonKind::Value, 10);
                }
            }
        }
        let around = argument.shortest_loop();
        if around.is_empty() {
            let all = match members {
                [first, .., last] if size > ORDERED_MAX => format!("{} to {}", first.label, last.label),
                _ => members.iter().map(|it| it.label.to_string()).collect(),
            };
            return vec![Reason {
                from: 0,
                to: 0,
                kind: ReasonKind::Value,
                sentence: match size {
                    1 => "A was given an answer that it cannot have been given at any moment.".to_owned(),
                    _ => format!("No order gives all of {all} the answers that they got."),
                },
                short: format!("no order explains {all}"),
            }];
        }
        let ends = around.iter().cycle().skip(1).map(|(place, _)| *place as usize);
        around
            .iter()
            .zip(ends)
            .map(|((from, kind), to)| self.reason(views, members, *from as usize, to, *kind))
            .collect()
    }

    /// Whether, real time apart, the answers alone force one before the other.
    fn is_forced_by_value(&self, first: usize, second: usize) -> bool {
        self.works(&|_, _| false) && !self.works(&|a, b| (a, b) == (second, first))
    }

    fn reason(
        &self,
        views: &[&CallOf<O>],
        members: &[CoreOperation],
        from: usize,
        to: usize,
        kind: ReasonKind,
    ) -> Reason {
        let (a, b) = (members[from].label, members[to].label);
        let (sentence, short) = match kind {
            ReasonKind::RealTime { .. } => {
                let wait = self.setting.wait(views[from].number, views[to].number);
                (
                    format!("{a} comes before {b}: {a} had its answer{wait} before {b} began."),
                    format!("{a} finished{wait} before {b} began"),
                )
            }
            ReasonKind::Value => {
                let why = self.object.why(views, from, to).unwrap_or_else(|| {
                    format!("with {b} before {a}, no order gives all of them their answers.")
                });
                (
                    format!("{a} must come before {b}: {why}"),
                    why.trim_end_matches('.').to_owned(),
                )
            }
        };
        Reason {
            from,
            to,
            kind,
            sentence,
            short,
        }
    }

    /// Every order of the core and where it breaks; of larger cores those that respect real time.
    fn orders(&self, members: &[CoreOperation]) -> Vec<BrokenOrder> {
        let size = self.kept.len();
        let mut broken = Vec::new();
        if size > ORDERED_MAX {
            return broken;
        }
        let classes = Classes::of(&self.free);
        for order in permutations(size) {
            let early = order.iter().enumerate().find_map(|(place, it)| {
                let late = order[place + 1..]
                    .iter()
                    .find(|other| self.before(**other, *it))?;
                Some((*late, *it))
            });
            let found = match (early, self.breaks(&classes, &order)) {
                (_, Some(Some(broken))) if early.is_none() || size <= PERMUTED_MAX => Some(broken),
                (Some((late, it)), _) if size <= PERMUTED_MAX => {
                    Some(self.too_early(order, late, it, members))
                }
                _ => None,
            };
            broken.extend(found.filter(|_| broken.len() < ORDERS_MAX));
        }
        broken
    }

    /// An order that breaks because of the clock: one member stands before another that had finished before it began.
    fn too_early(
        &self,
        order: Vec<usize>,
        finished: usize,
        it: usize,
        members: &[CoreOperation],
    ) -> BrokenOrder {
        BrokenOrder {
            order,
            fails_at: it,
            must: None,
            was: None,
            sentence: format!(
                "{} had finished before {} began.",
                members[finished].label, members[it].label
            ),
        }
    }

    /// Where an order breaks by what was answered: `None` when that is too much to say, `Some(None)` when it does not.
    fn breaks(&self, classes: &Classes<'_, O>, order: &[usize]) -> Option<Option<BrokenOrder>> {
        let mut reached = FxHashSet::from_iter([classes.begin(self.object)]);
        for place in order {
            classes.spread(self.object, &mut reached, STATES_MAX)?;
            let next: FxHashSet<Reached<O>> =
                reached.iter().filter_map(|at| self.after(at, *place)).collect();
            if next.is_empty() {
                return Some(Some(self.refused(order, *place, &reached)));
            }
            reached = next;
        }
        Some(None)
    }

    /// What there is after a member, if it can have been told what it was.
    fn after(&self, (used, state): &Reached<O>, place: usize) -> Option<Reached<O>> {
        let call = &self.kept[place];
        let next = self.object.step(state, &call.input, call.output.as_ref())?;
        Some((used.clone(), next))
    }

    /// An order that breaks at a member by what that was answered; `reached` is all that there can have been before it.
    fn refused(&self, order: &[usize], place: usize, reached: &FxHashSet<Reached<O>>) -> BrokenOrder {
        let call = &self.kept[place];
        let label = Label::of(place);
        let was = call.output.as_ref().map(|output| self.object.show_output(output));
        let told = was.as_deref().unwrap_or_default();
        let mut answers: Vec<String> = reached
            .iter()
            .filter_map(|(_, state)| self.object.answer(state, &call.input))
            .map(|answer| self.object.show_output(&answer))
            .collect();
        answers.sort_unstable();
        answers.dedup();
        let sentence = match answers.as_slice() {
            [must] => format!("{label} must be told {must}. It was told {told}."),
            _ => format!("{label} cannot be told {told} there."),
        };
        let must = answers.pop().filter(|_| answers.is_empty());
        BrokenOrder {
            order: order.to_vec(),
            fails_at: place,
            must,
            was,
            sentence,
        }
    }
}

fn pairs(size: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..size)
        .flat_map(move |a| (0..size).map(move |b| (a, b)))
        .filter(|(a, b)| a != b)
}

/// All orders of so many, in the order of a dictionary. Only asked for few.
fn permutations(size: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for _ in 0..size {
        let longer = all.iter().flat_map(|order: &Vec<usize>| {
            let rest = (0..size).filter(|it| !order.contains(it));
            rest.map(|it| order.iter().copied().chain([it]).collect())
                .collect::<Vec<Vec<usize>>>()
        });
        all = longer.collect();
    }
    all
}
