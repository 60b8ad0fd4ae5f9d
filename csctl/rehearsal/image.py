"""The rehearsal image as an archive that every Engine loads.

The same host gives the same bytes: entries are sorted, times are fixed.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import sys
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from csctl.errors import UsageError
from csctl.rehearsal import runtime
from csctl.rehearsal.runtime import Entry

REPOSITORY = "csctl/rehearsal"
TAGS = ("3.0.0-amd64", "4.12.0-amd64", "5.0.1-preview-amd64")
_NONROOT = 65532
_CREATED = "2026-01-01T00:00:00Z"
_ACCOUNTS = {
    "etc/passwd": (
        "root:x:0:0:root:/root:/sbin/nologin\n"
        f"nonroot:x:{_NONROOT}:{_NONROOT}:nonroot:/home/nonroot:/sbin/nologin\n"
    ),
    "etc/group": f"root:x:0:\nnonroot:x:{_NONROOT}:\n",
}
_OWNED = ("home/nonroot", "license", "output", "usr/local/models")
"""Empty directories of the user that the container runs as."""


Collector = Callable[[Path], tuple[Entry, ...]]
"""Gathers the files of a layer; what it has to make, it makes in that folder."""


def build(output: BinaryIO | Path, *more: Collector) -> tuple[str, ...]:
    """Write the archive; the references that are in it. Raises UsageError.

    `more` gather further layers. A stream need not be seekable.
    """
    _check_host()
    if isinstance(output, Path):
        with output.open("wb") as file:
            return build(file, *more)
    with tempfile.TemporaryDirectory(prefix="csctl-rehearsal-") as folder:
        return _write_archive(output, _layers(Path(folder), more))


def _check_host() -> None:
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise UsageError(
            "the rehearsal image is made of this host's own programs, and they are"
            f" for {sys.platform} on {platform.machine()}",
            remedy="run csctl rehearse on Linux on amd64",
        )


def _layers(folder: Path, more: Sequence[Collector]) -> tuple[Path, ...]:
    written: list[Path] = []
    there: set[str] = set()
    for number, collect in enumerate((_collect_base, *more)):
        scratch = folder / str(number)
        scratch.mkdir()
        files = {entry.path: entry for entry in collect(scratch)}
        new = [files[path] for path in sorted(files.keys() - there)]
        there |= files.keys()
        written.append(scratch / "layer.tar")
        _write_layer(written[-1], new, () if number else (*_OWNED, "tmp"))
    return tuple(written)


def _collect_base(scratch: Path) -> tuple[Entry, ...]:
    accounts = (Entry(name, text.encode()) for name, text in _ACCOUNTS.items())
    return (*runtime.collect(scratch), *accounts)


def _write_layer(path: Path, files: Sequence[Entry], empty: Sequence[str]) -> None:
    folders = set(empty)
    for name in (*(entry.path for entry in files), *empty):
        folders.update(str(parent) for parent in Path(name).parents)
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
        for name in sorted(folders - {"."}):
            tar.addfile(_folder(name))
        for entry in files:
            _add(tar, entry.path, entry.content, entry.mode)


def _folder(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = tarfile.DIRTYPE
    info.mode = 0o1777 if name == "tmp" else 0o755
    if name in _OWNED:
        info.uid = info.gid = _NONROOT
    return info


def _add(tar: tarfile.TarFile, name: str, content: bytes | Path, mode: int) -> None:
    info = tarfile.TarInfo(name)
    info.mode = mode
    if isinstance(content, bytes):
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
        return
    with content.open("rb") as file:
        info.size = file.seek(0, io.SEEK_END)
        file.seek(0)
        tar.addfile(info, file)


def _write_archive(output: BinaryIO, layers: Sequence[Path]) -> tuple[str, ...]:
    digests = [_digest(layer) for layer in layers]
    manifest = []
    with tarfile.open(fileobj=output, mode="w|", format=tarfile.GNU_FORMAT) as tar:
        for tag in TAGS:
            config = _config(tag, digests)
            name = f"{hashlib.sha256(config).hexdigest()}.json"
            _add(tar, name, config, 0o644)
            reference = f"{REPOSITORY}:{tag}"
            manifest.append(
                {
                    "Config": name,
                    "RepoTags": [reference],
                    "Layers": [f"{digest}/layer.tar" for digest in digests],
                }
            )
        for digest, layer in zip(digests, layers, strict=True):
            _add(tar, f"{digest}/layer.tar", layer, 0o644)
        _add(tar, "manifest.json", json.dumps(manifest).encode(), 0o644)
    return tuple(f"{REPOSITORY}:{tag}" for tag in TAGS)


def _digest(layer: Path) -> str:
    with layer.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _config(tag: str, layers: Sequence[str]) -> bytes:
    """One image's configuration; its tag makes its id differ from the others'."""
    config = {
        "User": "nonroot",
        "ExposedPorts": {"5000/tcp": {}},
        "Env": [
            "PATH=/usr/local/bin:/usr/bin:/bin",
            f"LD_LIBRARY_PATH={runtime.LIBRARY_PATH}",
            f"REHEARSAL_VERSION={tag}",
        ],
        "Entrypoint": [runtime.ENTRY],
        "WorkingDir": "/app",
        "Labels": {
            "org.opencontainers.image.title": REPOSITORY,
            "org.opencontainers.image.version": tag,
        },
    }
    image = {
        "architecture": "amd64",
        "os": "linux",
        "created": _CREATED,
        "config": config,
        "rootfs": {
            "type": "layers",
            "diff_ids": [f"sha256:{layer}" for layer in layers],
        },
        "history": [{"created": _CREATED, "created_by": "csctl rehearse"}]
        * len(layers),
    }
    return json.dumps(image, sort_keys=True).encode()
