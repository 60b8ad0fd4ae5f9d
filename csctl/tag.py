"""Tags of the speech images, read as version, platform, prerelease and locale.

Both `2.2.0-amd64-preview` and `5.0.1-preview-amd64` occur: the prerelease word
stands before the platform since 5.0, and after it before that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.version import Version

PLATFORM = "amd64"
"""The platform that the speech images are made for."""

_STAGES = ("rc", "preview", "beta", "alpha")
_PRERELEASE = rf"(?:{'|'.join(_STAGES)})(?:\.?[0-9]{{1,9}})?"
_TAG = re.compile(
    r"(?P<version>[0-9]{1,9}(?:\.[0-9]{1,9}){1,3})"
    rf"(?:-(?P<before>{_PRERELEASE}))?"
    r"(?:-(?P<platform>amd64|arm64|arm))?"
    r"(?:-(?P<locale>[a-z]{2,3}(?:-[a-z]{4})?-[a-z]{2}"
    rf"(?:-(?!{_PRERELEASE})[a-z]+)?))?"
    rf"(?:-(?P<after>{_PRERELEASE}))?",
    re.ASCII | re.IGNORECASE,
)
_STAGE = re.compile(r"([a-z]+)\.?([0-9]*)")


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag as the registry spells it, and what can be read in it."""

    text: str
    version: Version | None = None
    """Without the prerelease; None for `latest` and for what is no version."""
    platform: str | None = None
    prerelease: str | None = None
    locale: str | None = None

    @classmethod
    def parse(cls, text: str) -> Tag:
        """Read a tag. Never fails: what is no version has only its text."""
        match = _TAG.fullmatch(text)
        if match is None:
            return cls(text)
        from packaging.version import Version

        return cls(
            text,
            Version(match["version"]),
            _lower(match["platform"]),
            _lower(match["before"] or match["after"]),
            _lower(match["locale"]),
        )

    @property
    def released(self) -> bool:
        """Whether this is a version, and no preview of one."""
        return self.version is not None and self.prerelease is None

    @property
    def sort_key(self) -> tuple[bool, tuple[int, ...], tuple[int, int], bool, str]:
        """Ascending keys give the newest tag first, and `latest` the last.

        A release comes before its own previews, and equal versions by their text.
        """
        numbers = () if self.version is None else (*self.version.release, 0, 0)
        return (
            self.version is None,
            tuple(-number for number in numbers[:4]),
            _stage(self.prerelease),
            self.text == "latest",
            self.text,
        )

    def __str__(self) -> str:
        return self.text


def newest(tags: Iterable[Tag]) -> Tag | None:
    """The highest release for amd64 and for every locale, or None without one."""
    fitting = (
        tag
        for tag in tags
        if tag.released and tag.platform in (None, PLATFORM) and tag.locale is None
    )
    return min(fitting, key=lambda tag: tag.sort_key, default=None)


def newer(than: Tag, tags: Iterable[Tag]) -> Tag | None:
    """The newest release where it is above a tag; None too where that is no version."""
    best = newest(tags)
    if best is None or than.version is None:
        return None
    return best if best.sort_key[:3] < than.sort_key[:3] else None


def _stage(prerelease: str | None) -> tuple[int, int]:
    match = _STAGE.fullmatch(prerelease) if prerelease else None
    if match is None:
        return -1, 0
    return _STAGES.index(match[1]), -int(match[2] or 0)


def _lower(text: str | None) -> str | None:
    return text and text.lower()
