"""What `newest` and `latest` of a profile mean today."""

from __future__ import annotations

from dataclasses import dataclass

from csctl.errors import RegistryError, RepositoryNotFound
from csctl.reference import ImageReference
from csctl.registry.client import Registry
from csctl.registry.tags import LATEST, read_tags, versions_of
from csctl.tag import Tag, newest


@dataclass(frozen=True, slots=True)
class Resolved:
    """An exact reference, and what was asked for."""

    reference: ImageReference
    digest: str | None
    """The registry's digest, where it had to be asked for."""
    asked: str
    """The reference as it was written: with `newest`, `latest` or what is exact."""


def resolve(registry: Registry, reference: ImageReference) -> Resolved:
    """Make a reference exact; one that is exact costs no request.

    `newest` becomes the highest release's tag. `latest` becomes the version's tag of
    the same digest, or the digest where no tag tells. Raises RegistryError.
    """
    if reference.digest is not None:
        return Resolved(reference, reference.digest, str(reference))
    match reference.tag:
        case "newest":
            return _resolve_newest(registry, reference)
        case "latest":
            return _resolve_latest(registry, reference)
        case _:
            return Resolved(reference, None, str(reference))


def _resolve_newest(registry: Registry, reference: ImageReference) -> Resolved:
    tag = newest(map(Tag.parse, registry.tags(reference.repository)))
    if tag is None:
        raise RepositoryNotFound(
            f"{reference.name} has no released version for amd64",
            remedy="name a tag; `csctl image tags` lists what is there",
        )
    return Resolved(reference.with_tag(tag.text), None, str(reference))


def _resolve_latest(registry: Registry, reference: ImageReference) -> Resolved:
    repository = reference.repository
    digest = registry.digest(repository, LATEST)
    try:
        tags = read_tags(registry, repository)
    except RegistryError:
        # Some registries give images, but no lists, to those who are not logged in.
        tags = []
    equal = versions_of(registry, repository, digest, tags)
    exact = reference.with_tag(equal[0]) if equal else reference.with_digest(digest)
    return Resolved(exact, digest, str(reference))
