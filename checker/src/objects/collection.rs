//! Collections of elements that come out in an order: a queue, a priority queue, a stack. Empty at first.
//!
//! What the three have in common is here: how histories write them down, what is checked in which way, and that
//! all calls about some elements can be left out (a legal history stays legal without them). What makes each of them
//! what it is, is its [`Discipline`].
//!
//! As long as every element is put in once, the answers say which call took what, and intervals decide in
//! O(n log n): [`fifo`], [`lifo`], [`ranked`]. The rules that hold for all three are in [`elements`]. Elements that
//! are put in more than once are first checked without those (that can only make a history more legal), then
//! searched for: a queue by [`sequence`], the others by the general search.
//!
//! A call of unknown outcome that adds an element which nobody was given is left out: with it every other answer
//! would be the same, or harder to give. One that removes may have removed anything, or nothing; where an element is
//! missing, it may be the reason.
//!
//! Read next: [`elements`], then the discipline of interest, then [`words`].

pub(crate) mod elements;
pub(crate) mod fifo;
pub(crate) mod lifo;
mod missing;
pub(crate) mod ranked;
pub(crate) mod sequence;
mod words;

use crate::census::{Census, Sight, Tally};
use crate::proof::explain::{self, Telling};
use crate::proof::wording::{self, Setting};
use crate::search::{self, Judgement};
use crate::theory::{Exchange, Part, Theory};
use crate::{Budget, CheckError, Limit, Object, Options, Violation};
use elements::{Elements, Finding};
use history::{History, Operation, Outcome, Value};
use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use std::fmt::Debug;
use std::hash::Hash;
use std::marker::PhantomData;
use std::time::Duration;

/// For so long a counterexample is made smaller.
const EXPLAIN: Duration = Duration::from_secs(60);

/// What a collection is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Asked {
    /// Keep this.
    Add(Value),
    /// Give back what is next.
    Remove,
}

/// What a collection answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Told {
    /// It is kept.
    Done,
    /// This was next.
    Element(Value),
    /// There is nothing.
    Empty,
}

/// A call of a collection.
pub(crate) type CollectionCall = crate::Call<Asked, Told>;

/// In which order elements come out, and what that is called.
pub(crate) trait Discipline: Debug + Send + Sync + Sized + 'static {
    /// What is kept.
    type State: Clone + Debug + Default + Eq + Hash + Send + Sync;

    /// The names of the functions that add, then of those that remove: the usual name first.
    const NAMES: [&'static [&'static str]; 2];
    /// All of these.
    const FUNCTIONS: &'static [&'static str];
    /// Its name at the beginning of a sentence.
    const TITLE: &'static str;
    /// The name of the algorithm for elements that are added once.
    const MONITOR: &'static str;
    /// The name of the one for the others.
    const SEARCH: &'static str;
    /// The rule that it keeps, in a clause.
    const RULE: &'static str;

    /// Whether what went in last comes out first; nothing when that does not depend on when it went in.
    const IS_LAST_FIRST: Option<bool>;
    /// The kinds of its violations.
    const CODES: words::Codes;

    /// What is wrong with an element, if it cannot be one.
    fn problem(_element: Value) -> Option<&'static str> {
        None
    }

    /// Puts an element in.
    fn add(state: &mut Self::State, element: Value);

    /// Takes the next one out.
    fn remove(state: &mut Self::State) -> Option<Value>;

    /// The next one.
    fn next(state: &Self::State) -> Option<Value>;

    /// How many there are.
    fn len(state: &Self::State) -> usize;

    /// Decides for elements that are added once.
    ///
    /// # Errors
    /// The limit that was reached.
    fn decide(elements: &mut Elements, budget: &Budget) -> Result<Finding, Limit>;

    /// What a core says about the order of two or more elements: the kind of violation, and the sentence.
    fn disorder(object: &Collection<'_, Self>, core: &[&CollectionCall]) -> Option<(&'static str, String)>;

    /// Decides for any elements.
    fn search(object: &Collection<'_, Self>, calls: &[CollectionCall], budget: &Budget) -> Judgement {
        search::search(object, calls, budget)
    }
}

/// The object.
#[derive(Debug)]
pub(crate) struct Collection<'h, D> {
    history: &'h History,
    /// By function, whether it adds.
    adds: Vec<bool>,
    discipline: PhantomData<D>,
}

