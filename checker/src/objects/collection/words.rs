//! What went wrong with a collection, in words.

use super::{Asked, Collection, CollectionCall, Discipline, Told, element};
use crate::Telling;
use history::{Operation, Outcome, Value};

/// The kinds of violation, stable for machines.
#[derive(Debug)]
pub(crate) struct Codes {
    /// An element came out that nobody had put in.
    pub nowhere: &'static str,
    /// An element came out that was reported as not put in.
    pub failed: &'static str,
    /// An element came out before it was put in.
    pub early: &'static str,
    /// An element came out more often than it was put in.
    pub twice: &'static str,
    /// Nothing was found although something was in.
    pub empty: &'static str,
    /// An element that was put in never came out although it had to.
    pub lost: &'static str,
    /// Elements came out in the wrong order.
    pub order: &'static str,
}

/// The codes of one kind of collection.
macro_rules! codes {
    ($name:literal) => {
        $crate::objects::collection::words::Codes {
            nowhere: concat!($name, ".from-nowhere"),
            failed: concat!($name, ".aborted-effect"),
            early: concat!($name, ".before-added"),
            twice: concat!($name, ".came-out-twice"),
            empty: concat!($name, ".empty-though-not"),
            lost: concat!($name, ".lost"),
            order: concat!($name, ".out-of-order"),
        }
    };
}
pub(super) use codes;

/// How many elements are named in a sentence.
const NAMED_MAX: usize = 3;

/// What kind of violation a core is.
pub(super) fn tell<D: Discipline>(
    collection: &Collection<'_, D>,
    name: &str,
    core: &[&CollectionCall],
) -> Telling {
    let telling = |code, sentence, rule: &str| Telling {
        code,
        sentence,
        rule: rule.to_owned(),
    };
    let show = |it: Value| collection.show(it);
    let elements = distinct(core);
    let adds = core.iter().filter(|call| is_add(call)).count();
    let removes = core
        .iter()
        .filter(|call| !is_add(call) && element(call).is_some())
        .count();
    // Of elements that come and go more than once nothing simple is certain.
    let is_once = |it: &Value| {
        let of = |adds: bool| {
            core.iter()
                .filter(move |call| element(call) == Some(*it) && is_add(call) == adds)
        };
        of(true).count() <= 1 && of(false).count() <= 1
    };
    if elements.len() > 1 && !elements.iter().all(is_once) {
        return Telling {
            rule: D::RULE.to_owned(),
            ..Telling::general(name, core.len())
        };
    }
    if let Some(empty) = core.iter().find(|call| call.output == Some(Told::Empty)) {
        return match elements.as_slice() {
            [one] if !came_out(collection, empty.number, *one) => telling(
                D::CODES.lost,
                format!("Element {} was acknowledged and never came out.", show(*one)),
                "Only what holds nothing says that it is empty.",
            ),
            [one] => telling(
                D::CODES.empty,
                format!("{name} was found empty while element {} was in it.", show(*one)),
                "Only what holds nothing says that it is empty.",
            ),
            [] => Telling::general(name, core.len()),
            more => telling(
                D::CODES.empty,
                format!(
                    "{name} was found empty, and all the time held {}.",
                    one_of(collection, more)
                ),
                "Only what holds nothing says that it is empty.",
            ),
        };
    }
    if let ([one], 1..) = (elements.as_slice(), removes) {
        let removal = core.iter().find(|call| !is_add(call));
        let failed = removal.is_some_and(|call| {
            add_failed(collection, call.number, *one) && !was_added(collection, call.number, *one)
        });
        let shown = show(*one);
        let early = telling(
            D::CODES.early,
            format!("Element {shown} came out before anybody had put it in."),
            "What comes out was put in before.",
        );
        return match (adds, removes) {
            (0, 1) if failed => telling(
                D::CODES.failed,
                format!("Element {shown} came out, although putting it in was reported as failed."),
                "What failed has no effect.",
            ),
            (0, 1) if removal.is_some_and(|call| was_added(collection, call.number, *one)) => early,
            (0, 1) => telling(
                D::CODES.nowhere,
                format!("Element {shown} came out, and nobody had put it in."),
                "What comes out was put in before.",
            ),
            (_, removes) if removes > adds && removes > 1 => telling(
                D::CODES.twice,
                match removes {
                    2 => format!("Element {shown} came out twice."),
                    more => format!("Element {shown} came out {more} times, more often than it was put in."),
                },
                "What was put in once comes out once.",
            ),
            _ => early,
        };
    }
    match D::disorder(collection, core) {
        Some((code, sentence)) => telling(code, sentence, D::RULE),
        None => Telling {
            rule: D::RULE.to_owned(),
            ..Telling::general(name, core.len())
        },
    }
}

