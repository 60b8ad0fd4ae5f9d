"""csctl itself for a host without a network: wheels with hashes, by `pip`.

csctl's own wheel is made of the files that run here, so that the other host gets this
very version, released or not. What it needs is what it runs with here, in the build for
the other host.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import csctl
from csctl.bundle import path
from csctl.bundle.parts import Parts
from csctl.bundle.source import File
from csctl.errors import CsctlError, UsageError

REQUIREMENTS = f"{path.DIRECTORIES['csctl']}requirements.txt"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_NAME_LENGTH = 100
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_MANYLINUX = re.compile(r"manylinux_2_(?P<minor>[0-9]{1,3})_(?P<machine>\w+)")
_OLDEST = 17
"""Which C library manylinux2014 means, 2.17."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The host that wheels are for, in pip's words."""

    python: str = "3.11"
    platform: str = "manylinux2014_x86_64"


def add(parts: Parts, target: Target, stack: ExitStack) -> None:
    """Add csctl, its dependencies and their hashes; the files stay with the stack.

    Raises CsctlError.
    """
    try:
        own = metadata.distribution("csctl")
    except metadata.PackageNotFoundError as exc:
        raise UsageError(
            "csctl runs here without having been installed, so that nothing tells what"
            " it needs",
            remedy="install it by pip, or leave out --with-csctl",
        ) from exc
    directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    _make_wheel(own, directory)
    _download(own, target, directory)
    lines = []
    for wheel in sorted(directory.glob("*.whl")):
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        name, version = wheel.name.split("-")[:2]
        lines.append(f"{name.replace('_', '-')}=={version} --hash=sha256:{digest}\n")
        inside = f"{path.DIRECTORIES['csctl']}{_short(wheel.name, target)}"
        parts.place("csctl", inside, wheel.stat().st_size, digest, File(wheel))
    parts.add("csctl", REQUIREMENTS, "".join(lines).encode())


def _short(name: str, target: Target) -> str:
    """A wheel's name, with one platform only where all are too long for tar."""
    if len(name) <= _NAME_LENGTH:
        return name
    rest, _, platforms = name.removesuffix(".whl").rpartition("-")
    several = platforms.split(".")
    only = target.platform if target.platform in several else several[0]
    return f"{rest}-{only}.whl"


def _download(own: metadata.Distribution, target: Target, directory: Path) -> None:
    constraints = directory / "constraints.txt"
    constraints.write_text("".join(sorted(_installed())))
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--no-input"),
        *("--only-binary", ":all:", "--implementation", "cp"),
        *("--python-version", target.python),
        *(word for one in platforms(target) for word in ("--platform", one)),
        *("--dest", str(directory), "--constraint", str(constraints)),
        *_requirements(own),
    ]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if "ERROR" in line]
        raise CsctlError(
            f"pip does not get what csctl needs for Python {target.python} on"
            f" {target.platform}: {' '.join(said) or done.stderr.strip()}",
            remedy="check the names of --python and --platform, and the index of pip",
        )


def platforms(target: Target) -> Iterator[str]:
    """The platform, and the older ones whose wheels run there; pip takes names as said.

    A wheel for an older C library runs with a newer one (PEP 600).
    """
    match = _MANYLINUX.fullmatch(target.platform)
    if match is None:
        yield target.platform
        return
    for minor in range(int(match["minor"]), _OLDEST - 1, -1):
        yield f"manylinux_2_{minor}_{match['machine']}"
    yield f"manylinux2014_{match['machine']}"


def _requirements(own: metadata.Distribution) -> list[str]:
    """What csctl needs to run; extras are for those who develop it."""
    return [one for one in own.requires or () if "extra ==" not in one]


def _installed() -> Iterator[str]:
    """The versions that csctl runs with here."""
    for one in metadata.distributions():
        name = one.metadata["Name"]
        if name != "csctl" and _NAME.fullmatch(name):
            yield f"{name}=={one.version}\n"


def _make_wheel(own: metadata.Distribution, directory: Path) -> None:
    package = Path(csctl.__file__).parent
    info = f"csctl-{own.version}.dist-info"
    files = {
        f"csctl/{file.relative_to(package).as_posix()}": file.read_bytes()
        for file in sorted(package.rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts
    }
    for name in ("METADATA", "entry_points.txt"):
        text = own.read_text(name)
        if text is not None:
            files[f"{info}/{name}"] = text.encode()
    files[f"{info}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: csctl\nRoot-Is-Purelib: true\n"
        b"Tag: py3-none-any\n"
    )
    files[f"{info}/RECORD"] = _record(files.items(), f"{info}/RECORD")
    wheel = directory / f"csctl-{own.version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)


def _record(files: Iterable[tuple[str, bytes]], own: str) -> bytes:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    for name, data in files:
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
        rows.writerow((name, f"sha256={digest.decode().rstrip('=')}", len(data)))
    rows.writerow((own, "", ""))
    return text.getvalue().encode()
