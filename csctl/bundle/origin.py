"""Where the images of a bundle come from: their registry, or else the Engine.

A registry's blobs go into the bundle as they are. An Engine would have to put its own
image together again, which takes many times longer and leaves layers uncompressed: so
it is asked for those images only that no registry has.
"""

from __future__ import annotations

import tempfile
from collections.abc import Generator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from csctl.bundle import disk, space
from csctl.bundle.packed import Packed, pack
from csctl.bundle.saved import read_saved
from csctl.bundle.source import Blob, Source
from csctl.bundle.space import Need
from csctl.container.observed import Image
from csctl.engine.engine import Engine
from csctl.errors import (
    BundleError,
    DownloadError,
    RegistryError,
    SecretUnavailable,
)
from csctl.http.resume import PATIENCE
from csctl.lifecycle.events import Event, Note, Transfer
from csctl.lifecycle.images import PLATFORM
from csctl.reference import DEFAULT_TAG, ImageReference
from csctl.registry.client import Registry, open_registry

_SMALL = 8 << 20


class Origin:
    """Finds images; what it opened on the way stays open as long as `stack`."""

    def __init__(
        self,
        engine: Engine,
        environ: Mapping[str, str],
        output: Path,
        stack: ExitStack,
        *,
        patience: float = PATIENCE,
    ) -> None:
        """An image that the Engine saves lies beside `output` until the stack ends."""
        self._engine = engine
        self._environ = environ
        self._output = output
        self._stack = stack
        self._patience = patience
        self._registries: dict[str, Registry] = {}

    def find(
        self, reference: ImageReference, image: Image
    ) -> Generator[Event, None, Packed]:
        """The image that the Engine has by this reference. Raises CsctlError."""
        try:
            return self._from_registry(reference, image)
        except (RegistryError, SecretUnavailable, DownloadError, BundleError) as error:
            reason = error.message
        yield Note(
            text=f"{reference} is taken out of the Engine, which is slower: {reason}"
        )
        return (yield from self._from_engine(reference, image))

    def _from_registry(self, reference: ImageReference, image: Image) -> Packed:
        registry = self._registry(reference)
        repository = reference.repository
        asked = _known_digest(reference, image) or reference.tag or DEFAULT_TAG
        manifest = registry.manifest(repository, asked, PLATFORM)
        # Some Engines name images by their configuration, others by what they pulled.
        if image.id not in (manifest.config, manifest.digest, asked):
            raise RegistryError(
                f"registry {registry.name} has another image by that name than the"
                " Engine"
            )
        data, media_type = registry.original(repository, manifest.digest)
        layers: dict[str, Source] = {
            layer.digest: Blob(registry, repository, layer.digest)
            for layer in manifest.layers
        }
        name = str(_named(reference, manifest.digest))
        config = _read(registry, repository, manifest.config)
        return pack(name, data, media_type, config, layers, from_registry=True)

    def _registry(self, reference: ImageReference) -> Registry:
        name = reference.registry
        if name not in self._registries:
            opened = open_registry(reference, self._environ, patience=self._patience)
            self._registries[name] = self._stack.enter_context(opened)
        return self._registries[name]

    def _from_engine(
        self, reference: ImageReference, image: Image
    ) -> Generator[Event, None, Packed]:
        directory = self._output.absolute().parent
        # Once beside the bundle, and once in it.
        space.check([Need(directory, 2 * image.size, way_out=disk.ELSEWHERE)])
        with disk.writing(self._output):
            # It has no name, so that nothing is left of it, whatever happens.
            unnamed = tempfile.TemporaryFile(dir=directory)  # noqa: SIM115
        file = self._stack.enter_context(unnamed)
        yield from self._save(reference, file)
        packed = read_saved(str(reference), file)
        if image.id not in (packed.entry.config, packed.entry.digest):
            raise BundleError(
                f"image {reference}",
                f"the Engine saved {packed.entry.config} in place of {image.id}",
                remedy="pull it again, then run the same command",
            )
        return packed

    def _save(
        self, reference: ImageReference, file: IO[bytes]
    ) -> Generator[Event, None, None]:
        done = 0
        for chunk in self._engine.save(str(reference)):
            with disk.writing(self._output):
                file.write(chunk)
            done += len(chunk)
            yield Transfer(what=f"saving {reference}", done=done, total=None)
        with disk.writing(self._output):
            file.flush()
        file.seek(0)


def _known_digest(reference: ImageReference, image: Image) -> str | None:
    """The registry's digest of what the Engine pulled from it."""
    known = map(ImageReference.parse, image.digests)
    own = (one.digest for one in known if one.name == reference.name)
    return reference.digest or next(own, None)


def _named(reference: ImageReference, digest: str) -> ImageReference:
    """The name of an image in a bundle, which holds it for one platform only."""
    if reference.tag is not None:
        return reference.with_tag(reference.tag)
    return reference.with_digest(digest)


def _read(registry: Registry, repository: str, digest: str) -> bytes:
    data = b""
    with registry.blob(repository, digest) as chunks:
        for chunk in chunks:
            data += chunk
            if len(data) > _SMALL:
                raise DownloadError(
                    f"registry {registry.name} gives more than {_SMALL} bytes as the"
                    f" configuration of {repository}"
                )
    return data
