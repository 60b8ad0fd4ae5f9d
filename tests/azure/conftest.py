"""A client of the REST API, and servers that answer as a test tells them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from csctl.azure.client import Speech
from csctl.azure.resource import Resource, of
from csctl.profile.speech import SpeechResource
from csctl.secret import FromEnvironment
from tests.registry.server import Server, serving

KEY = "k3y-of-the-resource"
ENVIRON = {"SPEECH_KEY": KEY}


@pytest.fixture
def server() -> Iterator[Server]:
    """The service."""
    with serving() as started:
        yield started


@pytest.fixture
def other() -> Iterator[Server]:
    """Another host, which must not see the key."""
    with serving() as started:
        yield started


@pytest.fixture
def pauses() -> list[float]:
    """The seconds that the client would have slept."""
    return []


@pytest.fixture
def said() -> list[str]:
    """What the client found worth a line."""
    return []


@pytest.fixture
def speech(server: Server, pauses: list[float], said: list[str]) -> Iterator[Speech]:
    """A client of `server`, which does not really sleep."""
    with Speech(
        resource(server.url), ENVIRON, say=said.append, sleep=pauses.append
    ) as client:
        yield client


def resource(url: str, **more: object) -> Resource:
    """A resource with a key."""
    declared = {"endpoint": url, "api_key": FromEnvironment("SPEECH_KEY"), **more}
    return of(SpeechResource(**declared))  # type: ignore[arg-type]
