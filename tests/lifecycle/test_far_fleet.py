"""The fleet of other hosts, where scripts stand for ssh."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from csctl.errors import EngineUnavailable
from csctl.lifecycle.far_fleet import FarFleet
from csctl.lifecycle.far_row import FarRow
from csctl.lifecycle.watch import Elsewhere, Lost, watch
from csctl.profile.host import Host
from tests.lifecycle.test_errand import A_ELSEWHERE, A, B
from tests.lifecycle.test_far import environ_with

_SECONDS = 60
_LONG = 3600.0
_ROW = {"profile": "aa", "name": "aa", "state": "running"}


class Fleet:
    """A fleet, and who hears of it."""

    def __init__(self, environ: Mapping[str, str], pause: float) -> None:
        self._told = threading.Condition()
        self.fleet = FarFleet(environ, self._hear, pause=pause)

    def _hear(self) -> None:
        with self._told:
            self._told.notify_all()

    def wait(self, true: Callable[[], object]) -> None:
        with self._told:
            assert self._told.wait_for(true, _SECONDS), self.fleet.rows

    def states(self) -> dict[str, str | None]:
        """What was told of each row; `error` where its host does not answer."""
        return {str(row): _state(row) for row in self.fleet.rows}


def _state(row: FarRow) -> str | None:
    if row.error is not None:
        return "error"
    return None if row.told is None else str(row.told["state"])


@contextmanager
def _fleet(folder: Path, script: str, pause: float = _LONG) -> Iterator[Fleet]:
    made = Fleet(environ_with(folder, script), pause)
    with closing(made.fleet):
        yield made


def _say(*rows: object) -> str:
    return f"echo '{json.dumps(rows)}'"


def test_each_host_fills_its_own_rows(tmp_path: Path) -> None:
    script = f'case "$*" in *stt1*) {_say(_ROW)};; *) echo no >&2; exit 255;; esac'
    with _fleet(tmp_path, script) as made:
        made.fleet.follow([A, A_ELSEWHERE])
        # Nobody waits for an answer.
        assert list(made.states()) == ["aa on ssh://stt1", "aa on ssh://stt2"]
        expected = {"aa on ssh://stt1": "running", "aa on ssh://stt2": "error"}
        made.wait(lambda: made.states() == expected)


def test_a_host_that_hangs_delays_no_other(tmp_path: Path) -> None:
    script = f'case "$*" in *stt1*) {_say(_ROW)};; *) exec sleep 600;; esac'
    with _fleet(tmp_path, script) as made:
        made.fleet.follow([A_ELSEWHERE, A])
        made.wait(lambda: made.states()["aa on ssh://stt1"] == "running")
        assert made.states()["aa on ssh://stt2"] is None


def test_rows_stay_when_their_host_is_lost_and_come_back(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    script = f"if [ -e {gone} ]; then exit 255; fi; {_say(_ROW)}"
    with _fleet(tmp_path, script) as made:
        made.fleet.follow([A, B])
        made.wait(lambda: made.states()["aa on ssh://stt1"] == "running")
        gone.touch()
        made.fleet.again()
        made.wait(lambda: set(made.states().values()) == {"error"})
        [lost, _] = made.fleet.rows
        assert (lost.told, type(lost.error)) == (_ROW, EngineUnavailable)
        gone.unlink()
        made.fleet.again()
        made.wait(lambda: made.states()["aa on ssh://stt1"] == "running")


def test_it_asks_again_by_itself(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    asked.touch()
    with _fleet(tmp_path, f"echo x >> {asked}; {_say(_ROW)}", 0.01) as made:
        made.fleet.follow([A])
        made.wait(lambda: asked.read_text().count("x") > 2)


def test_what_is_no_answer_is_an_error_with_what_was_said(tmp_path: Path) -> None:
    script = "echo 'csctl: no Engine answers' >&2; exit 3"
    with _fleet(tmp_path, script) as made:
        made.fleet.follow([A])
        made.wait(lambda: made.fleet.rows[0].error)
        assert str(made.fleet.rows[0].error) == "ssh://stt1: no Engine answers"
        made.fleet.follow([])
        assert made.fleet.rows == ()


def test_other_hosts_are_told_of_before_an_engine_answers() -> None:
    def nobody() -> None:
        raise EngineUnavailable("nobody")

    profiles, stop = [A], threading.Event()
    updates = watch(nobody, lambda: profiles, {}, stop)  # type: ignore[arg-type]
    first, second = next(updates), next(updates)
    assert first == Elsewhere(profiles=(A,))
    assert isinstance(second, Lost)
    assert A.host == Host.parse("ssh://stt1")
    stop.set()
    assert list(updates) == []
