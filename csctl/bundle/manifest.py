"""The manifest: what a bundle is, every file of its complete state with size and sum.

It has one form as bytes only, over which the signature goes: sorted keys, one space of
indentation, a line feed at the end. What is written otherwise is refused, so that no
two readers can see two things in it.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Final, Literal, NoReturn

import msgspec

from csctl.bundle import path, rule
from csctl.errors import BundleError

FORMAT: Final = "csctl-bundle"
VERSION: Final = 1
LIMIT = 4 << 20
"""The most bytes of a manifest."""

Role = Literal["howto", "image", "model", "license", "profile", "csctl"]
_MediaType = Literal[
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
]
_Digest = Annotated[str, msgspec.Meta(pattern=r"^sha256:[a-f0-9]{64}\Z")]
_Hex = Annotated[str, msgspec.Meta(pattern=r"^[a-f0-9]{64}\Z")]
_Size = Annotated[int, msgspec.Meta(ge=0, le=1 << 44)]
_Name = Annotated[str, msgspec.Meta(pattern=rf"^{path.SEGMENT}\Z")]
_Locale = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]{1,32}\Z")]
_Platform = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]+(/[a-z0-9._-]+){1,2}\Z")]
_Line = Annotated[str, msgspec.Meta(pattern=r"^[ -~]{1,512}\Z")]
_Path = Annotated[str, msgspec.Meta(max_length=1024)]
_Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Layer(_Strict, frozen=True, kw_only=True):
    """One layer of an image: compressed as it is carried, and by its content."""

    digest: _Digest
    size: _Size
    diff_id: _Digest


class Image(_Strict, frozen=True, kw_only=True):
    """An image for one platform, with the blobs that a registry keeps of it."""

    reference: _Line
    digest: _Digest
    """Of its manifest, which is not the index above it."""
    config: _Digest
    """Of its configuration: the image's id in most Engines."""
    media_type: _MediaType
    platform: _Platform
    layers: Annotated[tuple[Layer, ...], msgspec.Meta(max_length=1024)]
    from_registry: bool
    """Whether the digest is the registry's own; else it was made from an Engine."""


class Display(_Strict, frozen=True, kw_only=True):
    """A display model that lies in a model's directory."""

    type: _Name
    locale: _Locale | None
    id: _Name | None


class Model(_Strict, frozen=True, kw_only=True):
    """A speech model: a directory, with its record beside it."""

    id: _Name
    base_locale: _Locale | None
    display: Annotated[tuple[Display, ...], msgspec.Meta(max_length=64)]
    path: _Path


class License(_Strict, frozen=True, kw_only=True):
    """A license set: a directory, with its record beside it."""

    path: _Path
    image: _Digest
    """The configuration's digest of the image that it was fetched for."""
    image_reference: _Line
    model: _Name
    fetched_at: _Moment
    expires_at: _Moment | None
    expiry_source: Literal["declared", "file", "unknown"]


class Profile(_Strict, frozen=True, kw_only=True):
    """A profile, and what of the bundle belongs to it."""

    name: _Name
    path: _Path
    image: _Digest
    """The configuration's digest."""
    model: _Name
    license: _Path | None
    """The path of the license set."""
    mode: Literal["connected", "disconnected"]


class File(_Strict, frozen=True, kw_only=True):
    """One file of the complete state; not included means that it is there already."""

    path: _Path
    size: _Size
    sha256: _Hex
    role: Role
    included: bool


class Requires(_Strict, frozen=True, kw_only=True):
    """What loading takes, in bytes."""

    disk: _Size
    engine_disk: _Size


class Manifest(_Strict, frozen=True, kw_only=True):
    """All that a bundle says of itself."""

    format: Literal["csctl-bundle"] = FORMAT
    version: Literal[1] = VERSION
    created: _Moment
    """In whole seconds of UTC: the time of every member of the tar."""
    made_by: _Line
    delta: bool
    images: Annotated[tuple[Image, ...], msgspec.Meta(max_length=256)]
    models: Annotated[tuple[Model, ...], msgspec.Meta(max_length=256)]
    licenses: Annotated[tuple[License, ...], msgspec.Meta(max_length=256)]
    profiles: Annotated[tuple[Profile, ...], msgspec.Meta(max_length=256)]
    files: Annotated[tuple[File, ...], msgspec.Meta(max_length=path.FILES_LIMIT)]
    requires: Requires
    secrets: Literal["none"] = "none"


class _Head(msgspec.Struct, frozen=True):
    format: str
    version: int


def encode(manifest: Manifest) -> bytes:
    """The one form of a manifest as bytes.

    Raises BundleError that names what no bundle can carry.
    """
    remedy = "leave it out, or give it another name"
    # Of names that are no text no bytes can be made.
    for file in manifest.files:
        if (fault := path.fault(file.path, file.role)) is not None:
            raise BundleError(path.plain(file.path), fault, remedy=remedy)
    data = _render(manifest)
    _check(data, remedy)
    return data


def decode(data: bytes) -> Manifest:
    """Read a manifest that a stranger may have written.

    Raises BundleError that names the part at fault.
    """
    return _check(data, "carry the bundle over again, or make it anew")


def _check(data: bytes, remedy: str) -> Manifest:
    if len(data) > LIMIT:
        _refuse(f"has {len(data)} bytes, {LIMIT} are the most", remedy)
    try:
        _check_version(msgspec.json.decode(data, type=_Head))
        manifest = msgspec.json.decode(data, type=Manifest)
    except RecursionError as exc:
        raise BundleError(path.MANIFEST, "is nested too deep", remedy=remedy) from exc
    except (msgspec.DecodeError, ValueError, OverflowError) as exc:
        # The message may quote an unknown key.
        fault = path.plain(str(exc), 256)
        raise BundleError(path.MANIFEST, fault, remedy=remedy) from exc
    for part, fault in rule.faults(manifest):
        raise BundleError(part, fault, remedy=remedy)
    if _render(manifest) != data:
        _refuse("is not written in the form of a manifest", remedy)
    return manifest


def _check_version(head: _Head) -> None:
    if head.format != FORMAT:
        _refuse(f"is no manifest of a {FORMAT}", "name a file made by csctl")
    if head.version != VERSION:
        _refuse(
            f"has version {head.version} of the format, this csctl reads {VERSION}",
            "use the csctl that made it, or a newer one",
        )


def _refuse(fault: str, remedy: str) -> NoReturn:
    raise BundleError(path.MANIFEST, fault, remedy=remedy)


def _render(manifest: Manifest) -> bytes:
    value = msgspec.to_builtins(manifest)
    text = json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False) + "\n"
    return text.encode("utf-8", "surrogatepass")
