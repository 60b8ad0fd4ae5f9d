"""How an entry of a log is written on rows of some width."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rich.cells import cell_len, chop_cells

from csctl.format import log as words
from csctl.lifecycle.follow import Entry, Mark

_BELOW_MILLISECONDS = re.compile(r"(?<=\.\d{3})\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Typeset:
    """The choices of who reads."""

    columns: int
    wrapped: bool = True
    stamped: bool = False
    """Whether each line begins with the moment at which it was written."""

    def prefix(self, entry: Entry) -> str:
        """What stands before the text."""
        if not self.stamped or isinstance(entry, Mark) or not entry.stamp:
            return ""
        return _BELOW_MILLISECONDS.sub("", entry.stamp) + " "

    def text(self, entry: Entry) -> str:
        """The whole of it on one row."""
        return self.prefix(entry) + words.entry(entry)

    def pieces(self, entry: Entry) -> list[str]:
        """The text, cut into its rows: one at least."""
        text = self.text(entry)
        return (chop_cells(text, self.columns) or [""]) if self.wrapped else [text]

    def measure(self, entry: Entry) -> tuple[int, int]:
        """How many columns and rows it takes."""
        text = self.text(entry)
        cells = len(text) if text.isascii() else cell_len(text)
        if not self.wrapped or cells <= self.columns:
            return cells, 1
        if text.isascii():
            return self.columns, -(-cells // self.columns)
        return self.columns, len(self.pieces(entry))
