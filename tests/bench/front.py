"""`python -m tests.bench.front`: how long nobody serves while a container is replaced,
what a front adds to a message, and how many streams four replicas carry.

The stand-in loads for two seconds, so that nothing but the way of replacing it differs.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import wave
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from itertools import pairwise
from pathlib import Path

import docker

from csctl.speech.audio import SAMPLE
from tests.bench import clock
from tests.bench.fleet import Fleet
from tests.front import image
from tests.rehearsal.speech_client import SpeechClient

_PORT = 25000
_PAUSE = 0.005
_LOAD_SECONDS = "2"
_MESSAGES = 500
_NAME = "bench-0"
_REPLICAS = 4
_EACH = 2
_REPEATED = 4
"""Long enough that a replica with a stream too many falls behind."""


def main() -> None:
    """Print both tables."""
    with tempfile.TemporaryDirectory(prefix="csctl-bench-") as name:
        fleet = Fleet(Path(name), 1, _PORT)
        clock.run(fleet.csctl("apply", "--yes"), os.environ)
        fleet.write_compose()
        clock.run(fleet.csctl("down", "--yes"), os.environ)
        try:
            _replacements(fleet)
            _messages()
            _scaling(fleet)
        finally:
            clock.run(fleet.csctl("down", "--yes"), os.environ)
            clock.run(fleet.peer("down", "-t", "1"), os.environ)


def _replacements(fleet: Fleet) -> None:
    print("| replacing a container that loads for 2 s | nobody serves |")
    print("|---|---|")
    compose = fleet.peer("up", "-d")
    peer = _outage(_PORT + 100, compose, partial(_change_compose, fleet))
    print(f"| `docker-compose up -d` | {peer:.2f} s |", flush=True)
    apply = fleet.csctl("apply", "--yes")
    alone = _outage(_PORT, apply, partial(_change_profile, fleet, {}))
    print(f"| `csctl apply`, no front | {alone:.2f} s |", flush=True)
    front = {"front": {"image": image.load(os.environ["DOCKER_HOST"])}}
    clock.run(fleet.csctl("down", "--yes"), os.environ)
    with_front = _outage(_PORT, apply, partial(_change_profile, fleet, front))
    print(f"| `csctl apply`, with a front | {with_front:.2f} s |", flush=True)


def _outage(port: int, up: list[str], change: Callable[[str], None]) -> float:
    """Seconds of the longest time without an answer, beyond the pause between two."""
    change("1")
    clock.run(up, os.environ)
    _wait(port)
    answers: list[float] = []
    stop = threading.Event()
    asking = threading.Thread(target=_ask, args=(port, answers, stop))
    asking.start()
    change("2")
    clock.run(up, os.environ)
    _wait(port)
    stop.set()
    asking.join()
    gaps = [after - before for before, after in pairwise(answers)]
    return max(0.0, max(gaps) - _PAUSE)


def _ask(port: int, answers: list[float], stop: threading.Event) -> None:
    while not stop.is_set():
        if _ready(port):
            answers.append(time.monotonic())
        time.sleep(_PAUSE)


def _ready(port: int) -> bool:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=2)) as asked:
        try:
            asked.request("GET", "/ready")
            return asked.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False


def _wait(port: int) -> None:
    while not _ready(port):
        time.sleep(_PAUSE)


def _change_compose(fleet: Fleet, text: str) -> None:
    document = fleet.read_compose()
    [service] = document["services"].values()
    service["environment"] = {"REHEARSAL_LOAD_SECONDS": _LOAD_SECONDS, "A": text}
    fleet.compose.write_text(json.dumps(document))


def _change_profile(fleet: Fleet, more: Mapping[str, object], text: str) -> None:
    path = fleet.profiles / f"{_NAME}.yaml"
    document = json.loads(path.read_text()) | more
    document["environment"] = {"REHEARSAL_LOAD_SECONDS": _LOAD_SECONDS, "A": text}
    path.write_text(json.dumps(document))


def _messages() -> None:
    """A ping of the WebSocket goes to the container and back."""
    with closing(docker.APIClient(base_url=os.environ["DOCKER_HOST"])) as client:
        seen = client.inspect_container(f"{_NAME}-1")
    [network] = seen["NetworkSettings"]["Networks"].values()
    own, direct = clock.in_turn(
        partial(_round_trips, "127.0.0.1", _PORT),
        partial(_round_trips, network["IPAddress"], 5000),
        times=5,
    )
    added = (own - direct) / _MESSAGES * 1e3
    print("\n| message to the container and back | time |")
    print("|---|---|")
    print(f"| directly | {direct / _MESSAGES * 1e3:.3f} ms |")
    print(f"| through published port and front | {own / _MESSAGES * 1e3:.3f} ms |")
    print(f"| what both add | {added:.3f} ms |")


def _round_trips(host: str, port: int) -> None:
    with SpeechClient(port, host=host) as client:
        for _ in range(_MESSAGES):
            client.send_frame(0x9, b"ping")
            client.receive_frame()


def _scaling(fleet: Fleet) -> None:
    """Replicas that keep up with two streams each, and the promise of `csctl size`."""
    audio = fleet.profiles.parent / "talk.wav"
    with wave.open(str(SAMPLE), "rb") as one, wave.open(str(audio), "wb") as several:
        several.setparams(one.getparams())
        frames = one.readframes(one.getnframes())
        for _ in range(_REPEATED):
            several.writeframes(frames)
    print("\n| replicas | streams promised | streams sustained |")
    print("|---|---|---|")
    alone = _sustained(fleet, audio, 1, most=2 * _EACH)
    print(f"| 1 | | {alone} |", flush=True)
    promised = _REPLICAS * alone
    together = _sustained(fleet, audio, _REPLICAS, most=promised)
    print(f"| {_REPLICAS} | {promised} | {together} |")


def _sustained(fleet: Fleet, audio: Path, replicas: int, *, most: int) -> int:
    path = fleet.profiles / f"{_NAME}.yaml"
    document = json.loads(path.read_text()) | {"replicas": replicas}
    document["environment"] = {"REHEARSAL_CAPACITY": str(_EACH)}
    path.write_text(json.dumps(document))
    clock.run(fleet.csctl("apply", "--yes"), os.environ)
    words = ("capacity", _NAME, "--audio", str(audio), "--max", str(most), "--json")
    told = subprocess.run(
        [sys.executable, "-m", "csctl", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    levels = json.loads(told.stdout)["levels"]
    carried = [one["streams"] for one in levels if one["result"] == "sustained"]
    return max(carried, default=0)


if __name__ == "__main__":
    main()
