#!/usr/bin/env python3
"""A counter that is added to everywhere: g-counter and pn-counter. A node counts what it has added itself, writes that
down, and tells the others, who keep the newest of each node. With `--bug forget` it does not write it down."""

import sys

from node import Journal, Node

FORGETS = sys.argv[1:] == ["--bug", "forget"]
node = Node()
journal = Journal("own.jsonl")
counts = {}  # by node: how many additions, and their sum


def begin():
    counts[node.id] = journal.lines[-1] if journal.lines else [0, 0]


def add(message):
    times, total = counts[node.id]
    counts[node.id] = [times + 1, total + message["body"]["delta"]]
    if not FORGETS:
        journal.add(counts[node.id])
    node.reply(message, {"type": "add_ok"})


def tell():
    for peer in node.peers:
        node.send(peer, {"type": "counts", "counts": counts})


def hear(message):
    for other, count in message["body"]["counts"].items():
        if other != node.id and count[0] > counts.get(other, [0, 0])[0]:
            counts[other] = count


def read(message):
    node.reply(message, {"type": "read_ok", "value": sum(total for _, total in counts.values())})


node.on("add", add)
node.on("counts", hear)
node.on("read", read)
node.at_init = begin
node.every(0.2, tell)
node.run()
