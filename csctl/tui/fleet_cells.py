"""The cells of a row of the fleet, cut to the width of their columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from csctl.container.observed import Container, Sample
from csctl.contract.dialects import printable
from csctl.format import Row as Said
from csctl.format import drift_words
from csctl.format import fleet as words
from csctl.lifecycle.far_row import FarRow
from csctl.profile.model import Profile
from csctl.reference import ImageReference
from csctl.tag import Tag
from csctl.tui.desk import Row, key_of
from csctl.tui.fleet_columns import Layout
from csctl.tui.sparkline import sparkline

_MODES = {"connected": "conn", "disconnected": "disc"}
_TONES = {"●": "well", "◐": "busy", "…": "busy", "✗": "wrong", "○": "faint"}
_NEWER = "↑"
_USED = {"cpu": 8, "memory": 9}
"""How wide the figures are; their history takes what is left."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A text as wide as its column, and what colour helps it."""

    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A row with all that its cells are made of."""

    row: Row
    said: Said
    """The same in the words of `csctl status`."""
    samples: Sequence[Sample] = ()
    """The newest last."""
    span: int
    """How many samples are kept at most."""
    newer: Tag | None = None
    """A release above the one that the row runs."""
    lost: bool = False
    """Whether its host does not answer, so that nobody knows the state."""

    @property
    def key(self) -> str:
        """What it is called."""
        return key_of(self.row)

    @property
    def name(self) -> str:
        """What it is called on its host."""
        return self.row.name if isinstance(self.row, FarRow) else self.row.profile

    @property
    def host(self) -> str:
        """Which host that is, in short; `-` is this one."""
        if not isinstance(self.row, FarRow):
            return "-"
        return self.row.host.text.removeprefix("ssh://").rpartition("@")[2]

    @property
    def wanted(self) -> Profile | None:
        """Its profile."""
        return self.row.wanted

    @property
    def image(self) -> ImageReference | None:
        """The image that it runs, or is to run."""
        return words.reference(self.said, self.wanted)

    @property
    def container(self) -> Container | None:
        """Its container, where that is on this host."""
        return None if isinstance(self.row, FarRow) else self.row.container

    @property
    def measurable(self) -> bool:
        """Whether this host's Engine tells what it uses: of a service nobody does."""
        one = self.container
        return one is not None and one.running and not one.serves_in_swarm

    @property
    def asking(self) -> bool:
        """Whether its host was asked, and has not answered yet."""
        return isinstance(self.row, FarRow) and self.row.told is None


def cells(facts: Facts, layout: Layout) -> tuple[Cell, ...]:
    """A row's cells."""
    return tuple(cell(facts, column.key, width) for column, width in layout.columns)


def cell(facts: Facts, key: str, width: int) -> Cell:
    """One cell of a row."""
    return _CELLS[key](facts, width)


def fit(text: str, width: int) -> str:
    """A text cut with an ellipsis, or filled up with blanks."""
    text = printable(text)
    if cell_len(text) > width:
        text = set_cell_size(text, max(0, width - 1)) + "…"[:width]
    return set_cell_size(text, width)


def state(facts: Facts) -> tuple[str, str]:
    """Glyph and word, as far as they are known now."""
    if facts.lost:
        return "?", "unknown"
    return ("…", "asking") if facts.asking else words.state(facts.said)


def text(facts: Facts) -> str:
    """What a filter looks at."""
    row, wanted = facts.said, facts.wanted
    said = (
        facts.key,
        *state(facts),
        words.mode(row, wanted),
        words.image(row, wanted),
        words.model(row, wanted),
        words.license_term(row),
    )
    return " ".join(said)


def _host(facts: Facts, width: int) -> Cell:
    return Cell(fit(facts.host, width))


def _name(facts: Facts, width: int) -> Cell:
    return Cell(fit(facts.name, width))


def _state(facts: Facts, width: int) -> Cell:
    glyph, word = state(facts)
    return Cell(fit(f"{glyph} {word}", width), _TONES.get(glyph, "faint"))


def _mode(facts: Facts, width: int) -> Cell:
    mode = words.mode(facts.said, facts.wanted)
    return Cell(fit(mode if len(mode) <= width else _MODES.get(mode, mode), width))


def _image(facts: Facts, width: int) -> Cell:
    tag = words.image(facts.said, facts.wanted)
    if facts.newer is None:
        return Cell(fit(tag, width))
    for mark in (f" {_NEWER} {facts.newer.version}", f" {_NEWER}"):
        if len(tag) + len(mark) <= width:
            break
    return Cell(fit(fit(tag, min(len(tag), width - len(mark))) + mark, width), "busy")


def _model(facts: Facts, width: int) -> Cell:
    return Cell(fit(words.model(facts.said, facts.wanted), width))


def _port(facts: Facts, width: int) -> Cell:
    return Cell(fit(words.port(facts.said, facts.wanted), width))


def _cpu(facts: Facts, width: int) -> Cell:
    container = facts.container
    if container is None or not facts.samples:
        return _no_figure(facts, width)
    limit = container.limits.cpus
    used = [sample.cpus for sample in facts.samples]
    top = limit or max(1.0, *used)
    return _figure(words.cores(used[-1], limit), used, top, facts.span, "cpu", width)


def _memory(facts: Facts, width: int) -> Cell:
    container = facts.container
    if container is None or not facts.samples:
        return _no_figure(facts, width)
    limit = container.limits.memory
    used = [sample.memory for sample in facts.samples]
    top = limit or facts.samples[-1].memory_limit or max(used)
    text = words.memory(used[-1], limit)
    return _figure(text, used, top, facts.span, "memory", width)


def _no_figure(facts: Facts, width: int) -> Cell:
    return Cell(fit("" if facts.measurable else "-", width), "faint")


def _figure(
    text: str, used: Sequence[float], top: float, span: int, key: str, width: int
) -> Cell:
    room = width - _USED[key] - 1
    if room < 1:
        return Cell(fit(text, width))
    return Cell(f"{fit(text, _USED[key])} {sparkline(used, room, span=span, top=top)}")


def _license(facts: Facts, width: int) -> Cell:
    text = words.license_term(facts.said)
    wrong = text in ("expired", "none", "damaged")
    tone = "wrong" if wrong else "busy" if text.startswith("due") else ""
    return Cell(fit(text, width), tone)


def _drift(facts: Facts, width: int) -> Cell:
    text = drift_words(facts.said)
    tone = "" if text == "none" else "faint" if text == "unknown" else "busy"
    return Cell(fit(text, width), tone)


_CELLS: dict[str, Callable[[Facts, int], Cell]] = {
    "host": _host,
    "name": _name,
    "state": _state,
    "mode": _mode,
    "image": _image,
    "model": _model,
    "port": _port,
    "cpu": _cpu,
    "memory": _memory,
    "license": _license,
    "drift": _drift,
}