impl<D: Discipline> Object for Collection<'_, D> {
    type Input = Asked;
    type Output = Told;
    type State = D::State;

    fn initial(&self) -> D::State {
        D::State::default()
    }

    fn step(&self, state: &D::State, input: &Asked, output: Option<&Told>) -> Option<D::State> {
        // Most steps of a search are refused: that costs no copy.
        if let (Asked::Remove, Some(told)) = (input, output)
            && *told != D::next(state).map_or(Told::Empty, Told::Element)
        {
            return None;
        }
        self.advance(state.clone(), input, output)
    }

    fn advance(&self, mut state: D::State, input: &Asked, output: Option<&Told>) -> Option<D::State> {
        let answer = match input {
            Asked::Add(element) => {
                D::add(&mut state, *element);
                Told::Done
            }
            Asked::Remove => D::remove(&mut state).map_or(Told::Empty, Told::Element),
        };
        output.is_none_or(|told| *told == answer).then_some(state)
    }

    fn search(&self, calls: &[CollectionCall], budget: &Budget) -> Judgement {
        self.judge_by(calls, budget).1
    }

    fn is_pure(&self, _: &Asked, output: Option<&Told>) -> bool {
        output == Some(&Told::Empty)
    }

    fn answer(&self, state: &D::State, input: &Asked) -> Option<Told> {
        Some(match input {
            Asked::Add(_) => Told::Done,
            Asked::Remove => D::next(state).map_or(Told::Empty, Told::Element),
        })
    }

    fn state_bytes(&self, state: &D::State) -> usize {
        size_of::<D::State>() + 16 * D::len(state)
    }

    /// Without the elements that no call of the core is about.
    fn project(&self, core: &[&CollectionCall], others: &[&CollectionCall]) -> Vec<usize> {
        let about: FxHashSet<Value> = core.iter().filter_map(|call| element(call)).collect();
        let stays = |call: &CollectionCall| element(call).is_none_or(|it| about.contains(&it));
        (0..others.len()).filter(|place| stays(others[*place])).collect()
    }

    /// An element is added in vain unless the core removes it, and removed in vain unless the core adds it: what was
    /// added and removed by others, both at any time or never, may as well not have been there.
    fn relevant(&self, core: &[&CollectionCall], free: &[&CollectionCall]) -> Vec<usize> {
        let mut removes: FxHashMap<Value, usize> = FxHashMap::default();
        let mut adds = 0;
        for call in core {
            match (call.input, call.output) {
                (Asked::Add(_), _) => adds += 1,
                (Asked::Remove, Some(Told::Element(it))) => *removes.entry(it).or_default() += 1,
                (Asked::Remove, _) => {}
            }
        }
        let mut is_useful = |call: &CollectionCall| {
            let left = match call.input {
                Asked::Add(it) => removes.get_mut(&it),
                Asked::Remove => Some(&mut adds),
            };
            let Some(left) = left.filter(|left| **left > 0) else {
                return false;
            };
            *left -= 1;
            true
        };
        (0..free.len()).filter(|place| is_useful(free[*place])).collect()
    }

    fn show_input(&self, input: &Asked) -> String {
        match input {
            Asked::Add(it) => format!("{}({})", D::NAMES[0][0], self.show(*it)),
            Asked::Remove => D::NAMES[1][0].to_owned(),
        }
    }

    /// The elements as they would come out.
    fn show_state(&self, state: &D::State) -> Option<String> {
        const SHOWN_MAX: usize = 8;
        let mut left = state.clone();
        let mut names: Vec<String> = Vec::new();
        while let Some(element) = D::remove(&mut left) {
            if names.len() == SHOWN_MAX {
                names.push("…".to_owned());
                break;
            }
            names.push(self.show(element));
        }
        Some(match names.is_empty() {
            true => "empty".to_owned(),
            false => names.join(", "),
        })
    }

    fn show_output(&self, output: &Told) -> String {
        match output {
            Told::Done => "ok".to_owned(),
            Told::Element(it) => self.show(*it),
            Told::Empty => "that it is empty".to_owned(),
        }
    }

    fn tell(&self, name: &str, core: &[&CollectionCall]) -> Telling {
        words::tell(self, name, core)
    }

    fn why(&self, core: &[&CollectionCall], must_be_first: usize, then: usize) -> Option<String> {
        words::why(self, core, must_be_first, then)
    }
}

