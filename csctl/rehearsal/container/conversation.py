"""One conversation about speech: turns, one after another, on one WebSocket.

Facts: speech-protocol.md section 2.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from . import faults, message, results, websocket
from .message import Malformed, Message
from .recogniser import Recogniser
from .results import Shape, Span
from .turn import Manner, Reply, Turn
from .wave import UnknownFormat
from .websocket import WebSocket


class Conversation:
    """Answers one client until it raises Closed."""

    def __init__(
        self,
        socket: WebSocket,
        mode: str,
        query: str,
        recogniser: Recogniser,
        fault: str,
        spend: Callable[[float], None],
    ) -> None:
        """`spend` is told the seconds of audio heard, and returns when they are."""
        self._socket = socket
        self._manner = _manner(mode, query)
        self._recogniser = recogniser
        self._status = faults.STATUSES.get(fault)
        self._break = faults.BREAKS.get(fault)
        self._spend = spend
        self._request_id = ""
        self._turn: Turn | None = None

    def go_on(self) -> None:
        """Hear and answer."""
        while True:
            try:
                self._obey(message.parse(self._socket.receive()))
            except (Malformed, UnknownFormat) as error:
                self._socket.close(websocket.INVALID_DATA, str(error))

    def _obey(self, said: Message) -> None:
        if said.path == "speech.context":
            self._manner = self._manner._replace(
                shape=_shape(said.json(), self._manner.shape)
            )
            self._take_turn(said.request_id)
        elif said.path == "audio":
            turn = self._take_turn(said.request_id)
            before = turn.seconds
            self._send(turn.hear(said.body) if said.body else turn.finish())
            self._spend(turn.seconds - before)

    def _take_turn(self, request_id: str) -> Turn:
        """The turn of that request; a new id ends the one before."""
        if self._turn is None or request_id != self._request_id:
            self._request_id = request_id
            self._turn = Turn(self._manner, self._recogniser)
            self._send(self._turn.start())
        return self._turn

    def _send(self, replies: Iterable[Reply]) -> None:
        for path, body in replies:
            if self._break is not None and self._break.instead_of == path:
                self._break.happen(self._socket)
            if self._status is not None and _is_result(path, body):
                span = Span(body["Offset"], body["Duration"])
                body = results.verdict(self._status, span)
            self._socket.send(message.write(path, self._request_id, body))


def _is_result(path: str, body: dict[str, Any]) -> bool:
    return path == "speech.phrase" and body["RecognitionStatus"] != "EndOfDictation"


def _manner(mode: str, query: str) -> Manner:
    asked = {
        name.lower(): value
        for name, _, value in (pair.partition("=") for pair in query.split("&"))
    }

    def seconds(name: str, default: float) -> float:
        text = asked.get(name, "")
        return int(text) / 1000 if text.isdecimal() else default

    default = Manner()
    return Manner(
        once=mode == "interactive",
        shape=Shape(
            detailed=asked.get("format", "").lower() == "detailed",
            word_times=asked.get("wordleveltimestamps") == "true",
            word_confidence=asked.get("wordlevelconfidence") == "true",
        ),
        initial_silence=seconds("initialsilencetimeoutms", default.initial_silence),
        end_silence=seconds("segmentationsilencetimeoutms", default.end_silence),
    )


def _shape(context: Any, asked: Shape) -> Shape:
    """What the query asked for, and what `speech.context` adds to it."""
    try:
        output = context["phraseOutput"]
        detailed = output["format"] == "Detailed"
        options = output.get("detailed", {}).get("options", ())
        word_times = "WordTimings" in options
        word_confidence = "WordConfidence" in options
    except (KeyError, TypeError, AttributeError):
        return asked
    return Shape(
        detailed=asked.detailed or detailed,
        word_times=asked.word_times or word_times,
        word_confidence=asked.word_confidence or word_confidence,
    )
