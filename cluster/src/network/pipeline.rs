//! The rules in force, and the packets that they keep waiting: everything between a packet's arrival at the switch
//! and its departure. No input or output here, and no clock: both are the caller's.
//!
//! Packets pass the rules of their link in the order in which the rules were installed. A packet that is late, or
//! was held, goes on at the rule after the one that kept it, and so meets those that were installed meanwhile: once
//! a link is cut nothing arrives on it, whatever was under way.

use super::counters::{Deed, Deeds, Touch};
use super::effect::{Actor, Judgement};
use super::matching::{Matcher, Sighting};
use super::queue::{Link, Packet, Place, Queue, Room};
use super::reset::{Resets, resets};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

/// Where packets leave to.
pub trait Outlet {
    /// The packet arrives.
    fn deliver(&mut self, link: Link, bytes: &[u8], touches: &[Touch]);
    /// The packet is no more.
    fn lose(&mut self, link: Link, bytes: &[u8], touches: &[Touch]);
}

/// A rule in force.
#[derive(Debug)]
pub struct ActiveRule {
    id: u64,
    is_cut: bool,
    deeds: Arc<Deeds>,
    matcher: Matcher,
    /// One for each link.
    actors: Vec<Actor>,
    /// Those that are held back on each link, and how many have yet to go past each.
    held_back: Vec<Vec<(Place, u32)>>,
    held: VecDeque<(usize, Packet)>,
}

impl ActiveRule {
    /// A rule that has not seen anything yet. The numbers of rules grow.
    pub fn new(id: u64, is_cut: bool, deeds: Arc<Deeds>, matcher: Matcher, actors: Vec<Actor>) -> ActiveRule {
        assert_eq!(deeds.links.len(), actors.len());
        let held_back = actors.iter().map(|_| Vec::new()).collect();
        ActiveRule {
            id,
            is_cut,
            deeds,
            matcher,
            actors,
            held_back,
            held: VecDeque::new(),
        }
    }

    /// Whether it acts on the packet, which is counted.
    fn acts_on(&mut self, place: usize, packet: &Packet) -> bool {
        let bytes = packet.bytes.len();
        match self.matcher.look_at(place, &packet.bytes) {
            Sighting::Other => false,
            Sighting::OutsideWindow => {
                self.deeds.outside_window(place, bytes);
                false
            }
            Sighting::Match => {
                self.deeds.matched(place, bytes);
                true
            }
        }
    }

    fn copy(&self, place: usize, packet: &Packet) -> Packet {
        let mut copy = packet.clone();
        copy.is_copy = true;
        self.did(place, Deed::Duplicated, &mut copy);
        copy
    }

    fn did(&self, place: usize, deed: Deed, packet: &mut Packet) {
        self.deeds.did(place, deed, packet.bytes.len());
        packet.touches.push(Touch { deed, rule: self.id });
    }
}

/// All rules and all waiting packets of a network.
#[derive(Debug)]
pub struct Pipeline {
    hosts: usize,
    rules: Vec<ActiveRule>,
    /// For each link, the places of its rules, and its place in each.
    by_link: Vec<Vec<(usize, usize)>>,
    queue: Queue,
    room: Room,
}

impl Pipeline {
    /// No rules.
    pub fn new(hosts: usize) -> Pipeline {
        Pipeline {
            hosts,
            rules: Vec::new(),
            by_link: vec![Vec::new(); hosts * hosts],
            queue: Queue::default(),
            room: Room::default(),
        }
    }

    /// Whether no rule is about this link: then its packets need not be shown.
    pub fn is_clear(&self, link: Link) -> bool {
        self.by_link[self.place(link)].is_empty()
    }

    /// A packet comes from its sender.
    pub fn enter(&mut self, link: Link, bytes: &[u8], now: Instant, out: &mut impl Outlet) {
        // Those before it that are due by now must not be overtaken only because the timer is a little late.
        self.pass_due(now, out);
        self.pass(sent(link, bytes.to_vec()), now, out);
    }

    /// Lets go what is due by now.
    pub fn pass_due(&mut self, now: Instant, out: &mut impl Outlet) {
        while let Some((due, packet)) = self.queue.take_due(now) {
            self.room.give_back(&packet);
            // For the rules it is the time at which it was due: how late the caller is does not add up.
            self.pass(packet, due, out);
        }
    }

    /// When the next packet is due.
    pub fn next_due(&self) -> Option<Instant> {
        self.queue.next_due()
    }

    /// Adds a rule after all others.
    pub fn install(&mut self, rule: ActiveRule) {
        assert!(self.rules.last().is_none_or(|last| last.id < rule.id));
        self.rules.push(rule);
        self.arrange();
    }

    /// Lets go what a rule holds, in the order in which it came.
    pub fn release(&mut self, rule: u64, now: Instant, out: &mut impl Outlet) {
        let Some(index) = self.index(rule) else { return };
        let rule = &mut self.rules[index];
        let (held, deeds) = (std::mem::take(&mut rule.held), Arc::clone(&rule.deeds));
        self.let_go(held, &deeds, now, out);
    }

    /// Takes a rule away. What it holds is let go; what it has delayed stays late.
    pub fn heal(&mut self, rule: u64, now: Instant, out: &mut impl Outlet) {
        let Some(index) = self.index(rule) else { return };
        let rule = self.rules.remove(index);
        self.arrange();
        self.let_go(rule.held, &rule.deeds, now, out);
    }

    fn let_go(
        &mut self,
        held: VecDeque<(usize, Packet)>,
        deeds: &Deeds,
        now: Instant,
        out: &mut impl Outlet,
    ) {
        for (place, packet) in held {
            self.room.give_back(&packet);
            deeds.released(place, packet.bytes.len());
            self.pass(packet, now, out);
        }
    }

