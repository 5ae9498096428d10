#!/usr/bin/env python3
"""Elements that come to be everywhere: broadcast, and g-set. What a node learns it writes down and tells its neighbours,
until they have said that they know. With `--bug tell-once` it tells them once."""

import sys

from node import Journal, Node

TELLS_ONCE = sys.argv[1:] == ["--bug", "tell-once"]
node = Node()
journal = Journal("elements.jsonl")
known = dict.fromkeys(journal.lines)
untold = {}  # by neighbour: what it has not said to know


def be_neighbour_of(nodes):
    untold.update({peer: dict(known) for peer in nodes})


def topology(message):
    untold.clear()
    be_neighbour_of(message["body"]["topology"][node.id])
    node.reply(message, {"type": "topology_ok"})


def learn(elements, of):
    new = [element for element in elements if element not in known]
    for element in new:
        known[element] = None
        journal.add(element)
    for peer in untold:
        if new and peer != of:
            untold[peer].update(dict.fromkeys(new))
            tell(peer, new)


def tell(peer, elements):
    def told(_):
        for element in elements:
            # It may be no neighbour any more.
            untold.get(peer, {}).pop(element, None)

    node.ask(peer, {"type": "gossip", "elements": elements}, told)


def gossip(message):
    learn(message["body"]["elements"], message["src"])
    node.reply(message, {"type": "gossip_ok"})


def remind():
    for peer in untold:
        if untold[peer] and not TELLS_ONCE:
            tell(peer, list(untold[peer])[:1000])


def broadcast(message):
    learn([message["body"]["message"]], None)
    node.reply(message, {"type": "broadcast_ok"})


def add(message):
    learn([message["body"]["element"]], None)
    node.reply(message, {"type": "add_ok"})


def read(message):
    node.reply(message, {"type": "read_ok", "messages": list(known), "value": list(known)})


node.on("topology", topology)
node.on("gossip", gossip)
node.on("broadcast", broadcast)
node.on("add", add)
node.on("read", read)
node.at_init = lambda: be_neighbour_of(node.peers)
node.every(0.3, remind)
node.run()
