"""Addresses, ports and waits."""
import os
import socket
import time

# Every test process has a loopback address of its own, so that two never meet on a port.
ADDRESS = f"127.{os.getpid() // 250 % 250 + 1}.{os.getpid() % 250 + 1}.1"
# Seconds that anything may take at most. A test that passes never waits so long.
IS_SANITIZED = any(flavour in os.environ.get("LEVEE_OUT", "") for flavour in ("asan", "tsan"))
PATIENCE = 30 if IS_SANITIZED else 10


def free_port(address=ADDRESS):
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as s:
        s.bind((address, 0))
        return s.getsockname()[1]


def eventually(condition, within=None, what=""):
    """Waits until condition() is true, and returns what it returned; fails when that takes too long."""
    until = time.monotonic() + (within or PATIENCE)
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > until:
            raise AssertionError(f"did not come true in time: {what or condition}")
        time.sleep(0.005)
