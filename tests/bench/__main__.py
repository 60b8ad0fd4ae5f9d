"""`make bench`: figures as ratios against a peer, measured in one run.

Nothing here is asserted: a busy machine changes times, and the ratios a little.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from csctl.ownership import Owner, find_wrong
from tests.bench import clock
from tests.bench.fleet import Fleet

_COUNT = 20
_FIRST_PORT = 24000
_FILES = 200_000


@dataclass(frozen=True, slots=True)
class Row:
    """One figure; the seconds are None where they could not be measured."""

    what: str
    own: float | None
    peer: str
    other: float | None
    bound: float

    def __str__(self) -> str:
        if self.own is None or self.other is None:
            return f"| {self.what} | not measured | {self.peer} | | | {self.bound} |"
        ratio = self.own / self.other
        return (
            f"| {self.what} | {self.own:.2f} s | {self.peer} | {self.other:.2f} s"
            f" | {ratio:.2f} | {self.bound} |"
        )


def main() -> None:
    """Print the table, row by row."""
    print("| csctl | time | peer | time | ratio | aimed at |")
    print("|---|---|---|---|---|---|")
    for row in (*_start_up(), *_fleet(), *_ownership()):
        print(row, flush=True)


def _start_up() -> Iterator[Row]:
    csctl = str(Path(sys.executable).with_name("csctl"))
    peer = [sys.executable, "-c", "import click"]
    for option in ("--version", "--help"):
        own, other = clock.in_turn(
            partial(clock.run, [csctl, option], os.environ),
            partial(clock.run, peer, os.environ),
            times=15,
        )
        yield Row(f"`{option}`", own, "`python -c 'import click'`", other, 1.5)


def _fleet() -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="csctl-bench-") as name:
        fleet = Fleet(Path(name), _COUNT, _FIRST_PORT)
        environ = {**os.environ, "REHEARSAL_LOAD_SECONDS": "0"}
        clock.run([*fleet.csctl("apply", "--yes")], environ)
        clock.run(fleet.csctl("down", "--yes"), environ)
        fleet.write_compose()
        has_peer = shutil.which("docker-compose") is not None
        try:
            yield from _lives(fleet, environ, has_peer=has_peer)
        finally:
            clock.run(fleet.csctl("down", "--yes"), environ)
            if has_peer:
                clock.run(fleet.peer("down", "-t", "1"), environ)


def _lives(fleet: Fleet, environ: dict[str, str], *, has_peer: bool) -> Iterator[Row]:
    up, apply = fleet.peer("up", "-d"), fleet.csctl("apply", "--yes")
    what = f"`apply`, {_COUNT} fresh profiles, until ready"
    if has_peer:
        fresh, started, ready = _fresh(fleet, environ)
        yield Row(what, fresh, "`docker-compose up -d`, not until ready", started, 1.0)
        yield Row(what, fresh, "`docker-compose up -d`, then until ready", ready, 1.0)
    else:
        yield Row(what, None, "docker-compose", None, 1.0)
        clock.run(apply, environ)
    for what, own, peer, bound in (
        (f"`apply`, nothing to do for {_COUNT}", apply, up, 1.0),
        (
            f"`status --json`, {_COUNT} containers",
            fleet.csctl("status", "--json"),
            fleet.peer("ps"),
            1.3,
        ),
    ):
        if not has_peer:
            yield Row(what, None, "docker-compose", None, bound)
            continue
        mine, other = clock.in_turn(
            partial(clock.run, own, environ),
            partial(clock.run, peer, environ),
            times=5,
        )
        yield Row(what, mine, f"`docker-compose {' '.join(peer[5:])}`", other, bound)


def _fresh(fleet: Fleet, environ: dict[str, str]) -> tuple[float, float, float]:
    """Medians of three: apply; up; up until all are ready. Leaves all running."""
    down, peer_down = fleet.csctl("down", "--yes"), fleet.peer("down", "-t", "1")
    rounds = []
    for _ in range(3):
        clock.run(down, environ)
        clock.run(peer_down, environ)
        own = clock.once(
            partial(clock.run, fleet.csctl("apply", "--yes"), environ),
        )
        began = time.perf_counter()
        clock.run(fleet.peer("up", "-d"), environ)
        started = time.perf_counter() - began
        fleet.wait_for_peer()
        rounds.append((own, started, time.perf_counter() - began))
    own, started, ready = (statistics.median(one) for one in zip(*rounds, strict=True))
    return own, started, ready


def _ownership() -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="csctl-bench-") as name:
        root = Path(name)
        for number in range(_FILES // 1000):
            folder = root / str(number)
            folder.mkdir()
            for file in range(1000):
                os.close(os.open(folder / str(file), os.O_CREAT))
        owner = Owner(os.geteuid(), os.getegid())
        find = ["find", name, "!", "-uid", str(owner.uid), "-o", "!", "-gid"]
        own, other = clock.in_turn(
            lambda: find_wrong(root, owner),
            lambda: subprocess.run([*find, str(owner.gid)], check=True),
            times=5,
        )
        yield Row(f"ownership of {_FILES:,} files, all right", own, "`find`", other, 2)


if __name__ == "__main__":
    main()
