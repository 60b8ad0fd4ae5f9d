"""Bundles for tests: small whole ones, and what a hostile hand makes of them."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from csctl.bundle import layout, oci, path
from csctl.bundle.howto import howto
from csctl.bundle.manifest import (
    Display,
    File,
    Image,
    Layer,
    License,
    Manifest,
    Model,
    Profile,
    Requires,
    Role,
    encode,
)
from csctl.bundle.signature import new_key, sign
from csctl.bundle.sums import sums
from csctl.record import SUFFIX

Files = dict[str, bytes]

CREATED = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
MODEL = "5f3a0c1e-7d42-4b8a-9c15-e2a6b0d9f731"
MODEL_DIRECTORY = f"models/{MODEL}"
REFERENCE = "mcr.microsoft.com/azure/custom-speech-to-text:4.12.0-amd64"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
MODEL_FILES: Files = {
    "properties.json": b"{}",
    "am/final.bin": b"sound" * 999,
    "empty": b"",
}
LICENSE_FILES = {"license.key": b"opaque"}

Edit = Callable[[dict[str, Any]], None]


def _layer(name: str, data: bytes) -> bytes:
    """The layer of an image: one file, in a tar that an Engine takes."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    return stream.getvalue()


_CONTENT = (_layer("first", bytes(range(256)) * 9), _layer("second", b"two"))
LAYERS = tuple(gzip.compress(data, mtime=0) for data in _CONTENT)


@dataclass(frozen=True, slots=True)
class Made:
    """A bundle before it is written: its manifest, and the data of every file."""

    manifest: Manifest
    files: Mapping[str, bytes]

    @property
    def data(self) -> bytes:
        """The bytes of the manifest."""
        return encode(self.manifest)

    def archive(self, private: bytes | None = None) -> bytes:
        """The whole file, signed where there is a key."""
        data = self.data
        signature = sign(private, data) if private else None
        return archive(self.manifest, data, signature, self.files)

    def members(self, private: bytes | None = None) -> list[Piece]:
        """The archive in pieces, to be put together in another way."""
        whole = self.archive(private)
        plan = layout.layout_of(self.manifest, self.data, signed=private is not None)
        return [
            Piece(
                one.path,
                whole[one.offset_of_header : one.offset_of_data],
                whole[one.offset_of_data : one.end_of_data],
            )
            for one in plan.members
        ]


@dataclass(frozen=True, slots=True)
class Piece:
    """A member as bytes."""

    path: str
    header: bytes
    data: bytes


def join(pieces: Iterable[Piece], end: bytes = layout.END) -> bytes:
    """An archive of pieces."""
    return b"".join(one.header + pad(one.data) for one in pieces) + end


def pad(data: bytes) -> bytes:
    """Data filled up to whole blocks."""
    return data.ljust(layout.padded(len(data)), b"\0")


