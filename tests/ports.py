"""TCP ports for what a test publishes."""

from __future__ import annotations

import os
import random
import socket
from itertools import cycle

_FIRST, _WORKERS, _EACH = 10_000, 16, 1_400
"""Below the ports that the kernel gives to whoever connects."""


def _block() -> range:
    """Each worker has ports of its own, so that no two choose the same."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    first = _FIRST + int(worker) % _WORKERS * _EACH
    return range(first, first + _EACH)


_NUMBERS = cycle(random.sample(_block(), _EACH))


def free_port() -> int:
    """A port of the loopback interface that nobody listens on, each time another."""
    for port in _NUMBERS:
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue
    raise AssertionError("the numbers never end")
