"""The fleet as it is watched, on an Engine that tests may kill."""

from __future__ import annotations

import dataclasses
import gc
import os
import queue
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from csctl.container.spec import LABEL_ROLE, ROLE_ONE_SHOT, ContainerSpec, Limits
from csctl.engine.connection import connect
from csctl.engine.engine import Engine
from csctl.errors import EngineUnavailable, ProfileError
from csctl.lifecycle.fleet_rows import FleetRows
from csctl.lifecycle.status import Status
from csctl.lifecycle.watch import Lost, Rows, Update, watch
from csctl.profile.load import load
from csctl.profile.model import Profile
from csctl.rehearsal.dockerd import State
from tests.engines import PrivateEngine, load_image, remove_containers
from tests.faults.recorder import Recorder, recording
from tests.lifecycle import talker

_SECONDS = 60.0
_SERVING = """
import signal, socket, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
body = b'{"apiStatus": "Valid", "apiStatusMessage": ""}'
head = b"HTTP/1.0 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body)
listener = socket.create_server(("", 5000))
while True:
    client, _ = listener.accept()
    with client:
        client.recv(4096)
        client.sendall(head + body)
"""
_PROFILE = """\
name: {name}
image: csctl/rehearsal:4.12.0-amd64
mode: disconnected
model: {{id: 5f3a0c1e-7d42-4b8a-9c15-e2a6b0d9f731}}
billing: {{endpoint: 'https://a.example', api_key: {{env: KEY}}}}
license: {{endpoint: 'https://b.example', api_key: {{env: KEY}}, expires: {expires}}}
data: data
port: 127.0.0.1:{port}
"""

# One Engine for all of them: it is started once.
pytestmark = pytest.mark.xdist_group("watched-engine")
# The SDK leaves a socket open that found nobody to connect to.
_LEAVES_SOCKETS = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)

Found = TypeVar("Found")


@pytest.fixture(scope="module")
def mortal(rehearsal_archive: Path) -> Iterator[PrivateEngine]:
    """An Engine of this module alone, with the stand-in's images."""
    # Sockets want a short path.
    root = Path(tempfile.mkdtemp(prefix="csctl-", dir="/tmp"))
    made = PrivateEngine(State(root))
    try:
        made.up()
        load_image(made.url, rehearsal_archive)
        yield made
    finally:
        made.down()
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def engine(mortal: PrivateEngine, run_name: str) -> Iterator[Engine]:
    """It, without containers."""
    connected = _connect(mortal.url)
    yield connected
    connected.close()
    remove_containers(mortal.url, run_name)


@pytest.fixture
def recorder(engine: Engine) -> Iterator[Recorder]:
    """In front of it."""
    with (
        tempfile.TemporaryDirectory(prefix="csctl-", dir="/tmp") as folder,
        recording(engine.url, Path(folder)) as started,
    ):
        yield started


@pytest.fixture
def collected() -> Iterator[None]:
    """Has what the test left collected as long as its marks count."""
    yield
    gc.collect()


def _connect(url: str) -> Engine:
    return connect(url, None, os.environ)


