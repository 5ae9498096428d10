//! The model: nodes around the pure core, a network, clients; and everything that can happen next.
//!
//! There are few different nodes, messages and lists of operations, and many combinations of them. So each is kept
//! once, in [`Tables`], and a [`World`] is a handful of numbers; what an input makes of a node is worked out once.

use super::promises;
use super::scenario::{Ask, Lost, Scenario};
use crate::ballot::NodeId;
use crate::bug::Bug;
use crate::config::Config;
use crate::instance::{Answer, Durable, Input, Instance, Output, Request};
use crate::message::Message;
use crate::value::Value;
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard};

/// No scenario has more nodes.
const NODES_MAX: usize = 5;
/// No scenario has more different messages.
const MESSAGES_MAX: usize = 512;

/// Everything at one moment, by its numbers in the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct World {
    nodes: [u32; NODES_MAX],
    /// Everything that was ever sent: a bit each.
    network: [u64; MESSAGES_MAX / 64],
    operations: u32,
    crashes: u32,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    /// What it has in memory.
    pub instance: Instance,
    /// What is on its disk.
    pub durable: Durable,
    /// What it has written and not synced: a crash may lose it, or not.
    unsynced: Option<Durable>,
    start: u64,
    is_asleep: bool,
    wakes: u32,
}

/// One thing that a client asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Operation {
    client: usize,
    node: usize,
    /// What was asked.
    pub request: Request,
    /// What it was told, if anything yet. A crash of its node leaves it not knowing.
    pub answer: Option<Answer>,
    /// Which operations had been answered before this one was asked: a bit each.
    pub preceded_by: u32,
}

/// What clients have asked, in the order in which they did, and whether that can be explained.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Operations {
    /// The operations.
    pub all: Vec<Operation>,
    /// See [`promises::is_linearizable`].
    pub is_linearizable: bool,
}

/// Something that can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// A client asks the next thing.
    Ask(usize),
    /// A message arrives.
    Deliver(usize),
    /// A message arrives, and the node crashes when it has sent something and not yet written all.
    DeliverAndCrash(usize),
    /// A timer goes off.
    Wake(usize),
    /// A node crashes and is started again; what it had not synced is lost, or not.
    Crash(usize, bool),
    /// A client's time is over.
    Expire(usize),
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Envelope {
    from: usize,
    to: usize,
    message: Message,
}

/// Things of one kind, each once.
#[derive(Debug)]
struct Table<T> {
    all: Vec<T>,
    numbers: FxHashMap<T, u32>,
}

impl<T: Clone + Eq + Hash> Table<T> {
    fn new() -> Table<T> {
        Table {
            all: Vec::new(),
            numbers: FxHashMap::default(),
        }
    }

    fn number(&mut self, thing: &T) -> u32 {
        if let Some(number) = self.numbers.get(thing) {
            return *number;
        }
        let number = u32::try_from(self.all.len()).expect("there are few of them");
        self.all.push(thing.clone());
        self.numbers.insert(thing.clone(), number);
        number
    }
}

/// What an input makes of a node.
#[derive(Clone, Debug)]
struct Effect {
    node: u32,
    sent: Vec<usize>,
    answers: Vec<(usize, Answer)>,
    /// What had been sent when something was still to be written.
    sent_before_written: Option<Vec<usize>>,
}

/// Every node, message and list of operations that was met so far.
#[derive(Debug)]
pub struct Tables {
    nodes: Table<Node>,
    messages: Table<Envelope>,
    operations: Table<Operations>,
    effects: FxHashMap<(usize, u32, Input), Effect>,
}

/// A scenario and its tables: what the model checker is given.
#[derive(Debug)]
pub struct Model {
    /// The scenario.
    pub scenario: Scenario,
    tables: Mutex<Tables>,
}

/// A node's name.
fn name(node: usize) -> NodeId {
    NodeId::new(["n1", "n2", "n3", "n4", "n5"][node])
}

fn place(id: &NodeId) -> usize {
    id.as_str()[1..].parse::<usize>().expect("a name made above") - 1
}

impl World {
    fn has_sent(&self, message: usize) -> bool {
        self.network[message / 64] & (1 << (message % 64)) != 0
    }

    fn send(&mut self, message: usize) {
        self.network[message / 64] |= 1 << (message % 64);
    }
}

