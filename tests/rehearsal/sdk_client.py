"""The real Speech SDK, in a process of its own: one recogniser per file, side by side.

`python -m tests.rehearsal.sdk_client PORT MODE SECONDS FILE...` prints a JSON list of
what each heard. MODE is `once`, `once-detailed` or `continuous`; after SECONDS a
continuous one is stopped.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import azure.cognitiveservices.speech as sdk


class Recognition:
    """What the SDK tells of one file."""

    def __init__(self, port: int, mode: str, file: str) -> None:
        config = sdk.SpeechConfig(host=f"ws://127.0.0.1:{port}")
        if mode == "once-detailed":
            config.output_format = sdk.OutputFormat.Detailed
            config.request_word_level_timestamps()
        self._recognizer = sdk.SpeechRecognizer(
            config, audio_config=sdk.audio.AudioConfig(filename=file)
        )
        self._began = time.monotonic()
        self._stopped = threading.Event()
        self._hypotheses = 0
        self._results: list[dict[str, Any]] = []
        self._canceled: dict[str, str] = {}
        self._recognizer.recognizing.connect(self._suppose)
        self._recognizer.recognized.connect(self._recognize)
        self._recognizer.canceled.connect(self._cancel)
        self._recognizer.session_stopped.connect(lambda _: self._stopped.set())

    def run(self, *, once: bool, seconds: float) -> dict[str, Any]:
        """All of it, when it is over."""
        if once:
            self._recognizer.recognize_once()
        else:
            self._recognizer.start_continuous_recognition()
            self._stopped.wait(seconds)
            self._recognizer.stop_continuous_recognition()
        return {
            "results": self._results,
            "hypotheses": self._hypotheses,
            "canceled": self._canceled,
            "stopped": self._stopped.is_set(),
            "seconds": time.monotonic() - self._began,
        }

    def _suppose(self, event: Any) -> None:
        self._hypotheses += bool(event.result.text)

    def _recognize(self, event: Any) -> None:
        self._results.append(
            {
                "reason": event.result.reason.name,
                "text": event.result.text,
                "offset": event.result.offset,
                "duration": event.result.duration,
                "json": json.loads(event.result.json or "{}"),
            }
        )

    def _cancel(self, event: Any) -> None:
        details = event.cancellation_details
        self._canceled = {
            "reason": details.reason.name,
            "code": details.code.name,
            "details": details.error_details,
        }


def main(arguments: Sequence[str]) -> None:
    """Recognise all files at once."""
    port, mode, seconds, *files = arguments
    recognitions = [Recognition(int(port), mode, file) for file in files]
    once = mode.startswith("once")
    with ThreadPoolExecutor(len(files)) as pool:
        found = list(
            pool.map(
                lambda each: each.run(once=once, seconds=float(seconds)), recognitions
            )
        )
    print(json.dumps(found), flush=True)
    # The SDK's threads may still call back: an interpreter that ends would abort.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
