"""The runtime API, spoken to a HAProxy of this host."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from csctl.errors import CsctlError, NotReady
from csctl.front import configuration, server
from csctl.front.configuration import Settings
from csctl.front.runtime import Runtime
from csctl.front.server import VACANT, Server
from tests.front import image

_SECONDS = 30


class _Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def replica() -> Iterator[int]:
    """The port of something that is ready."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Ready) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield int(serving.server_address[1])
        serving.shutdown()
        thread.join()


@pytest.fixture
def text(replica: int, free_port: int) -> str:
    """The configuration of a front of this host, where no Engine resolves names."""
    settings = Settings(sessions=None, certificate=None, secret=False, root=False)
    text = configuration.render(settings, {})
    for old, new in (
        (f"stats socket {configuration.RUN_FOLDER}/", "stats socket unix@"),
        (f"bind :{configuration.PORT}", f"bind 127.0.0.1:{free_port}"),
        (f"bind :{configuration.INNER_PORT}", "bind unix@inner.sock"),
        (f".invalid:{configuration.PORT}", f".invalid:{replica}"),
    ):
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.fixture
def runtime(tmp_path: Path, text: str) -> Iterator[Runtime]:
    """A front none of whose places has served before."""
    with running(tmp_path, text) as made:
        yield made


@contextmanager
def running(root: Path, text: str) -> Iterator[Runtime]:
    folder = root / ("a-rather-long-name-" * 6)
    folder.mkdir()
    (folder / configuration.FILE).write_text(text)
    with subprocess.Popen(
        [image.program(), "-db", "-f", configuration.FILE],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        made = Runtime("fronty", folder)
        try:
            until(lambda: (folder / configuration.SOCKET).exists())
            yield made
        finally:
            process.kill()


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + _SECONDS
    while not true():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.05)


def first(runtime: Runtime) -> Server:
    return runtime.servers()[0]


def test_all_places_are_vacant_at_first(runtime: Runtime) -> None:
    servers = runtime.servers()
    assert len(servers) == server.PLACES
    assert all(one.vacant and not one.up for one in servers)


def test_a_host_is_admitted_drained_and_released(runtime: Runtime) -> None:
    place = first(runtime).place
    runtime.admit(first(runtime), "0123456789ab", "127.0.0.1")
    assert first(runtime).host == "0123456789ab"
    assert not first(runtime).draining
    runtime.drain(place)
    assert first(runtime).draining
    runtime.reopen(place)
    assert not first(runtime).draining
    runtime.release(place)
    assert first(runtime).host == VACANT
    assert not first(runtime).draining


def test_a_place_forgets_where_its_last_host_was(tmp_path: Path, text: str) -> None:
    served = text.replace("init-addr none", "init-addr 127.0.0.1")
    with running(tmp_path, served) as runtime:
        for address in ("127.0.0.1", "127.0.0.77", "127.0.0.1"):
            runtime.admit(first(runtime), "0123456789ab", address)
            assert first(runtime).address == address
            runtime.release(first(runtime).place)


def test_a_place_that_never_had_a_host_waits_for_its_name(runtime: Runtime) -> None:
    runtime.admit(first(runtime), "0123456789ab", "127.0.0.1")
    assert first(runtime).address is None
    assert not first(runtime).up


def test_sessions_of_a_place_are_bounded(runtime: Runtime) -> None:
    runtime.limit(first(runtime).place, 4)
    runtime.limit(first(runtime).place, 0)


def test_a_refusal_is_told_in_its_own_words(runtime: Runtime) -> None:
    with pytest.raises(CsctlError, match=r"front fronty refused .* No such server"):
        runtime.drain("place0")


def test_a_front_that_is_not_there_is_not_ready(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="front fronty does not answer"):
        Runtime("fronty", tmp_path).servers()
    with pytest.raises(NotReady, match="No such file"):
        Runtime("fronty", tmp_path / "nowhere").servers()
