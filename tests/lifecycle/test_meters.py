"""What containers use, followed and read once, on a real Engine."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from csctl.container.observed import Sample
from csctl.engine.connection import connect
from csctl.engine.engine import Engine
from csctl.errors import ContainerNotFound, NotReady
from csctl.lifecycle.meters import Meters, read
from tests.lifecycle import talker

_SECONDS = 60.0


@pytest.fixture
def engine(engine_host: str, rehearsal_image: str) -> Iterator[Engine]:  # noqa: ARG001
    """The shared Engine."""
    connected = connect(engine_host, None, os.environ)
    yield connected
    connected.close()


class Told:
    """The samples that were told, by name."""

    def __init__(self) -> None:
        self.samples: dict[str, list[Sample]] = {}

    def __call__(self, name: str, sample: Sample) -> None:
        self.samples.setdefault(name, []).append(sample)

    def count(self, name: str) -> int:
        return len(self.samples.get(name, ()))


def _await(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _SECONDS
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_exactly_the_named_containers_are_followed(
    engine: Engine, unique_name: str
) -> None:
    names = [f"{unique_name}-{letter}" for letter in "abc"]
    told, threads = Told(), threading.active_count()
    with ExitStack() as stack:
        for name in names:
            stack.enter_context(talker.running(engine, talker.saying(name)))
        meters = stack.enter_context(closing(Meters(engine, told)))
        meters.follow(names[:2])
        _await(lambda: told.count(names[0]) > 0 and told.count(names[1]) > 0)
        meters.follow(names[1:])
        seen = told.count(names[0])
        _await(lambda: told.count(names[2]) > 0)
        assert told.count(names[0]) <= seen + 1
        assert threading.active_count() == threads + 2
        meters.close()
        assert threading.active_count() == threads
        last = dict(told.samples)
    assert last == told.samples


def test_a_container_that_stopped_is_followed_anew_once_it_runs(
    engine: Engine, unique_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("csctl.lifecycle.meters._AGAIN_SECONDS", 0.0)
    told, threads = Told(), threading.active_count()
    with (
        talker.running(engine, talker.saying(unique_name)),
        closing(Meters(engine, told)) as meters,
    ):
        meters.follow([unique_name])
        _await(lambda: told.count(unique_name) > 0)
        engine.stop(unique_name, seconds=1)
        _await(lambda: threading.active_count() == threads)
        before = told.count(unique_name)
        engine.start(unique_name)
        meters.follow([unique_name])
        _await(lambda: told.count(unique_name) > before)


def test_what_cannot_be_followed_is_not_asked_for_again_and_again(
    engine: Engine, unique_name: str
) -> None:
    told, threads = Told(), threading.active_count()
    with closing(Meters(engine, told)) as meters:
        meters.follow([unique_name])
        _await(lambda: threading.active_count() == threads)
        meters.follow([unique_name])
        assert threading.active_count() == threads
    assert told.samples == {}


def test_all_running_meters_are_read_once(engine: Engine, unique_name: str) -> None:
    running, resting = f"{unique_name}-a", f"{unique_name}-b"
    engine.create(talker.saying(resting))
    with talker.running(engine, talker.saying(running)):
        found = {one.container.name: one.sample for one in read(engine)}
        with pytest.raises(NotReady, match="is created, and only a running container"):
            read(engine, [running, resting])
    engine.remove(resting)
    assert resting not in found
    assert found[running].memory > 1 << 20
    with pytest.raises(ContainerNotFound):
        read(engine, [running])
