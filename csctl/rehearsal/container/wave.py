"""Audio as clients send it: a WAV header, then samples in whatever pieces."""

from __future__ import annotations

import struct
import sys
from array import array
from typing import NamedTuple

_PCM, _MU_LAW = 1, 7
_RATES = range(8000, 48001)
_LONGEST_HEADER = 4096


class UnknownFormat(Exception):
    """The audio is none that the service takes, or no audio."""


class Format(NamedTuple):
    """What the `fmt` chunk says."""

    tag: int
    channels: int
    rate: int
    """Samples a second of each channel."""
    bits: int

    def check(self) -> Format:
        """Itself: PCM of 8 or 16 bits, or mu-law. Raises UnknownFormat."""
        widths = {_PCM: (8, 16), _MU_LAW: (8,)}
        if (
            self.bits not in widths.get(self.tag, ())
            or self.rate not in _RATES
            or self.channels not in (1, 2)
        ):
            raise UnknownFormat(
                f"format tag {self.tag}, {self.channels} channels, {self.rate} Hz,"
                f" {self.bits} bits: not supported"
            )
        return self


class Wave:
    """Turns the bytes of one stream into samples of 16 bits on one channel."""

    def __init__(self) -> None:
        self._rest = b""
        self._format: Format | None = None

    @property
    def rate(self) -> int:
        """Samples a second; 0 until the header was read."""
        return self._format.rate if self._format else 0

    def feed(self, data: bytes) -> array[int]:
        """The samples that are whole with `data`. Raises UnknownFormat."""
        data = self._rest + data
        if self._format is None:
            header = _read_header(data)
            if header is None:
                self._rest = data
                return array("h")
            self._format, start = header
            data = data[start:]
        size = self._format.channels * self._format.bits // 8
        whole = len(data) - len(data) % size
        self._rest = data[whole:]
        return _mono(_samples(data[:whole], self._format), self._format.channels)


def _read_header(data: bytes) -> tuple[Format, int] | None:
    """The format and where the samples begin; None where the header is not whole."""
    if not b"RIFF".startswith(data[:4]) or not b"WAVE".startswith(data[8:12]):
        raise UnknownFormat("the audio does not begin with a RIFF header")
    found, position = None, 12
    while len(data) >= position + 8:
        name, size = struct.unpack_from("<4sI", data, position)
        position += 8
        if name == b"data":
            if found is None:
                raise UnknownFormat("the audio has no fmt chunk")
            return found.check(), position
        if name == b"fmt " and len(data) >= position + 16:
            tag, channels, rate, _, _, bits = struct.unpack_from(
                "<HHIIHH", data, position
            )
            found = Format(tag, channels, rate, bits)
        position += size + size % 2
    if position > _LONGEST_HEADER:
        raise UnknownFormat("the audio's header has no end")
    return None


def _samples(data: bytes, form: Format) -> array[int]:
    if form.tag == _MU_LAW:
        return array("h", map(_MU_LAW_VALUES.__getitem__, data))
    if form.bits == 8:
        return array("h", map(_UNSIGNED_VALUES.__getitem__, data))
    samples = array("h", data)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _mono(samples: array[int], channels: int) -> array[int]:
    if channels == 1:
        return samples
    pairs = zip(samples[::2], samples[1::2], strict=True)
    return array("h", [(left + right) >> 1 for left, right in pairs])


def _expand(code: int) -> int:
    """One mu-law code as the 16-bit sample that G.711 gives it."""
    code = ~code & 0xFF
    value = (((code & 0x0F) << 3) + 0x84 << (code >> 4 & 0x07)) - 0x84
    return -value if code & 0x80 else value


_MU_LAW_VALUES = tuple(map(_expand, range(256)))
_UNSIGNED_VALUES = tuple((code - 128) << 8 for code in range(256))
