"""The air gap: making, verifying and loading a bundle beside stock tools.

An image of several layers lies in a registry on this host. Nothing is asserted; both
sides of a ratio are run in turn, on files that the page cache holds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import httpx

from csctl.rehearsal import image
from tests.bench import clock
from tests.bench.fleet import MODEL
from tests.bundle.freight import layer, standin
from tests.registry.real import DockerRegistry, docker_registry

_LAYERS = 4
_LAYER_PIECES = 5_000
"""Of 64 KiB each, of which one half can be compressed."""
_TIMES = 3
_REPOSITORY, _TAG = "bench/speech", "4.12.0-amd64"
_CSCTL = str(Path(sys.executable).with_name("csctl"))
_KEY = {"command": ["echo", "rehearsal"]}
_ENDPOINT = "https://rehearsal.cognitiveservices.azure.com"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure; `peer` and `other` where it is beside another tool."""

    what: str
    own: str
    peer: str
    other: str
    ratio: str
    bound: str

    def __str__(self) -> str:
        cells = (self.what, self.own, self.peer, self.other, self.ratio, self.bound)
        return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the table, row by row."""
    print("| air gap | csctl | peer | peer's | ratio | aimed at |")
    print("|---|---|---|---|---|---|")
    with (
        tempfile.TemporaryDirectory(prefix="csctl-bench-") as name,
        docker_registry(Path(name)) as registry,
    ):
        gap = Gap(Path(name), registry)
        try:
            gap.prepare()
            for row in gap.rows():
                print(row, flush=True)
        finally:
            gap.forget()


class Gap:
    """One profile whose image a registry has, and the bundle of it."""

    def __init__(self, folder: Path, registry: DockerRegistry) -> None:
        self._folder = folder
        self._registry = registry
        self._name = f"{registry.host}/{_REPOSITORY}:{_TAG}"
        self._profile = folder / "bench-gap.yaml"
        self._bundle = folder / "whole.csctl"
        self._memory: dict[str, int] = {}

    def prepare(self) -> None:
        """Push the image, and download once what the bundle is made of."""
        # What this process holds would count as its children's memory, too.
        pushing = get_context("spawn").Process(
            target=_push, args=(self._registry.host, self._folder / "rehearsal.tar")
        )
        pushing.start()
        pushing.join()
        if pushing.exitcode:
            raise SystemExit("the image cannot be pushed")
        account = {"endpoint": _ENDPOINT, "api_key": _KEY}
        document = {
            "name": "bench-gap",
            "image": self._name,
            "mode": "disconnected",
            "model": {"id": MODEL},
            "billing": account,
            "license": account | {"valid_for": "30d"},
            "data": "data",
            "port": 24_900,
        }
        self._profile.write_text(json.dumps(document))
        self._create(self._bundle)

    def forget(self) -> None:
        """Take the image out of the Engine."""
        subprocess.run(["docker", "rmi", "-f", self._name], capture_output=True)

    def rows(self) -> Iterator[Row]:
        """All figures."""
        size = self._bundle.stat().st_size
        yield self._creating(size)
        yield self._saving()
        yield self._verifying()
        yield self._loading()
        seconds = clock.seconds(self._load, times=_TIMES)
        yield Row("loading what is there", f"{seconds:.2f} s", "", "", "", "1 s")
        delta = self._folder / "delta.csctl"
        self._csctl("license", "pull", str(self._profile))
        self._create(delta, "--since", str(self._bundle))
        own = f"{delta.stat().st_size / 1000:.0f} kB"
        yield Row("a license alone", own, "", "", "", "100 kB")
        for verb, used in self._memory.items():
            own = f"{used / 1000:.0f} MB"
            yield Row(f"`bundle {verb}`, resident memory", own, "", "", "", "150 MB")

    def _creating(self, size: int) -> Row:
        copy = self._folder / "copy"
        words = ["dd", f"if={self._bundle}", f"of={copy}", "bs=1M", "conv=fsync"]
        new = self._folder / "new.csctl"
        own, other = clock.in_turn(
            partial(_anew, new, lambda: self._create(new)),
            partial(_anew, copy, lambda: clock.run(words, os.environ)),
            times=_TIMES,
        )
        copy.unlink()
        what = f"`bundle create`, {size / 1e6:.0f} MB from a registry"
        return _row(what, own, "`dd conv=fsync` of the same bytes", other, "1.5")

    def _saving(self) -> Row:
        new, saved = self._folder / "new.csctl", self._folder / "saved.tar"
        words = ["docker", "save", "-o", str(saved), self._name]
        own, other = clock.in_turn(
            partial(_anew, new, lambda: self._create(new)),
            partial(_anew, saved, lambda: clock.run(words, os.environ)),
            times=_TIMES,
        )
        saved.unlink()
        new.unlink()
        return _row("`bundle create`", own, "`docker save -o`", other, "0.2")

    def _verifying(self) -> Row:
        own, other = clock.in_turn(
            lambda: self._csctl("bundle", "verify", str(self._bundle)),
            lambda: clock.run(["sha256sum", str(self._bundle)], os.environ),
            times=_TIMES,
        )
        return _row("`bundle verify`", own, "`sha256sum`", other, "1.0")

    def _loading(self) -> Row:
        pull = ["docker", "pull", self._name]
        rounds: list[tuple[float, float]] = []
        for _ in range(_TIMES):
            self.forget()
            own = clock.once(self._load)
            self.forget()
            rounds.append((own, clock.once(lambda: clock.run(pull, os.environ))))
        own, other = (sorted(side)[_TIMES // 2] for side in zip(*rounds, strict=True))
        self._load()
        return _row("`bundle load`", own, "`docker pull` from a registry", other, "1.1")

    def _create(self, file: Path, *more: str) -> None:
        words = ("create", str(self._profile), "-o", str(file), "--yes", *more)
        self._csctl("bundle", *words)

    def _load(self) -> None:
        target = str(self._folder / "far")
        self._csctl("bundle", "load", str(self._bundle), "--target", target)

    def _csctl(self, noun: str, verb: str, *words: str) -> None:
        used = _run([_CSCTL, noun, verb, *words], os.environ)
        if noun == "bundle":
            self._memory[verb] = max(used, self._memory.get(verb, 0))


def _push(host: str, archive: Path) -> None:
    """Build an image of large layers upon the stand-in, and push it."""
    image.build(archive)
    contents = [
        layer(f"data-{number}", b"".join(_pieces())) for number in range(_LAYERS)
    ]
    packed = standin(archive, *contents)
    own = packed.image
    with httpx.Client() as client:
        registry = DockerRegistry(host, client)
        for digest, data in packed.blobs.items():
            if digest != own.digest:
                registry.put_blob(_REPOSITORY, digest, data)
        manifest = packed.blobs[own.digest]
        registry.put_manifest(_REPOSITORY, _TAG, manifest, own.media_type)


def _pieces() -> Iterator[bytes]:
    for _ in range(_LAYER_PIECES):
        yield os.urandom(32 << 10)
        yield bytes(32 << 10)


def _anew(file: Path, work: Callable[[], object]) -> None:
    file.unlink(missing_ok=True)
    work()


def _row(what: str, own: float, peer: str, other: float, bound: str) -> Row:
    ratio = f"{own / other:.2f}"
    return Row(what, f"{own:.2f} s", peer, f"{other:.2f} s", ratio, bound)


def _run(argv: list[str], environ: Mapping[str, str]) -> int:
    """Run a command that must end with 0; the most memory that it had, in kB."""
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            argv,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
        ) as process,
    ):
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"{' '.join(argv)}: {said.read().decode()}")
    return used.ru_maxrss


if __name__ == "__main__":
    main()
