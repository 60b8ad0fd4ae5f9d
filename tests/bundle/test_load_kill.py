"""Loading, killed or failing at each call that changes a disk."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from csctl.bundle.manifest import Display
from tests.bundle import freight as freights
from tests.bundle.far_side import all_but_licenses, images, leftovers
from tests.bundle.forge import ERRORS, KILL, Forge, Point, Struck, forge
from tests.bundle.freight import Freight
from tests.bundle.landing import Landing, outcomes, some_freight

_CALLS = (
    *("write", "pwrite64", "ftruncate", "fsync", "syncfs", "openat"),
    *("rename", "renameat2", "link", "linkat", "unlink", "unlinkat", "mkdir"),
    *("rmdir", "chmod", "fchmod", "fchownat"),
)
_MANY = {f"am/{n % 4}/{n}.bin": bytes([n]) * 99 for n in range(24)}
_A_FEW = 10
"""So many points of each scenario are struck in the ordinary suite, spread over all."""

pytestmark = [
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is missing"),
    pytest.mark.xdist_group("bundle-kill"),
]


@dataclass(frozen=True)
class Host:
    """What lies on a host before a bundle is loaded, and the bundle."""

    here: Landing
    """Its freight is the bundle's."""
    leave_out: Callable[[str], bool]
    forge: Forge

    @property
    def file(self) -> Path:
        """The bundle."""
        return self.here.folder / "new.bundle"

    def load(self, folder: Path, point: Point | None = None) -> Struck:
        """Load it on a copy of the host, which is made in a folder."""
        if (self.here.folder / "profiles").exists():
            shutil.copytree(self.here.folder / "profiles", folder)
        else:
            folder.mkdir()
        words = ("-H", self.here.url, "bundle", "load", str(self.file), "--force")
        struck = self.forge.run([*words, "--profiles", str(folder)], _CALLS, point)
        assert "Traceback" not in struck.out, struck.out[-2000:]
        assert struck.injected or struck.code == 0, struck.out
        return struck

    def points(self, folder: Path) -> Iterator[Point]:
        """Each call of a whole load that names something there, and each fault."""
        calls = list(self.load(folder / "host").calls(folder / "host"))
        assert {"write", "fsync", "rename"} <= {call for call, _ in calls}
        for fault in (KILL, *ERRORS):
            for call, number in calls:
                yield Point(call, number, fault)

    def check(self, folder: Path) -> None:
        """What was there is there, whole; the next run goes on, and leaves nothing."""
        for record in (folder / "data").glob("*/*.csctl.json"):
            directory = record.with_name(record.name.removesuffix(".csctl.json"))
            if directory.is_dir():
                for file in json.loads(record.read_text())["files"]:
                    content = (directory / file["path"]).read_bytes()
                    assert hashlib.sha256(content).hexdigest() == file["sha256"]
        for old in self.here.licenses:
            key = folder / "data/license" / old.name / "license.key"
            assert key.read_bytes() == b"opaque"
        again = dataclasses.replace(self.here, folder=folder.parent)
        folder.rename(folder.parent / "profiles")
        done = again.load(self.here.freight, self.leave_out, force=True)
        assert set(outcomes(done).values()) <= {"loaded", "there already"}
        twice = again.load(self.here.freight, self.leave_out)
        assert set(outcomes(twice).values()) == {"there already"}
        assert list(leftovers(folder.parent)) == []

    def strike(self, points: Iterator[Point]) -> int:
        """Strike at each point, and check; how many faults came to be."""
        struck = 0
        for point in points:
            place = self.here.folder / "copy"
            place.mkdir()
            try:
                struck += self.load(place / "host", point).injected
                self.check(place / "host")
            except BaseException as error:
                error.add_note(str(point))
                raise
            finally:
                shutil.rmtree(place)
        return struck


def _newer(old: Freight) -> Freight:
    return dataclasses.replace(
        old,
        model=old.model | {"punct/X/model.bin": b"punct"} | _MANY,
        displays=(Display(type="punct", locale="en-US", id=None),),
        fetched_at=old.fetched_at + timedelta(hours=1),
        text=old.text + "restart: always\n",
    )


def _license(old: Freight) -> Freight:
    return dataclasses.replace(old, fetched_at=old.fetched_at + timedelta(hours=1))


@pytest.fixture(params=["onto nothing", "a newer set", "a license alone"])
def host(
    request: pytest.FixtureRequest,
    engine_host: str,
    rehearsal_image: str,  # noqa: ARG001
    rehearsal_archive: Path,
    unique_name: str,
    tmp_path: Path,
) -> Iterator[Host]:
    packed = freights.standin(rehearsal_archive)
    here = Landing(engine_host, tmp_path, some_freight(unique_name, packed))
    newer, leave_out = _newer(here.freight), images
    if request.param != "onto nothing":
        here.load()
    if request.param == "a license alone":
        newer, leave_out = _license(here.freight), all_but_licenses
    here = dataclasses.replace(here, freight=newer)
    with forge(tmp_path, {}) as started:
        made = Host(here, leave_out, started)
        made.file.write_bytes(here.freight.make(leave_out).archive())
        yield made


def _all(host: Host) -> list[Point]:
    place = host.here.folder / "whole"
    place.mkdir()
    try:
        return list(host.points(place))
    finally:
        shutil.rmtree(place)


def test_killed_at_a_call_the_next_run_goes_on(host: Host) -> None:
    kills = [point for point in _all(host) if point.fault == KILL]
    some = kills[:: max(1, len(kills) // _A_FEW)]
    assert host.strike(iter(some)) == len(some) >= _A_FEW


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_killed_or_failing_at_every_call_the_next_run_goes_on(
    host: Host, record_property: Callable[[str, object], None]
) -> None:
    points = _all(host)
    kills = sum(point.fault == KILL for point in points)
    struck = host.strike(iter(points))
    record_property("struck", f"{kills} kills, {struck - kills} errors, all recovered")
    assert struck == len(points) > 200
