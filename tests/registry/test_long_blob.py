"""Blobs so long that their bytes are read past httpx, by the same rules as others."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from csctl.errors import RegistryUnavailable
from csctl.registry.certificates import trust
from csctl.registry.client import Registry
from csctl.registry.manifest import sha256
from tests.registry.real import DockerRegistry
from tests.registry.server import NO_TRUST, Reply, Server, serving

SIZE = 20 << 20
BODY = os.urandom(SIZE)
DIGEST = sha256(BODY)
PATH = f"/v2/speech/blobs/{DIGEST}"


def _from(start: int) -> Reply:
    told = f"bytes {start}-{SIZE - 1}/{SIZE}"
    return Reply(206, BODY[start:], {"Content-Range": told})


def _ranges(server: Server) -> list[str | None]:
    return [one.headers["Range"] for one in server.asked if one.path == PATH]


@pytest.fixture(params=["http", "https"])
def place(request: pytest.FixtureRequest, certificate: Path) -> Iterator[Server]:
    with serving(certificate if request.param == "https" else None) as started:
        yield started


@pytest.fixture
def client(place: Server, certificate: Path) -> Iterator[Registry]:
    """One that waits for a second in all, and half of it for each byte."""
    tls = trust(place.host, {"SSL_CERT_FILE": str(certificate)})
    with Registry(place.url, tls=tls, sleep=lambda _: None, patience=1) as one:
        yield one


def _read(client: Registry) -> bytes:
    with client.blob("speech", DIGEST) as chunks:
        return b"".join(chunks)


def test_it_is_one_request(place: Server, client: Registry) -> None:
    place.on(PATH, Reply(200, BODY))
    assert _read(client) == BODY
    assert _ranges(place) == [None]


def test_its_parts_are_larger_than_those_of_httpx(
    server: Server, registry: Registry
) -> None:
    server.on(PATH, Reply(200, BODY))
    with registry.blob("speech", DIGEST) as chunks:
        assert max(map(len, chunks)) > 64 << 10


def test_a_real_registry_gives_two_of_them_and_what_else_is_asked(
    real: DockerRegistry,
) -> None:
    real.push("speech/long", "1", layers=(BODY,))
    with Registry(real.host, tls=NO_TRUST) as registry:
        for offset in (0, 1):
            with registry.blob("speech/long", DIGEST, offset) as chunks:
                assert b"".join(chunks) == BODY[offset:]
            assert registry.tags("speech/long") == ["1"]


@pytest.mark.parametrize(
    "fault", [Reply(200, BODY, cut=True), Reply(200, BODY, stall=0.8)]
)
def test_after_a_fault_it_goes_on_where_it_was(
    place: Server, client: Registry, fault: Reply
) -> None:
    place.on(PATH, fault, _from(SIZE - 1))
    assert _read(client) == BODY
    assert _ranges(place) == [None, f"bytes={SIZE - 1}-"]


def test_one_that_never_ends_is_given_up(place: Server, client: Registry) -> None:
    never = Reply(200, BODY, {"Content-Length": str(SIZE + 1)})
    place.on(PATH, never, Reply(503))
    with pytest.raises(RegistryUnavailable, match="503"):
        _read(client)
    assert _ranges(place)[1] == f"bytes={SIZE}-"


def test_reading_may_be_left_in_the_middle(place: Server, client: Registry) -> None:
    place.on(PATH, Reply(200, BODY))
    with client.blob("speech", DIGEST) as chunks:
        for _ in range(3):
            assert next(chunks)
    assert _read(client) == BODY
