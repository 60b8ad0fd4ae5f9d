"""Blobs as streams, from servers that break off, stall, lie and redirect."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterator

import pytest

from csctl.errors import (
    CsctlError,
    DownloadError,
    RegistryUnavailable,
    RepositoryNotFound,
)
from csctl.registry.client import Registry
from csctl.registry.credentials import Login
from csctl.registry.manifest import sha256
from csctl.secret import Secret
from tests.registry.real import DockerRegistry
from tests.registry.server import NO_TRUST, Reply, Server, json_reply

BODY = bytes(range(256)) * 40
DIGEST = sha256(BODY)
PATH = f"/v2/speech/blobs/{DIGEST}"
SIZE = len(BODY)


def _partial(start: int, body: bytes | None = None, *, cut: bool = False) -> Reply:
    rest = BODY[start:] if body is None else body
    return Reply(
        206, rest, {"Content-Range": f"bytes {start}-{SIZE - 1}/{SIZE}"}, cut=cut
    )


def _read(registry: Registry, offset: int = 0) -> bytes:
    with registry.blob("speech", DIGEST, offset) as chunks:
        return b"".join(chunks)


def _ranges(server: Server) -> list[str | None]:
    return [one.headers["Range"] for one in server.asked if one.path == PATH]


@pytest.fixture
def impatient(server: Server) -> Iterator[Registry]:
    """A client that waits for a second."""
    with Registry(server.url, tls=NO_TRUST, sleep=lambda _: None, patience=1) as one:
        yield one


def test_a_real_registry_gives_blobs_whole_and_from_an_offset(
    real: DockerRegistry,
) -> None:
    real.push("speech/blob", "1", layers=(BODY,))
    with Registry(real.host, tls=NO_TRUST) as registry:
        for offset in (0, 1, SIZE - 1):
            with registry.blob("speech/blob", DIGEST, offset) as chunks:
                assert b"".join(chunks) == BODY[offset:]


def test_a_real_registry_gives_the_exact_manifest(real: DockerRegistry) -> None:
    digest = real.push("speech/original", "1")
    with Registry(real.host, tls=NO_TRUST) as registry:
        data, media_type = registry.original("speech/original", digest)
    assert sha256(data) == digest
    assert media_type == "application/vnd.oci.image.manifest.v1+json"


def test_a_whole_blob_is_one_request(server: Server, registry: Registry) -> None:
    server.on(PATH, Reply(200, BODY))
    assert _read(registry) == BODY
    assert _ranges(server) == [None]


def test_a_connection_that_breaks_off_goes_on_where_it_was(
    server: Server, registry: Registry
) -> None:
    server.on(PATH, Reply(200, BODY, cut=True), _partial(SIZE - 1))
    assert _read(registry) == BODY
    assert _ranges(server) == [None, f"bytes={SIZE - 1}-"]


def test_it_may_break_off_again_and_again_as_long_as_bytes_come(
    server: Server, registry: Registry, pauses: list[float]
) -> None:
    steps = range(100, 1300, 100)
    cut = [_partial(at, BODY[at : at + 101], cut=True) for at in steps]
    for reply in cut:
        # What is sent is less than what is promised.
        assert len(reply.body) == 101
    server.on(PATH, *cut, _partial(1300))
    assert _read(registry, 100) == BODY[100:]
    assert len(pauses) == len(steps)


def test_a_registry_that_ignores_the_range_brings_no_byte_twice(
    server: Server, registry: Registry
) -> None:
    server.on(PATH, Reply(200, BODY, cut=True), Reply(200, BODY))
    assert _read(registry) == BODY


def test_bytes_are_left_packed_as_they_are(server: Server, registry: Registry) -> None:
    packed = gzip.compress(BODY)
    server.on(PATH, Reply(200, packed, {"Content-Encoding": "gzip"}))
    assert _read(registry) == packed
    assert server.asked[-1].headers["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_fault_that_passes_is_waited_for(
    server: Server, registry: Registry, pauses: list[float], status: int
) -> None:
    busy = Reply(status, headers={"Retry-After": "7"})
    server.on(PATH, busy, Reply(200, BODY))
    assert _read(registry) == BODY
    assert pauses == [7.0]


@pytest.mark.parametrize(
    ("reply", "offset", "error", "said"),
    [
        pytest.param(
            Reply(503), 0, RegistryUnavailable, "503", id="a fault that stays"
        ),
        pytest.param(
            Reply(200, BODY[:1], {"Content-Length": "2"}),
            1,
            RegistryUnavailable,
            "breaks the connection off",
            id="never a byte more",
        ),
        pytest.param(
            _partial(5), 4, RegistryUnavailable, "another part", id="another range"
        ),
        pytest.param(
            Reply(206, BODY), 4, RegistryUnavailable, "another part", id="no range"
        ),
        pytest.param(
            Reply(416), 4, DownloadError, "no more than 4 bytes", id="a shorter blob"
        ),
        pytest.param(Reply(404), 0, RepositoryNotFound, DIGEST, id="no such blob"),
    ],
)
def test_what_stays_wrong_is_an_error_that_names_the_blob(
    server: Server,
    registry: Registry,
    reply: Reply,
    offset: int,
    error: type[CsctlError],
    said: str,
) -> None:
    server.on(PATH, reply)
    with pytest.raises(error, match=said) as caught:
        _read(registry, offset)
    assert caught.value.remedy


def test_a_registry_that_brings_nothing_is_given_up(
    server: Server, impatient: Registry
) -> None:
    server.on(PATH, Reply(200, BODY, delay=1))
    with pytest.raises(RegistryUnavailable, match="does not answer in time"):
        _read(impatient)
    assert len(_ranges(server)) > 1


def test_a_registry_that_stalls_once_is_asked_again(
    server: Server, impatient: Registry
) -> None:
    server.on(PATH, Reply(200, BODY, delay=0.8), Reply(200, BODY))
    assert _read(impatient) == BODY


def test_another_host_gets_the_range_and_no_credentials(
    server: Server, other: Server
) -> None:
    challenge = {"WWW-Authenticate": 'Basic realm="tests"'}
    there = {"Location": f"{other.url}/storage"}
    server.on("/v2/", json_reply({}, 401, challenge))
    server.on(PATH, Reply(401, headers=challenge), Reply(307, headers=there))
    other.on("/storage", _partial(9))
    login = Login("operator", Secret("opensesame"))
    with Registry(server.url, tls=NO_TRUST, source=lambda: login) as registry:
        assert _read(registry, 9) == BODY[9:]
    secret = base64.b64encode(b"operator:opensesame").decode()
    assert server.authorizations()[-1] == f"Basic {secret}"
    assert other.authorizations() == [None]
    assert other.asked[0].headers["Range"] == "bytes=9-"


def test_reading_may_be_left_in_the_middle(server: Server, registry: Registry) -> None:
    server.on(PATH, Reply(200, BODY))
    with registry.blob("speech", DIGEST) as chunks:
        assert next(chunks)
    assert _read(registry) == BODY