impl Tables {
    /// The nodes of a world.
    pub fn nodes<'a>(&'a self, world: &'a World, count: usize) -> impl Iterator<Item = &'a Node> {
        world.nodes[..count]
            .iter()
            .map(|number| &self.nodes.all[*number as usize])
    }

    /// What the clients of a world have asked.
    pub fn operations(&self, world: &World) -> &Operations {
        &self.operations.all[world.operations as usize]
    }

    fn set_operations(&mut self, world: &mut World, all: Vec<Operation>) {
        let is_linearizable = promises::is_linearizable(&all);
        world.operations = self.operations.number(&Operations { all, is_linearizable });
    }

    /// Lets a node handle an input, and whatever it says to itself.
    fn effect(&mut self, scenario: &Scenario, place: usize, number: u32, input: &Input) -> Effect {
        let key = (place, number, input.clone());
        if let Some(effect) = self.effects.get(&key) {
            return effect.clone();
        }
        let mut node = self.nodes.all[number as usize].clone();
        let config = scenario.config(place, node.start);
        if *input == Input::Wake {
            node.is_asleep = false;
            node.wakes += 1;
        }
        let (mut sent, mut answers, mut sent_before_written) = (Vec::new(), Vec::new(), None);
        let mut inputs = VecDeque::from([input.clone()]);
        while let Some(input) = inputs.pop_front() {
            let mut outputs = Vec::new();
            node.instance.handle(&config, input, &mut outputs);
            if scenario.planted.is(Bug::AnswerBeforeDurable) {
                // The log says that a record is durable when it is not: what waits for it does not wait.
                let persists = |place: &usize| matches!(outputs[*place], Output::Persist(_));
                if let Some(place) = (0..outputs.len()).find(persists) {
                    outputs[place..].rotate_left(1);
                }
            }
            for output in outputs {
                match output {
                    Output::Persist(state) => {
                        if sent_before_written.is_none() && !sent.is_empty() {
                            sent_before_written = Some(sent.clone());
                        }
                        node.durable = state;
                        node.unsynced = None;
                    }
                    Output::Remember(state) => node.unsynced = Some(state),
                    Output::Send(to, message) => {
                        sent.extend(self.send(scenario, place, self::place(&to), message, &mut inputs));
                    }
                    Output::Broadcast(message) => {
                        for to in 0..scenario.nodes {
                            sent.extend(self.send(scenario, place, to, message.clone(), &mut inputs));
                        }
                    }
                    Output::Reply(id, answer) => answers.push((id as usize, answer)),
                    Output::Wake(_) => node.is_asleep = true,
                }
            }
        }
        let effect = Effect {
            node: self.nodes.number(&node),
            sent,
            answers,
            sent_before_written,
        };
        self.effects.insert(key, effect.clone());
        effect
    }

    /// A node's questions to itself do not go over the network. Its answers to itself may be late, like any other.
    fn send(
        &mut self,
        scenario: &Scenario,
        from: usize,
        to: usize,
        message: Message,
        inputs: &mut VecDeque<Input>,
    ) -> Option<usize> {
        let is_question = matches!(message, Message::Prepare { .. } | Message::Accept { .. });
        if from == to && (is_question || scenario.own_answers_first) {
            inputs.push_back(Input::Message(name(from), message));
            return None;
        }
        let is_mute = scenario
            .mute
            .is_some_and(|mute| from != to && (from == mute || to == mute));
        let is_lost = match message {
            Message::Learn { .. } => scenario.lost != Lost::Nothing,
            Message::Refused { .. } => scenario.lost == Lost::NewsAndRefusals,
            _ => false,
        };
        if is_mute || is_lost {
            return None;
        }
        let number = self.messages.number(&Envelope { from, to, message }) as usize;
        assert!(
            number < MESSAGES_MAX,
            "{} has more messages than fit",
            scenario.name
        );
        Some(number)
    }

    /// What a node is after a crash and a restart.
    fn crashed(&mut self, number: u32, is_unsynced_lost: bool) -> u32 {
        let mut node = self.nodes.all[number as usize].clone();
        if let Some(unsynced) = node.unsynced.take()
            && !is_unsynced_lost
        {
            node.durable = unsynced;
        }
        node.instance = Instance::recovered(node.durable.clone());
        node.is_asleep = false;
        node.start += 1;
        self.nodes.number(&node)
    }
}

impl Scenario {
    fn config(&self, place: usize, start: u64) -> Config {
        Config {
            id: name(place),
            acceptors: (0..self.nodes).map(name).collect::<Vec<_>>().into(),
            start,
            resends_max: self.resends,
            planted: self.planted,
        }
    }

