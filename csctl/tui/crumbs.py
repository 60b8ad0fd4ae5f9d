"""The first line of every screen: where one is, and on which Engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from rich.cells import cell_len
from rich.text import Text
from textual.widget import Widget

if TYPE_CHECKING:
    from csctl.tui.app import CsctlApp

_PARTED = " › "
_GAP = 2
_HOST_SHARE = 3
"""The Engine's name may take a third of the line."""


class Crumbs(Widget):
    """Breadcrumbs on the left, the Engine on the right."""

    def show(self) -> None:
        """Draw it anew: another screen, or another state of the Engine."""
        self.refresh()

    def render(self) -> Text:
        width = self.size.width
        right = self._right(width // _HOST_SHARE)
        room = width - right.cell_len - _GAP
        left = Text(trail(cast("CsctlApp", self.app).crumbs, room), "bold")
        left.truncate(max(0, room), overflow="ellipsis", pad=True)
        return Text.assemble(left, " " * _GAP, right, no_wrap=True)

    def _right(self, most: int) -> Text:
        desk = cast("CsctlApp", self.app).desk
        text = Text()
        if desk.read_only:
            text.append("read-only ", "bold")
        if desk.lost is not None:
            text.append("✗ Engine lost", "bold reverse")
        elif desk.engine is None:
            text.append("… connecting")
        else:
            host = Text(desk.engine.host.name)
            host.truncate(most, overflow="ellipsis")
            text.append_text(host)
        return text


def trail(crumbs: Sequence[str], room: int) -> str:
    """Breadcrumbs as wide as `room` at most; what is cut is cut in the middle.

    The last one stays whole even where it does not fit.
    """
    whole = list(crumbs)
    for kept in range(len(whole), 0, -1):
        ends = whole[: kept // 2], whole[len(whole) - (kept - kept // 2) :]
        gap = ["…"] if kept < len(whole) else []
        text = _PARTED.join([*ends[0], *gap, *ends[1]])
        if cell_len(text) <= room:
            return text
    return whole[-1]
