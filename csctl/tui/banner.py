"""A line that is there only while there is something to say."""

from __future__ import annotations

from collections.abc import Sequence

from textual.widgets import Static


class Banner(Static):
    """The first of some sentences, and how many more there are."""

    def __init__(self, glyph: str, *, id: str) -> None:
        super().__init__(id=id, markup=False)
        self._glyph = glyph
        self.display = False

    def tell(self, sentences: Sequence[str]) -> None:
        """Say these, the most urgent first; nothing hides the line."""
        self.display = bool(sentences)
        if sentences:
            first, *others = sentences
            more = f", and {len(others)} more" if others else ""
            self.update(f"{self._glyph} {first}{more}")
