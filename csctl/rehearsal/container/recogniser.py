"""Who turns audio into text. This one does not listen, and says so."""

from __future__ import annotations

from array import array
from typing import Protocol

_WORDS_PER_SECOND = 3


class Recogniser(Protocol):
    """What a turn asks of whoever recognises; several threads ask at once."""

    notice: str
    """What its results are worth, for `/status`."""

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

    def recognise(self, samples: array[int], rate: int) -> str:  # noqa: ARG002
        """The text, whatever was said."""
        return self._text

    def guess(self, samples: array[int], rate: int) -> str:
        """As many of its words as might be spoken by then."""
        spoken = len(samples) * _WORDS_PER_SECOND // rate
        return " ".join(self._text.split()[: max(1, spoken)])
