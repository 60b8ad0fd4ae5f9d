"""How much memory is left on the Engine's host."""

from __future__ import annotations

import re
from pathlib import Path

from csctl.engine.engine import Engine

_MEMINFO = Path("/proc/meminfo")
_LINE = re.compile(r"(\w+): +(\d+) kB")


def free_memory(engine: Engine) -> int:
    """Bytes that one more container can have. Raises EngineError.

    The kernel tells where the Engine runs under the same one as csctl. Elsewhere (in
    the virtual machine of a desktop) it is what the limits of the running containers
    leave.
    """
    told = _read_meminfo()
    total = engine.host.memory
    if told.get("MemTotal") == total and "MemAvailable" in told:
        return told["MemAvailable"]
    running = [row.name for row in engine.containers() if row.state == "running"]
    taken = (one.limits.memory or 0 for one in engine.inspect_all(running).values())
    return max(0, total - sum(taken))


def _read_meminfo() -> dict[str, int]:
    try:
        text = _MEMINFO.read_text()
    except OSError:
        return {}
    return {name: int(number) << 10 for name, number in _LINE.findall(text)}
