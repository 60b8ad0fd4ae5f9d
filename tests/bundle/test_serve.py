"""The registry over a bundle: what an Engine asks of it, and what nobody else gets."""

from __future__ import annotations

import http.client
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from csctl.bundle import oci
from csctl.bundle.archive import Bundle, open_bundle
from csctl.bundle.serve import PASSING, Registry, serve
from csctl.bundle.signature import Trust
from tests.bundle.maker import LAYERS, OCI_MANIFEST, make

MADE = make()
IMAGE = MADE.manifest.images[0]
LAYER = IMAGE.layers[0].digest
LEFT_OUT = IMAGE.layers[1].digest
UNKNOWN = "sha256:" + "0" * 64


@pytest.fixture
def bundle(tmp_path: Path) -> Iterator[Bundle]:
    file = tmp_path / "bundle"
    file.write_bytes(make(leave_out=[oci.blob_path(LEFT_OUT)]).archive())
    with open_bundle(file, Trust()) as opened:
        yield opened


@pytest.fixture
def registry(bundle: Bundle) -> Iterator[Registry]:
    with serve(bundle) as served:
        yield served


def _ask(
    registry: Registry,
    method: str,
    path: str,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, Mapping[str, str], bytes]:
    with closing(
        http.client.HTTPConnection("127.0.0.1", registry.port, timeout=5)
    ) as connection:
        connection.request(method, path, headers=dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, dict(answer.headers), answer.read()


def _path(registry: Registry, kind: str, digest: str) -> str:
    return f"/v2/{registry.path}/{kind}/{digest}"


def test_it_says_that_it_is_a_registry(registry: Registry) -> None:
    status, head, body = _ask(registry, "GET", "/v2/")
    assert (status, body) == (200, b"")
    assert head["Docker-Distribution-Api-Version"] == "registry/2.0"
    assert not registry.asked


def test_the_manifest_has_its_media_type_and_digest(registry: Registry) -> None:
    status, head, body = _ask(
        registry, "GET", _path(registry, "manifests", IMAGE.digest)
    )
    assert (status, body) == (200, MADE.files[oci.blob_path(IMAGE.digest)])
    assert head["Content-Type"] == OCI_MANIFEST
    assert head["Docker-Content-Digest"] == IMAGE.digest
    assert registry.asked


@pytest.mark.parametrize("digest", [LAYER, IMAGE.config])
def test_blobs_come_as_they_are(registry: Registry, digest: str) -> None:
    status, _, body = _ask(registry, "GET", _path(registry, "blobs", digest))
    assert (status, body) == (200, MADE.files[oci.blob_path(digest)])


def test_head_tells_the_size_without_the_body(registry: Registry) -> None:
    status, head, body = _ask(registry, "HEAD", _path(registry, "blobs", LAYER))
    assert (status, body) == (200, b"")
    assert head["Content-Length"] == str(len(LAYERS[0]))


SIZE = len(LAYERS[0])
RANGES = {
    "from a place on": ("bytes=10-", 206, LAYERS[0][10:]),
    "the first byte": ("bytes=0-0", 206, LAYERS[0][:1]),
    "a piece": ("bytes=3-7", 206, LAYERS[0][3:8]),
    "more than there is": ("bytes=3-9999", 206, LAYERS[0][3:]),
    "all": (f"bytes=0-{SIZE - 1}", 200, LAYERS[0]),
    "behind the end": (f"bytes={SIZE}-", 416, b""),
    "the wrong way round": ("bytes=7-3", 200, LAYERS[0]),
    "several": ("bytes=0-1,3-4", 200, LAYERS[0]),
    "another unit": ("lines=0-1", 200, LAYERS[0]),
    "absurd": ("bytes=99999999999999999999-", 200, LAYERS[0]),
}


@pytest.mark.parametrize(
    ("asked", "status", "body"), RANGES.values(), ids=RANGES.keys()
)
def test_a_range_is_a_piece_of_the_blob(
    registry: Registry, asked: str, status: int, body: bytes
) -> None:
    got, head, data = _ask(
        registry, "GET", _path(registry, "blobs", LAYER), {"Range": asked}
    )
    assert (got, data) == (status, body)
    if status == 206:
        first = LAYERS[0].index(body)
        end = first + len(body) - 1
        assert head["Content-Range"] == f"bytes {first}-{end}/{SIZE}"


def test_what_the_bundle_leaves_out_is_unknown_and_remembered(
    registry: Registry,
) -> None:
    status, _, body = _ask(registry, "GET", _path(registry, "blobs", LEFT_OUT))
    assert status == 404
    assert b"BLOB_UNKNOWN" in body
    assert registry.missing == {LEFT_OUT}


def test_an_unknown_manifest_is_said_to_be_one(registry: Registry) -> None:
    status, _, body = _ask(registry, "GET", _path(registry, "manifests", UNKNOWN))
    assert status == 404
    assert b"MANIFEST_UNKNOWN" in body


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v2/_catalog",
        f"/v2/image/blobs/{LAYER}",
        f"/v2/csctl-{'0' * 32}/image/blobs/{LAYER}",
        "/v2/../../etc/passwd",
    ],
)
def test_whoever_does_not_know_the_path_gets_nothing(
    registry: Registry, path: str
) -> None:
    assert _ask(registry, "GET", path)[0] == 404
    assert not registry.asked
    assert registry.missing == set()


