"""Audio of other kinds, with ffmpeg, with sox and with neither."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from csctl.errors import UsageError
from csctl.speech.audio import SAMPLE, STANDARD, Format
from csctl.speech.convert import check, opened


def look(path: Path, *, convert: bool = False) -> tuple[Format, bytes]:
    async def work() -> tuple[Format, bytes]:
        async with opened(path, convert=convert) as found:
            return found.format, b"".join(found.pieces())

    return asyncio.run(work())


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def install(folder: Path, name: str, script: str) -> None:
    program = folder / name
    program.write_text(f"#!{sys.executable} -IS\nimport os, sys, time\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def song(tmp_path: Path) -> Path:
    path = tmp_path / "song {x}.mp3"
    path.write_bytes(b"ID3")
    return path


def test_a_plain_file_needs_no_converter(programs: Path) -> None:
    assert os.listdir(programs) == []
    assert look(SAMPLE) == (STANDARD, SAMPLE.read_bytes()[44:])


def test_without_a_converter_it_says_what_to_do(programs: Path, song: Path) -> None:
    assert os.listdir(programs) == []
    with pytest.raises(UsageError) as caught:
        look(song)
    assert caught.value.message == (
        f"{song} is no WAV file, and neither ffmpeg nor sox is installed"
    )
    assert "install ffmpeg or sox" in str(caught.value.remedy)
    with pytest.raises(UsageError, match="is to be converted, and neither"):
        look(SAMPLE, convert=True)


def test_a_look_tells_without_converting(programs: Path, song: Path) -> None:
    check(SAMPLE)
    with pytest.raises(UsageError, match="neither ffmpeg nor sox is installed"):
        check(song)
    install(programs, "sox", "sys.exit(1)")
    check(song)


@pytest.mark.parametrize("name", ["ffmpeg", "sox"])
def test_the_converters_output_is_sent(name: str, programs: Path, song: Path) -> None:
    # It gets the file by its whole path, whatever characters that has.
    install(
        programs,
        name,
        f"sys.stdout.write({str(song)!r} in ' '.join(sys.argv) and 'okay!')",
    )
    assert look(song) == (STANDARD, b"okay")


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("print('not', 'this', file=sys.stderr); sys.exit(1)", "no audio: not this"),
        ("sys.exit(3)", "takes it for no audio$"),
        ("", "finds no sound in it"),
        ("sys.stdout.write('a')", "finds no sound in it"),
    ],
)
def test_a_converter_that_fails(
    script: str, message: str, programs: Path, song: Path
) -> None:
    install(programs, "ffmpeg", script)
    with pytest.raises(UsageError, match=message):
        look(song)


@pytest.mark.skipif(shutil.which("sox") is None, reason="sox is missing")
def test_a_real_converter_keeps_what_was_said(tmp_path: Path) -> None:
    path = tmp_path / "other.flac"
    subprocess.run(["sox", SAMPLE, "-r", "44100", "-c", "2", path], check=True)
    form, samples = look(path)
    assert form == STANDARD
    assert len(samples) / form.frame / form.rate == pytest.approx(3.56, abs=0.05)
    assert len(set(samples)) == 256


def test_a_converter_does_not_outlive_who_asked(
    programs: Path, song: Path, tmp_path: Path
) -> None:
    mark = tmp_path / "pid"
    install(
        programs,
        "ffmpeg",
        f"open({str(mark)!r}, 'w').write(str(os.getpid())); time.sleep(300)",
    )

    async def broken_off() -> int:
        asking = asyncio.create_task(opened(song).__aenter__())
        deadline = time.monotonic() + 60
        while not (mark.exists() and mark.read_text()):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        return int(mark.read_text())

    pid = asyncio.run(broken_off())
    assert not Path(f"/proc/{pid}").exists()
