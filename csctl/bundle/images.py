"""A bundle's images in the Engine: which are there, and how the others come into it.

An image comes under a passing name. Only when it is what the manifest says, it gets its
own: some Engines say that they loaded an image that lacks layers, or one that is
another than was asked for.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import socket
from collections.abc import Collection, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait

from csctl.bundle import oci
from csctl.bundle.archive import Bundle
from csctl.bundle.image_archive import ImageArchive
from csctl.bundle.manifest import Image
from csctl.bundle.serve import PASSING, Registry, serve
from csctl.container.observed import Image as Found
from csctl.engine.engine import Engine
from csctl.engine.pull import pull
from csctl.errors import BundleError, EngineError, EngineUnavailable, UsageError
from csctl.lifecycle.events import Event, Note, Transfer
from csctl.reference import ImageReference

_PASSING_REGISTRY = "csctl.invalid"
_LOADED = re.compile(rf"{re.escape(_PASSING_REGISTRY)}/[a-f0-9]{{32}}:pid-(\d+)")
_TELL_SECONDS = 0.2
_GLANCE_SECONDS = 1.0
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


def name_here(image: Image) -> ImageReference:
    """The name that an image gets in the Engine, which always has a tag.

    By its digest alone an Engine forgets an image that it did not get from there.
    """
    asked = ImageReference.parse(image.reference)
    return asked.with_tag(asked.tag or f"sha256-{image.digest[7:19]}")


def find(engine: Engine, image: Image) -> Found | None:
    """An image of the bundle in the Engine, by what it is. Raises EngineError."""
    for identity in (image.config, image.digest):
        found = engine.image(identity)
        if _fault(engine, found, image) is None:
            return found
    return None


def named(engine: Engine, image: Image) -> bool:
    """Whether the Engine knows an image by the name that it gets here."""
    found = engine.image(str(name_here(image)))
    return _fault(engine, found, image) is None


def _fault(engine: Engine, found: Found | None, image: Image) -> str | None:
    """In what an image of the Engine is not the one of the bundle."""
    if found is None:
        return "the Engine says that it took it, and does not have it"
    if found.id not in (image.config, image.digest):
        return f"the Engine made another image of it, {found.id}"
    if found.layers != tuple(layer.diff_id for layer in image.layers):
        return "the Engine has other layers of it than the bundle says"
    # With containerd's store an image may run, since its layers are unpacked, and yet
    # lack them as they are carried: it is shown by its id, and not listed.
    if engine.host.by_manifest and all(one.id != found.id for one in engine.images()):
        return "the Engine lacks some of its layers as the bundle names them"
    return None


def missing(engine: Engine, bundle: Bundle, images: Collection[Image]) -> Iterator[str]:
    """What neither the bundle nor the Engine has of some images. Raises EngineError."""
    if all(_carried(bundle, image) for image in images):
        return
    known = set(_chains(engine))
    for image in images:
        chain: tuple[str, ...] = ()
        for layer in image.layers:
            chain = (*chain, layer.diff_id)
            if oci.blob_path(layer.digest) not in bundle.members and chain not in known:
                yield f"layer {layer.digest} of image {image.reference}"
        for what, digest in (
            ("manifest", image.digest),
            ("configuration", image.config),
        ):
            if oci.blob_path(digest) not in bundle.members:
                yield f"{what} {digest} of image {image.reference}"


def _carried(bundle: Bundle, image: Image) -> bool:
    digests = (image.digest, image.config, *(one.digest for one in image.layers))
    return all(oci.blob_path(digest) in bundle.members for digest in digests)


def _chains(engine: Engine) -> Iterator[tuple[str, ...]]:
    """The layers that the Engine has, each with all below it."""
    for listed in engine.images():
        found = engine.image(listed.id)
        if found is not None:
            for end in range(1, len(found.layers) + 1):
                yield found.layers[:end]


def check_platform(engine: Engine, image: Image) -> None:
    """Refuse what cannot run here. Raises UsageError."""
    host = engine.host
    machine = _MACHINES.get(host.architecture, host.architecture)
    system, architecture, *_ = image.platform.split("/")
    if (system, architecture) != (host.os, machine):
        raise UsageError(
            f"image {image.reference} is for {image.platform}, and the Engine's host is"
            f" {host.os}/{machine}",
            remedy="load it on a host of that kind",
        )


def bring(
    engine: Engine, bundle: Bundle, image: Image, labels: Mapping[str, str]
) -> Generator[Event, None, Found]:
    """Bring an image into the Engine under its own name, unless it is there.

    By its `labels` a container is found that a killed run left. Raises BundleError
    where the Engine makes something else of it, EngineError.
    """
    found = find(engine, image)
    if found is None:
        found = yield from _bring(engine, bundle, image, labels)
    else:
        engine.tag(found.id, name_here(image))
    sweep(engine)
    return found


def _bring(
    engine: Engine, bundle: Bundle, image: Image, labels: Mapping[str, str]
) -> Generator[Event, None, Found]:
    # Podman would want TLS of a registry on loopback, too.
    if engine.local and engine.host.updates:
        with serve(bundle) as registry:
            name = registry.reference(image)
            try:
                reason = yield from _pull(engine, registry, image)
                if reason is None:
                    # Loading brings all layers, those too that are unpacked already.
                    reason = _fault(engine, engine.image(str(name)), image)
                    if reason is None or not engine.host.by_manifest:
                        return _take(engine, image, name, labels)
            finally:
                _forget(engine, name)
        yield Note(text=f"image {image.reference} is loaded instead: {reason}")
    token = secrets.token_hex(16)
    name = ImageReference(_PASSING_REGISTRY, token, f"pid-{os.getpid()}")
    try:
        yield from _load(engine, ImageArchive(bundle, image, name), image)
        return _take(engine, image, name, labels)
    finally:
        _forget(engine, name)


def _pull(
    engine: Engine, registry: Registry, image: Image
) -> Generator[Event, None, str | None]:
    """Let the Engine pull; why it cannot in this way, although it might in another."""
    what = f"loading image {image.reference}"
    sizes = {layer.digest: layer.size for layer in image.layers}
    name = registry.reference(image)
    try:
        for progress in pull(
            engine,
            name,
            platform=image.platform,
            layers=sizes,
            # Whatever fails on loopback fails at once, and gains nothing by a rest.
            sleep=lambda _: None,
        ):
            yield Transfer(
                what=what,
                done=progress.done,
                total=progress.total,
                detail=f"{progress.layers_done}/{progress.layers} layers,"
                f" {progress.phase}",
            )
    except EngineUnavailable:
        raise
    except EngineError as error:
        if registry.broken is not None:
            raise registry.broken from error
        if not registry.asked:
            return "the Engine does not reach this host's loopback"
        if not registry.missing:
            message = error.message.replace(str(name), image.reference)
            raise EngineError(message, remedy=error.remedy) from error
        if engine.host.by_manifest:
            # Loaded, it would be an image without these layers, and no error.
            raise _lacking(image, registry.missing) from error
        return "its layers here did not come from a registry"
    return None


def _lacking(image: Image, digests: Collection[str]) -> BundleError:
    return BundleError(
        f"image {image.reference}",
        f"neither the bundle nor the Engine has {', '.join(sorted(digests))}",
        remedy="use a complete bundle, or make one for this host: csctl bundle"
        " inventory",
    )


def _load(
    engine: Engine, archive: ImageArchive, image: Image
) -> Generator[Event, None, None]:
    what = f"loading image {image.reference}"
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(engine.load, archive)
        try:
            while not job.done():
                yield Transfer(what=what, done=archive.done, total=archive.total)
                wait([job], _TELL_SECONDS)
        finally:
            archive.stopped = True
        job.result()


def _take(
    engine: Engine, image: Image, name: ImageReference, labels: Mapping[str, str]
) -> Found:
    """Give an image that came under a passing name its own, if it is what it should be.

    Raises BundleError.
    """
    found = engine.image(str(name))
    fault = _fault(engine, found, image)
    if found is None or fault is not None:
        raise BundleError(
            f"image {image.reference}",
            fault or "",
            remedy="verify the bundle, and use a complete one; then look at the"
            " Engine's own log",
        )
    try:
        # A container that is never started needs every layer all the same.
        engine.read_files(found.id, (), labels=labels)
    except EngineUnavailable:
        raise
    except EngineError as error:
        raise BundleError(
            f"image {image.reference}",
            f"the Engine took it, and makes no container of it: {error.message}",
            remedy="use a complete bundle, and look at the Engine's own log",
        ) from error
    engine.tag(found.id, name_here(image))
    return found


def _forget(engine: Engine, name: ImageReference) -> None:
    """Take a passing name away; without another one the image goes with it."""
    with contextlib.suppress(EngineError):
        engine.remove_image(str(name))


def sweep(engine: Engine) -> None:
    """Take away the passing names that killed runs left. Raises EngineError."""
    if not engine.local:
        return  # Nothing here tells whether a run on another host is at work.
    for image in engine.images():
        for name in (*image.tags, *image.digests):
            served, loaded = PASSING.match(name), _LOADED.match(name)
            if (served and not _listens(int(served[1]))) or (
                loaded and not os.path.exists(f"/proc/{loaded[1]}")
            ):
                with contextlib.suppress(EngineError):
                    engine.remove_image(name)


def _listens(port: int) -> bool:
    """Whether a run may be at work there."""
    with contextlib.closing(socket.socket()) as probe:
        probe.settimeout(_GLANCE_SECONDS)
        return probe.connect_ex(("127.0.0.1", port)) == 0
