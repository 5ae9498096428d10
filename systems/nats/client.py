#!/usr/bin/env python3
"""The client program of NATS: a bucket of JetStream's key-value store, over NATS's own text protocol.

What the harness and this program say to each other is in docs/client-programs.md. What a bucket is on the wire is
public: a stream, KV_harness, in which each subject $KV.harness.<key> keeps its last message only. A put is a message that
the stream's leader acknowledges with its number; one that expects the number of the last message is a compare-and-set. A get asks
the leader (STREAM.MSG.GET), or any replica (DIRECT.GET), which is what the clients of NATS do by default.
"""

import base64
import json
import secrets
import socket
import sys
import time

STREAM, SUBJECTS = "KV_harness", "$KV.harness."
BUCKET = {"name": STREAM, "subjects": [SUBJECTS + ">"], "storage": "file", "discard": "new", "max_msgs_per_subject": 1,
          "allow_rollup_hdrs": True, "deny_delete": True, "allow_direct": True, "num_replicas": 3}
# Codes of errors: there is no such message; the last message is another one than was expected.
NOT_FOUND, WRONG_LAST = 10037, (10071, 10164)
# How long the first connection and the bucket are waited for, before the first operation.
BEGINNING_SECONDS = 10


class Refused(Exception):
    """It certainly had no effect."""


class Connection:
    """A connection to one node, with one request at a time. After an error or a time-out it is of no more use."""

    def __init__(self, ip, deadline):
        self.deadline, self.buffer, self.requests = deadline, b"", 0
        self.socket = socket.create_connection((ip, 4222), timeout=self.left())
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        about = {"verbose": False, "pedantic": False, "headers": True, "no_responders": True, "protocol": 1,
                 "name": "harness", "lang": "python", "version": "1"}
        self.line()  # INFO, what the server says of itself.
        # An inbox of a random name, for nobody else's answers.
        self.inbox = b"_INBOX." + secrets.token_hex(12).encode()
        self.send(b"CONNECT " + json.dumps(about).encode() + b"\r\nSUB " + self.inbox + b".* 1\r\nPING\r\n")
        while self.line() != b"PONG":
            pass

    def left(self):
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("no answer in time")
        return left

    def send(self, data):
        self.socket.settimeout(self.left())
        self.socket.sendall(data)

    def receive(self, size):
        while len(self.buffer) < size:
            self.more()
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def line(self):
        while b"\r\n" not in self.buffer:
            self.more()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        if line.startswith(b"-ERR"):
            raise ConnectionError(line.decode(errors="replace"))
        return line

    def more(self):
        self.socket.settimeout(self.left())
        received = self.socket.recv(1 << 16)
        if not received:
            raise ConnectionError("the node closed the connection")
        self.buffer += received

    def ask(self, subject, payload, header=None):
        """Sends a message to whoever serves the subject; returns the header of the answer, and its text."""
        self.requests += 1
        inbox = b"%s.%d" % (self.inbox, self.requests)
        if header is None:
            start = b"PUB %s %s %d\r\n" % (subject.encode(), inbox, len(payload))
        else:
            head = b"NATS/1.0\r\n%s\r\n\r\n" % header.encode()
            start = b"HPUB %s %s %d %d\r\n%s" % (subject.encode(), inbox, len(head), len(head) + len(payload), head)
        self.send(start + payload + b"\r\n")
        while True:
            words = self.line().split()
            if words[0] == b"PING":
                self.send(b"PONG\r\n")
            elif words[0] in (b"MSG", b"HMSG"):
                message = self.receive(int(words[-1]) + 2)[:-2]
                size = int(words[-2]) if words[0] == b"HMSG" else 0
                head = message[:size].decode(errors="replace")
                # An answer to an earlier request is none to this one.
                if words[1] == inbox:
                    if head.startswith("NATS/1.0 503"):
                        raise Refused(f"503: nobody serves {subject}")
                    return head, message[size:]


