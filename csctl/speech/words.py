"""Words, as two texts are compared: without case and punctuation. Pure."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+")
_APOSTROPHES = str.maketrans("", "", "'\u2019")


def words(text: str) -> tuple[str, ...]:
    """The words of a text; `It's` and `its` are one and the same."""
    plain = unicodedata.normalize("NFKC", text).translate(_APOSTROPHES)
    return tuple(_WORD.findall(plain.casefold()))