@pytest.mark.parametrize(
    "what", ["tags/list", "manifests/latest", "blobs/uploads/", f"blobs/{LAYER}/.."]
)
def test_below_the_path_there_is_nothing_but_manifests_and_blobs(
    registry: Registry, what: str
) -> None:
    assert _ask(registry, "GET", f"/v2/{registry.path}/{what}")[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_written(registry: Registry, method: str) -> None:
    status, _, _ = _ask(registry, method, _path(registry, "blobs", LAYER))
    assert status == 501


def test_each_run_has_a_path_of_its_own(bundle: Bundle) -> None:
    with serve(bundle) as one, serve(bundle) as other:
        assert one.path != other.path
        assert one.port != other.port
        assert PASSING.match(str(one.reference(IMAGE)))


def test_it_listens_on_loopback_only(registry: Registry) -> None:
    with socket.socket() as probe:
        probe.settimeout(1)
        # Linux takes all of 127/8 for loopback; only one of them is bound.
        assert probe.connect_ex(("127.0.0.2", registry.port)) != 0


def test_tls_gets_an_answer_that_looks_like_http(registry: Registry) -> None:
    """By that containerd sees that it is to go on without TLS."""
    with socket.create_connection(("127.0.0.1", registry.port), 5) as connection:
        connection.sendall(b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03\r\n\r\n")
        assert connection.recv(1024).startswith(b"HTTP/1.1 400")


def test_many_requests_go_over_one_connection(registry: Registry) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", registry.port, timeout=5)
    with closing(connection):
        connection.connect()
        first = connection.sock
        for digest, status in ((LAYER, 200), (LEFT_OUT, 404), (IMAGE.config, 200)):
            connection.request("GET", _path(registry, "blobs", digest))
            answer = connection.getresponse()
            answer.read()
            assert (answer.status, connection.sock) == (status, first)


def test_with_the_block_its_threads_and_its_port_are_gone(bundle: Bundle) -> None:
    before = set(threading.enumerate())
    with serve(bundle) as registry:
        # A connection that an Engine keeps open holds a thread.
        idle = socket.create_connection(("127.0.0.1", registry.port), 5)
        _ask(registry, "GET", "/v2/")
    with closing(idle):
        assert set(threading.enumerate()) == before
        assert idle.recv(1) == b""
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", registry.port)) != 0


def test_a_bundle_that_is_cut_off_meanwhile_ends_the_connection(
    bundle: Bundle, registry: Registry
) -> None:
    offset, _ = bundle.range(oci.blob_path(LAYER))
    os.truncate(bundle.path, offset + 5)
    with pytest.raises(http.client.IncompleteRead) as caught:
        _ask(registry, "GET", _path(registry, "blobs", LAYER))
    assert caught.value.partial == LAYERS[0][:5]
