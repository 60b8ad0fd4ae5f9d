"""What was applied, kept with its reasons and its end, and never in the way."""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csctl.engine.connection import connect
from csctl.engine.engine import Engine
from csctl.errors import AzureError, CsctlError, LicenseError, NotReady, RolledBack
from csctl.lifecycle import history
from csctl.lifecycle.apply import apply, down
from csctl.lifecycle.events import Event, Note, StepStarted, Waiting, timed
from csctl.lifecycle.history import Entry
from csctl.lifecycle.refresh import refresh
from csctl.lifecycle.rollback import rollback
from csctl.plan.steps import (
    Create,
    DownloadModel,
    FetchLicense,
    Replace,
    Start,
    Step,
)
from csctl.profile.load import load
from csctl.profile.model import Profile
from tests.engines import remove_containers
from tests.faults.site import Site
from tests.plan.situation import DISCONNECTED
from tests.plan.situation import profile as profile_of

CREATE = Create(target="contoso", spec=None, reason="there is no such container")
START = Start(target="contoso", reason="it is to serve")
DOWNLOAD = DownloadModel(model_id="m", base_locale=None, reason="it is not here")
FETCH = FetchLicense(root=Path("/srv/license"), reason="a new one is asked for")
REPLACE = Replace(target="contoso", spec=None, reason="the image differs")

Work = Generator[Event, None, str]


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    (tmp_path / ".csctl").mkdir()
    return profile_of(DISCONNECTED, data=str(tmp_path))


def _entries(profile: Profile) -> tuple[Entry, ...]:
    return history.read(profile.state_dir, profile.name)


def _file(profile: Profile) -> Path:
    return profile.state_dir / f"{profile.name}.history.json"


def _waiting(seconds: float = 0.0, phase: str = "load") -> Waiting:
    return Waiting(what="waiting", seconds=seconds, phase=phase, line="")


def _within(*events: Event) -> Generator[Event, None, None]:
    yield from events


def _take(*taken: Step) -> Generator[Event, None, None]:
    for step in taken:
        yield from timed(step, _within())


def _run(profile: Profile, work: Work) -> list[Event]:
    """All events; the result must come through."""
    told = []

    def follow() -> Generator[Event, None, None]:
        told.append((yield from history.kept(profile, work)))

    events = list(follow())
    assert told == ["done"]
    return events


def test_a_run_is_kept_with_its_steps_and_their_reasons(profile: Profile) -> None:
    def work() -> Work:
        yield from _take(CREATE, START)
        return "done"

    before = datetime.now(UTC)
    _run(profile, work())
    [entry] = _entries(profile)
    assert before <= entry.at <= datetime.now(UTC)
    assert (entry.outcome, entry.error, entry.broken_off) == ("ready", None, None)
    assert [(one.action, one.target, one.reason) for one in entry.steps] == [
        ("create", "contoso", "there is no such container"),
        ("start", "contoso", "it is to serve"),
    ]


def test_events_go_through_as_they_are(profile: Profile) -> None:
    events: tuple[Event, ...] = (*_take(START), _waiting(), Note(text="a note"))

    def work() -> Work:
        yield from events
        return "done"

    assert _run(profile, work()) == list(events)


def test_a_run_without_a_step_leaves_nothing(profile: Profile) -> None:
    def work() -> Work:
        yield _waiting()
        return "done"

    _run(profile, work())
    assert not _file(profile).exists()


ERRORS: dict[str, tuple[BaseException, str, str | None]] = {
    "rolled back": (RolledBack("the old one serves"), "rolled-back", "the old one"),
    "not ready": (NotReady("it is not ready"), "not-ready", "it is not ready"),
    "refused by Azure": (AzureError("a wrong key"), "failed", "a wrong key"),
    "license": (LicenseError("it expired"), "failed", "it expired"),
    "a bug": (ZeroDivisionError("x"), "failed", "ZeroDivisionError"),
    "Ctrl-C": (KeyboardInterrupt(), "interrupted", None),
}


@pytest.mark.parametrize(("error", "outcome", "text"), ERRORS.values(), ids=ERRORS)
def test_a_failure_is_kept_with_the_step_that_it_broke_off(
    profile: Profile, error: BaseException, outcome: str, text: str | None
) -> None:
    def fail() -> Generator[Event, None, None]:
        yield _waiting()
        raise error

    def work() -> Work:
        yield from _take(DOWNLOAD)
        yield from timed(REPLACE, fail())
        return "never"

    with pytest.raises(type(error)):
        list(history.kept(profile, work()))
    [entry] = _entries(profile)
    assert entry.outcome == outcome
    assert [one.action for one in entry.steps] == ["download-model"]
    assert entry.broken_off is not None
    assert entry.broken_off.action == "replace"
    assert entry.ready_seconds is None
    assert (entry.error or "").startswith(text or "")
    assert (entry.error is None) == (text is None)


