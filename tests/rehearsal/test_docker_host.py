"""Which Engine the docker command means."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from csctl.rehearsal import docker_host

OTHER = "unix:///run/other.sock"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A DOCKER_CONFIG with one context, `other`, that is current."""
    meta = tmp_path / "contexts" / "meta" / hashlib.sha256(b"other").hexdigest()
    meta.mkdir(parents=True)
    endpoints = {"docker": {"Host": OTHER}}
    (meta / "meta.json").write_text(json.dumps({"Endpoints": endpoints}))
    (tmp_path / "config.json").write_text('{"currentContext": "other"}')
    return tmp_path


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        pytest.param({}, OTHER, id="the current context"),
        pytest.param({"DOCKER_HOST": "tcp://h:1"}, "tcp://h:1", id="host wins"),
        pytest.param({"DOCKER_HOST": ""}, OTHER, id="an empty host is none"),
        pytest.param(
            {"DOCKER_CONTEXT": "default"}, docker_host.DEFAULT, id="default context"
        ),
        pytest.param(
            {"DOCKER_CONTEXT": "unknown"}, docker_host.DEFAULT, id="unknown context"
        ),
    ],
)
def test_the_engine_is_named_as_docker_names_it(
    folder: Path, environ: dict[str, str], expected: str
) -> None:
    assert docker_host.named({"DOCKER_CONFIG": str(folder), **environ}) == expected


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"currentContext": 1}', "\xff"])
def test_without_a_usable_configuration_it_is_the_default_socket(
    tmp_path: Path, text: str | None
) -> None:
    if text is not None:
        (tmp_path / "config.json").write_bytes(text.encode("latin-1"))

    assert docker_host.named({"DOCKER_CONFIG": str(tmp_path)}) == docker_host.DEFAULT


def test_a_real_engine_answers(engine_host: str) -> None:
    assert docker_host.answers(engine_host)


@pytest.mark.parametrize(
    "url",
    ["unix:///nobody", "tcp://127.0.0.1:9", "ssh://host", "npipe:////./pipe", "junk"],
)
def test_what_is_no_engine_does_not_answer(url: str) -> None:
    assert not docker_host.answers(url)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\nOK", True, id="an Engine"),
        pytest.param(b"HTTP/1.0 200 OK\r\n\r\n<html>", False, id="a web server"),
        pytest.param(b"HTTP/1.0 500 No\r\n\r\nno", False, id="a failing Engine"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", False, id="no HTTP"),
        pytest.param(b"", False, id="hangs up"),
    ],
)
def test_only_what_answers_like_an_engine_counts(answer: bytes, expected: bool) -> None:
    with _server(answer) as port:
        assert docker_host.answers(f"tcp://127.0.0.1:{port}") is expected


@contextmanager
def _server(answer: bytes) -> Iterator[int]:
    def serve() -> None:
        connection, _ = listener.accept()
        with connection, suppress(ConnectionError):
            connection.recv(4096)
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()
