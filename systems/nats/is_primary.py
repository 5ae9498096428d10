#!/usr/bin/env python3
"""Whether a node of NATS leads the bucket's stream: exit status 0 when it says that it does.

What it says is what it believes; one that was cut off goes on believing that it leads. It is asked in the middle of a test, on a
busy machine, so that nothing is loaded that takes time.
"""

import json
import socket
import sys

STREAM = "KV_harness"
node, ip = sys.argv[1:]
with socket.create_connection((ip, 8222), timeout=5) as connection:
    connection.sendall(b"GET /jsz?streams=true HTTP/1.0\r\n\r\n")
    answer = b""
    while part := connection.recv(1 << 16):
        answer += part
accounts = json.loads(answer.split(b"\r\n\r\n", 1)[1]).get("account_details") or []
streams = [stream for account in accounts for stream in account.get("stream_detail") or []]
leaders = [stream.get("cluster", {}).get("leader") for stream in streams if stream["name"] == STREAM]
if leaders != [node]:
    sys.exit(f"the leader of {STREAM} is {leaders[0] if leaders else 'nobody: there is no such stream'}")
