"""What one types to find something: a regular expression, and `!` for all but that."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import Self

from csctl.errors import InvalidValue

_ESCAPED = re.compile(r"\\.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Matches what holds the expression, or with `inverse` what does not."""

    text: str
    """As it was typed."""
    regex: re.Pattern[str]
    inverse: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an expression; a `!` before it turns it round. Raises InvalidValue."""
        bare = text.removeprefix("!")
        return cls(text=text, regex=compiled(bare), inverse=bare != text)

    def matches(self, text: str) -> bool:
        return (self.regex.search(text) is None) is self.inverse

    def inverted(self) -> Self:
        """The pattern that matches everything else."""
        text = self.text[1:] if self.inverse else f"!{self.text}"
        return type(self)(text=text, regex=self.regex, inverse=not self.inverse)


def compiled(text: str) -> re.Pattern[str]:
    """A regular expression that minds case if it holds a capital.

    Raises InvalidValue.
    """
    letters = _ESCAPED.sub("", text)
    flags = re.NOFLAG if letters != letters.lower() else re.IGNORECASE
    try:
        # `[[` is a warning, which Python would write over the screen.
        with warnings.catch_warnings(action="ignore"):
            return re.compile(text, flags)
    except (re.error, RecursionError, OverflowError) as error:
        raise InvalidValue(
            f"no regular expression: {error}",
            remedy="put a backslash before what is meant as it is",
        ) from error
