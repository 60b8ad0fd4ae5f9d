"""Pulling the image of a profile."""

from __future__ import annotations

from collections.abc import Generator, Mapping

from csctl.container.observed import Image
from csctl.engine.engine import Engine
from csctl.engine.pull import pull
from csctl.errors import (
    CsctlError,
    DownloadError,
    EngineError,
    EngineUnavailable,
    ImageNotFound,
    PlatformMissing,
    RegistryError,
    RepositoryNotFound,
    SecretUnavailable,
)
from csctl.lifecycle.events import Event, Note, Transfer
from csctl.reference import ImageReference

PLATFORM = "linux/amd64"
"""The only platform that speech containers are made for (facts, section 3)."""


def pull_image(
    engine: Engine, reference: ImageReference, environ: Mapping[str, str]
) -> Generator[Event, None, Image]:
    """Pull an image with exact totals, read from its manifest beforehand.

    Where the registry tells csctl nothing, the Engine may still reach it (a mirror,
    other credentials): then totals are unknown. Raises RegistryError, EngineError.
    """
    from csctl.registry.client import open_registry

    layers: dict[str, int] | None = None
    refusal: CsctlError | None = None
    try:
        with open_registry(reference, environ) as registry:
            manifest = registry.manifest(
                reference.repository, reference.digest or reference.tag or "latest"
            )
        layers = {layer.digest: layer.size for layer in manifest.layers}
    except PlatformMissing:
        raise
    except (RegistryError, SecretUnavailable, DownloadError) as error:
        # SecretUnavailable: a credential helper that the Engine may not need.
        refusal = error
        yield Note(text=f"sizes are unknown: {error.message}")
    what = f"pulling {reference}"
    try:
        for progress in pull(engine, reference, platform=PLATFORM, layers=layers):
            yield Transfer(
                what=what,
                done=progress.done,
                total=progress.total,
                detail=f"{progress.layers_done}/{progress.layers} layers,"
                f" {progress.phase}",
            )
    except EngineUnavailable:
        raise
    except ImageNotFound as error:
        if isinstance(refusal, RepositoryNotFound):
            raise refusal from error
        raise RepositoryNotFound(error.message, remedy=error.remedy) from error
    except EngineError as error:
        # What the registry told csctl says more than what it told the Engine.
        if refusal is not None:
            raise refusal from error
        raise
    image = engine.image(str(reference))
    if image is None:
        raise ImageNotFound(
            f"{what}: the Engine says done, but has no such image",
            remedy="look at its images: docker images",
        )
    return image
