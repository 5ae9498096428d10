#!/usr/bin/env python3
"""The client program of ZooKeeper: znodes of one server, over ZooKeeper's own protocol (Jute: big-endian records, each
with its length before it).

What the harness and this program say to each other is in docs/client-programs.md. Every client has a session with its
node. A write goes to the leader and has an answer when a majority has it; a read is answered by the node from what it has.
`sync` before it waits until the node has what the leader had.
"""

import json
import select
import socket
import struct
import sys
import time

# Requests, and the errors that say that nothing was done: there is no such node, another version, one is there already;
# and the session is no more, or another node's.
CREATE, GET_DATA, SET_DATA, SYNC = 1, 4, 5, 9
NO_NODE, BAD_VERSION, NODE_EXISTS, EXPIRED, MOVED = -101, -103, -110, -112, -118
WITHOUT_EFFECT = {NO_NODE: "there is no such node", BAD_VERSION: "another version was there",
                  NODE_EXISTS: "it is there already", EXPIRED: "the session has expired", MOVED: "the session has moved"}
PERSISTENT, SEQUENTIAL, ANY_VERSION = 0, 2, -1
# What everybody may do, which is everything.
OPEN_TO_ALL = struct.pack(">ii", 1, 31) + struct.pack(">i", 5) + b"world" + struct.pack(">i", 6) + b"anyone"
# The server allows twenty of its ticks at most.
SESSION_MS = 10_000
# How long the first session is waited for, before the first operation.
BEGINNING_SECONDS = 10


class Refused(Exception):
    """It certainly had no effect. `code` is ZooKeeper's, if it said so."""

    def __init__(self, why, code=None):
        super().__init__(why)
        self.code = code


def text(data):
    """A string or a buffer of Jute."""
    return struct.pack(">i", len(data)) + data


class Session:
    """A session with one node, with one request at a time. After an error or a time-out it is of no more use."""

    def __init__(self, ip, deadline):
        self.deadline, self.xid = deadline, 0
        self.socket = socket.create_connection((ip, 2181), timeout=self.left())
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Version, last transaction seen, timeout, session (none yet), its password, whether it may be read-only.
        self.send(struct.pack(">iqiq", 0, 0, SESSION_MS, 0) + text(bytes(16)) + b"\0")
        _, timeout_ms = struct.unpack_from(">ii", self.record())
        if timeout_ms <= 0:
            raise ConnectionError("the node gave no session")

    def left(self):
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("no answer in time")
        return left

    def send(self, record):
        self.socket.settimeout(self.left())
        self.socket.sendall(text(record))

    def receive(self, size):
        received = b""
        while len(received) < size:
            self.socket.settimeout(self.left())
            part = self.socket.recv(size - len(received))
            if not part:
                raise ConnectionError("the node closed the connection")
            received += part
        return received

    def record(self):
        return self.receive(struct.unpack(">i", self.receive(4))[0])

    def ask(self, kind, body):
        """Sends a request, and returns what comes after the header of its answer."""
        self.xid += 1
        self.send(struct.pack(">ii", self.xid, kind) + body)
        answer = self.record()
        xid, _, code = struct.unpack_from(">iqi", answer)
        if xid != self.xid:
            raise ConnectionError(f"an answer to request {xid} instead of {self.xid}")
        if code in WITHOUT_EFFECT:
            raise Refused(WITHOUT_EFFECT[code], code)
        if code != 0:
            raise ConnectionError(f"ZooKeeper's error {code}")
        return answer[16:]


class Znodes:
    """The functions of the workloads, each as few requests to one node."""

    def __init__(self, ip, is_synced):
        self.ip, self.is_synced = ip, is_synced
        self.session, self.may_have_happened = None, False

    def open(self, deadline):
        # Nothing comes without being asked for, except the end: of a session that was idle for too long.
        if self.session and select.select([self.session.socket], [], [], 0)[0]:
            self.session = None
        if self.session is None:
            self.session = Session(self.ip, deadline)
        self.session.deadline = deadline

    def get(self, path):
        """The value of a node, and its version; None and no version when there is none."""
        try:
            data = self.session.ask(GET_DATA, text(path) + b"\0")
        except Refused as error:
            if error.code != NO_NODE:
                raise
            return None, None
        size = struct.unpack_from(">i", data)[0]
        # Then its Stat: two transactions, two times, the version.
        return json.loads(data[4:4 + size]), struct.unpack_from(">i", data, 4 + size + 32)[0]

    def set(self, path, value, version=ANY_VERSION):
        self.may_have_happened = True
        self.session.ask(SET_DATA, text(path) + text(json.dumps(value).encode()) + struct.pack(">i", version))

    def create(self, path, value, flags=PERSISTENT):
        self.may_have_happened = True
        return self.session.ask(CREATE, text(path) + text(json.dumps(value).encode()) + OPEN_TO_ALL + struct.pack(">i", flags))

    def write(self, path, value):
        """Sets a node that is there, or else creates it: whichever is refused had no effect, so the other is tried."""
        for change in (self.set, self.create, self.set):
            try:
                return change(path, value)
            except Refused as error:
                if error.code not in (NO_NODE, NODE_EXISTS):
                    raise
        raise Refused("it was neither there nor not there")

    def carry_out(self, f, key, value):
        path = b"/%d" % key
        if f == "read":
            if self.is_synced:
                self.session.ask(SYNC, text(path))
            return self.get(path)[0]
        if f == "write":
            self.write(path, value)
            return value
        if f == "cas":
            found, version = self.get(path)
            if found != value[0]:
                raise Refused("another value was there")
            if version is None:
                self.create(path, value[1])
            else:
                self.set(path, value[1], version)
            return value
        if f == "generate":
            # A sequential node has a number after its name, which is its parent's count of changes.
            return self.create(b"/id-", None, SEQUENTIAL)[4 + len("/id-"):].decode()
        raise Refused(f"there is no {f} here")

    def outcome(self, operation, deadline):
        self.may_have_happened = False
        try:
            self.open(deadline)
            return {"type": "ok", "value": self.carry_out(operation["f"], operation["key"], operation["value"])}
        except Refused as error:
            if error.code in (EXPIRED, MOVED):
                self.session = None
            return {"type": "fail", "error": str(error)}
        except Exception as error:  # Whatever it is: what was sent may have happened, or will.
            self.session = None
            return {"type": "info" if self.may_have_happened else "fail", "error": repr(error)}


def say(**line):
    print(json.dumps(line), flush=True)


start = json.loads(sys.stdin.readline())
znodes = Znodes(start["ip"], not start["workload"].endswith("/local"))
give_up = time.monotonic() + BEGINNING_SECONDS
while time.monotonic() < give_up:
    try:
        znodes.open(time.monotonic() + 2)
        break
    except Exception as error:  # Nothing has been asked of us yet.
        print(repr(error), file=sys.stderr)
        time.sleep(0.2)
say(ready=True)
for line in sys.stdin:
    operation = json.loads(line)
    say(id=operation["id"], **znodes.outcome(operation, time.monotonic() + start["deadline_ms"] / 1000))
