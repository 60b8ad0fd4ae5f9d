"""A row of the fleet in few words."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from csctl.clock import Moment
from csctl.container.observed import Container
from csctl.errors import Problem, ProfileError, UsageError
from csctl.format import drift_words
from csctl.format import fleet as words
from csctl.format import status as said
from csctl.lifecycle.far_row import FarRow
from csctl.lifecycle.status import Status
from tests.tui.stage import NOW, container, license_state, profile, row


def _told(words_of: Callable[..., str], value: Status) -> str:
    return words_of(said(value), value.wanted)


def _exited(code: int, **changes: Any) -> Status:
    gone = container("contoso", state="exited", exit_code=code, **changes)
    return row(container=gone, ready=False)


def _running(**changes: Any) -> Status:
    return row(ready=False, **changes)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (row(), "● ready"),
        (_running(api_status=None), "◐ starting"),
        (_running(api_status="Unknown"), "◐ loading"),
        (_running(api_status="Valid"), "◐ loading"),
        (_running(api_status="Invalid"), "✗ key refused"),
        (_exited(0), "○ stopped"),
        (_exited(143), "○ stopped"),
        (_exited(3), "✗ exited 3"),
        (_exited(137, out_of_memory=True), "✗ exited: OOM"),
        (row(container=container(state="restarting"), ready=False), "… restarting"),
        (row(container=container(state="created"), ready=False), "○ created"),
        (row(container=container(state="paused"), ready=False), "○ paused"),
        (row(container=container(state="dead"), ready=False), "✗ dead"),
        (row(container=None), "✗ absent"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_state_is_a_glyph_and_a_word(value: Status, shown: str) -> None:
    assert " ".join(words.state(said(value))) == shown


@pytest.mark.parametrize(
    ("image", "shown"),
    [
        ("csctl/rehearsal:4.12.0-amd64", "4.12.0-amd64"),
        ("csctl/rehearsal@sha256:" + "ab" * 32, "sha256:abababababab"),
        ("csctl/rehearsal", "latest"),
        ("ab" * 32, "4.12.0-amd64"),
    ],
    ids=["tag", "digest", "none", "id"],
)
def test_an_image_is_its_tag(image: str, shown: str) -> None:
    assert _told(words.image, row(container=container(image=image))) == shown


def test_an_image_without_a_name_or_profile_is_its_id() -> None:
    nameless = container(image="sha256:" + "ab" * 32)
    assert (
        _told(words.image, row(container=nameless, wanted=None))
        == "sha256:abababababab"
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (row(), "5f3a0c1e"),
        (row(container=None), "5f3a0c1e"),
        (
            row(container=None, wanted=profile(model="{base: {locale: en-US}}")),
            "en-US",
        ),
        (row(wanted=profile(model="{base: {locale: en-US}}")), "5f3a0c1e"),
    ],
    ids=["runs", "wanted", "newest-of-a-locale", "resolved"],
)
def test_a_model_is_the_start_of_its_id(value: Status, shown: str) -> None:
    assert _told(words.model, value) == shown


def test_a_profile_without_a_container_shows_what_it_wants() -> None:
    absent = row(container=None, wanted=profile(mode="connected", port="0.0.0.0:81"))
    assert (_told(words.mode, absent), _told(words.port, absent)) == (
        "connected",
        "0.0.0.0:81",
    )


def _bare() -> Container:
    return dataclasses.replace(container(), labels={}, port=None)


def test_what_nothing_tells_is_a_dash() -> None:
    bare = row(container=_bare(), wanted=None)
    for words_of in (words.mode, words.port, words.model):
        assert _told(words_of, bare) == "-"


@pytest.mark.parametrize(
    ("used", "limit", "shown"),
    [(0, None, "0.00"), (0.517, 4, "0.52/4"), (12.34, 16.5, "12.3/16.5")],
)
def test_cores(used: float, limit: float | None, shown: str) -> None:
    assert words.cores(used, limit) == shown


@pytest.mark.parametrize(
    ("used", "limit", "shown"),
    [
        (0, None, "0B"),
        (512 << 20, 1 << 30, "512M/1G"),
        (1200 << 20, 8 << 30, "1.2G/8G"),
        ((16 << 30) - 1, 16 << 30, "16G/16G"),
        ((1 << 30) - 1, None, "1G"),
        (1 << 50, None, "1024T"),
    ],
)
def test_memory(used: int, limit: int | None, shown: str) -> None:
    assert words.memory(used, limit) == shown


_LATER = Moment(at=NOW + timedelta(days=1), what="it was fetched", mend="look")
_LONG_NOTICE = profile(license="{endpoint: 'https://x.invalid', renew_before: 60d}")


@pytest.mark.parametrize(
    ("value", "term", "alarm"),
    [
        (row(license=None), "-", None),
        (row(license=license_state(28)), "28 days", None),
        (row(license=license_state(None)), "unknown", None),
        (
            row(license=license_state(28, recorded=_LATER)),
            "clock?",
            "the clock of this host is behind: it says"
            " 2026-06-01T12:00:00+00:00, and it was fetched at"
            " 2026-06-02T12:00:00+00:00",
        ),
        (
            row(license=license_state(5.5)),
            "due 5 d",
            "the license ends in 5 days, on 2026-06-07 (declared in the profile)",
        ),
        (
            row(license=license_state(1.2)),
            "due 1 d",
            "the license ends in 1 day, on 2026-06-02 (declared in the profile)",
        ),
        (
            row(license=license_state(0.2)),
            "due 0 d",
            "the license ends in less than a day, on 2026-06-01"
            " (declared in the profile)",
        ),
        (
            row(license=license_state(-2, source="file")),
            "expired",
            "the license expired on 2026-05-30"
            " (found in a file of the license, unverified)",
        ),
        (
            row(license=license_state(files=())),
            "none",
            "there is no license",
        ),
        (
            row(license=license_state(28), wanted=_LONG_NOTICE),
            "due 28 d",
            "the license ends in 28 days, on 2026-06-29 (declared in the profile)",
        ),
        (
            row(license=license_state(28, damage=("license.bin: gone",))),
            "damaged",
            "the license is damaged: license.bin: gone",
        ),
    ],
    ids=[
        "connected",
        "valid",
        "unknown",
        "clock",
        "due",
        "one-day",
        "today",
        "expired",
        "none",
        "renewed-early",
        "damaged",
    ],
)
def test_a_license_has_a_term_and_may_alarm(
    value: Status, term: str, alarm: str | None
) -> None:
    assert (words.license_term(said(value)), words.license_alarm(said(value))) == (
        term,
        alarm,
    )


def test_what_ends_first_alarms_first() -> None:
    rows = (
        row("due", license=license_state(3)),
        row("missing", license=license_state(files=())),
        row("well"),
        row("over", license=license_state(-1)),
    )
    alarms = words.license_alarms({one.profile: said(one) for one in rows})
    assert [alarm.partition(":")[0] for alarm in alarms] == ["over", "missing", "due"]


def _far(told: dict[str, Any] | None, error: UsageError | None = None) -> FarRow:
    wanted = profile("contoso", host="ssh://stt1")
    assert wanted.host is not None
    return FarRow(
        host=wanted.host, name="contoso", wanted=wanted, told=told, error=error
    )


def test_of_another_host_a_row_is_what_csctl_told_there() -> None:
    told = json.loads(json.dumps(said(row(license=license_state(3)))))
    value = words.row(_far(told))
    assert words.state(value) == ("●", "ready")
    assert words.license_term(value) == "due 3 d"
    [alarm] = words.license_alarms({"contoso on ssh://stt1": value})
    assert alarm.startswith("contoso on ssh://stt1: the license ends in 3 days")


def test_what_an_older_csctl_does_not_tell_is_not_known() -> None:
    told = {"profile": "contoso", "name": "contoso", "state": "exited"}
    value = words.row(_far(told | {"license": {"path": "/d", "days_left": 3}}))
    assert words.state(value) == ("✗", "exited")
    assert (words.license_term(value), words.license_alarm(value)) == ("unknown", None)


def test_where_nothing_was_told_the_profile_tells_what_is_wanted() -> None:
    value = _far(None)
    shown = words.row(value)
    assert words.image(shown, value.wanted) == "4.12.0-amd64"
    assert words.mode(shown, value.wanted) == "disconnected"
    assert (words.license_term(shown), drift_words(shown)) == ("-", "unknown")


def _problem(line: int, path: str) -> Problem:
    return Problem(
        file="/etc/csctl/en.yaml", line=line, column=1, path=path, message="is wrong"
    )


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (ProfileError((_problem(3, "port"),)), "en.yaml:3: port: is wrong"),
        (ProfileError((_problem(0, ""),)), "en.yaml: is wrong"),
        (
            ProfileError((_problem(3, "port"), _problem(4, "mode"))),
            "en.yaml:3: port: is wrong (and 1 more)",
        ),
        (UsageError("no such thing"), "no such thing"),
    ],
    ids=["one", "whole-file", "several", "other"],
)
def test_a_problem_names_the_file(error: ProfileError | UsageError, shown: str) -> None:
    assert words.problem(error) == shown
