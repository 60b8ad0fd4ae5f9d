"""Bundles of real parts: the stand-in's image, and what a real download left."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from csctl import record
from csctl.bundle import oci, path
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
)
from tests.bundle.maker import CREATED, OCI_MANIFEST, Made, digest
from tests.faults.site import IMAGE, MODEL, Site

LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"


@dataclass(frozen=True, slots=True)
class Packed:
    """An image with all its blobs."""

    image: Image
    blobs: Mapping[str, bytes]


@cache
def standin(archive: Path, *more: bytes, stamp: int = 0) -> Packed:
    """The stand-in, with `more` layers upon its own; `stamp` as below."""
    with tarfile.open(archive) as tar:

        def read(name: str) -> bytes:
            stream = tar.extractfile(name)
            assert stream is not None
            return stream.read()

        entries = json.loads(read("manifest.json"))
        [entry] = [one for one in entries if IMAGE in one["RepoTags"]]
        config = read(entry["Config"])
        contents = [read(name) for name in entry["Layers"]]
    if more:
        contents.extend(more)
        value = json.loads(config)
        value["rootfs"]["diff_ids"].extend(map(digest, more))
        value["history"] *= 1 + len(more)
        config = json.dumps(value).encode()
    return packed(IMAGE, config, contents, stamp=stamp)


def layer(name: str, data: bytes) -> bytes:
    """The content of a layer with one file."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def config_with(*contents: bytes, architecture: str = "amd64") -> bytes:
    """The configuration of an image with such layers, which runs nothing."""
    return json.dumps(
        {
            "architecture": architecture,
            "os": "linux",
            "config": {"User": "65532:65532"},
            "rootfs": {"type": "layers", "diff_ids": list(map(digest, contents))},
            "history": [{"created_by": "test"} for _ in contents],
        }
    ).encode()


def packed(
    reference: str, config: bytes, contents: Iterable[bytes], *, stamp: int = 0
) -> Packed:
    """An image of its configuration and the contents of its layers.

    With another `stamp` the same contents are compressed to other bytes.
    """
    layers, blobs = [], {}
    for content in contents:
        blob = gzip.compress(content, 1, mtime=stamp)
        blobs[digest(blob)] = blob
        layers.append(
            Layer(digest=digest(blob), size=len(blob), diff_id=digest(content))
        )
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": digest(config),
                "size": len(config),
            },
            "layers": [
                {"mediaType": LAYER_TYPE, "digest": one.digest, "size": one.size}
                for one in layers
            ],
        }
    ).encode()
    told = json.loads(config)
    image = Image(
        reference=reference,
        digest=digest(manifest),
        config=digest(config),
        media_type="application/vnd.oci.image.manifest.v1+json",
        platform=f"{told['os']}/{told['architecture']}",
        layers=tuple(layers),
        from_registry=True,
    )
    blobs |= {image.digest: manifest, image.config: config}
    return Packed(image, blobs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Freight:
    """What a bundle is to hold; change it with `dataclasses.replace`."""

    packed: Packed
    name: str
    text: str
    """The profile's."""
    model: dict[str, bytes]
    license: dict[str, bytes]
    model_id: str = MODEL
    displays: tuple[Display, ...] = ()
    fetched_at: datetime = CREATED
    expires_at: datetime | None = None
    engine_disk: int = 0

    def make(self, leave_out: Callable[[str], bool] = lambda _: False) -> Made:
        """The bundle, without the files that are left out."""
        image = self.packed.image
        roles: dict[str, Role] = {}
        files: dict[str, bytes] = {}

        def add(role: Role, name: str, data: bytes) -> None:
            roles[name], files[name] = role, data

        for blob, data in self.packed.blobs.items():
            add("image", oci.blob_path(blob), data)
        sizes = {blob: len(data) for blob, data in self.packed.blobs.items()}
        for name, data in oci.documents([image], sizes).items():
            add("image", name, data)
        stamp = self.fetched_at.strftime("%Y%m%dT%H%M%SZ")
        license_ = f"licenses/{image.config[7:19]}-{self.model_id[:8]}-{stamp}"
        details = {"base_locale": None, "display": [vars_of(d) for d in self.displays]}
        self._directory(add, "model", f"models/{self.model_id}", self.model, details)
        self._directory(add, "license", license_, self.license, {})
        add("profile", f"profiles/{self.name}.yaml", self.text.encode())
        ends = self.expires_at or self.fetched_at + timedelta(days=36_500)
        draft = Manifest(
            created=CREATED,
            made_by="csctl 1.2.3",
            delta=any(map(leave_out, files)),
            images=(image,),
            models=(
                Model(
                    id=self.model_id,
                    base_locale=None,
                    display=self.displays,
                    path=f"models/{self.model_id}",
                ),
            ),
            licenses=(
                License(
                    path=license_,
                    image=image.config,
                    image_reference=image.reference,
                    model=self.model_id,
                    fetched_at=self.fetched_at,
                    expires_at=ends,
                    expiry_source="declared",
                ),
            ),
            profiles=(
                Profile(
                    name=self.name,
                    path=f"profiles/{self.name}.yaml",
                    image=image.config,
                    model=self.model_id,
                    license=license_,
                    mode="disconnected",
                ),
            ),
            files=(),
            requires=Requires(disk=0, engine_disk=self.engine_disk),
        )
        add("howto", path.HOWTO, howto(draft))
        listed = tuple(
            File(
                path=name,
                size=len(data),
                sha256=hashlib.sha256(data).hexdigest(),
                role=roles[name],
                included=not leave_out(name),
            )
            for name, data in sorted(files.items())
        )
        return Made(msgspec.structs.replace(draft, files=listed), files)

    def _directory(
        self,
        add: Callable[[Role, str, bytes], None],
        role: Role,
        directory: str,
        files: Mapping[str, bytes],
        details: Mapping[str, Any],
    ) -> None:
        for name, data in files.items():
            add(role, f"{directory}/{name}", data)
        known = {
            "schema": 1,
            "kind": role,
            "id": self.model_id,
            "image": self.packed.image.reference,
            "image_id": self.packed.image.config,
            "fetched_at": self.fetched_at.isoformat(),
            "files": [
                {"path": name, "size": len(data), "sha256": digest(data)[7:]}
                for name, data in files.items()
            ],
            "details": details,
        }
        add(role, directory + record.SUFFIX, json.dumps(known).encode())


def vars_of(display: Display) -> dict[str, Any]:
    """A display model as a record has it."""
    return {"type": display.type, "locale": display.locale, "id": display.id}


def downloaded(site: Site, packed: Packed) -> Freight:
    """What a site that serves has, as a bundle of it would have it."""
    [model] = (site.data / "models").glob("*-*/")
    [license_] = sorted((site.data / "license").glob("2*Z/"))[-1:]
    known = record.read(license_)
    kept = record.read(model)
    assert known is not None
    assert kept is not None
    return Freight(
        packed=packed,
        name=site.name,
        text=site.profile.read_text(),
        model=_contents(model),
        license=_contents(license_),
        model_id=model.name,
        displays=tuple(Display(**one) for one in kept.details["display"]),
        fetched_at=known.fetched_at,
    )


def _contents(directory: Path) -> dict[str, bytes]:
    return {name: (directory / name).read_bytes() for name, _ in _files(directory)}


def _files(directory: Path) -> Iterator[tuple[str, Any]]:
    return record.files_below(directory)
