"""A client program for that server. Arguments: a bug or nothing."""
import json, sys, http.client
bug = sys.argv[1]
print("the client is here", file=sys.stderr, flush=True)
start = json.loads(sys.stdin.readline())
if bug == "greets": print("hello", flush=True)
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    op = json.loads(line)
    out = {"id": op["id"], "type": "ok"}
    if bug == "prints": print("writing \x1b[2J to the server", flush=True)
    try:
        c = http.client.HTTPConnection(start["ip"], 8000, timeout=0.5)
        c.request({"read": "GET", "write": "PUT", "cas": "POST"}[op["f"]], f"/keys/{op['key']}", json.dumps(op["value"]))
        answer = json.load(c.getresponse())
        if op["f"] == "read": out["value"] = answer["value"] if bug != "texts" else str(answer["value"])
    except TimeoutError:
        out["type"] = "fail" if bug == "certain" else "info"
    except OSError as error:
        out["type"], out["error"] = "fail", str(error)
    print(json.dumps(out), flush=True)
