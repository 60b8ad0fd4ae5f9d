"""The Engine at one moment: one look serves all profiles.

One list of containers, and only those that matter to a profile are inspected, side by
side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from csctl.container.observed import Container, Host, Image, Listed
from csctl.container.spec import old_name
from csctl.engine.engine import Engine
from csctl.profile.model import Profile
from csctl.profile.replica import replicas_of
from csctl.reference import ImageReference

MOVING = ("latest", "newest")
"""Tags that mean another image by and by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The Engine at one moment, as far as some profiles go."""

    host: Host
    listed: tuple[Listed, ...]
    containers: Mapping[str, Container]
    """Inspected ones, by name."""
    images: Mapping[str, Image | None]
    """Those that the profiles name exactly, by reference."""


def take(engine: Engine, profiles: Iterable[Profile]) -> Snapshot:
    """Ask the Engine once for all profiles. Raises EngineError."""
    profiles = tuple(profiles)
    names = {n for p in profiles for one in _names(p) for n in (one, old_name(one))}
    asked = {image for p in profiles for image in _images(p)}
    images = {str(image) for image in asked if image.tag not in MOVING}
    with ThreadPoolExecutor(4) as pool:
        host = pool.submit(lambda: engine.host)
        looked = {name: pool.submit(engine.image, name) for name in images}
        listed = engine.containers()
        wanted = [row.name for row in listed if row.name in names]
        return Snapshot(
            host=host.result(),
            listed=listed,
            containers=engine.inspect_all(wanted),
            images={name: look.result() for name, look in looked.items()},
        )


def _names(profile: Profile) -> tuple[str, ...]:
    """The names of a profile's containers: its front, and what serves behind it."""
    return profile.name, *(one.name for one in replicas_of(profile))


def _images(profile: Profile) -> Iterator[ImageReference]:
    yield profile.image
    if (front := profile.fronted_by) is not None:
        yield front.image
