"""`python -m tests.bench.hosts`: `apply` on three hosts, beside the slowest one alone.

The hosts are sshd on this machine. The stand-in loads for two seconds; model and
license are downloaded each time.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from tests.bench import clock
from tests.bench.fleet import Fleet
from tests.sshd import Keys, Sshd

_PORT = 26000
_HOSTS = 3
_LOAD_SECONDS = "2"


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="csctl-bench-") as name:
        folder = Path(name)
        (folder / "keys").mkdir()
        keys = Keys(folder / "keys")
        environ = {**os.environ, "PATH": keys.path}
        engine = {"DOCKER_HOST": os.environ["DOCKER_HOST"]}
        hosts = [Sshd(keys, folder / f"sshd-{n}", engine) for n in range(_HOSTS)]
        fleets = [_fleet(folder / str(n), host, n) for n, host in enumerate(hosts)]
        try:
            alone = []
            for one in fleets:
                alone.append(clock.once(partial(_apply, [one], environ)))
                _down([one], environ)
            together = clock.once(partial(_apply, fleets, environ))
        finally:
            _down(fleets, environ)
            for host in hosts:
                host.stop()
    slowest = max(alone)
    print("| `apply` until ready, with all downloads | time | ratio |")
    print("|---|---|---|")
    print(f"| on one of three hosts, the slowest | {slowest:.2f} s | |")
    ratio = together / slowest
    print(f"| on all three, the first one first | {together:.2f} s | {ratio:.2f} |")


def _fleet(folder: Path, host: Sshd, number: int) -> Fleet:
    host.install()
    fleet = Fleet(folder, 1, _PORT + number)
    [path] = fleet.profiles.iterdir()
    document = json.loads(path.read_text()) | {"host": host.url}
    document["name"] = f"bench-{number}"
    document["environment"] = {"REHEARSAL_LOAD_SECONDS": _LOAD_SECONDS}
    path.write_text(json.dumps(document))
    return fleet


def _apply(fleets: list[Fleet], environ: Mapping[str, str]) -> None:
    clock.run(_words(fleets, "apply", "--yes"), environ)


def _down(fleets: list[Fleet], environ: Mapping[str, str]) -> None:
    clock.run(_words(fleets, "down", "--yes"), environ)
    for one in fleets:
        shutil.rmtree(one.data, ignore_errors=True)


def _words(fleets: list[Fleet], *verb: str) -> list[str]:
    program, *rest = fleets[0].csctl(*verb)[: len(verb) + 1]
    return [program, *rest, *(str(one.profiles) for one in fleets)]


if __name__ == "__main__":
    main()
