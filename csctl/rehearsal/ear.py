"""What makes the rehearsal image hear: a recogniser and its model, of moonshine-voice.

Both come in that package's wheel, whose files are pinned here by what is in them; later
versions bring no model. Nothing else of it is taken, and nothing that it depends on.
"""

from __future__ import annotations

import hashlib
import os
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from csctl.errors import UsageError
from csctl.rehearsal import runtime
from csctl.rehearsal.runtime import Entry

_PACKAGE, _VERSION = "moonshine-voice", "0.1.0"
_REQUIREMENT = f"{_PACKAGE}=={_VERSION}"
_GLIBC = (2, 34)
_MODULE = "container.moonshine"
_FOLDER = "app/hear"
_LIBRARY = "moonshine_voice/libmoonshine.so"
_RUNTIME = "moonshine_voice.libs/libonnxruntime-13ab8084.so.1"
_MODEL = "moonshine_voice/assets/tiny-en"
_SHA256 = {
    _LIBRARY: "42b9ebebb5a7c9ce50ec6f6cf1c12dc48cbb7d17ecaffe3fd1e9fafc1a351670",
    _RUNTIME: "c0995ae1102b871426e7bddf625451d6c19f12d0b6d79786218cbb77c2de865c",
    f"{_MODEL}/decoder_model_merged.ort": (
        "cf524c4862d36e9e5ab032eddc73637efd822d70e868ac575cf1a46e1e4708a0"
    ),
    f"{_MODEL}/encoder_model.ort": (
        "94e90a4654fc45cdfedb77c4c08e1739f48862998e58fada384b25118134f221"
    ),
    f"{_MODEL}/tokenizer.bin": (
        "6884b35fd6377d4c4d32336a0bc152f36b64d1e45b6503683cdc238250a8472d"
    ),
}


def collect(scratch: Path) -> tuple[Entry, ...]:
    """All that the stand-in needs to hear. Compiles into `scratch`.

    Raises UsageError where the package is not installed, or is another one.
    """
    _check_glibc()
    files = {name: _file(name, digest) for name, digest in _SHA256.items()}
    programs = (
        Entry(f"{_FOLDER}/{Path(_LIBRARY).name}", files[_LIBRARY], 0o755),
        *runtime.modules(_MODULE, scratch),
    )
    model = (
        Entry(f"{_FOLDER}/{Path(_MODEL).name}/{file.name}", file)
        for name, file in files.items()
        if name.startswith(_MODEL)
    )
    return (*programs, *runtime.libraries(programs), *model)


def _check_glibc() -> None:
    # As gnu_get_libc_version() spells it; another libc has no such name, or no answer.
    found = os.confstr("CS_GNU_LIBC_VERSION") or "another C library"
    name, _, version = found.partition(" ")
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if name != "glibc" or numbers < _GLIBC:
        raise UsageError(
            f"the recogniser needs glibc 2.34 or newer, and this host has {found}",
            remedy="run csctl rehearse without --hear: it answers with a fixed text",
        )


def _file(name: str, digest: str) -> Path:
    try:
        path = Path(str(distribution(_PACKAGE).locate_file(name)))
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except (PackageNotFoundError, FileNotFoundError) as exc:
        raise UsageError(
            f"the recogniser is not installed beside csctl: {_REQUIREMENT}",
            remedy=f"pip install --no-deps {_REQUIREMENT}",
        ) from exc
    if found != digest:
        raise UsageError(
            f"{path} is not that of {_REQUIREMENT}: its sha256 is {found}",
            remedy=f"pip install --force-reinstall --no-deps {_REQUIREMENT}",
        )
    return path
