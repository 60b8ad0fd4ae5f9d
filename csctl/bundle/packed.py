"""One image as it goes into a bundle: its manifest's entry, and where its blobs are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, TypeVar

import msgspec

from csctl.bundle.manifest import Image
from csctl.bundle.source import Bytes, Source
from csctl.errors import BundleError
from csctl.registry.manifest import sha256

Shape = TypeVar("Shape")

_Digest = Annotated[str, msgspec.Meta(pattern=r"^sha256:[a-f0-9]{64}\Z")]
_MEDIA_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


class Descriptor(msgspec.Struct, frozen=True):
    """What a manifest says of a blob."""

    digest: _Digest
    size: Annotated[int, msgspec.Meta(ge=0)]


class ImageManifest(msgspec.Struct, frozen=True):
    """What a bundle needs to know of an image's manifest."""

    config: Descriptor
    layers: list[Descriptor]


class _RootFs(msgspec.Struct, frozen=True):
    diff_ids: list[_Digest]


class Config(msgspec.Struct, frozen=True):
    """What a bundle needs to know of an image's configuration."""

    os: str
    architecture: str
    rootfs: _RootFs
    variant: str = ""

    @property
    def platform(self) -> str:
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """An image with the sources of all its blobs, by digest."""

    entry: Image
    sizes: Mapping[str, int]
    sources: Mapping[str, Source]


def pack(
    reference: str,
    manifest: bytes,
    media_type: str,
    config: bytes,
    layers: Mapping[str, Source],
    *,
    from_registry: bool,
) -> Packed:
    """An image of its documents, and of the sources of its layers by digest.

    Raises BundleError where it is none that a container can be made of.
    """
    parsed = parse(manifest, ImageManifest, f"manifest of {reference}")
    settings = parse(config, Config, f"configuration of {reference}")
    if media_type not in _MEDIA_TYPES or sha256(config) != parsed.config.digest:
        raise unusable(reference, f"its manifest is of type {media_type!r}")
    diff_ids = settings.rootfs.diff_ids
    if len(diff_ids) != len(parsed.layers):
        raise unusable(
            reference,
            f"it has {len(parsed.layers)} layers, and {len(diff_ids)} by its"
            " configuration",
        )
    digest = sha256(manifest)
    sizes = {one.digest: one.size for one in parsed.layers}
    sizes |= {digest: len(manifest), parsed.config.digest: len(config)}
    own = {digest: Bytes(manifest), parsed.config.digest: Bytes(config)}
    return Packed(
        entry=msgspec.convert(
            {
                "reference": reference,
                "digest": digest,
                "config": parsed.config.digest,
                "media_type": media_type,
                "platform": settings.platform,
                "layers": [
                    {"digest": layer.digest, "size": layer.size, "diff_id": diff_id}
                    for layer, diff_id in zip(parsed.layers, diff_ids, strict=True)
                ],
                "from_registry": from_registry,
            },
            Image,
        ),
        sizes=sizes,
        sources={**layers, **own},
    )


def parse(data: bytes, shape: type[Shape], what: str) -> Shape:
    """A JSON document of an image. Raises BundleError where it is none."""
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.DecodeError, ValueError, RecursionError) as exc:
        raise unusable(what, f"cannot be read: {exc}") from exc


def unusable(what: str, fault: str) -> BundleError:
    """An image is none that a bundle can carry."""
    return BundleError(what, fault, remedy="look at what was pushed or built there")
