"""Image manifests: what an image is made of, and for which platforms it is there."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated

import msgspec

from csctl.errors import PlatformMissing, RegistryUnavailable

MEDIA_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)

_Digest = Annotated[str, msgspec.Meta(pattern=r"^sha256:[a-f0-9]{64}\Z")]
_Size = Annotated[int, msgspec.Meta(ge=0)]


@dataclass(frozen=True, slots=True)
class Blob:
    """One compressed part of an image, as it lies in the registry."""

    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class ImageManifest:
    """An image for one platform. Its digest is not that of an index above it."""

    digest: str
    config: str
    """The digest of the configuration, which is the image's id in the Engine."""
    layers: tuple[Blob, ...]

    @property
    def size(self) -> int:
        """Bytes to download for the layers; one that occurs twice is sent once."""
        return sum({layer.digest: layer.size for layer in self.layers}.values())


class _Platform(msgspec.Struct, frozen=True):
    os: str
    architecture: str
    variant: str = ""

    def __str__(self) -> str:
        parts = [self.os, self.architecture, self.variant]
        if parts[1:] in (["amd64", "v1"], ["arm64", "v8"]):
            parts.pop()
        return "/".join(filter(None, parts))


class _Descriptor(msgspec.Struct, frozen=True):
    digest: _Digest
    size: _Size
    platform: _Platform | None = None


class Document(msgspec.Struct, frozen=True):
    """What a registry keeps: an index lists `manifests`, an image has the rest."""

    config: _Descriptor | None = None
    layers: list[_Descriptor] | None = None
    manifests: list[_Descriptor] | None = None

    def __post_init__(self) -> None:
        if self.manifests is None and (self.config is None or self.layers is None):
            raise ValueError("neither an image nor an index of images")

    @property
    def is_index(self) -> bool:
        """Whether this only leads to the images of several platforms."""
        return self.manifests is not None

    def image(self, digest: str, wanted: str) -> ImageManifest:
        """The image, which has this digest. Raises RegistryUnavailable for an index."""
        if self.config is None or self.layers is None:
            raise RegistryUnavailable(
                f"{wanted} is an index in an index, which leads to no image",
                remedy="push it again with one index for all platforms",
            )
        layers = tuple(Blob(layer.digest, layer.size) for layer in self.layers)
        return ImageManifest(digest, self.config.digest, layers)

    def choose(self, platform: str, wanted: str) -> str:
        """The digest of an index's image for a platform. Raises PlatformMissing."""
        digests = self._digests()
        if platform in digests:
            return digests[platform]
        there = ", ".join(sorted(digests)) or "no platform at all"
        raise PlatformMissing(
            f"{wanted} is not made for {platform}, only for {there}",
            remedy="choose a tag that is made for this platform",
        )

    def _digests(self) -> dict[str, str]:
        """By platform; the first counts, and attestations (unknown/unknown) do not."""
        digests: dict[str, str] = {}
        for manifest in self.manifests or ():
            if manifest.platform and manifest.platform.os != "unknown":
                digests.setdefault(str(manifest.platform), manifest.digest)
        return digests


def sha256(body: bytes) -> str:
    """The digest of a body as registries write it."""
    return "sha256:" + hashlib.sha256(body).hexdigest()
