//! The thread that leads messages past the rules of their links, and to whom they are for.

use super::super::address;
use super::super::capture::Tap;
use super::super::counters::{Counters, Touch};
use super::super::orders::{Next, Order, Orders};
use super::super::pipeline::{Outlet, Pipeline};
use super::super::queue::Link;
use super::{Call, Messages, datagram};
use crate::maelstrom::{Message, Services, not_there};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Instant;

/// Works until nobody can give orders any more.
pub fn serve(calls: &Receiver<Call>, orders: &Orders, messages: Arc<Messages>, seed: u64) {
    let mut router = Router {
        pipeline: Pipeline::new(messages.names.len()),
        desk: Desk {
            counters: Arc::clone(&messages.counters),
            services: Services::new(seed),
            answers: VecDeque::new(),
            tap: None,
            messages,
        },
    };
    loop {
        let call = match router.pipeline.next_due() {
            None => calls.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(due) => calls.recv_timeout(due.saturating_duration_since(Instant::now())),
        };
        match call {
            Ok(Call::Message(link, line)) => router.enter(link, &line),
            Ok(Call::Order) if !router.carry_out(orders) => return,
            Ok(Call::Order) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        router.pass_due();
    }
}

/// What the thread works with.
struct Router {
    pipeline: Pipeline,
    desk: Desk,
}

impl Router {
    fn enter(&mut self, link: Link, line: &[u8]) {
        let nodes = self.desk.messages.names.len() - 1;
        let addresses = (address(link.from, nodes), address(link.to, nodes));
        let packet = datagram::write(addresses, line);
        self.pipeline.enter(link, &packet, Instant::now(), &mut self.desk);
    }

    fn pass_due(&mut self) {
        self.pipeline.pass_due(Instant::now(), &mut self.desk);
        // What services have answered goes past the rules too.
        while let Some((link, line)) = self.desk.answers.pop_front() {
            self.enter(link, &line);
        }
    }

    /// Says whether more can come.
    fn carry_out(&mut self, orders: &Orders) -> bool {
        loop {
            let (order, done) = match orders.next() {
                Next::Order(order, done) => (order, done),
                Next::Nothing => return true,
                Next::Stop => return false,
            };
            let now = Instant::now();
            match order {
                Order::Install(rule) => self.pipeline.install(*rule),
                Order::Heal(rule) => self.pipeline.heal(rule, now, &mut self.desk),
                Order::Release(rule) => self.pipeline.release(rule, now, &mut self.desk),
                Order::Show(tap) => self.desk.tap = tap,
                // A node is there from when it has got a mailbox.
                Order::Open(_) => {}
                Order::Close(node) => self.desk.messages.detach(node),
            }
            done.tell();
        }
    }
}

/// Where the rules leave messages.
struct Desk {
    messages: Arc<Messages>,
    counters: Arc<Counters>,
    services: Services,
    /// What services have answered, and is not on its way yet.
    answers: VecDeque<(Link, Vec<u8>)>,
    tap: Option<Tap>,
}

impl Desk {
    /// A client whose request was for a node without a process hears so, as it would of a refused connection: nothing has
    /// happened, and no message is delivered later. What nodes send, and forward, is lost without a word.
    fn refuse(&self, link: Link, line: &[u8]) {
        if link.from + 1 != self.messages.names.len() {
            return;
        }
        let Ok(mut request) = Message::read(line) else {
            return;
        };
        let number = request.body.remove("msg_id").unwrap_or_default();
        self.messages.waiting.answer(Message {
            body: not_there(&request.dest, number),
            src: request.dest,
            dest: request.src,
        });
    }

    /// A message is at the host of clients and services.
    fn at_client(&mut self, host: usize, line: &[u8]) {
        // It was a message when it was written, and no rule changes any.
        let Ok(message) = Message::read(line) else { return };
        let Some(answer) = self.services.answer(&message) else {
            return self.messages.waiting.answer(message);
        };
        match self.messages.host_of(&answer.dest) {
            Some(to) if to != host => self.answers.push_back((Link { from: host, to }, answer.write())),
            _ => self.messages.waiting.answer(answer),
        }
    }
}

impl Outlet for Desk {
    fn deliver(&mut self, link: Link, bytes: &[u8], touches: &[Touch]) {
        if let Some(tap) = &self.tap {
            tap.delivered(link, bytes, touches);
        }
        let line = datagram::read(bytes);
        if link.to + 1 == self.messages.names.len() {
            self.at_client(link.to, line);
        } else if !self.messages.deliver(link.to, line.to_vec()) {
            return self.refuse(link, line);
        }
        self.counters.carried(link, bytes.len());
    }

    fn lose(&mut self, link: Link, bytes: &[u8], touches: &[Touch]) {
        self.counters.dropped(link);
        if let Some(tap) = &self.tap {
            tap.lost(link, bytes, touches);
        }
    }
}
