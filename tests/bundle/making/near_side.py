"""Bundles made at the shell, and looked at with csctl's reader and stock tools."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

from csctl.bundle.archive import Bundle, open_bundle
from csctl.bundle.signature import Trust
from csctl.bundle.verify import verify
from tests.cli.shell import Shell

CREATED = "2026-05-04T03:02:01Z"


def create(shell: Shell, *words: object, output: str = "a.csctl") -> Path:
    """`csctl bundle create`, which must go well."""
    shell.run("bundle", "create", "-o", output, "--created", CREATED, *words)
    return shell.folder / output


def whole(file: Path) -> Bundle:
    """A bundle of which every byte is right."""
    opened = open_bundle(file, Trust())
    found: list[object] = []

    def read() -> Iterator[object]:
        found.extend((yield from verify(opened)))

    for _ in read():
        pass
    assert found == []
    return opened


def members(file: Path) -> list[str]:
    """The names that `tar -t` lists."""
    done = subprocess.run(
        ["tar", "-tf", file], check=True, capture_output=True, text=True
    )
    return done.stdout.splitlines()


def unpack(file: Path, folder: Path) -> Path:
    """`tar -x` into a new folder."""
    folder.mkdir()
    subprocess.run(["tar", "-C", folder, "-xf", file], check=True)
    return folder


def docker(url: str, *words: str) -> str:
    """What the docker command prints."""
    done = subprocess.run(
        ["docker", "-H", url, *words], check=True, capture_output=True, text=True
    )
    return done.stdout
