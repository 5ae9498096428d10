//! What must hold in every state of a world.

use super::scenario::Ask;
use super::world::{Model, Operation, Tables, World};
use crate::ballot::majority;
use crate::instance::{Answer, Request};
use crate::value::Value;
use stateright::Property;

/// The promises.
pub fn all() -> Vec<Property<Model>> {
    vec![
        Property::always("agreement", |model: &Model, world: &World| {
            let tables = model.tables();
            told(model, &tables, world)
                .windows(2)
                .all(|pair| pair[0] == pair[1])
        }),
        Property::always("validity", |model: &Model, world: &World| {
            let tables = model.tables();
            let proposed: Vec<Value> = proposed(model).collect();
            told(model, &tables, world)
                .iter()
                .all(|value| proposed.contains(value))
        }),
        Property::always("what was chosen stays chosen", |model: &Model, world: &World| {
            stays_chosen(model, &model.tables(), world)
        }),
        Property::always(
            "what clients were told is linearizable",
            |model: &Model, world: &World| model.tables().operations(world).is_linearizable,
        ),
        Property::sometimes(SOME_DECISION, |model: &Model, world: &World| {
            let tables = model.tables();
            let operations = &tables.operations(world).all;
            operations
                .iter()
                .any(|it| matches!(it.answer, Some(Answer::Decided(_))))
        }),
    ]
}

/// The one promise that is about progress: there is a way to a decision.
pub const SOME_DECISION: &str = "some client is told of a decision";

fn proposed(model: &Model) -> impl Iterator<Item = Value> {
    model
        .scenario
        .clients
        .iter()
        .copied()
        .flatten()
        .filter_map(|ask| match ask {
            Ask::Propose(_, value) => Some(Value::of_number(*value)),
            Ask::Read(_) => None,
        })
}

/// Every value that a node has learned or a client was told.
fn told<'a>(model: &Model, tables: &'a Tables, world: &'a World) -> Vec<&'a Value> {
    let learned = tables
        .nodes(world, model.scenario.nodes)
        .filter_map(|node| node.instance.chosen());
    let answered = tables
        .operations(world)
        .all
        .iter()
        .filter_map(|operation| match &operation.answer {
            Some(Answer::Decided(value)) => Some(value),
            _ => None,
        });
    learned.chain(answered).collect()
}

/// Whoever asks a majority, any majority, for what it has on its disks finds the value that somebody was told of.
fn stays_chosen(model: &Model, tables: &Tables, world: &World) -> bool {
    let told = told(model, tables, world);
    let Some(value) = told.first() else { return true };
    let nodes: Vec<_> = tables.nodes(world, model.scenario.nodes).collect();
    let majorities =
        (0..1u32 << nodes.len()).filter(|set| set.count_ones() as usize == majority(nodes.len()));
    majorities.into_iter().all(|set| {
        let members = nodes
            .iter()
            .enumerate()
            .filter(|(place, _)| set & (1 << place) != 0);
        let accepted = members.filter_map(|(_, node)| node.durable.acceptor.accepted.as_ref());
        let highest = accepted.max_by_key(|proposal| &proposal.ballot);
        highest.is_some_and(|proposal| proposal.value == **value)
    })
}

/// Whether some order of what clients did, compatible with who had his answer before whom, explains every answer.
pub fn is_linearizable(operations: &[Operation]) -> bool {
    let must: u32 = (0..)
        .zip(operations)
        .filter(|(_, it)| matches!(it.answer, Some(Answer::Decided(_) | Answer::Undecided)))
        .map(|(number, _)| 1u32 << number)
        .sum();
    // Depth first over (done, value); a single decree has few states.
    let mut open: Vec<(u32, Option<&Value>)> = vec![(0, None)];
    while let Some((done, value)) = open.pop() {
        if done & must == must {
            return true;
        }
        for (number, operation) in operations.iter().enumerate() {
            let bit = 1u32 << number;
            // It may come next if whatever must happen and was answered before it was asked has happened.
            if done & bit != 0 || operation.preceded_by & must & !done != 0 {
                continue;
            }
            let after = match &operation.request {
                Request::Propose(own) => value.or(Some(own)),
                Request::Read => value,
            };
            let is_explained = match &operation.answer {
                Some(Answer::Decided(told)) => after == Some(told),
                Some(Answer::Undecided) => after.is_none(),
                Some(Answer::Unknown) | None => true,
                Some(Answer::Failed) => false,
            };
            if is_explained {
                open.push((done | bit, after));
            }
        }
    }
    false
}
