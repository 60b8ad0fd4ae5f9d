"""The modes that serve: connected, and disconnected with a license."""

from __future__ import annotations

import os
import re
import socket
import threading
import time
from collections.abc import Callable
from typing import NoReturn

from . import (
    account,
    dialects,
    license,
    memory,
    model,
    recogniser,
    records,
    server,
)
from .disk import Disk
from .hearing import PATHS, Hearing, Limits
from .records import SERVICE, Meter
from .server import Answer, Request, Takeover
from .settings import Knobs, Settings

_VALID = ("Valid", "Api Key is valid, no action needed.")
_INVALID = ("Invalid", "Api Key is invalid.")
_DISCONNECTED = ("Valid", "Container is in disconnected mode (non-metered)")
_RECORD_SECONDS = 2
_MONTH = re.compile(r"/records/usage-logs/(0?[1-9]|1[0-2])/(\d{4})/?")


def run(settings: Settings, knobs: Knobs, disk: Disk) -> NoReturn:
    """Serve until stopped, after fetching the model where there is none."""
    identity = _model(settings, knobs, disk)
    if settings.billing or settings.api_key:
        _serve_connected(settings, knobs)
    _serve_disconnected(settings, knobs, disk, identity)


def _model(settings: Settings, knobs: Knobs, disk: Disk) -> str:
    identity = None if knobs.fails("no-model") else model.find(model.ROOT)
    if identity is None and settings.model_id:
        if knobs.fails("no-model"):
            dialects.script("Starting custom model download")
            model.refuse(settings.model_id)
        model.download(settings, knobs.model_bytes, model.ROOT, disk)
        identity = model.find(model.ROOT)
    if identity is None:
        model.crash_without()
    return identity


def _serve_connected(settings: Settings, knobs: Knobs) -> NoReturn:
    account.check_endpoint(settings)
    if not settings.api_key:
        dialects.script("ApiKey must be specified.")
        raise SystemExit(1)
    dialects.script("Logging to console.")
    dialects.script(f"Submitting metering to '{settings.billing}'.")
    valid = account.key_is_valid(settings)
    service = Service(_VALID if valid else _INVALID, knobs, lambda _: None)
    service.start(settings.decoders)
    if not valid:
        dialects.host(
            "fail",
            "Microsoft.CloudAI.Containers.Http.CloudClient",
            "Endpoint connection failed with status 'Invalid'.",
        )
    service.load()
    while True:
        time.sleep(_RECORD_SECONDS)


def _serve_disconnected(
    settings: Settings, knobs: Knobs, disk: Disk, identity: str
) -> NoReturn:
    license.check(settings.license, knobs.version, identity)
    directory = f"{settings.output}/{SERVICE}/{socket.gethostname()}"
    meter = Meter(directory, disk)
    meter.write()
    dialects.script(f"Using '{directory}' for writing logs and other output data.")
    dialects.script("Logging to console.")
    service = Service(_DISCONNECTED, knobs, meter.add, output=settings.output)
    service.start(settings.decoders)
    service.load()
    try:
        while True:
            time.sleep(_RECORD_SECONDS)
            _record(meter)
    finally:
        _record(meter)


def _record(meter: Meter) -> None:
    """A disk that fills up later ends no service; what was not written is not lost.

    Nobody knows what the real container does then.
    """
    try:
        meter.write()
    except OSError as error:
        dialects.script(f"WARNING: usage is not recorded: {error}")


class Service:
    """What the port answers. Nothing but its readiness changes while it runs."""

    def __init__(
        self,
        status: tuple[str, str],
        knobs: Knobs,
        count: Callable[[float], None],
        output: str | None = None,
    ) -> None:
        """`count` is told the seconds of audio that were heard."""
        self._status, self._message = status
        self._knobs = knobs
        self._recogniser = recogniser.choose(knobs.text)
        limits = Limits(knobs.streams, knobs.capacity)
        self._hearing = Hearing(self._recogniser, knobs.speech_fault, limits, count)
        self._output = output
        self._ready = threading.Event()
        self._seen_ready = False

    def start(self, decoders: str) -> None:
        """Listen, before anything is loaded. Raises OSError."""
        dialects.script("WARNING: No access control enabled!")
        dialects.host(
            "warn",
            "Microsoft.AspNetCore.Server.Kestrel",
            "Overriding address(es) 'http://+:80'."
            " Binding to endpoints defined in UseKestrel() instead.",
        )
        server.listen(self.answer)
        dialects.script("Hosting environment: Production")
        dialects.script("Content root path: /app")
        dialects.script(f"Now listening on: http://0.0.0.0:{server.PORT}")
        dialects.script("Application started. Press Ctrl+C to shut down.")
        dialects.decoder("info", f"ObjectPool: m_minCount = 1, m_maxCount = {decoders}")

    def load(self) -> None:
        """Take the time and, where asked to, the memory that loading takes."""
        dialects.decoder("info", "Grammar model 'default' [Static] loading...")
        if self._knobs.fails("out-of-memory"):
            memory.exhaust()
        self._recogniser.load()
        time.sleep(self._knobs.load_seconds)
        if self._knobs.fails("never-ready"):
            return
        dialects.decoder(
            "info",
            "persisted_LM Fallback WFST: 16676977 states 149716283 transitions",
        )
        if self._status == "Valid":
            self._ready.set()

    def answer(self, request: Request) -> Answer | Takeover:
        """What a GET gives."""
        path = request.path
        if path in PATHS:
            ready = self._ready.is_set()
            return self._hearing.answer(request) if ready else Answer(503)
        if path == "/":
            return Answer(200, "<!doctype html><title>Speech to text</title>")
        if path == "/ready":
            return self._answer_ready()
        if path == "/status":
            state = {"apiStatus": self._status, "apiStatusMessage": self._message}
            notice = {"recognition": self._recogniser.notice}
            return Answer.json(200, {"service": SERVICE} | state | notice)
        if self._output is not None and path.startswith("/records/usage-logs"):
            return _answer_usage(path, self._output)
        return Answer(404)

    def _answer_ready(self) -> Answer:
        if not self._ready.is_set():
            # Inferred: only the code of this answer is known.
            message = self._message if self._status != "Valid" else "Loading the model."
            state = {"ready": "notready", "message": message}
            return Answer.json(503, {"service": SERVICE} | state)
        if self._knobs.fails("crash-after-ready") and not self._seen_ready:
            threading.Timer(1, _crash).start()
        self._seen_ready = True
        state = {"ready": "ready", "message": self._message}
        return Answer.json(200, {"service": SERVICE} | state)


def _crash() -> NoReturn:
    dialects.script("./run-host: line 75:    54 Segmentation fault")
    os._exit(139)


def _answer_usage(path: str, output: str) -> Answer:
    if path.rstrip("/") == "/records/usage-logs":
        return Answer.json(200, records.report(output))
    if (match := _MONTH.fullmatch(path)) is None:
        return Answer(404)
    month = f"{match[2]}-{int(match[1]):02}"
    return Answer.json(200, records.report(output, month))
