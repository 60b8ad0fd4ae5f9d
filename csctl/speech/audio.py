"""Audio files as the container takes them: WAV, read in pieces of 100 ms.

The protocol sends a file as it is, with its own header in front; 16-bit PCM of any
rate, mono or stereo, A-law and mu-law were seen to pass (facts: speech-protocol.md
section 2.3). Everything else is converted first; see `csctl.speech.convert`.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from csctl.errors import UsageError

_PIECES = 10
"""A second."""
_PCM, _A_LAW, _MU_LAW, _EXTENSIBLE = 1, 6, 7, 0xFFFE
_PLAIN = {(_PCM, 16), (_A_LAW, 8), (_MU_LAW, 8)}
"""Format tags with their bits of a sample."""
_MOST_CHANNELS = 2
_RATES = range(1_000, 384_001)
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_CHUNK = struct.Struct("<4sI")
_FORMAT = struct.Struct("<HHIIHH")
_UNTOLD = (0, 0xFFFFFFFF)
"""Lengths that a writer leaves who does not know the end yet."""
_CHUNK_LIMIT = 64


SAMPLE = Path(__file__).with_name("sample.wav")
"""Three seconds of English that come with csctl; its license lies beside it."""


class Unfit(Exception):
    """Not a WAV file, or none of a kind that is sent as it is; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How samples are written."""

    tag: int
    """1 is PCM, 6 is A-law, 7 is mu-law."""
    channels: int
    rate: int
    """Samples a second."""
    bits: int
    """Of one sample of one channel."""

    @property
    def frame(self) -> int:
        """Bytes of one sample of all channels."""
        return self.channels * self.bits // 8

    @property
    def piece(self) -> int:
        """Bytes of a piece of audio, of 100 ms."""
        return self.frame * (self.rate // _PIECES)

    @property
    def piece_seconds(self) -> float:
        """How long a piece plays, to the sample."""
        return self.rate // _PIECES / self.rate

    @property
    def header(self) -> bytes:
        """The 44 bytes that go ahead of the audio; their lengths tell nothing."""
        return _HEADER.pack(
            b"RIFF",
            0,
            b"WAVE",
            b"fmt ",
            _FORMAT.size,
            self.tag,
            self.channels,
            self.rate,
            self.rate * self.frame,
            self.frame,
            self.bits,
            b"data",
            0,
        )


STANDARD = Format(tag=_PCM, channels=1, rate=16_000, bits=16)
"""What every speech model is trained on, and what is converted to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audio:
    """The samples of a file, which stays open; several may read it at once."""

    format: Format
    handle: int
    """The file's descriptor, which the audio owns."""
    start: int
    size: int
    """Bytes of samples, from `start` on."""

    @property
    def seconds(self) -> float:
        """How long it plays."""
        return self.size / (self.format.frame * self.format.rate)

    def pieces(self) -> Iterator[bytes]:
        """The samples, 100 ms at a time. Raises OSError; EOFError if it shrank."""
        step = self.format.piece
        for offset in range(0, self.size, step):
            length = min(step, self.size - offset)
            piece = os.pread(self.handle, length, self.start + offset)
            if len(piece) < length:
                raise EOFError
            yield piece

    def first(self, seconds: float) -> Audio:
        """Its beginning, at most so long."""
        frames = max(1, int(seconds * self.format.rate))
        return Audio(
            format=self.format,
            handle=self.handle,
            start=self.start,
            size=min(self.size, frames * self.format.frame),
        )

    def close(self) -> None:
        """Close the file."""
        os.close(self.handle)


def open_file(path: Path) -> int:
    """A descriptor of a file that may hold audio. Raises UsageError."""
    try:
        # A pipe would block where it is opened.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as exc:
        raise unusable(path, f"cannot be read: {exc.strerror}") from exc
    status = os.fstat(handle)
    fault = None
    if not stat.S_ISREG(status.st_mode):
        fault = "is no file"
    elif status.st_size == 0:
        fault = "is empty"
    if fault is not None:
        os.close(handle)
        raise unusable(path, fault)
    return handle


def read(path: Path, handle: int) -> Audio:
    """The audio of an open WAV file. Raises Unfit, UsageError for a damaged one."""
    size = os.fstat(handle).st_size
    riff, _, wave = struct.unpack("<4sI4s", os.pread(handle, 12, 0).ljust(12))
    if (riff, wave) != (b"RIFF", b"WAVE"):
        raise Unfit("is no WAV file")
    found: Format | None = None
    offset = 12
    for _ in range(_CHUNK_LIMIT):
        head = os.pread(handle, _CHUNK.size, offset)
        if len(head) < _CHUNK.size:
            break
        name, length = _CHUNK.unpack(head)
        offset += _CHUNK.size
        if name == b"data":
            if found is None:
                raise Unfit("does not tell its format")
            there = size - offset
            told = there if length in _UNTOLD else length
            return _cut(path, handle, found, offset, told, there)
        if name == b"fmt ":
            found = _format(os.pread(handle, min(length, 40), offset))
        offset += length + length % 2  # Chunks start at even places.
    raise Unfit("holds no samples")


def _cut(
    path: Path, handle: int, found: Format, start: int, told: int, there: int
) -> Audio:
    """The audio, where all that the header tells of is there. Raises UsageError."""
    a_second = found.frame * found.rate
    if told > there:
        raise unusable(
            path,
            f"is cut off: its header tells of {told / a_second:.1f} s, and"
            f" {there / a_second:.1f} s are there",
            remedy="--convert takes what is there, where ffmpeg or sox is installed",
        )
    whole = told - told % found.frame
    if whole == 0:
        raise unusable(path, "holds no samples")
    return Audio(format=found, handle=handle, start=start, size=whole)


def _format(data: bytes) -> Format:
    """What a `fmt ` chunk tells. Raises Unfit for what is not sent as it is."""
    if len(data) < _FORMAT.size:
        raise Unfit("does not tell its format")
    tag, channels, rate, _, _, bits = _FORMAT.unpack_from(data)
    if tag == _EXTENSIBLE and len(data) >= 26:
        (tag,) = struct.unpack_from("<H", data, 24)
    if (tag, bits) not in _PLAIN:
        raise Unfit(f"holds samples of format {tag} with {bits} bits")
    if not 1 <= channels <= _MOST_CHANNELS:
        raise Unfit(f"has {channels} channels")
    if rate not in _RATES:
        raise Unfit(f"has {rate} samples a second")
    return Format(tag=tag, channels=channels, rate=rate, bits=bits)


def unusable(path: Path, fault: str, remedy: str | None = None) -> UsageError:
    """The error of a file that is not to be sent."""
    return UsageError(
        f"{path} {fault}",
        remedy=remedy or "name a file with recorded speech, such as a WAV file",
    )
