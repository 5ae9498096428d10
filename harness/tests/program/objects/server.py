"""A server with every object that a workload can be about, in memory, on one node; and one way each to be wrong.

    python3 server.py ADDRESS [BUG]

POST /OBJECT/FUNCTION/KEY with the argument as JSON. 200 {"value": ...}; 404 when a queue is empty; 409 when refused.
"""
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BUG = sys.argv[2] if len(sys.argv) > 2 else ""
LOCK = threading.Lock()
STATE = {}
COUNT = {"changes": 0, "reads": 0, "tokens": 0, "ids": 0}


class Refused(Exception):
    pass


class Empty(Exception):
    pass


def turn(what, every):
    """Whether it is the turn of a bug: every so often."""
    COUNT[what] += 1
    return COUNT[what] % every == 0


def put(elements, element):
    is_turn = turn("changes", 30)
    if is_turn and BUG == "lost":
        return
    elements.append(element)
    if is_turn and BUG == "duplicated":
        elements.append(element)


def shown(elements):
    """What a read tells: all, or what there was before the last change."""
    is_stale = turn("reads", 20) and BUG == "stale"
    return elements[:-1] if is_stale and elements else list(elements)


def elements(key):
    return STATE.setdefault(key, [])


def dequeue(key):
    if not elements(key):
        raise Empty
    return elements(key).pop(0)


def remove(key, element):
    there = element in elements(key)
    STATE[key] = [it for it in elements(key) if it != element]
    return there


def add(key, amount):
    is_turn = turn("changes", 30)
    factor = {"lost": 0, "duplicated": 2}.get(BUG, 1) if is_turn else 1
    STATE[key] = STATE.get(key, 0) + amount * factor


def acquire(key, owner):
    is_granted_twice = BUG == "double-grant" and turn("changes", 10)
    if STATE.get(key) is not None and not is_granted_twice:
        raise Refused
    STATE[key] = owner
    COUNT["tokens"] += 1
    return 7 if BUG == "token-repeated" and turn("changes", 10) else COUNT["tokens"] + 7


def release(key, owner):
    if STATE.get(key) != owner:
        raise Refused
    STATE[key] = None


def generate():
    COUNT["ids"] += 1
    return COUNT["ids"] - (1 if BUG == "repeated" and COUNT["ids"] % 50 == 0 else 0)


def read(key):
    is_stale = turn("reads", 20) and BUG == "stale"
    versions = STATE.setdefault(key, [None])
    return versions[-2] if is_stale and len(versions) > 1 else versions[-1]


def write(key, value):
    is_lost = turn("changes", 30) and BUG == "lost"
    if not is_lost:
        STATE.setdefault(key, [None]).append(value)


def cas(key, old, new):
    if read(key) != old:
        raise Refused
    write(key, new)


def transaction(key, steps):
    told = []
    for what, register, value in steps:
        place = (key, register)
        if what == "write":
            write(place, value)
        told.append([what, register, read(place) if what == "read" else value])
    return told


def perform(kind, f, key, value):
    key = (kind, key)
    operations = {
        "register": {"read": lambda: read(key), "write": lambda: write(key, value), "cas": lambda: cas(key, *value)},
        "multi-key": {"txn": lambda: transaction(key, value)},
        "set": {
            "add": lambda: put(elements(key), value),
            "remove": lambda: remove(key, value),
            "contains": lambda: value in elements(key),
            "read": lambda: shown(elements(key)),
        },
        "append": {"append": lambda: put(elements(key), value), "read": lambda: shown(elements(key))},
        "queue": {"enqueue": lambda: put(elements(key), value), "dequeue": lambda: dequeue(key)},
        "counter": {
            "add": lambda: add(key, value),
            "read": lambda: STATE.get(key, 0) - (1 if turn("reads", 20) and BUG == "stale" else 0),
        },
        "lock": {"acquire": lambda: acquire(key, value), "release": lambda: release(key, value)},
        "unique-ids": {"generate": generate},
    }
    with LOCK:
        return operations[kind][f]()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self):
        self.answer(200, {})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        _, kind, f, key = self.path.split("/")
        try:
            self.answer(200, {"value": perform(kind, f, key, json.loads(body or b"null"))})
        except Empty:
            self.answer(404, {})
        except Refused:
            self.answer(409, {})

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


host, port = sys.argv[1].split(":")
Server((host, int(port)), Handler).serve_forever()
