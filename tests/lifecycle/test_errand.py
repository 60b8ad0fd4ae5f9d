"""Errands: what csctl said for another host, and work of which some goes first."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path

import pytest

from csctl.errors import CsctlError, EngineUnavailable
from csctl.lifecycle import far
from csctl.lifecycle.errand import Errand, Report, errands
from csctl.lifecycle.events import Event, Note
from csctl.lifecycle.far_row import read, rows_of
from csctl.lifecycle.first_alone import first_alone
from csctl.lifecycle.side_by_side import Ended, Work, side_by_side
from csctl.profile.host import Host
from csctl.profile.load import parse
from csctl.profile.model import Profile
from tests.lifecycle.test_far import SSH, environ_with


def _profile(name: str, host: str) -> Profile:
    text = (
        f"{{name: {name}, host: '{host}', image: csctl/rehearsal, mode: connected,"
        " model: {id: 5f3a0c1e-7d2b-4c57-9d0e-2f6a8b1c4d3e},"
        " billing: {endpoint: 'https://a.example', api_key: {env: KEY}},"
        " data: /d, port: 5000}"
    )
    [one] = parse(text, file="a.yaml", base=Path("/"), environ={})
    return one


A = _profile("aa", "ssh://stt1")
B = _profile("bb", "ssh://stt1")
A_ELSEWHERE = _profile("aa", "ssh://stt2")


# -- what was said --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("notes", "message", "remedy"),
    [
        (
            ("csctl: note: csctl 9 is here", "csctl: no Engine", "  -> start it"),
            "ssh://stt1: no Engine",
            "start it",
        ),
        (("csctl: first", "csctl: last", "more"), "ssh://stt1: last", None),
        (("it fell",), "ssh://stt1: csctl plan: it fell", None),
        ((), "ssh://stt1: csctl plan: it ended with exit code 5", None),
    ],
)
def test_the_last_complaint_is_the_error(
    notes: tuple[str, ...], message: str, remedy: str | None
) -> None:
    host = Host.parse("ssh://stt1")
    error = Report(host=host, verb="plan", code=5, out="", notes=notes).error
    assert (error.message, error.remedy) == (message, remedy)


def test_each_host_gets_its_profiles_once() -> None:
    found = errands(("down", "--yes"), [A, A_ELSEWHERE, B, A])
    assert list(map(str, found)) == ["aa, bb on ssh://stt1", "aa on ssh://stt2"]


def test_an_errand_ends_well_or_with_what_was_said(tmp_path: Path) -> None:
    script = "echo 'csctl: it is locked' >&2; echo out; exit 9"
    errand = Errand(host=SSH, verb=("apply", "--yes"), profiles=(A,))
    with pytest.raises(CsctlError, match=f"{SSH}: it is locked"):
        list(errand.run(environ_with(tmp_path, script)))
    report = errand.wait(environ_with(tmp_path, script))
    assert (report.verb, report.code, report.out) == ("apply", 9, "out\n")
    assert (report.well, report.pending) == (False, False)


def test_what_is_not_waited_for_is_ended(tmp_path: Path) -> None:
    environ = environ_with(tmp_path, f"cat >/dev/null; touch {tmp_path}/ended")
    with pytest.raises(CsctlError, match="was not waited for"):
        Errand(host=SSH, verb=("status",), name="a").wait(environ, _after(2))
    assert (tmp_path / "ended").exists()


def _after(times: int) -> Callable[[], bool]:
    asked = iter(range(times))
    return lambda: next(asked, None) is None


# -- lines as they come ---------------------------------------------------------------


def test_both_streams_are_heard_as_they_come(tmp_path: Path) -> None:
    script = r"printf 'one\ntwo'; echo aside >&2; cat >/dev/null"
    lines = far.listen(SSH, ["logs"], environ_with(tmp_path, script))
    heard: list[far.Line] = []
    while far.Line("aside", aside=True) not in heard or len(heard) < 2:
        heard += next(lines)
    assert far.Line("one", aside=False) in heard
    # What has no end yet is no line.
    assert far.Line("two", aside=False) not in heard
    lines.close()


def test_what_ssh_says_last_is_an_error_and_no_line(tmp_path: Path) -> None:
    script = "echo first >&2; echo 'No route to host' >&2; exit 255"
    heard: list[far.Line] = []
    lines = far.listen(SSH, ["logs"], environ_with(tmp_path, script))
    with pytest.raises(EngineUnavailable, match="is not reached: No route to host"):
        heard.extend(line for some in lines for line in some)
    assert heard == [far.Line("first", aside=True)]


# -- rows -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", '[{"profile": "a"}]', '[{"profile": 1, "name": "a"}]']
)
def test_what_are_no_rows_is_not_read(text: str) -> None:
    assert read(text) is None


def test_a_profile_has_a_row_whatever_was_told() -> None:
    told = read(
        '[{"profile": "aa", "name": "aa"}, {"profile": "aa", "name": "aa-1"},'
        ' {"profile": "x", "name": "x"}]'
    )
    rows = list(rows_of(Host.parse("ssh://stt1"), (A, B), told, None))
    assert list(map(str, rows)) == [
        "aa on ssh://stt1",
        "aa-1 on ssh://stt1",
        "bb on ssh://stt1",
    ]
    assert [row.replica for row in rows] == [False, True, False]
    assert [row.told is None for row in rows] == [False, False, True]


# -- the first alone ------------------------------------------------------------------


def _work(said: list[str], name: str, *, fails: bool = False) -> Work[Event, str]:
    def work() -> Generator[Event, None, str]:
        said.append(name)
        yield Note(text=name)
        if fails:
            raise CsctlError("no")
        said.append(f"{name} is done")
        return name

    return work


def _ended(jobs: Mapping[str, Work[Event, str]]) -> Iterator[str]:
    for item in side_by_side(jobs):
        if isinstance(item, Ended):
            yield f"{item.job}: {item.error.message if item.error else item.result}"


def test_others_begin_once_all_of_the_first_are_done() -> None:
    said: list[str] = []
    first = {name: _work(said, name) for name in ("a", "b")}
    others = {"c": _work(said, "c")}
    jobs = first_alone(first, others)
    assert sorted(_ended(jobs)) == ["a: a", "b: b", "c: c"]
    assert said.index("c") > max(said.index("a is done"), said.index("b is done"))


def test_where_one_of_the_first_fails_no_other_begins() -> None:
    said: list[str] = []
    first = {"a": _work(said, "a"), "b": _work(said, "b", fails=True)}
    jobs = first_alone(first, {"c": _work(said, "c")})
    assert sorted(_ended(jobs)) == [
        "a: a",
        "b: no",
        "c: not started, as b goes first and failed",
    ]
    assert "c" not in said


@pytest.mark.parametrize("fails", [False, True])
def test_what_comes_before_waits_for_nobody(fails: bool) -> None:
    said: list[str] = []
    before = {
        "a": _work(said, "a prepares", fails=fails),
        "c": _work(said, "c prepares"),
    }
    first, others = {"a": _work(said, "a")}, {"c": _work(said, "c")}
    ended = sorted(_ended(first_alone(first, others, before)))
    assert "c prepares is done" in said
    if fails:
        assert ended == ["a: no", "c: not started, as a goes first and failed"]
        assert not {"a", "c"} & set(said)
    else:
        assert ended == ["a: a", "c: c"]
        assert said.index("a prepares is done") < said.index("a")
