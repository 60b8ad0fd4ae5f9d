"""A history as one line of bars."""

from __future__ import annotations

from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"
_NOTHING = " "


def sparkline(values: Sequence[float], width: int, *, span: int, top: float) -> str:
    """The last `span` values in `width` bars, the newest on the right.

    A bar is as high as the largest of its values, and full at `top`; what is older
    than the first value is blank.
    """
    step = max(1, -(-span // width))
    bars = []
    for end in range(len(values), max(0, len(values) - step * width), -step):
        most = min(top, max(values[max(0, end - step) : end]))
        share = most / top if most > 0 else 0
        bars.append(_BARS[min(len(_BARS) - 1, int(share * len(_BARS)))])
    return "".join(reversed(bars)).rjust(width, _NOTHING)