    /// Leads a packet, and what comes of it, past the rules.
    fn pass(&mut self, packet: Packet, now: Instant, out: &mut impl Outlet) {
        let mut going = VecDeque::from([packet]);
        while let Some(packet) = going.pop_front() {
            self.pass_one(packet, now, &mut going, out);
        }
    }

    /// Leads a packet past the rules that have not judged it, until one keeps it; what comes of it else goes after it.
    fn pass_one(
        &mut self,
        mut packet: Packet,
        now: Instant,
        going: &mut VecDeque<Packet>,
        out: &mut impl Outlet,
    ) {
        let link = self.place(packet.link);
        for at in 0..self.by_link[link].len() {
            let (index, place) = self.by_link[link][at];
            let rule = &mut self.rules[index];
            if rule.id < packet.next_rule || !rule.acts_on(place, &packet) {
                continue;
            }
            packet.next_rule = rule.id + 1;
            let judgement = rule.actors[place].judge(&mut packet.bytes, now);
            if !matches!(judgement, Judgement::Behind(..) | Judgement::Drop) {
                let overtaken = count_down(&mut rule.held_back[place]);
                for late in overtaken.into_iter().filter_map(|place| self.queue.take(place)) {
                    self.room.give_back(&late);
                    going.push_back(late);
                }
            }
            let must_wait = matches!(
                judgement,
                Judgement::Until(_) | Judgement::Behind(..) | Judgement::Hold
            );
            if must_wait && !self.room.take(&packet) {
                rule.did(place, Deed::Overflowed, &mut packet);
                return out.lose(packet.link, &packet.bytes, &packet.touches);
            }
            match judgement {
                Judgement::Pass => {}
                Judgement::Changed => rule.did(place, Deed::Corrupted, &mut packet),
                Judgement::Copy if packet.is_copy => {}
                // Before those that were overtaken.
                Judgement::Copy => going.push_front(rule.copy(place, &packet)),
                Judgement::Drop => {
                    rule.did(place, Deed::Dropped, &mut packet);
                    self.count_in_other_cuts(link, at + 1, &packet);
                    return out.lose(packet.link, &packet.bytes, &packet.touches);
                }
                Judgement::Reset => {
                    if let Some(resets) = resets(&packet.bytes) {
                        rule.did(place, Deed::Reset, &mut packet);
                        out.lose(packet.link, &packet.bytes, &packet.touches);
                        return going.extend(forged(resets, rule.id, packet.link));
                    }
                }
                Judgement::Until(due) => {
                    rule.did(place, Deed::Delayed(due - now), &mut packet);
                    self.queue.add(due, packet);
                    return;
                }
                Judgement::Behind(gap_packets, due) => {
                    rule.did(place, Deed::Reordered, &mut packet);
                    let place_in_queue = self.queue.add(due, packet);
                    let held_back = &mut rule.held_back[place];
                    held_back.retain(|((due, _), _)| *due > now);
                    held_back.push((place_in_queue, gap_packets));
                    return;
                }
                Judgement::Hold => {
                    rule.did(place, Deed::Held, &mut packet);
                    rule.held.push_back((place, packet));
                    return;
                }
            }
        }
        out.deliver(packet.link, &packet.bytes, &packet.touches);
    }

    /// Of several cuts of a link each counts what it keeps from passing, though the first of them already does.
    fn count_in_other_cuts(&mut self, link: usize, from: usize, packet: &Packet) {
        for (index, place) in &self.by_link[link][from..] {
            let rule = &mut self.rules[*index];
            if rule.is_cut && rule.acts_on(*place, packet) {
                rule.deeds.did(*place, Deed::Dropped, packet.bytes.len());
            }
        }
    }

    fn index(&self, rule: u64) -> Option<usize> {
        self.rules.binary_search_by_key(&rule, |known| known.id).ok()
    }

    fn place(&self, link: Link) -> usize {
        link.from * self.hosts + link.to
    }

    fn arrange(&mut self) {
        let mut by_link = vec![Vec::new(); self.hosts * self.hosts];
        for (index, rule) in self.rules.iter().enumerate() {
            for (place, link) in rule.deeds.links.iter().enumerate() {
                by_link[self.place(*link)].push((index, place));
            }
        }
        self.by_link = by_link;
    }
}

fn sent(link: Link, bytes: Vec<u8>) -> Packet {
    Packet {
        link,
        bytes,
        next_rule: 0,
        is_copy: false,
        touches: Vec::new(),
    }
}

/// Resets as packets that a rule has made for a segment on a link.
fn forged(resets: Resets, rule: u64, link: Link) -> impl Iterator<Item = Packet> {
    let touches = vec![Touch {
        deed: Deed::Forged,
        rule,
    }];
    // On with the segment's link after this rule; back past all rules of the other direction, as an answer is.
    let on = resets.to_receiver.map(|bytes| Packet {
        next_rule: rule + 1,
        touches: touches.clone(),
        ..sent(link, bytes)
    });
    let opposite = Link {
        from: link.to,
        to: link.from,
    };
    let back = Packet {
        touches,
        ..sent(opposite, resets.to_sender)
    };
    on.into_iter().chain([back])
}

/// A packet goes past those that are held back; says which of them have waited for enough of them.
fn count_down(held_back: &mut Vec<(Place, u32)>) -> Vec<Place> {
    let mut overtaken = Vec::new();
    held_back.retain_mut(|(place, yet_to_pass)| {
        *yet_to_pass -= 1;
        if *yet_to_pass == 0 {
            overtaken.push(*place);
        }
        *yet_to_pass > 0
    });
    overtaken
}

#[cfg(test)]
mod tests;
