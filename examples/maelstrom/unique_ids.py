#!/usr/bin/env python3
"""Ids of which no two are the same: the node, its life, and a number. With `--bug no-life` a node that was killed begins
to count again."""

import os
import sys

from node import Node

node = Node()
life = "" if sys.argv[1:] == ["--bug", "no-life"] else os.urandom(8).hex()
count = [0]


def generate(message):
    count[0] += 1
    node.reply(message, {"type": "generate_ok", "id": f"{node.id}-{life}-{count[0]}"})


node.on("generate", generate)
node.run()
