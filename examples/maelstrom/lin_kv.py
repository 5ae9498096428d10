#!/usr/bin/env python3
"""A linearizable key-value store: for each key a majority of acceptors, as in CASPaxos (Rystsov, 2018).

A node that is asked carries out one round on the key: a majority promises its ballot and says what it has accepted, the
newest of these is what the key holds; then a majority accepts what it shall hold. Reads do the same. Rounds on one key
go through one node, as long as it seems to live, because they would overtake each other; right is it without that, too.

With `--bug local-reads` a node answers reads from what it has accepted itself."""

import sys
import time

from node import Journal, Node

SILENCE = 0.5  # seconds after which somebody is taken for dead
BUG = sys.argv[2:] if sys.argv[1:2] == ["--bug"] else []

node = Node()
promised, accepted = {}, {}  # by key: a ballot; (ballot, value)
heard, waiting, counter = {}, {}, [0]
journal = Journal("acceptor.jsonl")
for key, ballot, last in journal.lines:
    promised[key], accepted[key] = ballot, last


def keep(key):
    journal.add([key, promised.get(key), accepted.get(key)])


def prepare(message):
    key, ballot = message["body"]["key"], message["body"]["ballot"]
    is_newer = key not in promised or promised[key] < ballot
    if is_newer:
        promised[key] = ballot
        keep(key)
    node.reply(message, {"type": "promise", "yes": is_newer, "seen": promised[key], "accepted": accepted.get(key)})


def accept(message):
    key, ballot = message["body"]["key"], message["body"]["ballot"]
    is_newest = key not in promised or promised[key] <= ballot
    if is_newest:
        promised[key], accepted[key] = ballot, [ballot, message["body"]["value"]]
        keep(key)
    node.reply(message, {"type": "accepted", "yes": is_newest, "seen": promised[key]})


def majority(body, then, otherwise):
    """Asks all, and goes on once: with the answers of a majority that says yes, or when that cannot be any more."""
    yes, no, everybody = [], [], [node.id] + node.peers

    def answered(answer):
        counter[0] = max(counter[0], answer["seen"][0])
        (yes if answer["yes"] else no).append(answer)
        if len(yes) * 2 > len(everybody) or len(no) * 2 >= len(everybody):
            node.forget(numbers)
            then(yes) if len(yes) * 2 > len(everybody) else otherwise()

    numbers = [node.ask(peer, body, answered) for peer in everybody]


def run(message):
    """One round for a request; the next on this key begins when it is over, or has taken too long."""
    body, over = message["body"], []
    key = body["key"]
    counter[0] += 1
    ballot = [counter[0], node.id]

    def end():
        if not over:
            over.append(True)
            waiting[key].pop(0)
            run(waiting[key][0]) if waiting[key] else waiting.pop(key)

    def finish(answer):
        if not over:
            node.reply(message, answer)
        end()

    def decided(promises):
        if over:
            return
        newest = max((it["accepted"] for it in promises if it["accepted"]), key=lambda it: it[0], default=[None, None])
        value, answer = newest[1], {"type": body["type"] + "_ok"}
        if body["type"] == "write":
            value = body["value"]
        elif value is None:
            answer = error(20, "there is no such key")
        elif body["type"] == "read":
            answer["value"] = value
        elif value == body["from"]:
            value = body["to"]
        else:
            answer = error(22, "it holds something else")
        # From here on it may take effect, also when this node does not hear of it: 0 is not definite.
        majority({"type": "accept", "key": key, "ballot": ballot, "value": value},
                 lambda _: finish(answer), lambda: finish(error(0, "overtaken")))

    node.after(SILENCE, end)
    majority({"type": "prepare", "key": key, "ballot": ballot}, decided, lambda: finish(error(11, "overtaken")))


def error(code, text):
    return {"type": "error", "code": code, "text": text}


def request(message):
    key = message["body"]["key"]
    if BUG == ["local-reads"] and message["body"]["type"] == "read":
        own = (accepted.get(key) or [None, None])[1]
        if own is None:
            return node.error(message, 20, "there is no such key")
        return node.reply(message, {"type": "read_ok", "value": own})
    everybody = sorted([node.id] + node.peers)
    first = int(key) % len(everybody)
    now = time.monotonic()
    for owner in everybody[first:] + everybody[:first]:
        if owner == node.id:
            break
        if now - heard.get(owner, now) < SILENCE:
            return node.forward(message, owner)
    waiting.setdefault(key, []).append(message)
    if len(waiting[key]) == 1:
        run(message)


def heartbeat():
    for peer in node.peers:
        node.send(peer, {"type": "alive"})


def alive(message):
    heard[message["src"]] = time.monotonic()


for kind in ["read", "write", "cas"]:
    node.on(kind, request)
node.on("prepare", prepare)
node.on("accept", accept)
node.on("alive", alive)
node.at_init = lambda: heard.update({peer: time.monotonic() for peer in node.peers})
node.every(0.1, heartbeat)
node.run()