    fn next_of(&self, operations: &[Operation], client: usize) -> Option<Ask> {
        let mine = operations.iter().filter(|operation| operation.client == client);
        let all_answered = mine.clone().all(|operation| operation.answer.is_some());
        all_answered
            .then(|| self.clients[client].get(mine.count()).copied())
            .flatten()
    }
}

impl Model {
    /// The model of a scenario.
    pub fn of(scenario: Scenario) -> Model {
        let tables = Tables {
            nodes: Table::new(),
            messages: Table::new(),
            operations: Table::new(),
            effects: FxHashMap::default(),
        };
        Model {
            scenario,
            tables: Mutex::new(tables),
        }
    }

    /// The tables.
    pub fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().expect("nobody panics while holding this lock")
    }

    fn handle(&self, tables: &mut Tables, world: &mut World, place: usize, input: &Input) {
        let effect = tables.effect(&self.scenario, place, world.nodes[place], input);
        world.nodes[place] = effect.node;
        effect.sent.iter().for_each(|message| world.send(*message));
        if !effect.answers.is_empty() {
            let mut operations = tables.operations(world).all.clone();
            for (number, answer) in effect.answers {
                operations[number].answer = Some(answer);
            }
            tables.set_operations(world, operations);
        }
    }

    fn crash(&self, tables: &mut Tables, world: &mut World, place: usize, is_unsynced_lost: bool) {
        world.nodes[place] = tables.crashed(world.nodes[place], is_unsynced_lost);
        world.crashes += 1;
        let mut operations = tables.operations(world).all.clone();
        for operation in operations.iter_mut().filter(|operation| operation.node == place) {
            operation.answer.get_or_insert(Answer::Unknown);
        }
        tables.set_operations(world, operations);
    }

    /// What follows from an action; none when it cannot happen or changes nothing.
    fn after(&self, last: &World, action: Action) -> Option<World> {
        let mut world = *last;
        let tables = &mut *self.tables();
        match action {
            Action::Ask(client) => {
                let mut operations = tables.operations(last).all.clone();
                let (node, request) = match self.scenario.next_of(&operations, client)? {
                    Ask::Propose(node, value) => (node, Request::Propose(Value::of_number(value))),
                    Ask::Read(node) => (node, Request::Read),
                };
                let answered = (0..).zip(&operations).filter(|(_, other)| other.answer.is_some());
                let preceded_by = answered.map(|(number, _)| 1 << number).sum();
                let id = operations.len() as u64;
                operations.push(Operation {
                    client,
                    node,
                    request: request.clone(),
                    answer: None,
                    preceded_by,
                });
                tables.set_operations(&mut world, operations);
                self.handle(tables, &mut world, node, &Input::Request(id, request));
            }
            Action::Deliver(message) => {
                let Envelope { from, to, message } = tables.messages.all[message].clone();
                self.handle(tables, &mut world, to, &Input::Message(name(from), message));
            }
            Action::DeliverAndCrash(message) => {
                let Envelope { from, to, message } = tables.messages.all[message].clone();
                let input = Input::Message(name(from), message);
                let effect = tables.effect(&self.scenario, to, world.nodes[to], &input);
                effect
                    .sent_before_written?
                    .iter()
                    .for_each(|message| world.send(*message));
                self.crash(tables, &mut world, to, true);
            }
            Action::Wake(place) => self.handle(tables, &mut world, place, &Input::Wake),
            Action::Crash(place, is_unsynced_lost) => self.crash(tables, &mut world, place, is_unsynced_lost),
            Action::Expire(number) => {
                let place = tables.operations(last).all[number].node;
                self.handle(tables, &mut world, place, &Input::Expire(number as u64));
            }
        }
        (world != *last).then_some(world)
    }

    /// A step in words.
    pub fn words(&self, last: &World, action: Action) -> String {
        let tables = self.tables();
        let operations = &tables.operations(last).all;
        let envelope = |number: usize| {
            let Envelope { from, to, message } = &tables.messages.all[number];
            format!("{} → {}  {}", name(*from), name(*to), in_words(message))
        };
        match action {
            Action::Ask(client) => match self.scenario.next_of(operations, client) {
                Some(Ask::Propose(node, value)) => {
                    format!("client {client} asks {} to propose {value}", name(node))
                }
                Some(Ask::Read(node)) => format!("client {client} asks {} to read", name(node)),
                None => unreachable!("it has asked"),
            },
            Action::Deliver(number) => envelope(number),
            Action::DeliverAndCrash(number) => {
                format!(
                    "{}; it answers, and crashes before it has written",
                    envelope(number)
                )
            }
            Action::Wake(place) => format!("{} tries again", name(place)),
            Action::Crash(place, _) => format!("{} crashes and is started again", name(place)),
            Action::Expire(number) => format!(
                "client {} is told that its time is over",
                operations[number].client
            ),
        }
    }

    /// What clients were told between two moments, in words.
    pub fn told(&self, last: &World, next: &World) -> Vec<String> {
        let tables = self.tables();
        let (before, after) = (&tables.operations(last).all, &tables.operations(next).all);
        let mut told = Vec::new();
        for (number, operation) in after.iter().enumerate() {
            let news = operation
                .answer
                .as_ref()
                .filter(|_| before.get(number).is_none_or(|it| it.answer.is_none()));
            if let Some(answer) = news {
                told.push(match answer {
                    Answer::Decided(value) => format!("client {} is told: {value}", operation.client),
                    Answer::Undecided => format!("client {} is told: undecided", operation.client),
                    Answer::Failed => format!("client {} is told: failed", operation.client),
                    Answer::Unknown => format!("client {} does not know", operation.client),
                });
            }
        }
        told
    }
}