def stranger(name: str, data: bytes = b"", **changes: Any) -> Piece:
    """A member that another tar made."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for field, value in changes.items():
        setattr(info, field, value)
    return Piece(name, info.tobuf(tarfile.GNU_FORMAT), data)


def archive(
    manifest: Manifest,
    data: bytes,
    signature: bytes | None,
    files: Mapping[str, bytes],
) -> bytes:
    """The archive of a manifest, whether or not the files are what it says."""
    known = {path.MANIFEST: data, path.SUMS: sums(manifest, data), **files}
    if signature is not None:
        known[path.SIGNATURE] = signature
    plan = layout.layout_of(manifest, data, signed=signature is not None)
    whole = bytearray(plan.total)
    for one in plan.members:
        whole[one.offset_of_header : one.offset_of_data] = layout.header(
            one, manifest.created
        )
        whole[one.offset_of_data : one.end_of_data] = known[one.path]
    return bytes(whole)


def make(
    *,
    leave_out: Collection[str] = (),
    changed: Mapping[str, bytes] | None = None,
    model_files: Mapping[str, bytes] = MODEL_FILES,
    created: datetime = CREATED,
    reference: str = REFERENCE,
) -> Made:
    """A bundle of one image, model, license and profile.

    What is `changed` has other content than it should, with sums that fit it.
    """
    roles: dict[str, Role] = {}
    files: Files = {}

    def add(role: Role, name: str, data: bytes) -> None:
        roles[name] = role
        files[name] = data

    image = _image(
        reference, lambda data: add("image", oci.blob_path(digest(data)), data)
    )
    sizes = {f"sha256:{name[-64:]}": len(data) for name, data in files.items()}
    for name, data in oci.documents([image], sizes).items():
        add("image", name, data)
    license_path = f"licenses/{image.config[7:19]}-{MODEL[:8]}-20260504T030000Z"
    _directory(add, "model", MODEL_DIRECTORY, model_files, image.config)
    _directory(add, "license", license_path, LICENSE_FILES, image.config)
    add("profile", "profiles/contoso.yaml", b"name: contoso\n")
    for name, data in (changed or {}).items():
        files[name] = data
    draft = Manifest(
        created=created,
        made_by="csctl 1.2.3",
        delta=bool(leave_out),
        images=(image,),
        models=(
            Model(
                id=MODEL,
                base_locale="en-US",
                display=(Display(type="punct", locale="en-US", id=None),),
                path=MODEL_DIRECTORY,
            ),
        ),
        licenses=(
            License(
                path=license_path,
                image=image.config,
                image_reference=REFERENCE,
                model=MODEL,
                fetched_at=CREATED,
                expires_at=datetime(2026, 6, 3, tzinfo=UTC),
                expiry_source="declared",
            ),
        ),
        profiles=(
            Profile(
                name="contoso",
                path="profiles/contoso.yaml",
                image=image.config,
                model=MODEL,
                license=license_path,
                mode="disconnected",
            ),
        ),
        files=(),
        requires=Requires(disk=20_000, engine_disk=30_000),
    )
    add("howto", path.HOWTO, howto(draft))
    listed = tuple(
        File(
            path=name,
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            role=roles[name],
            included=name not in leave_out,
        )
        for name, data in sorted(files.items())
    )
    return Made(msgspec.structs.replace(draft, files=listed), files)


def altered(made: Made, edit: Edit) -> bytes:
    """The manifest's bytes after an edit of its value, in the form of a manifest."""
    value = json.loads(made.data)
    edit(value)
    text = json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False)
    return text.encode() + b"\n"


def digest(data: bytes) -> str:
    """As images name their parts."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def keys(directory: Path, name: str = "key") -> tuple[bytes, bytes]:
    """A new pair: private and public PEM."""
    private, public = directory / f"{name}.pem", directory / f"{name}.pub.pem"
    new_key(private, public)
    return private.read_bytes(), public.read_bytes()


def _image(reference: str, add: Callable[[bytes], None]) -> Image:
    layers = tuple(
        Layer(digest=digest(data), size=len(data), diff_id=digest(content))
        for data, content in zip(LAYERS, _CONTENT, strict=True)
    )
    config = _json(
        {
            "os": "linux",
            "architecture": "amd64",
            "rootfs": {"type": "layers", "diff_ids": [one.diff_id for one in layers]},
        }
    )
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": digest(config),
                "size": len(config),
            },
            "layers": [
                {
                    "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                    "digest": one.digest,
                    "size": one.size,
                }
                for one in layers
            ],
        }
    )
    for data in (*LAYERS, config, manifest):
        add(data)
    return Image(
        reference=reference,
        digest=digest(manifest),
        config=digest(config),
        media_type="application/vnd.oci.image.manifest.v1+json",
        platform="linux/amd64",
        layers=layers,
        from_registry=True,
    )


def _directory(
    add: Callable[[Role, str, bytes], None],
    role: Role,
    directory: str,
    files: Mapping[str, bytes],
    image_id: str,
) -> None:
    for name, data in files.items():
        add(role, f"{directory}/{name}", data)
    sums_ = [
        {"path": name, "size": len(data), "sha256": digest(data)[7:]}
        for name, data in files.items()
    ]
    record: dict[str, Any] = {
        "schema": 1,
        "kind": role,
        "id": MODEL,
        "image": REFERENCE,
        "image_id": image_id,
        "fetched_at": CREATED.isoformat(),
        "files": sums_,
        "details": {},
    }
    add(role, directory + SUFFIX, _json(record))


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1, sort_keys=True).encode()


def listing(data: bytes) -> list[str]:
    """The names that Python's tarfile finds."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return tar.getnames()
