"""A license refreshed or rolled back, struck at each call that changes a disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.bundle.forge import ERRORS, KILL, Forge, Point, Struck, forge
from tests.engines import remove_containers
from tests.faults.site import Site, check_record
from tests.ports import free_port

_CALLS = (
    *("write", "pwrite64", "ftruncate", "fsync", "openat", "rename", "link", "linkat"),
    *("unlink", "unlinkat", "mkdir", "rmdir", "chmod", "fchmod", "fchownat"),
)
_A_FEW = 3

pytestmark = pytest.mark.skipif(
    shutil.which("strace") is None, reason="strace is missing"
)


@pytest.fixture
def serving(
    engine_host: str,
    rehearsal_image: str,  # noqa: ARG001
    unique_name: str,
    tmp_path: Path,
) -> Iterator[Site]:
    """A profile that serves, and keeps no more than one license to go back to."""
    site = Site(unique_name, free_port(), tmp_path / "site", engine_host)
    site.folder.mkdir()
    site.document["license"] |= {"keep": 1}
    site.apply_well()
    # So that the oldest one goes, whatever is struck.
    refresh_well(site)
    yield site
    remove_containers(engine_host, unique_name)


@pytest.fixture
def forging(serving: Site, tmp_path: Path) -> Iterator[Forge]:
    with forge(tmp_path, serving.environ | {"DOCKER_HOST": serving.url}) as started:
        yield started


def refresh_well(site: Site) -> None:
    """`license refresh`, after which nothing is left to do."""
    done = site.run("license", "refresh", "--yes", str(site.profile))
    assert done.code == 0, done.err
    planned = site.plan()
    assert planned.code == 0, planned.err + planned.out
    site.check_whole()


def _strike(
    site: Site, forging: Forge, verb: str, point: Point | None = None
) -> Struck:
    words = ("license", verb, "--yes", str(site.profile))
    struck = forging.run(words, _CALLS, point)
    assert "Traceback" not in struck.out, struck.out[-2000:]
    assert struck.injected or struck.code == 0, struck.out
    return struck


def _points(site: Site, forging: Forge, verb: str, fault: str) -> list[Point]:
    calls = dict.fromkeys(_strike(site, forging, verb).changes(site.data))
    assert {"write", "fsync", "rename"} <= {call for call, _ in calls}
    refresh_well(site)
    return [Point(call, number, fault) for call, number in calls]


def _strike_all(site: Site, forging: Forge, verb: str, points: list[Point]) -> int:
    """Strike at each point, and look; how many faults came to be."""
    struck = 0
    for point in points:
        try:
            struck += _strike(site, forging, verb, point).injected
            _check(site)
            refresh_well(site)
        except BaseException as error:
            error.add_note(str(point))
            raise
    return struck


def _check(site: Site) -> None:
    """A container serves, with a license that is whole; every record is true."""
    labels = site.inspect()["Config"]["Labels"]
    used = Path(labels["csctl.license"])
    check_record(used.with_name(f"{used.name}.csctl.json"))
    for record in site.data.glob("*/*.csctl.json"):
        if record.with_name(record.name.removesuffix(".csctl.json")).is_dir():
            check_record(record)


@pytest.mark.parametrize("verb", ["refresh", "rollback"])
def test_struck_at_a_call_the_next_run_ends_well(
    serving: Site, forging: Forge, verb: str
) -> None:
    points = _points(serving, forging, verb, KILL)
    some = points[:: max(1, len(points) // _A_FEW)]
    assert _strike_all(serving, forging, verb, some) >= _A_FEW - 1


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("verb", ["refresh", "rollback"])
@pytest.mark.parametrize("fault", [KILL, *ERRORS])
def test_struck_at_every_call_the_next_run_ends_well(
    serving: Site,
    forging: Forge,
    verb: str,
    fault: str,
    record_property: Callable[[str, object], None],
) -> None:
    points = _points(serving, forging, verb, fault)
    struck = _strike_all(serving, forging, verb, points)
    record_property("struck", f"{struck} of {len(points)} points, all recovered")
    assert struck > 10