def test_a_failure_before_the_first_step_leaves_nothing(profile: Profile) -> None:
    def work() -> Work:
        yield Note(text="looking")
        raise CsctlError("the plan has a problem")

    with pytest.raises(CsctlError, match="the plan has a problem"):
        list(history.kept(profile, work()))
    assert not _file(profile).exists()


def test_closing_ends_the_work_and_is_kept_as_interrupted(profile: Profile) -> None:
    ended = []

    def work() -> Work:
        try:
            yield from timed(CREATE, _within(Note(text="under way")))
        finally:
            ended.append(True)
        return "never"

    keeping = history.kept(profile, work())
    assert isinstance(next(keeping), StepStarted)
    assert next(keeping) == Note(text="under way")
    keeping.close()
    [entry] = _entries(profile)
    assert ended == [True]
    assert entry.outcome == "interrupted"
    assert entry.broken_off is not None
    assert entry.broken_off.action == "create"


WAITS: dict[str, tuple[list[Event], float | None]] = {
    "the wait after a start": (
        [*_take(CREATE, START), _waiting(30.0), _waiting(31.0)],
        30.0,
    ),
    "the wait within a replacement, without the watching": (
        [
            *timed(REPLACE, _within(_waiting(20.0), _waiting(90.0, phase="ready"))),
        ],
        20.0,
    ),
    "a download that waits is no start": (
        [*timed(DOWNLOAD, _within(_waiting(40.0)))],
        None,
    ),
    "a container that proves a license is not the one that serves": (
        [
            *_take(FETCH),
            _waiting(40.0),
            *timed(REPLACE, _within(_waiting(20.0), _waiting(90.0, phase="ready"))),
        ],
        20.0,
    ),
    "nothing was waited for": ([*_take(CREATE)], None),
}


@pytest.mark.parametrize(("events", "seconds"), WAITS.values(), ids=WAITS)
def test_how_long_a_start_took_until_ready_is_kept(
    profile: Profile, events: list[Event], seconds: float | None
) -> None:
    def work() -> Work:
        yield from events
        return "done"

    _run(profile, work())
    [entry] = _entries(profile)
    assert entry.ready_seconds == (seconds and pytest.approx(seconds, abs=5))


def test_the_newest_comes_first_and_only_the_last_are_kept(profile: Profile) -> None:
    for number in range(history.KEPT + 3):

        def work(number: int = number) -> Work:
            yield from _take(Start(target=str(number), reason="x"))
            return "done"

        _run(profile, work())
    targets = [entry.steps[0].target for entry in _entries(profile)]
    assert targets == [str(number) for number in range(history.KEPT + 2, 2, -1)]


def test_what_is_written_like_a_key_does_not_reach_the_file(profile: Profile) -> None:
    def work() -> Work:
        yield from _take(START)
        raise NotReady("it said ApiKey=s3cret and stopped")

    with pytest.raises(NotReady):
        list(history.kept(profile, work()))
    assert "s3cret" not in _file(profile).read_text()
    [entry] = _entries(profile)
    assert entry.error == "it said ApiKey=*** and stopped"


def _unwritable(profile: Profile) -> None:
    """Let a directory be in the way of the file, which hinders root, too."""
    _file(profile).mkdir()
    (_file(profile) / "x").touch()


def test_a_history_that_cannot_be_written_is_a_note(profile: Profile) -> None:
    def work() -> Work:
        yield from _take(START)
        return "done"

    _unwritable(profile)
    note = _run(profile, work())[-1]
    assert isinstance(note, Note)
    assert str(_file(profile)) in note.text
    assert _entries(profile) == ()


def test_a_failure_stays_the_one_it_was_where_nothing_can_be_written(
    profile: Profile,
) -> None:
    def work() -> Work:
        yield from _take(START)
        raise NotReady("it is not ready")

    _unwritable(profile)
    with pytest.raises(NotReady, match="it is not ready"):
        list(history.kept(profile, work()))


def test_a_new_entry_replaces_a_damaged_file(profile: Profile) -> None:
    def work() -> Work:
        yield from _take(START)
        return "done"

    _file(profile).write_text("{")
    _run(profile, work())
    assert len(_entries(profile)) == 1


