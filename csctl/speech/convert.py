"""Opening audio of any kind: WAV as it is, everything else through ffmpeg or sox."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from csctl.speech import audio
from csctl.speech.audio import STANDARD, Audio, Unfit, unusable

_SECONDS = 600.0
_RATE, _CHANNELS = str(STANDARD.rate), str(STANDARD.channels)
_FFMPEG = (
    *("ffmpeg", "-nostdin", "-v", "error", "-i", "file:{}", "-vn"),
    *("-f", "s16le", "-ar", _RATE, "-ac", _CHANNELS, "pipe:1"),
)
_SOX = (
    *("sox", "-V1", "{}", "-t", "raw", "-e", "signed-integer", "-b", "16", "-L"),
    *("-r", _RATE, "-c", _CHANNELS, "-"),
)


@asynccontextmanager
async def opened(path: Path, *, convert: bool = False) -> AsyncGenerator[Audio, None]:
    """The audio of a file, for as long as it is open.

    With `convert` it is made 16 kHz mono in any case. Raises UsageError for what is no
    audio, or needs a converter that is not installed.
    """
    found = await _open(path, convert=convert)
    try:
        yield found
    finally:
        found.close()


def check(path: Path) -> None:
    """Look whether a file can be sent, or at least be given to a converter.

    Raises UsageError.
    """
    handle = audio.open_file(path)
    try:
        audio.read(path, handle)
    except Unfit as exc:
        _converter(path, str(exc))
    finally:
        os.close(handle)


async def _open(path: Path, *, convert: bool) -> Audio:
    handle = audio.open_file(path)
    try:
        if not convert:
            return audio.read(path, handle)
        why = "is to be converted"
    except Unfit as exc:
        why = str(exc)
    except BaseException:
        os.close(handle)
        raise
    os.close(handle)
    return await _converted(path, why)


async def _converted(path: Path, why: str) -> Audio:
    words = _converter(path, why)
    # It has no name, so nothing is left of it however csctl ends.
    with tempfile.TemporaryFile() as file:
        argv = [word.format(path.absolute()) for word in words]
        if (fault := await _run(argv, file.fileno())) is not None:
            raise unusable(path, f"{why}, and {words[0]} {fault}")
        size = os.fstat(file.fileno()).st_size
        if size < STANDARD.frame:
            raise unusable(path, f"{why}, and {words[0]} finds no sound in it")
        whole = size - size % STANDARD.frame
        handle = os.dup(file.fileno())
        return Audio(format=STANDARD, handle=handle, start=0, size=whole)


def _converter(path: Path, why: str) -> tuple[str, ...]:
    """The words of a converter that is installed. Raises UsageError."""
    for words in (_FFMPEG, _SOX):
        if shutil.which(words[0]):
            return words
    raise unusable(
        path,
        f"{why}, and neither ffmpeg nor sox is installed",
        remedy="install ffmpeg or sox, or name a WAV file of 16-bit PCM, A-law or"
        " mu-law",
    )


async def _run(argv: list[str], output: int) -> str | None:
    """Convert into an open file; what went wrong. The converter does not outlive us."""
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as exc:
        return f"cannot be run: {exc.strerror}"
    try:
        async with asyncio.timeout(_SECONDS):
            _, said = await process.communicate()
    except TimeoutError:
        return f"did not end within {_SECONDS:.0f} s"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == 0:
        return None
    lines = said.decode(errors="replace").strip().splitlines()
    return "takes it for no audio" + (f": {lines[-1][:200]}" if lines else "")
