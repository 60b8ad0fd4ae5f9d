"""Web hooks: what is sent, when, and how it is signed."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.rest_api import RestApi

_SECONDS = 30
_HEADER = "X-MicrosoftSpeechServices-"


@dataclass
class Receiver:
    """Keeps what comes, and answers challenges."""

    url: str = ""
    came: queue.SimpleQueue[tuple[str, str | None]] = field(
        default_factory=queue.SimpleQueue
    )

    def next(self) -> tuple[str, bool]:
        """The next event, and whether it is signed."""
        event, signature = self.came.get(timeout=_SECONDS)
        return event, signature is not None


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()

    class Conversation(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            token = query.get("validationToken", [""])[0].encode()
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(token)))
            self.end_headers()
            self.wfile.write(token)
            signature = self.headers.get(f"{_HEADER}Signature")
            made.came.put((self.headers[f"{_HEADER}Event"], signature))

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Conversation) as server:
        made.url = f"http://127.0.0.1:{server.server_port}/"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield made
        server.shutdown()
        thread.join()


def register(api: RestApi, url: str, *events: str) -> Any:
    return api.create(
        "/webhooks",
        displayName="a",
        webUrl=url,
        events=dict.fromkeys(events, True),
        properties={"secret": "of-the-hook"},
    )


def test_a_secret_that_is_not_given_again_ends_the_signatures(
    api: RestApi, receiver: Receiver
) -> None:
    hook = register(api, receiver.url, "ping")
    assert receiver.next() == ("Challenge", True)
    api.call("POST", hook["links"]["ping"])
    assert receiver.next() == ("Ping", True)
    changed = api.call("PATCH", hook["self"], json={"displayName": "b"}).json()
    assert "secret" not in changed["properties"]
    api.call("POST", hook["links"]["ping"])
    assert receiver.next() == ("Ping", False)


def test_another_url_is_challenged_anew(api: RestApi, receiver: Receiver) -> None:
    hook = register(api, receiver.url, "ping")
    assert receiver.next() == ("Challenge", True)
    changes = {"webUrl": f"{receiver.url}other"}
    assert api.call("PATCH", hook["self"], json=changes).status_code == 200
    assert receiver.next()[0] == "Challenge"


def test_each_phase_of_an_entity_is_an_event(api: RestApi, receiver: Receiver) -> None:
    register(api, receiver.url, "modelCreation", "modelProcessing", "modelDeletion")
    assert receiver.next()[0] == "Challenge"
    model = api.create("/models", displayName="a", locale="en-US")
    api.call("DELETE", model["self"])
    came = [receiver.next()[0] for _ in range(3)]
    assert came == ["ModelCreation", "ModelProcessing", "ModelDeletion"]


def test_a_test_sends_what_there_is(api: RestApi, receiver: Receiver) -> None:
    hook = register(api, receiver.url, "transcriptionCompletion")
    assert receiver.next()[0] == "Challenge"
    assert api.call("POST", hook["links"]["test"]).status_code == 202
    assert receiver.next()[0] == "TranscriptionCompletion"
    nothing = register(api, receiver.url, "ping")
    assert api.call("POST", nothing["links"]["test"]).status_code == 204


def test_whoever_cannot_answer_gets_no_events(api: RestApi) -> None:
    hook = register(api, "http://hook.example/", "ping")
    for _ in range(_SECONDS * 10):
        state = api.get(hook["self"])
        if state["status"] != "NotStarted":
            break
        threading.Event().wait(0.1)
    assert state["status"] == "Failed"
    assert state["properties"]["error"]["code"] == "InvalidCallbackUri"