/// Why one call has to be before another.
pub(super) fn why<D: Discipline>(
    collection: &Collection<'_, D>,
    core: &[&CollectionCall],
    must_be_first: usize,
    then: usize,
) -> Option<String> {
    let (first, then) = (core[must_be_first], core[then]);
    let show = |call: &CollectionCall| element(call).map(|it| collection.show(it));
    match (first.input, first.output, then.input, then.output) {
        (Asked::Add(a), _, Asked::Remove, Some(Told::Element(b))) if a == b => Some(format!(
            "{} comes out only after it was put in.",
            collection.show(a)
        )),
        (Asked::Remove, Some(Told::Empty), Asked::Add(a), _) => Some(format!(
            "nothing was in, so {} had not been put in.",
            collection.show(a)
        )),
        (Asked::Remove, Some(Told::Element(a)), Asked::Remove, Some(Told::Empty)) => Some(format!(
            "nothing was in any more, so {} had come out.",
            collection.show(a)
        )),
        (Asked::Remove, Some(Told::Element(_)), Asked::Remove, Some(Told::Element(_))) => {
            Some(format!("of the two, {} has to come out first.", show(first)?))
        }
        (Asked::Add(a), _, Asked::Add(b), _) => {
            // One of the two came out although the other was in.
            let out = |it| of_element(core, it).1.is_some();
            let (it, place) = match (D::IS_LAST_FIRST, out(a), out(b)) {
                (Some(false), true, false) => (a, "first"),
                (Some(true), false, true) => (b, "last"),
                _ => return None,
            };
            Some(format!(
                "{} came out first, so it went in {place}.",
                collection.show(it)
            ))
        }
        _ => None,
    }
}

/// The calls of a core that add an element and remove it.
pub(super) fn of_element<'a>(
    core: &[&'a CollectionCall],
    value: Value,
) -> (Option<&'a CollectionCall>, Option<&'a CollectionCall>) {
    let find = |adds: bool| {
        let fits = |call: &&&CollectionCall| element(call) == Some(value) && is_add(call) == adds;
        core.iter().find(fits).copied()
    };
    (find(true), find(false))
}

/// The elements of a core, in the order of its calls.
pub(super) fn distinct(core: &[&CollectionCall]) -> Vec<Value> {
    let mut elements = Vec::new();
    for it in core.iter().filter_map(|call| element(call)) {
        if !elements.contains(&it) {
            elements.push(it);
        }
    }
    elements
}

/// "one of 1, 2 and 3".
pub(super) fn one_of<D: Discipline>(collection: &Collection<'_, D>, elements: &[Value]) -> String {
    if elements.len() > NAMED_MAX {
        return format!("one of {} elements", elements.len());
    }
    let shown: Vec<String> = elements.iter().map(|it| collection.show(*it)).collect();
    let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
    match shown.as_slice() {
        [one] => (*one).to_owned(),
        more => format!("one of {}", crate::proof::wording::list(more)),
    }
}

/// Whether somebody was given an element, at any time.
pub(super) fn came_out<D: Discipline>(collection: &Collection<'_, D>, beside: u32, value: Value) -> bool {
    let is_it = |it: &Operation| it.outcome == Outcome::Ok && it.output == value;
    of_same_key(collection, beside, false).any(is_it)
}

/// Whether an element was to be put in, and that was reported as failed.
fn add_failed<D: Discipline>(collection: &Collection<'_, D>, beside: u32, value: Value) -> bool {
    let is_it = |it: &Operation| it.outcome == Outcome::Fail && it.input == value;
    of_same_key(collection, beside, true).any(is_it)
}

/// Whether an element was put in, or may have been, at any time.
fn was_added<D: Discipline>(collection: &Collection<'_, D>, beside: u32, value: Value) -> bool {
    let is_it = |it: &Operation| it.outcome != Outcome::Fail && it.input == value;
    of_same_key(collection, beside, true).any(is_it)
}

/// The additions, or the removals, on the key of an operation.
fn of_same_key<'a, D: Discipline>(
    collection: &'a Collection<'_, D>,
    beside: u32,
    adds: bool,
) -> impl Iterator<Item = &'a Operation> {
    let operations = &collection.history.operations;
    let key = operations[beside as usize].key;
    let fits = move |it: &&Operation| it.key == key && collection.adds[it.f as usize] == adds;
    operations.iter().filter(fits)
}

fn is_add(call: &CollectionCall) -> bool {
    matches!(call.input, Asked::Add(_))
}
