"""Recognitions that go on all the time, each as long as people speak."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from tests.rehearsal.speech_client import (
    CHUNK_SECONDS,
    SpeechClient,
    header,
    silence,
    tone,
)

_SPOKEN = 1.2
_CHUNK = 3200


@dataclass
class Sessions:
    """So many speakers, who speak in sentences until they are told to stop."""

    port: int
    speakers: int
    headers: dict[str, str] = field(default_factory=dict)
    heard: int = 0
    """Recognitions that came to their end."""
    lost: list[str] = field(default_factory=list)
    """What went wrong with the others."""

    def __enter__(self) -> Sessions:
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._speak, args=(number,))
            for number in range(self.speakers)
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _speak(self, number: int) -> None:
        count = 0
        while not self._stop.is_set():
            count += 1
            try:
                self._sentence(f"{number:04x}{count:028x}")
            except Exception as error:
                with self._lock:
                    self.lost.append(repr(error))
                # As a client would: not at once again.
                time.sleep(0.2)
            else:
                with self._lock:
                    self.heard += 1

    def _sentence(self, request: str) -> None:
        audio = header() + tone(_SPOKEN).tobytes() + silence(0.3).tobytes()
        with SpeechClient(self.port, **self.headers) as client:
            if client.status != 101:
                raise AssertionError(f"upgrade answered {client.status}")
            client.send_context(request)
            for start in range(0, len(audio), _CHUNK):
                client.send_audio(request, audio[start : start + _CHUNK])
                time.sleep(CHUNK_SECONDS)
            client.send_audio(request, b"")
            paths = [heard.path for heard in client.turn()]
        if "speech.phrase" not in paths:
            raise AssertionError(f"no phrase among {paths}")
