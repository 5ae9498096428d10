#!/usr/bin/env python3
"""An example of a system under test: registers over HTTP. Put your own in its place.

GET  /keys/K   answers 200 and the value, null before the first write
PUT  /keys/K   with a value as the body: answers 200 when it is written
POST /keys/K   with {"old": .., "new": ..}: answers 200 when old was replaced by new, 409 when it was not there

Arguments: its address; that of the first node, which keeps everything and is asked by the others; and the folder in which
it keeps it. Without a folder it keeps everything in memory, and forgets it when it is killed.
"""
import http.client
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ip, first, folder = (sys.argv[1:] + [None, None])[:3]
registers = {}
lock = threading.Lock()
log = None
if folder and first == ip:
    log = open(os.path.join(folder, "log"), "a+b")
    log.seek(0)
    lines = log.read()
    whole = lines[: lines.rfind(b"\n") + 1]  # What a kill has cut off was never answered.
    log.truncate(len(whole))
    registers.update(json.loads(line) for line in whole.splitlines())


def put(key, value):
    """Keeps a value. It is on the disk before anybody can see it."""
    if log:
        log.write(json.dumps([key, value]).encode() + b"\n")
        log.flush()
        os.fsync(log.fileno())
    registers[key] = value


class Handler(BaseHTTPRequestHandler):
    def answer(self, status, value=None):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "null")

    def handle_request(self):
        body = self.body()
        if self.path == "/ready":
            self.answer(200)
        elif first not in (None, ip):
            self.pass_on(body)
        else:
            with lock:
                status, value = self.carry_out(body)
            self.answer(status, value)

    do_GET = do_PUT = do_POST = handle_request

    def carry_out(self, body):
        there = registers.get(self.path)
        if self.command == "GET":
            return 200, there
        if self.command == "POST" and there != body["old"]:
            return 409, None
        put(self.path, body["new"] if self.command == "POST" else body)
        return 200, None

    def pass_on(self, body):
        connection = http.client.HTTPConnection(first, 8000, timeout=5)
        try:
            connection.request(self.command, self.path, json.dumps(body))
            response = connection.getresponse()
            self.answer(response.status, json.load(response))
        except (OSError, http.client.HTTPException, ValueError) as error:  # It may have been carried out.
            self.answer(504, str(error))
        finally:
            connection.close()

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128


Server((ip, 8000), Handler).serve_forever()
