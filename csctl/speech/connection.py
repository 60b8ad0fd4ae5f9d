"""Connecting to a container, and why it does not come to that.

Facts: speech-protocol.md sections 2.2 and 3.4. The container checks no key.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from http import HTTPStatus

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

import csctl
from csctl.errors import CsctlError, NotReady, SpeechError
from csctl.speech.line import PATH, Line

_CLOSE_SECONDS = 2.0
_BUSY = (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS)
_SEE = "see: csctl status; csctl logs NAME"


async def connected(line: Line) -> ClientConnection:
    """A connection that takes speech. Raises NotReady, SpeechError."""
    try:
        return await connect(
            line.url,
            # Said once more, so that no answer can lead elsewhere.
            host=line.host,
            port=line.port,
            subprotocols=[Subprotocol("USP")],
            additional_headers={"X-ConnectionId": uuid.uuid4().hex},
            user_agent_header=f"csctl/{csctl.__version__}",
            compression=None,
            proxy=None,
            open_timeout=line.deadlines.connect,
            close_timeout=_CLOSE_SECONDS,
            # Whether the container answers pings is not known; silence has a deadline.
            ping_interval=None,
        )
    except InvalidStatus as exc:
        raise _refusal(line, exc.response.status_code) from exc
    except TimeoutError as exc:
        raise NotReady(
            f"{line.name} does not answer on port {line.port} within"
            f" {line.deadlines.connect:.0f} s",
            remedy=_SEE,
        ) from exc
    except OSError as exc:
        raise NotReady(
            f"{line.name} does not answer on port {line.port}: {_reason(exc)}",
            remedy=_SEE,
        ) from exc
    except (WebSocketException, ValueError) as exc:
        raise SpeechError(
            f"{line.name} speaks no WebSocket on port {line.port}: {exc}",
            remedy="is it a speech container? Name one, or the port that it publishes",
        ) from exc


async def close(connection: ClientConnection) -> None:
    """Say farewell, and go at once where nobody takes it."""
    try:
        # The library's own limit does not count while the send buffer is full.
        async with asyncio.timeout(_CLOSE_SECONDS):
            await connection.close()
    except TimeoutError:
        connection.transport.abort()


def _reason(exc: OSError) -> str:
    # The loop's own words hold the address once more, and no reason.
    if exc.errno is not None and exc.errno > 0:
        return os.strerror(exc.errno)
    return exc.strerror or str(exc)


def _refusal(line: Line, status: int) -> CsctlError:
    if status in _BUSY:
        return NotReady(
            f"{line.name} takes no audio now: HTTP {status}",
            remedy="it loads its model, or all its decoders are busy: wait, or raise"
            " resources.decoders",
        )
    if status == HTTPStatus.NOT_FOUND:
        return SpeechError(
            f"{line.name} recognises no speech at {PATH}: HTTP {status}",
            remedy="is it a speech container?",
        )
    return SpeechError(
        f"{line.name} refuses to recognise {line.locale}: HTTP {status}",
        remedy="name the locale of its model with --locale; see: csctl logs NAME",
    )
