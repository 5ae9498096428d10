"""What every node of Maelstrom's protocol does: read messages from stdin, write messages to stdout, answer `init`.

One thread; a handler that takes long keeps the others waiting. What is not a message belongs on stderr."""

import json
import os
import select
import sys
import time


class Node:
    def __init__(self):
        self.id, self.peers = None, []  # told by `init`
        self.handlers = {"init": self.init}
        self.callbacks = {}  # by the number of the request that they wait for
        self.timers = []  # (when, every how many seconds or None, what)
        self.next_id = time.time_ns() // 1000  # no answer to an earlier life is taken for one to this
        self.at_init = lambda: None

    def on(self, kind, handler):
        self.handlers[kind] = handler

    def init(self, message):
        self.id = message["body"]["node_id"]
        self.peers = [node for node in message["body"]["node_ids"] if node != self.id]
        self.at_init()
        self.reply(message, {"type": "init_ok"})

    def write(self, src, dest, body):
        line = json.dumps({"src": src, "dest": dest, "body": body}) + "\n"
        sys.stdout.write(line)
        sys.stdout.flush()

    def send(self, dest, body):
        self.write(self.id, dest, body)

    def forward(self, message, dest):
        """Under the client's name: who answers then, answers the client."""
        self.write(message["src"], dest, message["body"])

    def reply(self, message, body):
        self.send(message["src"], {**body, "in_reply_to": message["body"].get("msg_id")})

    def error(self, message, code, text):
        self.reply(message, {"type": "error", "code": code, "text": text})

    def ask(self, dest, body, callback):
        """Calls back with the body of the answer, if there ever is one."""
        self.next_id += 1
        self.callbacks[self.next_id] = callback
        self.send(dest, {**body, "msg_id": self.next_id})
        return self.next_id

    def forget(self, numbers):
        for number in numbers:
            self.callbacks.pop(number, None)

    def after(self, seconds, what):
        self.timers.append((time.monotonic() + seconds, None, what))

    def every(self, seconds, what):
        self.timers.append((time.monotonic() + seconds, seconds, what))

    def handle(self, message):
        body = message["body"]
        if body.get("in_reply_to") is not None:
            callback = self.callbacks.pop(body["in_reply_to"], None)
            return callback and callback(body)
        handler = self.handlers.get(body["type"])
        handler(message) if handler else self.error(message, 10, "there is no " + body["type"])

    def run(self):
        rest = b""
        while True:
            now = time.monotonic()
            due = [timer for timer in self.timers if timer[0] <= now]
            self.timers = [timer for timer in self.timers if timer[0] > now]
            for _, seconds, what in due:
                if self.id:
                    what()
                if seconds:
                    self.every(seconds, what)
            patience = min([timer[0] for timer in self.timers], default=now + 1) - time.monotonic()
            if not select.select([0], [], [], max(patience, 0))[0]:
                continue
            read = os.read(0, 1 << 16)
            if not read:
                return
            *lines, rest = (rest + read).split(b"\n")
            for line in lines:
                self.handle(json.loads(line))


class Journal:
    """What has to outlive a kill -9: a line for each fact, in the folder that the node runs in."""

    def __init__(self, name):
        self.lines = [json.loads(line) for line in open(name)] if os.path.exists(name) else []
        self.file = open(name, "a")

    def add(self, fact):
        self.file.write(json.dumps(fact) + "\n")
        self.file.flush()
