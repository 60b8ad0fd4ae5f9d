"""One connection to a container and one turn on it: audio goes, text comes.

Everything here runs on one thread and one loop, however many streams there are: each
wait, that for room to send too, ends at a deadline or when the stream is closed, and
fifty streams at real time cost one process a fraction of a core. Those who are not
asynchronous themselves use `csctl.speech.drive`.

Facts: speech-protocol.md sections 2 and 3.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

import csctl
from csctl.errors import InvalidValue, SpeechError
from csctl.speech.audio import Audio
from csctl.speech.connection import close, connected
from csctl.speech.framing import Message, decode, encode
from csctl.speech.heard import (
    Began,
    Heard,
    Hypothesis,
    Phrase,
    Refused,
    TurnEnded,
    interpret,
)
from csctl.speech.line import Line, Pace

_MORE_TIME = "; --timeout gives it more time"
_JSON = {"Content-Type": "application/json"}


async def recognize(line: Line, audio: Audio) -> AsyncGenerator[Heard, None]:
    """Send audio to a container; what it hears, as it comes, up to its last word.

    Raises NotReady where nobody answers or the container is not ready, SpeechError
    for everything else that goes wrong on the way.
    """
    with _errors(line):
        connection = await connected(line)
        turn = _Turn(connection, line, audio)
        sending = asyncio.create_task(turn.send())
        try:
            yield Began()
            while not isinstance(event := await turn.hear(), TurnEnded):
                yield event
        except ConnectionClosed as exc:
            await sending  # Where our own side failed, that is why it ended.
            raise turn.broken_off(exc) from exc
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            await close(connection)


class _Turn:
    """What one stream of audio says and hears."""

    def __init__(self, connection: ClientConnection, line: Line, audio: Audio) -> None:
        self._connection, self._line, self._audio = connection, line, audio
        self._id = uuid.uuid4().hex
        self._clock = asyncio.get_running_loop().time
        self._began = self._last = self._clock()
        self._all_sent = False
        self._sent = 0.0
        """Seconds of audio that have gone out."""
        self._heard = 0.0
        """Seconds of audio that the container has answered for."""

    async def send(self) -> None:
        """Send everything, each piece in its time. Raises SpeechError."""
        try:
            await self._send_all()
        except ConnectionClosed:
            return  # Whoever listens is told.
        except BaseException as exc:
            await close(self._connection)
            if not isinstance(exc, OSError | EOFError):
                raise
            raise SpeechError(
                "the audio cannot be read any more", remedy="was its file changed?"
            ) from exc

    async def _send_all(self) -> None:
        audio, line = self._audio, self._line
        await self._say("speech.config", _config(audio), of_turn=False)
        await self._say("speech.context", _context(line))
        await self._sound(audio.format.header, {"Content-Type": "audio/x-wav"})
        real_time = line.pace is Pace.REAL_TIME
        step = audio.format.piece_seconds if real_time else 0.0
        began = self._clock()
        for number, piece in enumerate(audio.pieces(), 1):
            # Also without a wait: others have their turn between two pieces.
            await asyncio.sleep(max(0.0, began + number * step - self._clock()))
            await self._sound(piece)
            self._sent = number * audio.format.piece_seconds
        self._all_sent = True
        await self._sound(b"")

    async def _say(self, path: str, value: object, *, of_turn: bool = True) -> None:
        message = Message(
            path=path,
            request_id=self._id if of_turn else "",
            headers=_JSON | {"X-Timestamp": _now()},
            body=json.dumps(value),
        )
        await self._connection.send(encode(message))

    async def _sound(self, data: bytes, more: dict[str, str] | None = None) -> None:
        message = Message(
            path="audio",
            request_id=self._id,
            headers={"X-Timestamp": _now(), "X-StreamId": "1"} | (more or {}),
            body=data,
        )
        await self._connection.send(encode(message))

    async def hear(self) -> Hypothesis | Phrase | TurnEnded:
        """What the container tells next. Raises SpeechError, Refused, InvalidValue."""
        while True:
            message = decode(await self._receive())
            self._last = self._clock()
            if message.request_id.lower() not in ("", self._id):
                continue  # Of a turn that is not ours.
            match event := interpret(message):
                case Hypothesis() | Phrase():
                    self._heard = max(self._heard, event.offset + event.duration)
                    return event
                case TurnEnded():
                    if not self._all_sent:
                        raise self._failed("ended its turn")
                    return event

    async def _receive(self) -> str | bytes:
        end = self._began + self._line.deadlines.total_for(self._audio)
        while True:
            try:
                async with asyncio.timeout_at(min(end, self._silent_until())):
                    return await self._connection.recv()
            except TimeoutError:
                now = self._clock()
                fault = None
                if now >= end:
                    fault = f"is not done after {now - self._began:.0f} s"
                elif now >= self._silent_until():
                    fault = f"said nothing for {now - self._last:.0f} s"
                # Else more audio went out meanwhile, that it has to answer for.
                if fault is not None:
                    raise self._failed(fault, _MORE_TIME) from None

    def _silent_until(self) -> float:
        owed = max(0.0, self._sent - self._heard)
        return self._last + self._line.deadlines.silence + owed

    def broken_off(self, error: ConnectionClosed) -> SpeechError:
        """The connection ended before the container had said all."""
        return self._failed(f"broke off ({_closing(error)})")

    def _failed(self, what: str, more: str = "") -> SpeechError:
        heard, whole = self._heard, self._audio.seconds
        return SpeechError(
            f"{self._line.name} {what}, at {heard:.1f} s of {whole:.1f} s of audio",
            remedy=f"see: csctl logs NAME{more}",
        )


def _closing(error: ConnectionClosed) -> str:
    if error.rcvd is None:
        return "the connection was cut"
    reason = f": {error.rcvd.reason[:120]}" if error.rcvd.reason else ""
    return f"close code {error.rcvd.code}{reason}"


@contextmanager
def _errors(line: Line) -> Iterator[None]:
    """Translate what can go wrong between the upgrade and the end of the turn."""
    try:
        yield
    except Refused as exc:
        raise SpeechError(
            f"{line.name} answers {str(exc)[:40] or 'without a status'}",
            remedy="is the locale that of its model, and the audio of a kind that it"
            " takes? --convert makes it 16 kHz mono",
        ) from exc
    except InvalidValue as exc:
        raise SpeechError(
            f"{line.name} does not speak the speech protocol: {exc.message}",
            remedy="is it a speech container?",
        ) from exc


def _config(audio: Audio) -> object:
    source = {
        "type": "File",
        "samplerate": str(audio.format.rate),
        "bitspersample": str(audio.format.bits),
        "channelcount": str(audio.format.channels),
    }
    system = {"name": "csctl", "version": csctl.__version__, "lang": "Python"}
    return {"context": {"system": system, "audio": {"source": source}}}


def _context(line: Line) -> object:
    return {
        "phraseDetection": {"language": line.locale},
        "phraseOutput": {"format": "Detailed"},
        "audio": {"streams": {"1": None}},
    }


def _now() -> str:
    moment = datetime.now(UTC).replace(tzinfo=None)
    return f"{moment.isoformat(timespec='milliseconds')}Z"