_TEXTS = st.text(max_size=20)


# What looks like a key is taken out of an error.
@settings(max_examples=30)
@given(target=_TEXTS, reason=_TEXTS, error=st.text('abc äöü\n"\\', max_size=20))
def test_any_text_reads_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, target: str, reason: str, error: str
) -> None:
    data = tmp_path_factory.getbasetemp() / "texts"
    (data / ".csctl").mkdir(parents=True, exist_ok=True)
    profile = profile_of(DISCONNECTED, data=str(data))

    def work() -> Work:
        yield from _take(Start(target=target, reason=reason))
        raise NotReady(error)

    with pytest.raises(NotReady):
        list(history.kept(profile, work()))
    entry = _entries(profile)[0]
    assert (entry.steps[0].target, entry.steps[0].reason) == (target, reason)
    assert entry.error == error


_SCALARS = st.none() | st.booleans() | st.floats() | st.integers() | _TEXTS
_JSON = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ("at", "steps", "broken_off", "outcome", "seconds", "error")
            ),
            inner,
            max_size=6,
        )
    ),
)


@given(
    st.binary(max_size=40)
    | _JSON.map(lambda value: json.dumps({"entries": value}).encode())
    | _JSON.map(lambda value: json.dumps({"entries": [value]}).encode())
)
def test_a_damaged_file_is_an_empty_history(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    state = tmp_path_factory.getbasetemp()
    (state / "x.history.json").write_bytes(data)
    assert history.read(state, "x") == ()


def test_no_file_is_an_empty_history(tmp_path: Path) -> None:
    assert history.read(tmp_path, "contoso") == ()


# -- on the Engine -----------------------------------------------------------------


@pytest.fixture
def site(
    engine_host: str,
    rehearsal_image: str,  # noqa: ARG001
    unique_name: str,
    free_port: int,
    tmp_path: Path,
) -> Iterator[Site]:
    yield Site(unique_name, free_port, tmp_path, engine_host)
    remove_containers(engine_host, unique_name)


@pytest.fixture
def engine(engine_host: str) -> Iterator[Engine]:
    with closing(connect(engine_host, None, {})) as found:
        yield found


def _apply(site: Site, engine: Engine) -> Generator[Event, None, Any]:
    [profile] = load([site.profile], site.environ)
    return apply(engine, profile, {**os.environ, **site.environ})


def test_applying_keeps_what_it_did(site: Site, engine: Engine) -> None:
    state = site.data / ".csctl"
    site.knob(LOAD_SECONDS="0.5")
    began = list(_apply(site, engine))
    assert began
    [first] = history.read(state, site.name)
    assert [one.action for one in first.steps][-2:] == ["create", "start"]
    assert first.outcome == "ready"
    assert first.ready_seconds is not None
    assert 0.3 < first.ready_seconds < first.seconds

    assert list(_apply(site, engine)) == []
    assert history.read(state, site.name) == (first,)

    site.knob(LOAD_SECONDS="0.6")
    list(_apply(site, engine))
    second, *others = history.read(state, site.name)
    assert others == [first]
    assert [one.action for one in second.steps] == ["replace"]
    assert second.steps[0].reason == "the profile changed"
    assert second.ready_seconds is not None
    # The moment in which it is watched afterwards is not counted.
    assert 0.4 < second.ready_seconds < second.seconds - 1

    site.knob(FAIL="no-model")
    with pytest.raises(RolledBack):
        list(_apply(site, engine))
    third = history.read(state, site.name)[0]
    assert (third.outcome, third.steps) == ("rolled-back", ())
    assert third.broken_off is not None
    assert third.broken_off.action == "replace"
    assert third.error is not None
    assert "the old one serves again" in third.error


def test_what_befalls_the_license_and_the_end_are_kept_too(
    site: Site, engine: Engine
) -> None:
    [profile] = load([site.profile], site.environ)
    environ = {**os.environ, **site.environ}
    list(apply(engine, profile, environ))
    list(refresh(engine, profile, environ))
    list(rollback(engine, profile, environ))
    list(down(engine, profile))
    assert list(down(engine, profile)) == []
    told = [
        (entry.outcome, [one.action for one in entry.steps])
        for entry in _entries(profile)[:3]
    ]
    assert told == [
        ("removed", ["stop", "remove"]),
        ("ready", ["replace"]),
        ("refreshed", ["fetch-license", "replace"]),
    ]
    refreshed = _entries(profile)[2]
    assert refreshed.ready_seconds is not None
    assert refreshed.ready_seconds < refreshed.steps[1].seconds
