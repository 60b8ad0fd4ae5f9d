"""The parts of the details: each draws one side of a profile and its container."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from csctl.contract.dialects import printable
from csctl.format import details as words
from csctl.format import stock, usage
from csctl.lifecycle.commitment import Commitment
from csctl.lifecycle.details import Details
from csctl.lifecycle.fields import FieldRow
from csctl.lifecycle.part import Part
from csctl.tui.sections import Section

_WIDE = 100
_BAR = 32
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_DRIFTED = "≠"


class DetailPart(Section):
    """One part; empty until the first look."""

    title: ClassVar[str] = ""
    names: ClassVar[int] = 9
    """How wide the column of names is at least."""

    def __init__(self) -> None:
        super().__init__(name=self.title.lower(), id=self.title.lower())
        self._details: Details | None = None

    def show(self, details: Details) -> None:
        """Draw what the newest look found, where that is new."""
        if details != self._details:
            self._details = details
            self.refresh(layout=True)

    def render(self) -> RenderableType:
        if self._details is None:
            return Text("looking…", "dim")
        return Group(*self.told(self._details))

    def told(self, details: Details) -> Iterator[RenderableType]:
        """What there is to say."""
        raise NotImplementedError

    def notes(self, part: Part[Any]) -> Iterator[Text]:
        """Why something is not there."""
        return (Text(f"· {printable(note)}", "dim") for note in part.notes)

    def pairs(self, pairs: Iterable[tuple[str, str]]) -> Table:
        """Names, and what is to be said of each."""
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True, style="dim", min_width=self.names)
        table.add_column(ratio=1, overflow="fold")
        for name, text in pairs:
            table.add_row(name, Text(printable(text), self._style_of(name)))
        return table

    def _style_of(self, name: str) -> str:
        return self.style("warning") if name in ("warning", "problem") else ""

    def table(self, headers: Sequence[str], rows: Iterable[Sequence[Text]]) -> Table:
        """Columns that share the room; cells wrap, so that nothing is lost."""
        table = Table(box=None, expand=True, padding=(0, 2, 0, 0), header_style="dim")
        for header in headers:
            table.add_column(header, overflow="fold")
        for row in rows:
            table.add_row(*row)
        return table


class OverviewPart(DetailPart):
    """What it is, how it does, and what was applied lately."""

    title = "Overview"

    def told(self, details: Details) -> Iterator[RenderableType]:
        yield self.pairs(words.overview(details))
        yield Text("\nhistory", "bold")
        for entry in details.history:
            head, *lines = words.entry_lines(entry)
            yield Text(printable(head))
            yield from (Text(printable(line), "dim") for line in lines)
        if not details.history:
            yield Text("nothing was applied since a history is kept", "dim")


class FieldsPart(DetailPart):
    """Profile, last apply and container, field by field."""

    title = "Fields"
    names = len("profile, applied, live")

    def __init__(self) -> None:
        super().__init__()
        self._drifted_only = False

    def turn(self) -> None:
        """Show only what drifted, or all again."""
        self._drifted_only = not self._drifted_only
        self.refresh(layout=True)

    def told(self, details: Details) -> Iterator[RenderableType]:
        fields = details.fields.rows
        drifted = tuple(one for one in fields if one.drifted_by is not None)
        turned = "all" if self._drifted_only else "only these"
        yield Text(
            f"{len(drifted)} of {len(fields)} fields drifted; f shows {turned}", "bold"
        )
        yield Text()
        shown = drifted if self._drifted_only else fields
        if self.size.width >= _WIDE:
            yield self.table(words.FIELD_HEADERS, map(self._row, shown))
        else:
            yield from self._stacked(shown)
        yield from self.notes(details.fields)

    def _row(self, field: FieldRow) -> tuple[Text, ...]:
        _, *sides, _ = map(printable, words.field_cells(field))
        return (self._head(field), *map(Text, sides), Text(field.drifted_by or ""))

    def _stacked(self, fields: Iterable[FieldRow]) -> Iterator[RenderableType]:
        """For a narrow screen: the sides below each other, alike ones as one."""
        for one in fields:
            yield self._head(one)
            told = {"profile": one.profile, "applied": one.applied, "live": one.live}
            sides: dict[str, list[str]] = {}
            for side, text in told.items():
                if text is not None:
                    sides.setdefault(words.shown(text), []).append(side)
            yield self.pairs((", ".join(names), text) for text, names in sides.items())

    def _head(self, field: FieldRow) -> Text:
        if field.drifted_by is None:
            return Text(field.field, "bold")
        head = f"{_DRIFTED} {field.field}"
        if self.size.width < _WIDE:
            head += f": drifted by {field.drifted_by}"
        return Text(head, f"bold {self.style('warning')}")


class ModelsPart(DetailPart):
    """The model on disk, and its display models."""

    title = "Models"

    def told(self, details: Details) -> Iterator[RenderableType]:
        for one in details.models.rows:
            yield self.pairs(words.model_pairs(one))
            yield Text()
        yield from self.notes(details.models)


class LicensePart(DetailPart):
    """The license sets on this host."""

    title = "License"

    def told(self, details: Details) -> Iterator[RenderableType]:
        for one in details.licenses.rows:
            mark = "● " if one.serves else "○ "
            yield Text(mark + stock.license_standing(one), "bold")
            lines = (line.partition(" ") for line in stock.license_lines(one))
            yield self.pairs((name, text.strip()) for name, _, text in lines)
            yield Text()
        yield from self.notes(details.licenses)


class MountsPart(DetailPart):
    """Where the mounts lead, and whose that is."""

    title = "Mounts"

    def told(self, details: Details) -> Iterator[RenderableType]:
        for one in details.mounts.rows:
            path, target, mode, *owners = words.mount_cells(one)
            yield Text(printable(path), "bold")
            names = (name.lower() for name in words.MOUNT_HEADERS[3:])
            yield self.pairs(
                [
                    ("at", f"{target} ({mode})"),
                    *zip(names, owners, strict=True),
                ]
            )
            yield Text()
        yield from self.notes(details.mounts)


class UsagePart(DetailPart):
    """What each month used, as bars."""

    title = "Usage"

    def told(self, details: Details) -> Iterator[RenderableType]:
        months = details.usage.rows
        for meter in dict.fromkeys(name for one in months for name in one.meters):
            yield Text(printable(meter), "bold")
            most = max(one.meters.get(meter, 0) for one in months)
            chart = Table.grid(padding=(0, 2, 0, 0))
            for one in months:
                used = one.meters.get(meter, 0)
                chart.add_row(one.month, self._bar(used, most), f"{used:,.10g}")
            yield chart
            yield Text()
        if details.commitment is not None:
            yield from self._commitment(details.commitment)
        if months and not any(one.meters for one in months):
            yield Text(f"no use from {months[0].month} to {months[-1].month}")
        yield from self.notes(details.usage)

    def _commitment(self, bought: Commitment) -> Iterator[RenderableType]:
        """The year's use as a bar whose full length is what was bought."""
        told = f"commitment: {usage.commitment_words(bought)}"
        if bought.near:
            yield Text(f"! {told}", f"bold {self.style('warning')}")
        else:
            yield Text(told, "bold")
        yield self._bar(min(bought.used, bought.hours), bought.hours)
        yield Text()

    def _bar(self, used: float, most: float) -> Text:
        width = min(_BAR, max(8, self.size.width - 32))
        eighths = round(8 * width * used / most) if most > 0 else 0
        full, rest = divmod(max(eighths, int(used > 0)), 8)
        bar = "█" * full + (_EIGHTHS[rest] if rest else "")
        return Text(f"{bar:<{width}}", self.style("primary"))


PARTS: tuple[type[DetailPart], ...] = (
    OverviewPart,
    FieldsPart,
    ModelsPart,
    LicensePart,
    MountsPart,
    UsagePart,
)
"""In the order of their keys, from 1."""
