"""What one types to find something: a regular expression, and `!` for all but that."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from csctl.errors import InvalidValue

if TYPE_CHECKING:
    import regex

_ESCAPED = re.compile(r"\\.")
TOO_SLOW = "takes too long, and was given up"
_SECONDS = 0.05
"""So long an expression may look at one text; one that tries all ways never ends."""


@dataclass(slots=True)
class Expression:
    """A regular expression that holds up nobody: too slow once, it finds no more."""

    text: str
    """As it was typed."""
    compiled: regex.Pattern[str]
    too_slow: bool = field(default=False, compare=False)

    def found(self, text: str) -> bool:
        """Whether the text holds it."""
        return any(self.spans(text))

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where the text holds it, from left to right."""
        if self.too_slow:
            return
        try:
            for match in self.compiled.finditer(text, timeout=_SECONDS):
                yield match.span()
        except TimeoutError:
            self.too_slow = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Matches what holds the expression, or with `inverse` what does not."""

    text: str
    """As it was typed."""
    expression: Expression
    inverse: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an expression; a `!` before it turns it round. Raises InvalidValue."""
        bare = text.removeprefix("!")
        return cls(text=text, expression=expression(bare), inverse=bare != text)

    def matches(self, text: str) -> bool:
        """Whether it lets a text through; one that was given up lets all through."""
        found = self.expression.found(text)
        return self.too_slow or found is not self.inverse

    @property
    def too_slow(self) -> bool:
        """Whether it was given up."""
        return self.expression.too_slow

    def inverted(self) -> Self:
        """The pattern that matches everything else."""
        text = self.text[1:] if self.inverse else f"!{self.text}"
        return type(self)(
            text=text, expression=self.expression, inverse=not self.inverse
        )


def expression(text: str) -> Expression:
    """A regular expression that minds case if it holds a capital.

    Raises InvalidValue.
    """
    # Python's own cannot be stopped. Loaded by the first that is typed.
    import regex

    letters = _ESCAPED.sub("", text)
    flags = 0 if letters != letters.lower() else regex.IGNORECASE
    try:
        # `[[` is a warning, which Python would write over the screen.
        with warnings.catch_warnings(action="ignore"):
            return Expression(text, regex.compile(text, flags))
    except (regex.error, RecursionError, OverflowError) as error:
        raise InvalidValue(
            f"no regular expression: {error}",
            remedy="put a backslash before what is meant as it is",
        ) from error
