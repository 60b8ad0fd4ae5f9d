"""What streams of speech cost csctl itself, and how soon it passes on what it hears.

`python -m tests.bench.speech_stream [SECONDS]`. The far end is a process of its own, so
that only csctl's side is measured; it needs no Engine.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time
import wave
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from websockets.asyncio.server import ServerConnection, serve

from csctl.speech.convert import opened
from csctl.speech.heard import Began, Hypothesis
from csctl.speech.line import Line, Pace
from csctl.speech.session import recognize

_SECONDS = 20.0
_RATE = 16_000
_FAR_END = "far-end"
_EVERY = 5
"""A hypothesis comes with each fifth piece of audio, twice a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """What a run of so many streams came to."""

    count: int
    seconds: float
    """Of audio, in each."""
    cpu: float
    """Seconds that this process used."""
    late: float
    """Seconds after its audio at which the last stream ended."""
    first: tuple[float, ...]
    """Seconds from sending to passing on, of each stream's first hypothesis."""

    def __str__(self) -> str:
        share = 100 * self.cpu / self.seconds / self.count
        usual, slowest = statistics.median(self.first), max(self.first)
        return (
            f"| {self.count} | {share:.2f} % | {share / 3:.2f}"
            f" | {1 + self.late / self.seconds:.3f}"
            f" | {1000 * usual:.1f} ms | {1000 * slowest:.1f} ms"
            f" | {slowest / 0.02:.2f} |"
        )


async def _hear(connection: ServerConnection) -> None:
    """The far end: supposes the moment it does so at, and ends with the audio."""
    turn, pieces = "", 0

    async def tell(path: str, value: object) -> None:
        head = f"X-RequestId:{turn}\r\nPath:{path}\r\n\r\n"
        await connection.send(head + json.dumps(value))

    async for data in connection:
        if isinstance(data, str):
            continue
        end = 2 + int.from_bytes(data[:2], "big")
        turn = turn or data[2:end].decode().partition("X-RequestId:")[2][:32]
        pieces += 1
        if len(data) == end:
            await tell("turn.end", {})
        elif pieces % _EVERY == 0:
            await tell("speech.hypothesis", {"Text": repr(time.monotonic())})


async def _serve() -> None:
    async with serve(_hear, "127.0.0.1", 0, compression=None) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await server.serve_forever()


async def _streams(port: int, file: Path, count: int) -> Streams:
    line = Line(name="far end", host="127.0.0.1", port=port, pace=Pace.REAL_TIME)
    async with opened(file) as audio:

        async def one() -> tuple[float, list[float]]:
            began, delays = time.monotonic(), []
            async for event in recognize(line, audio):
                now = time.monotonic()
                match event:
                    case Began():
                        began = now
                    case Hypothesis():
                        delays.append(now - float(event.text))
            return time.monotonic() - began, delays

        before = time.process_time()
        ends = await asyncio.gather(*(one() for _ in range(count)))
        used = time.process_time() - before
        return Streams(
            count=count,
            seconds=audio.seconds,
            cpu=used,
            late=max(seconds for seconds, _ in ends) - audio.seconds,
            first=tuple(delays[0] for _, delays in ends),
        )


def main(seconds: float) -> None:
    """Print the table, row by row."""
    print(
        "| streams | CPU of one core, each | by 3 % | time by audio"
        " | first hypothesis passed on in | slowest | by 20 ms |"
    )
    print("|---|---|---|---|---|---|---|")
    argv = [sys.executable, "-m", "tests.bench.speech_stream", _FAR_END]
    with (
        TemporaryDirectory(prefix="csctl-bench-") as folder,
        subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as server,
    ):
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            file = Path(folder, "quiet.wav")
            with wave.open(str(file), "wb") as out:
                out.setparams((1, 2, _RATE, 0, "NONE", ""))
                out.writeframes(bytes(2 * int(seconds * _RATE)))
            asyncio.run(_streams(port, file, 1))  # Warms up.
            for count in (1, 10, 50):
                print(asyncio.run(_streams(port, file, count)), flush=True)
        finally:
            server.terminate()


if __name__ == "__main__":
    if sys.argv[1:] == [_FAR_END]:
        asyncio.run(_serve())
    else:
        main(float(sys.argv[1]) if sys.argv[1:] else _SECONDS)
