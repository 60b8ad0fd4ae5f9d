"""`${VAR}` and `${VAR:-default}` in the strings of a profile."""

from __future__ import annotations

import re
from collections.abc import Mapping

from csctl.errors import InvalidValue

_LIMIT = 1 << 20
# No braces in a default: a search that stops at the next brace stays linear.
_VARIABLE = re.compile(r"\$\$(?=\{)|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^{}]*))?\})?")
# How Python shows bytes of the environment that are no UTF-8.
_NO_TEXT = re.compile(r"[\ud800-\udfff]")


class Variables:
    """The variables of an environment, for all strings of one file.

    What they expand to is limited for the whole file, so that a few bytes of profile
    cannot fill the memory.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._left = _LIMIT

    def replace(self, text: str) -> str:
        """The text with its variables replaced; `$${` gives `${`. Raises InvalidValue.

        The default also stands for an empty variable. No message holds a value.
        """
        parts: list[str] = []
        end = 0
        for match in _VARIABLE.finditer(text):
            value = "$" if match[0] == "$$" else self._value(match[1], match[2])
            self._left -= len(value)
            if self._left < 0:
                raise InvalidValue("variables expand to more than 1 MiB in this file")
            if not value.isascii() and _NO_TEXT.search(value):
                raise InvalidValue(f"variable {match[1]} does not hold text")
            parts += text[end : match.start()], value
            end = match.end()
        return "".join(parts) + text[end:]

    def _value(self, name: str | None, default: str | None) -> str:
        if name is None:
            raise InvalidValue(
                "a variable is written ${NAME} or ${NAME:-default}, without braces in"
                " the default; write $${ where ${ itself is meant"
            )
        value = self._environ.get(name, "")
        if default is not None:
            value = value or default
        elif name not in self._environ:
            raise InvalidValue(
                f"variable {name} is not set: set it, or write ${{{name}:-default}}"
            )
        return value
