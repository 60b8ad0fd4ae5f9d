"""A replacement that is broken off between two of its requests is undone."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from csctl.container.observed import Container
from csctl.container.spec import next_name, old_name
from csctl.engine.connection import connect
from csctl.engine.engine import Engine
from csctl.lifecycle.demand import Demand
from csctl.lifecycle.replace import replace
from tests.lifecycle import talker


class Impatient(Engine):
    """Ctrl-C comes with the first request after so many of its changes."""

    def __init__(self, engine: Engine, after: str, times: int) -> None:
        super().__init__(engine._api, engine.url)
        self._after, self._left = after, times
        self.came = False

    def _count(self, change: str) -> None:
        self._left -= change == self._after

    def _interrupt(self) -> None:
        if not self._left and not self.came:
            self.came = True
            raise KeyboardInterrupt

    def container(self, name: str) -> Container | None:
        self._interrupt()
        return super().container(name)

    def rename(self, name: str, to: str) -> None:
        self._interrupt()
        super().rename(name, to)
        self._count("rename")

    def stop(self, name: str, **options: Any) -> None:
        self._interrupt()
        super().stop(name, **options)
        self._count("stop")

    def update(self, name: str, **options: Any) -> None:
        super().update(name, **options)
        self._count("update")

    def start(self, name: str) -> None:
        super().start(name)
        self._count("start")


@pytest.fixture
def engine(engine_host: str, rehearsal_image: str) -> Iterator[Engine]:  # noqa: ARG001
    made = connect(None, None, {"DOCKER_HOST": engine_host})
    yield made
    made.close()


@pytest.mark.parametrize(
    ("after", "times"),
    [("update", 1), ("stop", 1), ("rename", 1), ("rename", 2), ("start", 1)],
    ids=lambda value: str(value),
)
def test_ctrl_c_between_any_two_requests_leaves_the_old_container_serving(
    engine: Engine, unique_name: str, after: str, times: int
) -> None:
    spec = talker.saying(unique_name, "it serves")
    spec = dataclasses.replace(spec, restart="always").with_reason("a test")
    with talker.running(engine, spec):
        before = engine.container(unique_name)
        assert before is not None
        impatient = Impatient(engine, after, times)
        with pytest.raises(KeyboardInterrupt):
            list(replace(impatient, spec, Demand(seconds=60)))
        assert impatient.came
        serving = engine.container(unique_name)
        assert serving is not None
        assert (serving.id, serving.running) == (before.id, True)
        assert serving.restart == "always"
        assert engine.container(next_name(unique_name)) is None
        assert engine.container(old_name(unique_name)) is None
