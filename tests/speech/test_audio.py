"""WAV files as they are read, and as they are cut into pieces."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csctl.errors import UsageError
from csctl.speech import audio
from csctl.speech.audio import SAMPLE, Audio, Format, Unfit

PCM = Format(tag=1, channels=1, rate=16_000, bits=16)


def chunk(name: bytes, data: bytes, length: int | None = None) -> bytes:
    told = len(data) if length is None else length
    return name + struct.pack("<I", told) + data + bytes(len(data) % 2)


def fmt(form: Format, *, extensible: bool = False) -> bytes:
    tag = 0xFFFE if extensible else form.tag
    frame = form.channels * form.bits // 8
    data = struct.pack(
        "<HHIIHH", tag, form.channels, form.rate, form.rate * frame, frame, form.bits
    )
    if extensible:
        data += struct.pack("<HHIH", 22, form.bits, 0, form.tag) + bytes(14)
    return chunk(b"fmt ", data)


def wav(*chunks: bytes) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


@contextmanager
def opened(path: Path, data: bytes) -> Iterator[Audio]:
    path.write_bytes(data)
    handle = audio.open_file(path)
    try:
        yield audio.read(path, handle)
    finally:
        os.close(handle)


FORMATS = st.builds(
    lambda kind, channels, rate: Format(
        tag=kind[0], bits=kind[1], channels=channels, rate=rate
    ),
    st.sampled_from([(1, 16), (6, 8), (7, 8)]),
    st.integers(1, 2),
    st.integers(1_000, 384_000),
)


@given(
    FORMATS,
    st.binary(min_size=4, max_size=100_000),
    st.booleans(),
    st.binary(max_size=9),
)
@settings(max_examples=50, deadline=None)
def test_every_sample_is_read_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory,
    form: Format,
    samples: bytes,
    extensible: bool,
    other: bytes,
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.wav"
    data = wav(
        chunk(b"LIST", other),
        fmt(form, extensible=extensible),
        chunk(b"data", samples),
        chunk(b"LIST", other),
    )
    with opened(path, data) as found:
        assert found.format == form
        whole = len(samples) - len(samples) % form.frame
        pieces = list(found.pieces())
        assert b"".join(pieces) == samples[:whole]
        assert all(len(piece) == form.piece for piece in pieces[:-1])
        assert found.seconds == pytest.approx(whole / form.frame / form.rate)
        assert form.piece_seconds == pytest.approx(0.1, rel=0.01)
        half = found.first(found.seconds / 2)
        assert samples.startswith(b"".join(half.pieces()))
        assert 0 < half.size <= found.size


@given(FORMATS)
@settings(deadline=None)
def test_the_header_that_is_sent_says_the_same_and_no_length(form: Format) -> None:
    expected = wav(fmt(form), chunk(b"data", b""))
    assert form.header[:4] + form.header[8:] == expected[:4] + expected[8:]
    assert form.header[4:8] == bytes(4)


@given(st.binary(max_size=200), st.integers(0, 60))
@settings(deadline=None)
def test_no_file_breaks_the_reader(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, kept: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "noise.wav"
    try:
        with opened(path, SAMPLE.read_bytes()[:kept] + noise) as found:
            list(found.pieces())
    except (Unfit, UsageError):
        pass


@pytest.mark.parametrize("length", [0, 0xFFFFFFFF])
def test_a_length_that_was_left_open_goes_to_the_end(
    length: int, tmp_path: Path
) -> None:
    data = wav(fmt(PCM), chunk(b"data", b"abcd", length))
    with opened(tmp_path / "a.wav", data) as found:
        assert b"".join(found.pieces()) == b"abcd"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"ID3\x04", "is no WAV file"),
        (b"RIFF", "is no WAV file"),
        (wav(), "holds no samples"),
        (wav(fmt(PCM)), "holds no samples"),
        (wav(chunk(b"data", b"ab")), "does not tell its format"),
        (wav(chunk(b"fmt ", b"abc"), chunk(b"data", b"ab")), "not tell its format"),
        (wav(fmt(Format(tag=3, channels=1, rate=8000, bits=32))), "format 3 with 32"),
        (wav(fmt(Format(tag=1, channels=1, rate=8000, bits=24))), "format 1 with 24"),
        (wav(fmt(Format(tag=1, channels=6, rate=8000, bits=16))), "has 6 channels"),
        (
            wav(fmt(Format(tag=1, channels=1, rate=0, bits=16))),
            "has 0 samples a second",
        ),
    ],
)
def test_what_is_not_sent_as_it_is(data: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(Unfit, match=message), opened(tmp_path / "a.wav", data):
        pass


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (wav(fmt(PCM), chunk(b"data", b"")), "holds no samples"),
        (wav(fmt(PCM), chunk(b"data", b"a")), "holds no samples"),
        (SAMPLE.read_bytes()[:16044], r"is cut off: .* of 3.6 s, and 0.5 s are there"),
    ],
)
def test_what_is_no_audio(data: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with pytest.raises(UsageError, match=message) as caught, opened(path, data):
        pass
    assert str(path) in caught.value.message
    assert caught.value.remedy


def test_what_is_no_file(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path, message in (
        (tmp_path, "is no file"),
        (fifo, "is no file"),
        (tmp_path / "none", "cannot be read: No such file"),
    ):
        with pytest.raises(UsageError, match=message):
            audio.open_file(path)
