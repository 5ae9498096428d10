#!/usr/bin/env python3
"""An example of a system under test: registers over HTTP on one node, kept in memory. Put your own in its place.

GET  /keys/K   answers 200 and the value, null before the first write
PUT  /keys/K   with a value as the body: answers 200 when it is written
POST /keys/K   with {"old": .., "new": ..}: answers 200 when old was replaced by new, 409 when it was not there
"""
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

registers = {}
lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    def answer(self, status, value=None):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def do_GET(self):
        with lock:
            value = registers.get(self.path)
        self.answer(200, value)

    def do_PUT(self):
        value = self.body()
        with lock:
            registers[self.path] = value
        self.answer(200)

    def do_POST(self):
        change = self.body()
        with lock:
            done = registers.get(self.path) == change["old"]
            if done:
                registers[self.path] = change["new"]
        self.answer(200 if done else 409)

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128


Server((sys.argv[1], 8000), Handler).serve_forever()
