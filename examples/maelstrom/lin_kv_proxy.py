#!/usr/bin/env python3
"""A key-value store that keeps nothing: it asks a service. With `lin-kv`, which is the default, it is linearizable; with
`seq-kv` (the first argument) reads are old, and with `lww-kv` writes are lost."""

import sys

from node import Node

SERVICE = sys.argv[1] if len(sys.argv) > 1 else "lin-kv"
node = Node()


def request(message):
    def answered(body):
        node.reply(message, body)

    node.ask(SERVICE, message["body"], answered)


for kind in ["read", "write", "cas"]:
    node.on(kind, request)
node.run()
