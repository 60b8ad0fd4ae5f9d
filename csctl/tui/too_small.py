"""What stands in for a screen that has no room."""

from __future__ import annotations

from textual.geometry import Size
from textual.widgets import Static

_LEAST = Size(40, 10)


class TooSmall(Static):
    """Covers the whole screen until the terminal is large enough again."""

    def __init__(self) -> None:
        super().__init__(
            f"csctl needs {_LEAST.width} columns and {_LEAST.height} rows", markup=False
        )

    @staticmethod
    def fits(size: Size) -> bool:
        """Whether a terminal of this size has room for a screen."""
        return size.width >= _LEAST.width and size.height >= _LEAST.height
