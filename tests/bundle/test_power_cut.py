"""A power cut while a bundle is loaded, and right after it: what reached the disk."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from tests.bundle import freight as freights
from tests.bundle.far_side import images, leftovers
from tests.bundle.forge import KILL, Forge, Point, Struck, forge
from tests.bundle.landing import Landing, outcomes, some_freight
from tests.faults.site import OTHER_MODEL, check_record

_CALLS = ("fsync", "syncfs", "rename", "renameat2", "linkat", "unlink", "unlinkat")
_A_FEW = 6

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="mounts a disk"),
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is missing"),
]


@dataclass
class Disk:
    """A disk of its own that keeps in memory whatever nobody flushes."""

    file: Path
    place: Path

    def make(self) -> None:
        """Make it anew."""
        self.file.unlink(missing_ok=True)
        with self.file.open("wb") as file:
            file.truncate(64 << 20)
        _run("mke2fs", "-q", "-t", "ext4", self.file)

    def mount(self) -> None:
        """Put it into its place."""
        self.place.mkdir(exist_ok=True)
        _run("mount", "-o", "loop,commit=600", self.file, self.place)

    def unmount(self) -> None:
        """Take it out of its place."""
        _run("umount", self.place)

    def cut(self) -> None:
        """Lose all that did not reach it."""
        reached = self.file.with_suffix(".cut")
        _run("cp", "--sparse=always", self.file, reached)
        self.unmount()
        reached.replace(self.file)
        self.mount()


def _run(*words: object) -> None:
    subprocess.run(list(map(str, words)), check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    made = Disk(tmp_path / "disk", tmp_path / "mounted")
    made.make()
    made.mount()
    yield made
    made.unmount()


@pytest.fixture
def here(
    engine_host: str,
    rehearsal_image: str,  # noqa: ARG001
    rehearsal_archive: Path,
    unique_name: str,
    disk: Disk,
) -> Landing:
    packed = freights.standin(rehearsal_archive)
    return Landing(engine_host, disk.place, some_freight(unique_name, packed))


@pytest.fixture
def forging(tmp_path: Path) -> Iterator[Forge]:
    with forge(tmp_path, {}) as started:
        yield started


def test_a_disk_loses_what_nobody_flushes(disk: Disk) -> None:
    (disk.place / "lost").write_text("x")
    disk.cut()
    assert not (disk.place / "lost").exists()


def test_what_was_loaded_is_there_after_a_power_cut(here: Landing, disk: Disk) -> None:
    here.load()
    disk.cut()
    assert set(outcomes(here.load()).values()) == {"there already"}


@dataclass(frozen=True)
class Cut:
    """A newer set that is loaded upon an older one, until the power is cut."""

    here: Landing
    disk: Disk
    forging: Forge

    @property
    def newer(self) -> Landing:
        """The newer set, of another model."""
        freight = self.here.freight
        newer = dataclasses.replace(
            freight,
            model=freight.model | {"more": b"more" * 99},
            model_id=OTHER_MODEL,
            text=freight.text.replace(freight.model_id, OTHER_MODEL),
            fetched_at=freight.fetched_at + timedelta(hours=1),
        )
        return dataclasses.replace(self.here, freight=newer)

    def points(self) -> list[Point]:
        """Each call of a whole run that decides what reaches the disk."""
        self._begin()
        trace = self._load(None)
        calls = dict.fromkeys(trace.calls(self.here.folder))
        assert {"fsync", "rename"} <= {call for call, _ in calls}
        return [Point(call, number, KILL) for call, number in calls]

    def strike(self, points: list[Point]) -> None:
        """Cut the power at each point, and look at what is left."""
        for point in points:
            self._begin()
            try:
                assert self._load(point).injected
                self.disk.cut()
                self._check()
            except BaseException as error:
                error.add_note(str(point))
                raise

    def _begin(self) -> None:
        self.disk.unmount()
        self.disk.make()
        self.disk.mount()
        self.here.load()
        _run("sync", "-f", self.here.folder)

    def _load(self, point: Point | None) -> Struck:
        file = self.disk.file.with_name("new.bundle")
        file.write_bytes(self.newer.freight.make(images).archive())
        words = ("-H", self.here.url, "bundle", "load", str(file), "--force")
        to = ("--profiles", str(self.here.profile.parent))
        return self.forging.run([*words, *to], _CALLS, point)

    def _check(self) -> None:
        """The older set is whole, every record is true; the next run goes on."""
        check_record(self.here.record)
        for record in self.here.data.glob("*/*.csctl.json"):
            if record.with_name(record.name.removesuffix(".csctl.json")).is_dir():
                check_record(record)
        assert len(self.here.licenses) in (1, 2)
        newer = self.newer
        done = newer.load(force=True)
        assert set(outcomes(done).values()) <= {"loaded", "there already"}
        assert set(outcomes(newer.load()).values()) == {"there already"}
        assert list(leftovers(self.here.folder)) == []


def test_cut_at_a_call_the_next_run_goes_on(
    here: Landing, disk: Disk, forging: Forge
) -> None:
    cut = Cut(here, disk, forging)
    points = cut.points()
    cut.strike(points[:: max(1, len(points) // _A_FEW)])


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_cut_at_every_call_the_next_run_goes_on(
    here: Landing,
    disk: Disk,
    forging: Forge,
    record_property: Callable[[str, object], None],
) -> None:
    cut = Cut(here, disk, forging)
    points = cut.points()
    cut.strike(points)
    record_property("cut", f"{len(points)} times, all recovered")
    assert len(points) > 20