class Bucket:
    """The functions of the workloads, each as few requests to one node."""

    def __init__(self, ip, is_direct):
        self.ip, self.is_direct = ip, is_direct
        self.connection, self.is_made, self.may_have_happened = None, False, False

    def open(self, deadline):
        """Connects, and makes the bucket, unless that is done. Making it once more changes nothing."""
        if self.connection is None:
            self.connection = Connection(self.ip, deadline)
        self.connection.deadline = deadline
        if not self.is_made:
            self.tell("STREAM.CREATE." + STREAM, BUCKET)
            self.is_made = True

    def tell(self, function, document):
        """Asks JetStream itself. None when there is no such message."""
        answer = json.loads(self.connection.ask("$JS.API." + function, json.dumps(document).encode())[1])
        error = answer.get("error", {})
        if error.get("err_code") == NOT_FOUND:
            return None
        if error:
            raise Refused(f"{error.get('err_code')}: {error.get('description')}")
        return answer

    def get(self, key):
        """The value of a key, and the number of its message; 0 when there is none."""
        if self.is_direct:
            head, value = self.connection.ask(f"$JS.API.DIRECT.GET.{STREAM}.{SUBJECTS}{key}", b"")
            if head.startswith("NATS/1.0 404"):
                return None, 0
            return json.loads(value), int(head.split("Nats-Sequence:")[1].split()[0])
        answer = self.tell("STREAM.MSG.GET." + STREAM, {"last_by_subj": f"{SUBJECTS}{key}"})
        if answer is None:
            return None, 0
        return json.loads(base64.b64decode(answer["message"]["data"])), answer["message"]["seq"]

    def put(self, key, value, last=None):
        """Puts a value, where that is asked only after the message of this number; returns its own number."""
        header = None if last is None else f"Nats-Expected-Last-Subject-Sequence: {last}"
        self.may_have_happened = True
        answer = json.loads(self.connection.ask(f"{SUBJECTS}{key}", json.dumps(value).encode(), header)[1])
        error = answer.get("error", {})
        if error.get("err_code") in WRONG_LAST:
            raise Refused(error.get("description"))
        if error:
            raise ConnectionError(f"{error.get('err_code')}: {error.get('description')}")
        return answer["seq"]

    def carry_out(self, f, key, value):
        if f == "read":
            return self.get(key)[0]
        if f == "write":
            self.put(key, value)
            return value
        if f == "cas":
            found, number = self.get(key)
            if found != value[0]:
                raise Refused("another value was there")
            self.put(key, value[1], number)
            return value
        if f == "generate":
            # The numbers of messages are those of the whole bucket.
            return self.put(key, None)
        raise Refused(f"there is no {f} here")

    def outcome(self, operation, deadline):
        self.may_have_happened = False
        try:
            self.open(deadline)
            return {"type": "ok", "value": self.carry_out(operation["f"], operation["key"], operation["value"])}
        except Refused as error:
            # A bucket that nobody serves may be gone; it is asked for again.
            self.is_made = False
            return {"type": "fail", "error": str(error)}
        except Exception as error:  # Whatever it is: what was sent may have happened, or will.
            self.connection = None
            return {"type": "info" if self.may_have_happened else "fail", "error": repr(error)}


def say(**line):
    print(json.dumps(line), flush=True)


start = json.loads(sys.stdin.readline())
bucket = Bucket(start["ip"], start["workload"].endswith("/direct"))
give_up = time.monotonic() + BEGINNING_SECONDS
while time.monotonic() < give_up:
    try:
        bucket.open(time.monotonic() + 2)
        break
    except Exception as error:  # Nothing has been asked of us yet.
        print(repr(error), file=sys.stderr)
        bucket.connection = None
        time.sleep(0.2)
say(ready=True)
for line in sys.stdin:
    operation = json.loads(line)
    say(id=operation["id"], **bucket.outcome(operation, time.monotonic() + start["deadline_ms"] / 1000))