class Watching:
    """What is told of a fleet, in the order in which it is."""

    def __init__(self, url: str, *profiles: Path) -> None:
        self.told: list[Update] = []
        self.stop = threading.Event()
        self._profiles = profiles
        self._url = url
        self._new: queue.SimpleQueue[Update] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        for update in watch(lambda: _connect(self._url), self._load, {}, self.stop):
            self.told.append(update)
            self._new.put(update)

    def _load(self) -> list[Profile]:
        return load(self._profiles, {}) if self._profiles else []

    def __enter__(self) -> Watching:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Stop it; it has to notice."""
        self.stop.set()
        self._thread.join(_SECONDS)
        assert not self._thread.is_alive()

    def until(self, found: Callable[[Update], Found | None]) -> Found:
        """The first thing that is found in what is told from now on."""
        deadline = time.monotonic() + _SECONDS
        while True:
            try:
                update = self._new.get(timeout=deadline - time.monotonic())
            except (queue.Empty, ValueError):
                raise AssertionError(self.told[-1:]) from None
            if (one := found(update)) is not None:
                return one

    def rows(self) -> Rows:
        """The next rows."""
        return self.until(lambda update: update if isinstance(update, Rows) else None)

    def row(self, name: str, wanted: Callable[[Status], bool]) -> Status:
        """A row, as soon as it is as wanted."""

        def found(update: Update) -> Status | None:
            row = _row(update, name)
            return row if row is not None and wanted(row) else None

        return self.until(found)

    def state(self, name: str, state: str) -> Status:
        """A row, as soon as its container is in a state."""
        return self.row(name, lambda row: _state(row) == state)

    def settle(self) -> None:
        """Until nothing was told for a moment."""
        while True:
            try:
                self._new.get(timeout=0.5)
            except queue.Empty:
                return


def _row(update: Update, name: str) -> Status | None:
    rows = update.rows if isinstance(update, Rows) else ()
    return next((row for row in rows if row.profile == name), None)


def _state(row: Status) -> str | None:
    return row.container.state if row.container else None


def _resting(name: str) -> ContainerSpec:
    return talker.saying(name)


@contextmanager
def _asked(recorder: Recorder) -> Iterator[list[str]]:
    """The paths that the Engine is asked for meanwhile."""
    recorder.forget()
    paths: list[str] = []
    yield paths
    paths += [one.path for one in recorder.asked]


def test_what_befalls_a_container_is_told_as_it_happens(
    engine: Engine, unique_name: str
) -> None:
    name = unique_name
    with Watching(engine.url) as watching:
        assert watching.rows().rows == ()
        engine.create(_resting(name))
        assert watching.state(name, "created").ready is False
        engine.start(name)
        watching.state(name, "running")
        engine.stop(name, seconds=0)
        watching.state(name, "exited")
        engine.start(name)
        watching.state(name, "running")
        engine.update(name, limits=Limits(memory=200 << 20))
        watching.row(name, _limited_to(200 << 20))
        engine.rename(name, f"{name}-other")
        watching.state(f"{name}-other", "running")
        assert _row(watching.told[-1], name) is None
        engine.remove(f"{name}-other")
        watching.until(_empty)


def _empty(update: Update) -> Update | None:
    return update if isinstance(update, Rows) and not update.rows else None


def _limited_to(memory: int) -> Callable[[Status], bool]:
    return lambda row: (
        row.container is not None and (row.container.limits.memory == memory)
    )


def test_containers_that_are_there_come_with_the_first_rows(
    engine: Engine, unique_name: str
) -> None:
    names = [f"{unique_name}-{letter}" for letter in "ba"]
    for name in names:
        engine.create(_resting(name))
    engine.start(names[0])
    with Watching(engine.url) as watching:
        told = watching.rows()
        assert [row.profile for row in told.rows] == sorted(names)
        assert [_state(row) for row in told.rows] == ["created", "running"]
        assert told.engine.host == engine.host
        assert told.problems == ()


def test_a_burst_of_events_gives_one_look(
    engine: Engine, recorder: Recorder, unique_name: str
) -> None:
    engine.create(_resting(unique_name))
    with Watching(recorder.url) as watching:
        watching.settle()
        with _asked(recorder) as paths:
            for number in range(10):
                engine.rename(unique_name, f"{unique_name}-{number}")
                engine.rename(f"{unique_name}-{number}", unique_name)
            watching.settle()
        lists = [path for path in paths if path.startswith("/containers/json")]
        assert 1 <= len(lists) <= 3, "twenty events"
        assert _row(watching.told[-1], unique_name) is not None


def test_only_what_something_befell_is_inspected(
    engine: Engine, recorder: Recorder, unique_name: str
) -> None:
    one, other = f"{unique_name}-a", f"{unique_name}-b"
    for name in (one, other):
        engine.create(_resting(name))
    with Watching(recorder.url) as watching:
        watching.settle()
        with _asked(recorder) as paths:
            engine.start(one)
            watching.state(one, "running")
        assert [path for path in paths if one in path]
        assert not [path for path in paths if other in path]


def test_a_fleet_in_which_nothing_happens_costs_the_engine_nothing(
    engine: Engine, recorder: Recorder, unique_name: str, tmp_path: Path
) -> None:
    profile = _write(tmp_path, f"{unique_name}-absent")
    for letter in "abc":
        engine.create(talker.spec(f"{unique_name}-{letter}", _SERVING))
        engine.start(f"{unique_name}-{letter}")
    with Watching(recorder.url, profile) as watching:
        watching.row(f"{unique_name}-c", lambda row: row.ready)
        watching.settle()
        with _asked(recorder) as paths:
            time.sleep(2.5)
        assert paths == []
        assert recorder.methods() == set()


def test_noise_is_not_looked_at(
    engine: Engine, recorder: Recorder, unique_name: str
) -> None:
    engine.create(_resting(unique_name))
    one_shot = dataclasses.replace(
        _resting(f"{unique_name}-once"), labels={LABEL_ROLE: ROLE_ONE_SHOT}
    )
    with Watching(recorder.url) as watching:
        watching.settle()
        with _asked(recorder) as paths:
            engine.read_files(talker.IMAGE, ["/etc/passwd"], labels=one_shot.labels)
            engine.create(one_shot)
            engine.start(one_shot.name)
            engine.remove(one_shot.name)
            watching.settle()
        assert paths == []


def test_a_container_is_asked_itself_whether_it_is_ready(
    engine: Engine, unique_name: str
) -> None:
    with Watching(engine.url) as watching:
        engine.create(talker.spec(unique_name, _SERVING))
        engine.start(unique_name)
        assert watching.state(unique_name, "running").ready is False
        ready = watching.row(unique_name, lambda row: row.ready)
        assert ready.api_status == "Valid"
        engine.restart(unique_name)
        again = watching.row(unique_name, lambda row: not row.ready)
        assert again.api_status is None
        watching.row(unique_name, lambda row: row.ready)


@_LEAVES_SOCKETS
@pytest.mark.usefixtures("collected")
def test_a_lost_engine_is_told_once_and_found_again(
    engine: Engine, mortal: PrivateEngine, unique_name: str
) -> None:
    engine.create(_resting(unique_name))
    with Watching(mortal.url) as watching:
        first = watching.rows()
        mortal.kill()
        lost = watching.until(lambda told: told if isinstance(told, Lost) else None)
        assert isinstance(lost.error, EngineUnavailable)
        assert lost.error.remedy
        mortal.up()
        back = watching.rows()
        assert [row.profile for row in back.rows] == [unique_name]
        assert back.engine is not first.engine
        assert [isinstance(told, Lost) for told in watching.told].count(True) == 1
        engine.start(unique_name)
        watching.state(unique_name, "running")


@_LEAVES_SOCKETS
@pytest.mark.usefixtures("collected")
def test_an_engine_that_was_never_there_is_told_and_waited_for(tmp_path: Path) -> None:
    with Watching(f"unix://{tmp_path}/nobody.sock") as watching:
        assert isinstance(watching.until(lambda told: told), Lost)
        watching.settle()
        assert len(watching.told) == 1
        watching.end()


def test_profiles_come_first_and_in_their_order(
    engine: Engine, unique_name: str, tmp_path: Path
) -> None:
    engine.create(_resting(f"{unique_name}-a"))
    profiles = [_write(tmp_path, f"{unique_name}-{letter}") for letter in "zb"]
    with Watching(engine.url, *profiles) as watching:
        rows = watching.rows().rows
        assert [row.profile[-1] for row in rows] == ["z", "b", "a"]
        assert [_state(row) for row in rows] == [None, None, "created"]
        assert [row.wanted is not None for row in rows] == [True, True, False]


def test_a_profile_is_compared_with_its_container(
    engine: Engine, unique_name: str, tmp_path: Path
) -> None:
    profile = _write(tmp_path, unique_name)
    engine.create(_resting(unique_name))
    with Watching(engine.url, profile) as watching:
        row = watching.row(unique_name, lambda row: bool(row.drift))
        assert [one.field for one in row.drift] == ["model", "license"]
        assert row.problem is None


def test_a_profile_that_is_edited_is_read_again(
    engine: Engine,
    unique_name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("csctl.lifecycle.watch._FILES_SECONDS", 0.2)
    profile = _write(tmp_path, unique_name, port=5001)
    with Watching(engine.url, profile) as watching:
        watching.row(unique_name, _wants_port(5001))
        _write(tmp_path, unique_name, port=5002)
        watching.row(unique_name, _wants_port(5002))
        text = profile.read_text()
        profile.write_text(text.replace("mode:", "mood:"))
        problems = watching.until(_problems)
        assert isinstance(problems[0], ProfileError)
        assert "mood" in problems[0].message
        row = _row(watching.told[-1], unique_name)
        assert row is not None
        assert _wants_port(5002)(row), "it stays as it was"
        profile.write_text(text.replace("5002", "5003"))
        watching.row(unique_name, _wants_port(5003))
        assert _problems(watching.told[-1]) is None


def _problems(update: Update) -> tuple[object, ...] | None:
    return update.problems or None if isinstance(update, Rows) else None


def _wants_port(number: int) -> Callable[[Status], bool]:
    return lambda row: row.wanted is not None and row.wanted.port.number == number


def _write(
    folder: Path, name: str, *, port: int = 5000, expires: str = "2031-01-01"
) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(_PROFILE.format(name=name, port=port, expires=expires))
    return path


def test_days_of_a_license_are_counted_anew(
    engine: Engine, unique_name: str, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    ends = (now + timedelta(days=30)).date().isoformat()
    [profile] = load([_write(tmp_path, unique_name, expires=ends)], {})
    fleet = FleetRows(engine, {})
    fleet.look([profile])
    [row] = fleet.rows
    assert row.license is not None
    assert fleet.age(row.license.now) is False
    for later, days in ((now + timedelta(days=1), 28), (now + timedelta(days=40), -11)):
        assert fleet.age(later) is True
        [row] = fleet.rows
        assert row.license is not None
        assert row.license.days_left == days
    fleet.close()


def test_it_ends_and_leaves_no_thread(engine: Engine, unique_name: str) -> None:
    before = threading.active_count()
    engine.create(_resting(unique_name))
    engine.start(unique_name)
    with Watching(engine.url) as watching:
        watching.settle()
        watching.end()
    assert threading.active_count() == before
    updates = watch(lambda: _connect(engine.url), list, {}, threading.Event())
    assert isinstance(next(updates), Rows)
    updates.close()  # type: ignore[attr-defined]
    deadline = time.monotonic() + _SECONDS
    while threading.active_count() > before:
        assert time.monotonic() < deadline, threading.enumerate()
        time.sleep(0.02)


def test_an_engine_that_hangs_keeps_nobody_from_ending() -> None:
    released = threading.Event()

    def hang() -> Engine:
        released.wait()
        raise EngineUnavailable("it hung")

    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    try:
        assert list(watch(hang, list, {}, stop)) == []
    finally:
        released.set()
