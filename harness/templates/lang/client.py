#!/usr/bin/env python3
"""A client for the harness: operations come in as JSON lines, outcomes go out (harness docs client-programs)."""
import http.client
import json
import sys


class NotSent(Exception):
    """Nothing has reached the node, so the operation had no effect and never will: a certain failure."""


def say(**line):
    print(json.dumps(line), flush=True)


def request(method, key, body=None):
    """What your system is asked, and how. Answers with the status and the document in the body."""
    connection = http.client.HTTPConnection(start["ip"], 8000, timeout=start["deadline_ms"] / 2000)
    try:
        connection.connect()
    except OSError as error:
        raise NotSent(f"connect: {error}") from error
    try:
        connection.request(method, f"/keys/{key}", None if body is None else json.dumps(body))
        response = connection.getresponse()
        return response.status, json.load(response)
    finally:
        connection.close()


def invoke(f, key, value):
    if f == "read":
        status, value = request("GET", key)
        return {"type": "ok", "value": value} if status == 200 else {"type": "fail", "error": f"status {status}"}
    if f == "write":
        status, _ = request("PUT", key, value)
        return {"type": "ok"} if status == 200 else {"type": "info", "error": f"status {status}"}
    if f == "cas":
        status, _ = request("POST", key, {"old": value[0], "new": value[1]})
        types = {200: "ok", 409: "fail"}
        return {"type": types.get(status, "info"), "error": f"status {status}"}
    return {"type": "fail", "error": f"there is no {f} here"}


start = json.loads(sys.stdin.readline())
say(ready=True)
for line in sys.stdin:
    operation = json.loads(line)
    try:
        outcome = invoke(operation["f"], operation["key"], operation["value"])
    except NotSent as error:
        outcome = {"type": "fail", "error": str(error)}
    except Exception as error:  # It was sent, and no answer came: nobody knows.
        outcome = {"type": "info", "error": repr(error)}
    say(id=operation["id"], **outcome)
