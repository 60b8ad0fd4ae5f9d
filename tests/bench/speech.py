"""The REST client beside the service's own times, one connection, and a small file.

`python -m tests.bench.speech`; nothing is asserted.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from csctl.azure.client import Speech, open_speech
from csctl.azure.download import Wanted, fetch, of_files
from csctl.azure.resource import of
from csctl.lifecycle.side_by_side import side_by_side
from csctl.lifecycle.speech_files import downloads
from csctl.profile.speech import SpeechResource
from csctl.secret import FromEnvironment
from tests.bench import clock
from tests.bench.speech_server import FILES, LARGE, MANY, MODELS, SMALL

_ENVIRON = {**os.environ, "BENCH_KEY": "bench"}


def main() -> None:
    """Print the table, row by row."""
    print("| REST API | csctl | peer | | ratio | aimed at |")
    print("|---|---|---|---|---|---|")
    with _serving() as url:
        declared = SpeechResource(endpoint=url, api_key=FromEnvironment("BENCH_KEY"))
        with open_speech(of(declared), _ENVIRON) as speech:
            _listing(speech, url)
            _downloads(speech)
        _memory(url)


def _row(what: str, own: float, peer: str, other: float, unit: str, aim: str) -> None:
    print(
        f"| {what} | {own:.2f} {unit} | {peer} | {other:.2f} {unit} | {own / other:.2f}"
        f" | {aim} |",
        flush=True,
    )


def _listing(speech: Speech, url: str) -> None:
    def listed() -> None:
        assert len(list(speech.items("Models_ListBaseModels"))) == MODELS

    listed()
    pairs = []
    for _ in range(3):
        httpx.get(f"{url}/spent")
        own = clock.once(listed)
        pairs.append((own, float(httpx.get(f"{url}/spent").json())))
    own, spent = sorted(pairs, key=lambda pair: pair[0] / pair[1])[1]
    what = f"listing {MODELS:,} models, 100 pages"
    _row(what, own, "the service's own times", spent, "s", "1.3")


def _downloads(speech: Speech) -> None:
    files = list(speech.items("Transcriptions_ListFiles", {"id": MANY}))

    def bring(work: Callable[[list[Wanted]], None]) -> Callable[[], None]:
        def run() -> None:
            with tempfile.TemporaryDirectory(prefix="csctl-bench-") as name:
                work(of_files(files, Path(name)))
                assert len(os.listdir(name)) == FILES

        return run

    def one_by_one(wanted: list[Wanted]) -> None:
        for one in wanted:
            for _ in fetch(speech.blobs, one):
                pass

    def at_once(wanted: list[Wanted]) -> None:
        for _ in side_by_side(downloads(speech.blobs, wanted)):
            pass

    own, other = clock.in_turn(bring(at_once), bring(one_by_one), times=3)
    _row(f"{FILES} files of 1 MB, 20 ms away", own, "one by one", other, "s", "0.2")


def _memory(url: str) -> None:
    def peak(id_: str) -> float:
        folder = tempfile.mkdtemp(prefix="csctl-bench-")
        try:
            process = subprocess.Popen(
                [
                    *(str(Path(sys.executable).with_name("csctl")), "speech"),
                    *("--endpoint", url, "--api-key-env", "BENCH_KEY"),
                    *("transcriptions", "download", id_, "-o", folder),
                ],
                env=_ENVIRON,
                stdout=subprocess.DEVNULL,
            )
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            assert process.returncode == 0
            return usage.ru_maxrss / 1024
        finally:
            shutil.rmtree(folder)

    _row("memory, a file of 1 GB", peak(LARGE), "of 1 MB", peak(SMALL), "MB", "1.2")


@contextmanager
def _serving() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.bench.speech_server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.kill()


if __name__ == "__main__":
    main()
