"""One check's result, as `doctor` and `endpoint check` give a list of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from csctl.errors import CsctlError


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check's result. `error` decides the exit code where it is not ok."""

    check: str
    ok: bool
    detail: str
    remedy: str | None = None
    error: type[CsctlError] = CsctlError

    @classmethod
    def failed(cls, check: str, error: CsctlError) -> Self:
        """A check that an error ended."""
        return cls(
            check=check,
            ok=False,
            detail=error.message,
            remedy=error.remedy,
            error=type(error),
        )
