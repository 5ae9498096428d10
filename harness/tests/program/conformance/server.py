"""Registers over HTTP on one node, kept in a file. Arguments: address, a bug or nothing, folder."""
import json, os, signal, sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer
ip, bug, folder = sys.argv[1:4]
path = os.path.join(folder, "registers")
again = os.path.exists(path)
registers = json.load(open(path)) if again and bug != "forgets" else {}
print("the bug is", bug or "none", file=sys.stderr, flush=True)
if bug == "crashes": sys.exit(7)
if bug == "never ready" or bug == "ready once" and again: time.sleep(3600)
refusals = {"mute": 1 << 30, "mute at first": 5}.get(bug, 0) if again else 0
if bug == "stays": signal.signal(signal.SIGTERM, signal.SIG_IGN)

def is_mute():
    global refusals
    refusals -= 1
    return refusals >= 0

class Handler(BaseHTTPRequestHandler):
    def answer(self, status, value=None):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        if self.path == "/ready": return self.answer(200)
        if is_mute(): return self.answer(500)
        value = registers.get(self.path)
        if bug == "texts" and value is not None: value = str(value)
        if bug == "escapes" and value is not None: value = "\x1b[2J" + "x" * 2000
        self.answer(200, {"value": value})
    def do_PUT(self):
        value = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if bug == "dies": os._exit(9)
        if is_mute(): return self.answer(500)
        if bug != "loses": registers[self.path] = value
        with open(path, "w") as file: json.dump(registers, file)
        self.answer(200)
    def do_POST(self):
        change = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        done = registers.get(self.path) == change["old"]
        if done: registers[self.path] = change["new"]
        self.answer(200 if done or bug == "agrees" else 409)
    def log_message(self, *arguments): pass

# One request after the other: what a stopped server was asked is done before what it is asked afterwards.
class Server(HTTPServer):
    request_queue_size = 128
Server((ip, 8000), Handler).serve_forever()
