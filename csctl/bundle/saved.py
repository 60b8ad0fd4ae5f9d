"""What `docker save` writes, taken apart without unpacking it.

Older Engines write layers and configuration only, and number them by their own ids;
newer ones (25 and on) an OCI image layout with the manifest. Both list the image in
`manifest.json`. Layers stay where they are in the archive: what leaves here are spans.
"""

from __future__ import annotations

import json
import posixpath
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Annotated

import msgspec

from csctl.bundle.packed import Config, ImageManifest, Packed, pack, parse, unusable
from csctl.bundle.source import Source, Span
from csctl.registry.manifest import sha256

_OCI = "application/vnd.oci.image"
_SMALL = 8 << 20
_BLOBS = "blobs/sha256/"
_DEPTH = 4
"""An index may lead to an index; none leads deeper than that."""


class _Entry(msgspec.Struct, frozen=True):
    config: Annotated[str, msgspec.Meta(min_length=1)] = msgspec.field(name="Config")
    layers: list[str] = msgspec.field(name="Layers")


class _Descriptor(msgspec.Struct, frozen=True):
    digest: str
    mediaType: str = ""


class _Index(msgspec.Struct, frozen=True):
    manifests: list[_Descriptor] = []
    mediaType: str = ""


@dataclass(frozen=True, slots=True)
class _Archive:
    """The files of an archive, with where each one lies."""

    name: str
    """The image's."""
    file: IO[bytes]
    spans: Mapping[str, Span]

    def read(self, path: str) -> bytes:
        """A small file. Raises BundleError."""
        span = self.span(path)
        if span.size > _SMALL:
            raise unusable(self.name, f"{path} has {span.size} bytes")
        with span.open(0) as chunks:
            return b"".join(chunks)

    def span(self, path: str) -> Span:
        """Where a file lies. Raises BundleError."""
        found = self.spans.get(path)
        if found is None:
            raise unusable(self.name, f"the Engine saved it without {path}")
        return found


def read_saved(reference: str, file: IO[bytes]) -> Packed:
    """The image that `docker save` wrote into a file, which stays open.

    Raises BundleError.
    """
    try:
        archive = _Archive(reference, file, _spans(reference, file))
    except (tarfile.TarError, EOFError, ValueError) as exc:
        raise unusable(reference, f"the Engine saved no archive: {exc}") from exc
    entries = parse(archive.read("manifest.json"), list[_Entry], reference)
    if len(entries) != 1:
        raise unusable(reference, f"the Engine saved {len(entries)} images")
    entry = entries[0]
    config = archive.read(entry.config)
    settings = parse(config, Config, reference)
    diff_ids = settings.rootfs.diff_ids
    if len(diff_ids) != len(entry.layers):
        raise unusable(reference, f"the Engine saved {len(entry.layers)} layers of it")
    layers: dict[str, Source] = {}
    digests = []
    for name, diff_id in zip(entry.layers, diff_ids, strict=True):
        digests.append(_digest(name, diff_id))
        layers.setdefault(digests[-1], archive.span(name))
    own = _original(archive, sha256(config), digests)
    if own is None:
        sizes = [archive.span(name).size for name in entry.layers]
        own = _manifest(config, digests, sizes), f"{_OCI}.manifest.v1+json"
    return pack(reference, *own, config, layers, from_registry=False)


def _spans(name: str, file: IO[bytes]) -> Mapping[str, Span]:
    spans: dict[str, Span] = {}
    links: dict[str, str] = {}
    what = f"what the Engine saved of {name}"
    with tarfile.open(fileobj=file, mode="r:") as tar:
        for member in tar:
            path = posixpath.normpath(member.name)
            if member.isreg():
                spans[path] = Span(what, file.fileno(), member.offset_data, member.size)
            elif member.issym() or member.islnk():
                # A layer that occurs twice is a link to the first.
                home = posixpath.dirname(path) if member.issym() else ""
                links[path] = posixpath.normpath(posixpath.join(home, member.linkname))
    return spans | {
        path: spans[target] for path, target in links.items() if target in spans
    }


def _digest(name: str, diff_id: str) -> str:
    # A layer that is not named by its sum is as it was before it was compressed.
    path, _, sum_ = name.rpartition("/")
    return f"sha256:{sum_}" if f"{path}/" == _BLOBS else diff_id


def _original(
    archive: _Archive, config: str, digests: list[str]
) -> tuple[bytes, str] | None:
    """The image's own manifest with its type, where the Engine saved it."""
    if "index.json" not in archive.spans:
        return None
    for data, media_type in _manifests(archive, "index.json", _DEPTH):
        found = parse(data, ImageManifest, archive.name)
        if (
            found.config.digest == config
            and [layer.digest for layer in found.layers] == digests
        ):
            return data, media_type
    return None


def _manifests(archive: _Archive, path: str, depth: int) -> Iterator[tuple[bytes, str]]:
    for one in parse(archive.read(path), _Index, archive.name).manifests:
        below = _BLOBS + one.digest.removeprefix("sha256:")
        if below not in archive.spans or not depth:
            continue  # Another platform's, or an attestation that is not here.
        data = archive.read(below)
        document = parse(data, _Index, archive.name)
        if document.manifests:
            yield from _manifests(archive, below, depth - 1)
        elif "config" in json.loads(data):
            yield data, document.mediaType or one.mediaType


def _manifest(config: bytes, digests: list[str], sizes: list[int]) -> bytes:
    """A manifest for an image that came without one; its id stays what it was."""
    value = {
        "schemaVersion": 2,
        "mediaType": f"{_OCI}.manifest.v1+json",
        "config": {
            "mediaType": f"{_OCI}.config.v1+json",
            "size": len(config),
            "digest": sha256(config),
        },
        "layers": [
            {"mediaType": f"{_OCI}.layer.v1.tar", "size": size, "digest": digest}
            for digest, size in zip(digests, sizes, strict=True)
        ],
    }
    return json.dumps(value, indent=1).encode()