impl<'h, D: Discipline> Theory<'h> for Collection<'h, D> {
    const ALGORITHM: &'static str = D::MONITOR;
    const FUNCTIONS: &'static [&'static str] = D::FUNCTIONS;

    fn of(history: &'h History, _: &Options) -> Result<Self, CheckError> {
        let is_add = |f: &String| D::NAMES[0].contains(&f.as_str());
        Ok(Collection {
            history,
            adds: history.functions.iter().map(is_add).collect(),
            discipline: PhantomData,
        })
    }

    fn call(&self, operation: &Operation) -> Result<Exchange<Self>, &'static str> {
        let input = match self.adds[operation.f as usize] {
            true if operation.input.is_null() => {
                return Err("an element that is null: null stands for `empty`");
            }
            true => Asked::Add(operation.input),
            false => Asked::Remove,
        };
        let element = match input {
            Asked::Add(it) => it,
            Asked::Remove => operation.output,
        };
        if let Some(problem) = D::problem(element).filter(|_| !element.is_null()) {
            return Err(problem);
        }
        Ok(match (operation.outcome, input) {
            (Outcome::Fail, _) => None,
            (Outcome::Info, _) => Some((input, None)),
            (Outcome::Ok, Asked::Add(_)) => Some((input, Some(Told::Done))),
            (Outcome::Ok, Asked::Remove) if element.is_null() => Some((input, Some(Told::Empty))),
            (Outcome::Ok, Asked::Remove) => Some((input, Some(Told::Element(element)))),
        })
    }

    fn judge_by(&self, calls: &[CollectionCall], budget: &Budget) -> (&'static str, Judgement) {
        let mut account = budget.account();
        if let Err(limit) = account.holds(size_of_val(calls) * 4) {
            return (D::MONITOR, Judgement::not_begun(limit, calls));
        }
        let mut elements = match Elements::of(calls) {
            Ok(elements) => elements,
            Err(suspects) => return (D::MONITOR, Judgement::Illegal { suspects }),
        };
        match D::decide(&mut elements, budget) {
            Err(limit) => (D::MONITOR, Judgement::not_begun(limit, calls)),
            Ok(Finding::Illegal(suspects)) => (D::MONITOR, Judgement::Illegal { suspects }),
            Ok(Finding::Legal(order)) if !elements.are_repeated => (D::MONITOR, Judgement::Legal { order }),
            Ok(Finding::Legal(_) | Finding::Open) => {
                drop(account);
                (D::SEARCH, D::search(self, calls, budget))
            }
        }
    }

    /// Where elements are added more than once, a small counterexample may not exist; then it is not looked for
    /// for ever.
    fn explain(&self, part: &Part<'_, Self>, suspects: &[u32], budget: &Budget) -> Result<Violation, String> {
        let setting = Setting {
            history: Some(part.history),
            key: part.key,
            name: self.name(part.history, part.key),
        };
        explain::explain(self, &setting, &part.calls, suspects, &budget.at_most(EXPLAIN))
    }

    fn census(&self) -> Option<Census> {
        Some(self.count())
    }

    fn name(&self, history: &History, key: u32) -> String {
        match history.keys[key as usize].is_null() {
            true => D::TITLE.to_owned(),
            false => format!(
                "{} {}",
                D::TITLE.trim_start_matches("The "),
                wording::value(&history.values, history.keys[key as usize])
            ),
        }
    }
}

impl<D: Discipline> Collection<'_, D> {
    /// What became of every element. Whoever finds nothing says that all that was put in has been taken.
    fn count(&self) -> Census {
        /// The only answer to a read of the whole that a collection has: that there is nothing.
        const NOTHING: u32 = 0;
        let mut tally = Tally::of(self.history);
        let mut elements: IndexSet<Value, FxBuildHasher> = IndexSet::default();
        let mut number_of = |value: Value| elements.insert_full(value).0 as u32;
        let mut in_question: FxHashMap<u32, Vec<u32>> = FxHashMap::default();
        let mut left: IndexSet<(u32, u32), FxBuildHasher> = IndexSet::default();
        let mut taken: FxHashSet<(u32, u32)> = FxHashSet::default();
        for (operation, number) in self.history.operations.iter().zip(0u32..) {
            let is_ok = operation.outcome == Outcome::Ok;
            match (self.adds[operation.f as usize], operation.outcome) {
                (true, _) => {
                    let element = number_of(operation.input);
                    tally.add(number, Sight::Adds(element));
                    left.extend(is_ok.then_some((operation.key, element)));
                }
                (false, Outcome::Ok) if operation.output.is_null() => {
                    tally.add(number, Sight::Reads(NOTHING))
                }
                (false, Outcome::Ok) => {
                    let element = number_of(operation.output);
                    tally.add(number, Sight::Takes(element));
                    taken.insert((operation.key, element));
                }
                (false, Outcome::Info) => in_question.entry(operation.key).or_default().push(number),
                (false, Outcome::Fail) => {}
            }
        }
        // A removal of unknown outcome may be where an element is.
        for (key, element) in left.into_iter().filter(|it| !taken.contains(it)) {
            if let Some(removal) = in_question.get_mut(&key).and_then(Vec::pop) {
                tally.add(removal, Sight::Removes(element));
            }
        }
        let name = |element: u32| self.show(elements[element as usize]);
        tally.finish(name, |_| Vec::new())
    }

    /// An element for a sentence.
    fn show(&self, element: Value) -> String {
        wording::value(&self.history.values, element)
    }
}

/// The element that a call is certainly about.
fn element(call: &CollectionCall) -> Option<Value> {
    match (call.input, call.output) {
        (Asked::Add(it), _) | (Asked::Remove, Some(Told::Element(it))) => Some(it),
        (Asked::Remove, _) => None,
    }
}
