"""Usage records of a disconnected container: one file per instance and month."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from typing import Any

from .disk import Disk

SERVICE = "speechtotext"
METER = "SpeechToText.Custom.ServiceSeconds"


class Meter:
    """Counts the seconds of audio heard into the instance's own directory."""

    def __init__(self, directory: str, disk: Disk) -> None:
        self._directory = directory
        self._disk = disk
        self._lock = threading.Lock()
        self._unwritten = 0.0

    def add(self, seconds: float) -> None:
        """Count audio that was heard; from whatever thread."""
        with self._lock:
            self._unwritten += seconds

    def write(self) -> None:
        """Add the whole seconds so far to this month. Raises OSError."""
        path = f"{self._directory}/usage-{time.strftime('%Y-%m', time.gmtime())}.json"
        seconds = int(self._unwritten)
        record = _report(Counter({METER: _read(path)[METER] + seconds}))
        self._disk.replace(path, json.dumps(record).encode())
        self.add(-seconds)


def report(output: str, month: str = "") -> dict[str, Any]:
    """The records of all instances below the output mount, of `2026-09` or of all."""
    total: Counter[str] = Counter()
    root = f"{output}/{SERVICE}"
    for instance in sorted(os.listdir(root)):
        folder = f"{root}/{instance}"
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            if name.startswith(f"usage-{month}") and name.endswith(".json"):
                total.update(_read(f"{folder}/{name}"))
    return _report(total)


def _report(quantities: Counter[str]) -> dict[str, Any]:
    meters = [{"name": name, "quantity": count} for name, count in quantities.items()]
    return {"apiType": SERVICE, "serviceName": SERVICE, "meters": meters}


def _read(path: str) -> Counter[str]:
    try:
        with open(path, encoding="utf-8") as file:
            meters = json.load(file)["meters"]
            return Counter({meter["name"]: meter["quantity"] for meter in meters})
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return Counter()
