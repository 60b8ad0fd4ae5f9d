"""Real recognition: the C library and the English model of moonshine-voice.

They are in the image only where it was built to hear; their wheel's own Python is not,
since it wants five packages to be imported. Source of the layouts: moonshine-voice
0.1.0, `moonshine_api.py`, which mirrors `moonshine-c-api.h`.
"""

from __future__ import annotations

import atexit
import ctypes
import threading
from array import array

from .recogniser import ENGINE

_HEADER_VERSION = 30000
_TINY = 0
_FULL_SCALE = 1 << 15
# Utterances come cut; with detection of its own it hears words in silence.
_OPTIONS = ((b"vad_threshold", b"0"), (b"return_audio_data", b"false"))


class _Line(ctypes.Structure):
    _fields_ = (
        ("text", ctypes.c_char_p),
        ("audio", ctypes.c_void_p),
        ("audio_count", ctypes.c_size_t),
        ("start", ctypes.c_float),
        ("duration", ctypes.c_float),
        ("id", ctypes.c_uint64),
        ("flags", ctypes.c_int8 * 5),
        ("speakers", ctypes.c_void_p),
        ("speaker_count", ctypes.c_uint64),
        ("latency", ctypes.c_uint32),
        ("words", ctypes.c_void_p),
        ("word_count", ctypes.c_uint64),
    )


class _Transcript(ctypes.Structure):
    _fields_ = (("lines", ctypes.POINTER(_Line)), ("count", ctypes.c_uint64))


class _Option(ctypes.Structure):
    _fields_ = (("name", ctypes.c_char_p), ("value", ctypes.c_char_p))


class Moonshine:
    """Recognises English, one utterance at a time: the library bears no more."""

    notice = (
        "moonshine-voice 0.1.0, tiny-en: really recognised, English alone, and nothing"
        " is said of a custom model's quality"
    )

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def load(self) -> None:
        """Load library and model. Raises OSError."""
        self._library = ctypes.CDLL(f"{ENGINE}/libmoonshine.so")
        options = (_Option * len(_OPTIONS))(*(_Option(*pair) for pair in _OPTIONS))
        self._handle: int = self._library.moonshine_load_transcriber_from_files(
            f"{ENGINE}/tiny-en".encode(),
            _TINY,
            options,
            ctypes.c_uint64(len(options)),
            _HEADER_VERSION,
        )
        if self._handle < 0:
            raise OSError(f"{ENGINE}/tiny-en: moonshine error {self._handle}")
        # What the library holds goes when the program ends, from under a thread that
        # is still in it: whoever is goes first, and nobody follows.
        atexit.register(self._lock.acquire)

    def recognise(self, samples: array[int], rate: int) -> str:
        """The text of an utterance, once it is its turn."""
        with self._lock:
            return self._transcribe(samples, rate)

    def guess(self, samples: array[int], rate: int) -> str:
        """The text so far; empty while another utterance is recognised."""
        if not self._lock.acquire(blocking=False):
            return ""
        try:
            return self._transcribe(samples, rate)
        finally:
            self._lock.release()

    def _transcribe(self, samples: array[int], rate: int) -> str:
        audio = array("f", [sample / _FULL_SCALE for sample in samples])
        found = ctypes.POINTER(_Transcript)()
        code = self._library.moonshine_transcribe_without_streaming(
            self._handle,
            (ctypes.c_float * len(audio)).from_buffer(audio),
            ctypes.c_uint64(len(audio)),
            rate,
            0,
            ctypes.byref(found),
        )
        if code != 0:
            raise RuntimeError(f"moonshine error {code}")
        # The next call frees what the lines point to.
        transcript = found.contents
        lines = [transcript.lines[index].text for index in range(transcript.count)]
        return " ".join(line.decode(errors="replace") for line in lines if line).strip()
