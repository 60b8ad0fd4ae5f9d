"""The tags of a repository as people read them, and what `latest` stands for."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice

from csctl.errors import RegistryError
from csctl.registry.client import Registry
from csctl.tag import PLATFORM, Tag

LATEST = "latest"
_CANDIDATES = 8
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class TagRow:
    """One tag of a listing."""

    tag: str
    version: str | None
    platform: str | None
    prerelease: str | None
    released: bool
    latest: bool
    """Whether this is what `latest` names, as far as the registry's digests tell."""


def list_tags(registry: Registry, repository: str) -> list[TagRow]:
    """All tags of a repository, newest first. Raises RegistryError."""
    tags = read_tags(registry, repository)
    equal: set[str] = set()
    if any(tag.text == LATEST for tag in tags):
        digest = _digest(registry, repository, LATEST)
        if digest is not None:
            equal = {LATEST, *versions_of(registry, repository, digest, tags)}
    return [_row(tag, latest=tag.text in equal) for tag in tags]


def read_tags(registry: Registry, repository: str) -> list[Tag]:
    """All tags of a repository, newest first. Raises RegistryError."""
    tags = map(Tag.parse, registry.tags(repository))
    return sorted(tags, key=lambda tag: tag.sort_key)


def versions_of(
    registry: Registry, repository: str, digest: str, tags: Iterable[Tag]
) -> list[str]:
    """The version tags that a digest stands for, of the few that are likely.

    Asks for the digests of the newest releases first, then of previews, some at a
    time, and no further once one is found.
    """
    candidates = iter(sorted(filter(_is_version, tags), key=_likelihood)[:_CANDIDATES])
    ask = partial(_digest, registry, repository)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while batch := [tag.text for tag in islice(candidates, _AT_ONCE)]:
            digests = zip(batch, pool.map(ask, batch), strict=True)
            if equal := [text for text, found in digests if found == digest]:
                return equal
    return []


def _is_version(tag: Tag) -> bool:
    return tag.version is not None


def _likelihood(tag: Tag) -> tuple[bool, bool, object]:
    special = tag.locale is not None or tag.platform not in (None, PLATFORM)
    return not tag.released, special, tag.sort_key


def _digest(registry: Registry, repository: str, tag: str) -> str | None:
    """None where the registry gives none: a listing is worth showing without it."""
    try:
        return registry.digest(repository, tag)
    except RegistryError:
        return None


def _row(tag: Tag, *, latest: bool) -> TagRow:
    return TagRow(
        tag=tag.text,
        version=None if tag.version is None else str(tag.version),
        platform=tag.platform,
        prerelease=tag.prerelease,
        released=tag.released,
        latest=latest,
    )
