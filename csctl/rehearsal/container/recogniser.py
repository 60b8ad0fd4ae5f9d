"""Who turns audio into text. The one in here does not listen, and says so."""

from __future__ import annotations

import os
from array import array
from typing import Protocol

ENGINE = "/app/hear"
"""Where the image keeps a real recogniser, if it was built with one."""

_WORDS_PER_SECOND = 3


class Recogniser(Protocol):
    """What a turn asks of whoever recognises; several threads ask at once."""

    notice: str
    """What its results are worth, for `/status`."""

    def load(self) -> None:
        """Get ready for the first question. Raises OSError."""

    def recognise(self, samples: array[int], rate: int) -> str:
        """The text of a whole utterance; empty where there is none."""

    def guess(self, samples: array[int], rate: int) -> str:
        """The text so far of one that goes on; empty where that would take long."""


class FixedText:
    """Answers every utterance with the same text."""

    notice = (
        "fixed text: nothing is recognised, and nothing is said of a custom model's"
        " quality"
    )

    def __init__(self, text: str) -> None:
        self._text = text

    def load(self) -> None:
        """There is nothing to load."""

    def recognise(self, samples: array[int], rate: int) -> str:  # noqa: ARG002
        """The text, whatever was said."""
        return self._text

    def guess(self, samples: array[int], rate: int) -> str:
        """As many of its words as might be spoken by then."""
        spoken = len(samples) * _WORDS_PER_SECOND // rate
        return " ".join(self._text.split()[: max(1, spoken)])


def choose(text: str) -> Recogniser:
    """The one that the image brings; without one, the fixed text."""
    if not os.path.isdir(ENGINE):
        return FixedText(text)
    from .moonshine import Moonshine

    return Moonshine()
