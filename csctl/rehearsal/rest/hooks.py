"""Calling back: the challenge, and an event for each thing that happens.

Only addresses on loopback are called. Facts: rest-api.md section 8.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import queue
import secrets
import threading
import uuid
from collections.abc import Callable
from urllib.parse import urlencode, urlsplit

from .entity import Entity

_TIMEOUT_SECONDS = 10
_CONNECTIONS: dict[str, type[http.client.HTTPConnection]] = {
    "http": http.client.HTTPConnection,
    "https": http.client.HTTPSConnection,
}
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Caller:
    """Calls one after the other, in the background."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        threading.Thread(target=self._work, daemon=True).start()

    def challenge(self, hook: Entity) -> None:
        """Ask the hook's URL for the token back; the hook's status tells."""
        hook.enter("NotStarted")
        self._waiting.put(lambda: _challenge(hook))

    def notify(self, hook: Entity, event: str, body: object) -> None:
        """Send one event, if the hook has passed its challenge by then."""

        def send() -> None:
            if hook.status == "Succeeded":
                _post(hook, event, "", json.dumps(body).encode())

        self._waiting.put(send)

    def _work(self) -> None:
        while True:
            self._waiting.get()()


def wants(hook: Entity, event: str) -> bool:
    """Whether a hook is registered for an event, such as `modelCreation`."""
    return bool(hook.fields["events"].get(event))


def notification(url: str) -> dict[str, str]:
    """The body of an event about an entity."""
    return {"self": url, "invocationId": str(uuid.uuid4())}


def _challenge(hook: Entity) -> None:
    token = secrets.token_urlsafe(24)
    status, body = _post(hook, "challenge", token, b"")
    if status == http.client.OK and body == token.encode():
        hook.properties.pop("error", None)
        hook.enter("Succeeded")
        return
    hook.properties["error"] = {
        "code": "InvalidCallbackUri",
        "message": "The URL did not answer the challenge with its validation token.",
    }
    hook.enter("Failed")


def _post(hook: Entity, event: str, token: str, body: bytes) -> tuple[int, bytes]:
    """The answer's status and body; status 0 where there is none."""
    parts = urlsplit(hook.fields["webUrl"])
    if parts.hostname not in _LOOPBACK:
        return 0, b""
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "X-MicrosoftSpeechServices-Event": event[0].upper() + event[1:],
    }
    secret = hook.fields.get("properties", {}).get("secret")
    if secret:
        signed = hmac.new(secret.encode(), token.encode() or body, hashlib.sha256)
        headers["X-MicrosoftSpeechServices-Signature"] = base64.b64encode(
            signed.digest()
        ).decode()
    asked = "&".join(
        filter(None, (parts.query, token and urlencode({"validationToken": token})))
    )
    target = (parts.path or "/") + (f"?{asked}" if asked else "")
    kind = _CONNECTIONS[parts.scheme]
    connection = kind(parts.hostname, parts.port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("POST", target, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(1 << 16)
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()
