"""Loading, killed or failing at each call that changes a disk."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from signal import SIGKILL

import pytest

from csctl.bundle.manifest import Display
from tests.bundle import freight as freights
from tests.bundle.far_side import images, leftovers
from tests.bundle.landing import Landing, outcomes, some_freight
from tests.faults.site import ROOT

_CALLS = (
    *("fsync", "rename", "renameat2", "mkdir", "unlink", "unlinkat", "link", "linkat"),
    *("chmod", "fchmod", "fchownat", "ftruncate", "pwrite64"),
)
_FAULTS = ("signal=SIGKILL", "error=EIO", "error=ENOSPC")
_MOST = 60

pytestmark = [
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is missing"),
    pytest.mark.xdist_group("bundle-kill"),
]


@pytest.fixture
def loaded(
    engine_host: str,
    rehearsal_image: str,  # noqa: ARG001
    rehearsal_archive: Path,
    unique_name: str,
    tmp_path: Path,
) -> Landing:
    """A host on which one bundle was loaded, and a newer one that lies there."""
    packed = freights.standin(rehearsal_archive)
    here = Landing(engine_host, tmp_path, some_freight(unique_name, packed))
    here.load()
    newer = here.changed(
        model=here.freight.model | {"punct/X/model.bin": b"punct"},
        displays=(Display(type="punct", locale="en-US", id=None),),
        fetched_at=here.freight.fetched_at + timedelta(hours=1),
        text=here.freight.text + "restart: always\n",
    )
    (tmp_path / "new.bundle").write_bytes(newer.make(images).archive())
    return dataclasses.replace(here, freight=newer)


def _points() -> Iterator[tuple[str, str, int]]:
    """Faults, the calls that they befall, and which one of these."""
    for fault in _FAULTS:
        for call in _CALLS:
            for number in range(1, _MOST + 1):
                yield fault, call, number


def _strike(here: Landing, folder: Path, fault: str, call: str, number: int) -> bool:
    """Load on a copy of the host; whether the fault came to be."""
    shutil.copytree(here.folder / "profiles", folder)
    trace = here.folder / "trace"
    words = [
        *("strace", "-f", "-qq", "-o", str(trace), "-e", f"trace={call}"),
        *("-e", f"inject={call}:{fault}:when={number}"),
        *(sys.executable, "-m", "csctl", "-H", here.url, "bundle", "load"),
        *(str(here.folder / "new.bundle"), "--force", "--profiles", str(folder)),
    ]
    done = subprocess.run(
        words,
        cwd=ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr[-2000:]
    struck = "(INJECTED)" in trace.read_text() or done.returncode == -SIGKILL
    assert struck or done.returncode == 0, done.stderr
    return struck


def _check(here: Landing, folder: Path) -> None:
    """What was there is there, whole; the next run ends well, and leaves nothing."""
    for record in (folder / "data").glob("*/*.csctl.json"):
        directory = record.with_name(record.name.removesuffix(".csctl.json"))
        if directory.is_dir():
            for file in json.loads(record.read_text())["files"]:
                content = (directory / file["path"]).read_bytes()
                assert hashlib.sha256(content).hexdigest() == file["sha256"]
    [old] = here.licenses
    assert (
        folder / "data/license" / old.name / "license.key"
    ).read_bytes() == b"opaque"
    again = dataclasses.replace(here, folder=folder.parent, watch=None)
    shutil.rmtree(folder.parent / "profiles", ignore_errors=True)
    folder.rename(folder.parent / "profiles")
    done = again.load(here.freight, images, force=True)
    assert set(outcomes(done).values()) <= {"loaded", "there already"}
    assert set(outcomes(again.load(here.freight, images)).values()) == {"there already"}
    assert list(leftovers(folder.parent)) == []


def _strike_all(here: Landing) -> int:
    struck, ended = 0, set()
    for fault, call, number in _points():
        if (fault, call) in ended:
            continue
        place = here.folder / "copy"
        place.mkdir()
        try:
            if not _strike(here, place / "host", fault, call, number):
                ended.add((fault, call))
                continue
            _check(here, place / "host")
        except BaseException as error:
            error.add_note(f"{fault} at {call} number {number}")
            raise
        finally:
            shutil.rmtree(place)
        struck += 1
    return struck


@pytest.mark.parametrize(
    ("call", "number"), [("fsync", 3), ("renameat2", 1), ("rename", 2)]
)
def test_killed_at_a_call_the_next_run_goes_on(
    loaded: Landing, call: str, number: int
) -> None:
    place = loaded.folder / "copy" / "host"
    place.parent.mkdir()
    assert _strike(loaded, place, "signal=SIGKILL", call, number)
    _check(loaded, place)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_killed_or_failing_at_every_call_the_next_run_goes_on(loaded: Landing) -> None:
    struck = _strike_all(loaded)
    assert struck > 100, f"{struck} is less than there are"
