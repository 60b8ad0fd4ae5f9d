from __future__ import annotations

import contextlib
import struct
from array import array
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csctl.rehearsal.container.wave import UnknownFormat, Wave
from tests.rehearsal.speech_client import header


def samples(head: bytes, data: bytes) -> list[int]:
    return list(Wave().feed(head + data))


def test_16_bits_on_one_channel_are_taken_as_they_are() -> None:
    data = struct.pack("<4h", 0, 1, -32768, 32767)
    assert samples(header(), data) == [0, 1, -32768, 32767]


def test_8_bits_have_their_zero_in_the_middle() -> None:
    assert samples(header(8000, bits=8), b"\x00\x80\xff") == [-32768, 0, 32512]


def test_two_channels_become_their_mean() -> None:
    data = struct.pack("<4h", 100, 300, -32768, -32768)
    assert samples(header(44100, channels=2), data) == [200, -32768]


# ITU-T G.711, table 2a: decision values times four, as every decoder to 16 bits has it.
@pytest.mark.parametrize(
    ("code", "sample"),
    [(0xFF, 0), (0x7F, 0), (0x80, 32124), (0x00, -32124), (0xF0, 120), (0xEF, 132)],
)
def test_mu_law_is_expanded(code: int, sample: int) -> None:
    assert samples(header(8000, bits=8, tag=7), bytes([code])) == [sample]


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 32000, 44100, 48000])
def test_the_rate_is_the_headers(rate: int) -> None:
    wave = Wave()
    assert wave.rate == 0
    wave.feed(header(rate))
    assert wave.rate == rate


@pytest.mark.parametrize(
    "head",
    [
        header(tag=3, bits=32),
        header(tag=6, bits=8),
        header(bits=24),
        header(channels=3),
        header(7999),
        header(48001),
        b"OggS" + header()[4:],
        header()[:8] + b"AVI " + header()[12:],
        header()[:12] + header()[36:],
        header()[:12] + b"LIST\xff\xff\xff\x7f",
    ],
    ids=[
        *("float", "a-law", "24-bits", "three-channels", "too-slow", "too-fast"),
        *("ogg", "avi", "no-fmt", "endless-header"),
    ],
)
def test_other_audio_is_refused(head: bytes) -> None:
    with pytest.raises(UnknownFormat):
        Wave().feed(head)


def test_chunks_between_fmt_and_data_are_passed_over() -> None:
    head = header()
    odd = b"LIST\x03\x00\x00\x00abc\x00"
    assert samples(head[:36] + odd + head[36:], b"\x01\x00") == [1]


def test_an_fmt_chunk_may_be_longer() -> None:
    head = header(8000, bits=8, tag=7)
    longer = head[:16] + b"\x12\x00\x00\x00" + head[20:36] + b"\x00\x00" + head[36:]
    assert samples(longer, b"\xff") == [0]


@given(st.binary(max_size=64), st.lists(st.integers(0, 108), max_size=8))
def test_pieces_of_any_length_give_the_same_samples(
    data: bytes, cuts: list[int]
) -> None:
    whole = header(channels=2) + data
    wave, pieces = Wave(), array("h")
    bounds = [0, *sorted(cuts), len(whole)]
    for start, end in pairwise(bounds):
        pieces += wave.feed(whole[start:end])
    assert list(pieces) == samples(header(channels=2), data)


@given(st.binary(max_size=80), st.booleans())
def test_whatever_comes_is_audio_or_unknown(data: bytes, begun: bool) -> None:
    with contextlib.suppress(UnknownFormat):
        Wave().feed((b"RIFF\0\0\0\0WAVE" if begun else b"") + data)