impl stateright::Model for Model {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let mut tables = self.tables();
        let node = tables.nodes.number(&Node {
            instance: Instance::default(),
            durable: Durable::default(),
            unsynced: None,
            start: 1,
            is_asleep: false,
            wakes: 0,
        });
        let mut world = World {
            nodes: [node; NODES_MAX],
            network: [0; MESSAGES_MAX / 64],
            operations: 0,
            crashes: 0,
        };
        tables.set_operations(&mut world, Vec::new());
        // Who catches up may ask at any time.
        for (from, to) in (0..NODES_MAX).flat_map(|from| (0..NODES_MAX).map(move |to| (from, to))) {
            if self.scenario.catches_up && from != to && from.max(to) < self.scenario.nodes {
                let message = Message::Ask;
                world.send(tables.messages.number(&Envelope { from, to, message }) as usize);
            }
        }
        vec![world]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        let tables = self.tables();
        let scenario = &self.scenario;
        let operations = &tables.operations(world).all;
        let may_crash = world.crashes < scenario.crashes;
        let asking = (0..scenario.clients.len()).filter(|it| scenario.next_of(operations, *it).is_some());
        actions.extend(asking.map(Action::Ask));
        for message in (0..tables.messages.all.len()).filter(|message| world.has_sent(*message)) {
            actions.push(Action::Deliver(message));
            if may_crash {
                actions.push(Action::DeliverAndCrash(message));
            }
        }
        for (place, node) in tables.nodes(world, scenario.nodes).enumerate() {
            if node.is_asleep && node.wakes < scenario.wakes[place] {
                actions.push(Action::Wake(place));
            }
            if may_crash {
                actions.push(Action::Crash(place, true));
                if node.unsynced.is_some() {
                    actions.push(Action::Crash(place, false));
                }
            }
        }
        if scenario.expires {
            let waiting = (0..)
                .zip(operations)
                .filter(|(_, operation)| operation.answer.is_none());
            actions.extend(waiting.map(|(number, _)| Action::Expire(number)));
        }
    }

    fn next_state(&self, last: &World, action: Action) -> Option<World> {
        self.after(last, action)
    }

    fn properties(&self) -> Vec<stateright::Property<Self>> {
        promises::all()
    }
}

fn in_words(message: &Message) -> String {
    match message {
        Message::Prepare { ballot } => format!("prepare {ballot}"),
        Message::Promised {
            ballot,
            accepted: None,
        } => format!("promised {ballot}, nothing accepted"),
        Message::Promised {
            ballot,
            accepted: Some(it),
        } => format!("promised {ballot}, accepted {} under {}", it.value, it.ballot),
        Message::Accept { proposal } => format!("accept {} under {}", proposal.value, proposal.ballot),
        Message::Accepted { ballot } => format!("accepted {ballot}"),
        Message::Refused { ballot, promised } => format!("refused {ballot}, promised {promised}"),
        Message::Ask => "what is known?".to_owned(),
        Message::Learn { value } => format!("learn {value}"),
    }
}
