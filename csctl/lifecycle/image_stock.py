"""Tags of an image: what the registry offers, what this Engine has, and who uses it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from csctl.container.observed import Image
from csctl.engine.engine import Engine
from csctl.errors import CsctlError, DownloadError, RegistryError, SecretUnavailable
from csctl.lifecycle.status import Status
from csctl.reference import ImageReference
from csctl.tag import Tag, newest

if TYPE_CHECKING:
    from csctl.registry.tags import TagRow

LATEST = "latest"
NEWEST = "newest"


@dataclass(frozen=True, slots=True, kw_only=True)
class StockedTag:
    """One tag, and what it is to this host."""

    tag: str
    released: bool
    prerelease: str | None
    latest: bool
    """Whether it is what `latest` names, as far as the registry tells."""
    size: int | None
    """Bytes in the Engine; None where it does not have it."""
    run_by: tuple[str, ...]
    """Containers that run it."""
    named_by: tuple[str, ...]
    """Profiles that name it, be it as `latest` or `newest`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageStock:
    """What registry and Engine told of one repository."""

    image: ImageReference
    offered: tuple[TagRow, ...]
    here: tuple[Image, ...]
    problem: CsctlError | None = None
    """Why the registry told nothing."""

    def tags(self, rows: Iterable[Status]) -> tuple[StockedTag, ...]:
        """All tags, the newest first, with who uses them by these rows."""
        return tags_of(self.image, self.offered, self.here, rows)


def look(
    engine: Engine, image: ImageReference, environ: Mapping[str, str]
) -> ImageStock:
    """Ask registry and Engine about the tags of an image. Raises EngineError."""
    offered: tuple[TagRow, ...] = ()
    problem: CsctlError | None = None
    try:
        offered = _offered(image, environ)
    except (RegistryError, SecretUnavailable, DownloadError) as error:
        problem = error
    return ImageStock(
        image=image, offered=offered, here=engine.images(), problem=problem
    )


def _offered(image: ImageReference, environ: Mapping[str, str]) -> tuple[TagRow, ...]:
    from csctl.registry.client import open_registry
    from csctl.registry.tags import list_tags

    with open_registry(image, environ) as registry:
        return tuple(list_tags(registry, image.repository))


def tags_of(
    image: ImageReference,
    offered: Iterable[TagRow],
    images: Iterable[Image],
    rows: Iterable[Status],
) -> tuple[StockedTag, ...]:
    """What the registry offers and what the Engine has as one list."""
    rows = tuple(rows)
    latest = {row.tag: row.latest for row in offered}
    here = _here(image, images)
    tags = sorted(
        (Tag.parse(text) for text in latest.keys() | here.keys()),
        key=lambda tag: tag.sort_key,
    )
    best = newest(tags)
    return tuple(
        StockedTag(
            tag=tag.text,
            released=tag.released,
            prerelease=tag.prerelease,
            latest=latest.get(tag.text, False),
            size=here[tag.text].size if tag.text in here else None,
            run_by=_run_by(here.get(tag.text), rows),
            named_by=_named_by(
                image,
                {tag.text}
                | ({LATEST} if latest.get(tag.text) else set())
                | ({NEWEST} if tag == best else set()),
                rows,
            ),
        )
        for tag in tags
    )


def _here(image: ImageReference, images: Iterable[Image]) -> dict[str, Image]:
    found = {}
    for one in images:
        for text in one.tags:
            name, _, tag = text.rpartition(":")
            # Podman puts this before the name of an image that came from no registry.
            if name.removeprefix("localhost/") == image.name:
                found[tag] = one
    return found


def _run_by(image: Image | None, rows: Iterable[Status]) -> tuple[str, ...]:
    return tuple(
        row.profile
        for row in rows
        if image is not None
        and row.container is not None
        and row.container.image_id == image.id
    )


def _named_by(
    image: ImageReference, tags: set[str], rows: Iterable[Status]
) -> tuple[str, ...]:
    return tuple(
        row.profile
        for row in rows
        if row.wanted is not None
        and row.wanted.image.name == image.name
        and row.wanted.image.digest is None
        and row.wanted.image.tag in tags
    )
