#!/usr/bin/env python3
"""Whether a server of ZooKeeper leads: exit status 0 when it says that it does (`Mode: leader` of `srvr`)."""

import socket
import sys

with socket.create_connection((sys.argv[1], 2181), timeout=5) as connection:
    connection.sendall(b"srvr")
    said = b""
    while part := connection.recv(4096):
        said += part
modes = [line for line in said.decode(errors="replace").splitlines() if line.startswith("Mode: ")]
if modes != ["Mode: leader"]:
    sys.exit(modes[0] if modes else "it does not serve")
