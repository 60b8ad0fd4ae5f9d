"""Paths inside a bundle: the few forms that every file system and tar reader takes.

No path that passes here can lead out of the directory it is unpacked in: there is no
`..`, no root, no link, and no character that means something to a shell or terminal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

MANIFEST = "csctl-bundle.json"
SIGNATURE = "csctl-bundle.json.sig"
SUMS = "SHA256SUMS"
HOWTO = "HOWTO.txt"

DIRECTORIES: Mapping[str, str] = {
    "image": "image/",
    "model": "models/",
    "license": "licenses/",
    "profile": "profiles/",
    "csctl": "csctl/",
}
"""By role of a file, where it lies; the members come in this order of roles."""

FILES_LIMIT = 100_000
SEGMENT = r"[A-Za-z0-9._@+-]{1,128}"
_SEGMENT = re.compile(SEGMENT)
_DEPTH = 8
_PREFIX_BYTES = 155
_NAME_BYTES = 100


def fault(path: str, role: str) -> str | None:
    """Why a bundle carries no file of this path in this role; None where it may."""
    segments = path.split("/")
    bad = next((s for s in segments if not _SEGMENT.fullmatch(s)), None)
    if bad is not None:
        return (
            f"{plain(bad)!r} is no name for a file in a bundle: it has 1 to 128"
            " letters, digits, '.', '_', '@', '+' and '-'"
        )
    if "." in segments or ".." in segments:
        return "'.' and '..' lead out of the bundle"
    if len(segments) > _DEPTH:
        return f"lies {len(segments)} levels deep, {_DEPTH} are the most"
    if split(path) is None:
        return "its path is too long for tar"
    if role == "howto":
        return None if path == HOWTO else f"is not {HOWTO}"
    if not path.startswith(DIRECTORIES[role]):
        return f"lies outside of {DIRECTORIES[role]}"
    return None


def clashes(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Paths that a file system which ignores case cannot keep apart, with why."""
    files: dict[str, str] = {}
    for path in paths:
        other = files.setdefault(path.lower(), path)
        if other is not path:
            yield path, f"comes twice, also as {other}"
    for path in files.values():
        lower = path.lower()
        for end in (i for i, char in enumerate(lower) if char == "/"):
            if lower[:end] in files:
                yield path, f"lies below {files[lower[:end]]}, which is a file"


def split(path: str) -> tuple[str, str] | None:
    """A path as the prefix and the name of a tar header; None where it is too long."""
    if len(path) <= _NAME_BYTES:
        return "", path
    slash = path.find("/", len(path) - _NAME_BYTES - 1)
    if not 0 < slash <= _PREFIX_BYTES:
        return None
    return path[:slash], path[slash + 1 :]


def plain(text: str, limit: int = 128) -> str:
    """A stranger's text, shortened, with nothing in it that a terminal obeys."""
    short = text[:limit] + ("..." if len(text) > limit else "")
    return "".join(
        char if char.isascii() and char.isprintable() else ascii(char)[1:-1]
        for char in short
    )
