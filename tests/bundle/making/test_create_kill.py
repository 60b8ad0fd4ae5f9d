"""Making a bundle, killed or failing at each call that changes a disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.bundle.far_side import tree
from tests.bundle.forge import ERRORS, KILL, Forge, Point, Struck, forge
from tests.bundle.making.near_side import CREATED, whole
from tests.cli.shell import Draft, Shell

_CALLS = (
    *("write", "pwrite64", "ftruncate", "fallocate", "fsync", "fdatasync", "openat"),
    *("rename", "link", "linkat", "unlink", "unlinkat", "mkdir"),
)
_A_FEW = 8

pytestmark = pytest.mark.skipif(
    shutil.which("strace") is None, reason="strace is missing"
)


@dataclass(frozen=True)
class Bench:
    """A profile to be packed into a file, where an older bundle lies."""

    draft: Draft
    file: Path
    older: bytes
    forge: Forge
    url: str

    def create(self, point: Point | None = None) -> Struck:
        """Make the bundle, struck at a point if there is one."""
        words = ("-H", self.url, "bundle", "create", str(self.draft.path), "--yes")
        made = ("-o", str(self.file), "--created", CREATED)
        struck = self.forge.run([*words, *made], _CALLS, point)
        assert "Traceback" not in struck.out, struck.out[-2000:]
        assert struck.injected or struck.code == 0, struck.out
        return struck

    def points(self, fault: str) -> list[Point]:
        """Each call of a whole run that names something of the bundle or the data."""
        struck = self.create()
        found = dict.fromkeys(
            (call, number)
            for folder in (self.file.parent, self.draft.data)
            for call, number in struck.changes(folder)
        )
        assert {"pwrite64", "fsync", "rename"} <= {call for call, _ in found}
        return [Point(call, number, fault) for call, number in found]

    def strike(self, points: list[Point]) -> int:
        """Strike at each point, and check; how many faults came to be."""
        self.create()
        new, data, struck = self.file.read_bytes(), tree(self.draft.data), 0
        for point in points:
            try:
                self.file.write_bytes(self.older)
                struck += self.create(point).injected
                assert self.file.read_bytes() in (self.older, new)
                assert self.create().code == 0
                assert self.file.read_bytes() == new
                assert os.listdir(self.file.parent) == [self.file.name]
                assert tree(self.draft.data) == data
            except BaseException as error:
                error.add_note(str(point))
                raise
        whole(self.file).close()
        return struck


@pytest.fixture
def bench(
    shell: Shell, pushed: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    draft = shell.write(stocked=True, image=f"{pushed}:4.12.0-amd64")
    file = tmp_path / "out" / "a.csctl"
    file.parent.mkdir()
    environ = {"STAND_IN_KEY": "rehearsal"}
    with forge(tmp_path_factory.mktemp("forge"), environ) as started:
        yield Bench(draft, file, b"an older bundle", started, shell.url)


def test_struck_at_a_call_the_next_run_goes_on(bench: Bench) -> None:
    points = bench.points(KILL)
    some = points[:: max(1, len(points) // _A_FEW)]
    assert bench.strike(some) >= _A_FEW - 2


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("fault", [KILL, *ERRORS])
def test_struck_at_every_call_the_next_run_goes_on(
    bench: Bench, fault: str, record_property: Callable[[str, object], None]
) -> None:
    points = bench.points(fault)
    struck = bench.strike(points)
    record_property("struck", f"{struck} of {len(points)} points, all recovered")
    assert struck > 25
