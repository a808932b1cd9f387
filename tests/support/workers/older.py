"""Speaks a protocol that the daemon no longer knows."""

import json
import os
import socket
import time

from arni_edge.supervision.link import FD_VARIABLE, PROTOCOL


def main() -> None:
    link = socket.socket(fileno=int(os.environ[FD_VARIABLE]))
    hello = {"type": "hello", "worker": "probe", "protocol": PROTOCOL - 1, "pid": os.getpid()}
    link.sendall(json.dumps(hello).encode() + b"\n")
    time.sleep(3600)
