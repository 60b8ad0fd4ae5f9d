"""systemd units that check, or refresh, licenses and write metrics by timers. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_PLAIN = re.compile(r"[A-Za-z0-9_@+=:,./-]+")
_TIMER = """\
[Unit]
Description={description}

[Timer]
{when}

[Install]
WantedBy=timers.target
"""
_DAILY = "OnCalendar=daily\nRandomizedDelaySec=1h\nPersistent=yes"
_OFTEN = "OnCalendar=*:0/5\nRandomizedDelaySec=30s"


@dataclass(frozen=True, slots=True)
class Unit:
    """A file of `/etc/systemd/system`."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the units are to run."""

    csctl: Sequence[str]
    """The words that run csctl, with the options that name the Engine."""
    profiles: Sequence[str]
    """Absolute paths."""
    textfile: Path
    """The file that node_exporter's textfile collector reads."""
    keys: Path
    """Variables for profiles that take their keys from the environment."""
    refreshes: bool
    """Whether licenses that are due are refreshed, which needs a network."""


def units(order: Order) -> tuple[Unit, ...]:
    """A service and a timer for licenses, and for metrics."""
    verb: tuple[str, ...]
    if order.refreshes:
        name, verb = "csctl-license-refresh", ("license", "refresh", "--due", "--yes")
        description = "refresh csctl's licenses that are due"
    else:
        name, verb = "csctl-license-check", ("license", "check")
        description = "check csctl's licenses; fails where one is due"
    licenses = _service(
        f"{description[0].upper()}{description[1:]}",
        [*order.csctl, *verb, *order.profiles],
        unit=_after(network=order.refreshes),
        keys=order.keys,
    )
    metrics = _service(
        "Write csctl's metrics for node_exporter",
        [*order.csctl, "metrics", "-o", str(order.textfile), *order.profiles],
        unit=(
            *_after(network=False),
            f"ConditionPathIsDirectory={_escape(str(order.textfile.parent))}",
        ),
        keys=order.keys,
        more=("TimeoutStartSec=2min",),
    )
    return (
        Unit(f"{name}.service", licenses),
        Unit(f"{name}.timer", _timer(f"Daily: {description}", _DAILY)),
        Unit("csctl-metrics.service", metrics),
        Unit("csctl-metrics.timer", _timer("Write csctl's metrics", _OFTEN)),
    )


def _after(*, network: bool) -> Iterator[str]:
    if network:
        yield "Wants=network-online.target"
        yield "After=network-online.target docker.service"
    else:
        yield "After=docker.service"


def _service(
    description: str,
    command: Iterable[str],
    *,
    unit: Iterable[str],
    keys: Path,
    more: Iterable[str] = (),
) -> str:
    lines = (
        "[Unit]",
        f"Description={description}",
        *unit,
        "",
        "[Service]",
        "Type=oneshot",
        # A leading `-`: the file need not be there.
        f"EnvironmentFile=-{_escape(str(keys))}",
        f"ExecStart={' '.join(map(_quote, command))}",
        "NoNewPrivileges=yes",
        *more,
    )
    return "\n".join(lines) + "\n"


def _timer(description: str, when: str) -> str:
    return _TIMER.format(description=description, when=when)


def _quote(word: str) -> str:
    """A word of a command as systemd.service(5) reads it, with nothing expanded."""
    text = _escape(word).replace("$", "$$")
    if _PLAIN.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _escape(text: str) -> str:
    """Text in which `%` means itself."""
    return text.replace("%", "%%")
