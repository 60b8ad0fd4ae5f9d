"""Domain values as strings and as JSON-ready dicts."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from csctl import format as shown
from csctl.check import Check
from csctl.clock import Moment
from csctl.container.drift import Difference
from csctl.errors import UsageError
from csctl.expiry import Expiry
from csctl.license import StoredLicense
from csctl.lifecycle.events import (
    Event,
    Note,
    StepFinished,
    StepStarted,
    Transfer,
    Waiting,
)
from csctl.lifecycle.status import LicenseState, Status
from csctl.plan.steps import Plan, Start
from tests.plan.situation import CONNECTED, MODEL, license_, profile, settled

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
START = Start(target="contoso", reason="it is exited")


def _state(stored: StoredLicense | None, at: datetime | None = None) -> LicenseState:
    source = "declared" if at else "unknown"
    return LicenseState(license=stored, expiry=Expiry(at=at, source=source), now=NOW)


def _behind() -> LicenseState:
    later = Moment(at=NOW + timedelta(days=1), what="it was fetched", mend="look")
    return dataclasses.replace(_state(license_(), NOW), recorded=later)


def _status(**changes: Any) -> Status:
    wanted = profile(CONNECTED)
    values: dict[str, Any] = {
        "profile": "contoso",
        "container": settled(wanted).serving,
        "ready": True,
        "api_status": "Valid",
        "license": None,
        "drift": (),
        "wanted": wanted,
    }
    return Status(**{**values, **changes})


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert shown.table(("A", "LONG"), [("one", "x"), ("", "yy")]) == (
        "A    LONG\none  x\n     yy"
    )
    assert shown.table(("A", "B"), []) == "A  B"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        (NOW, "2026-06-01T12:00:00Z"),
        (NOW.replace(microsecond=999999), "2026-06-01T12:00:00Z"),
        (NOW.astimezone(timezone(timedelta(hours=9))), "2026-06-01T12:00:00Z"),
    ],
)
def test_moments_are_iso_8601_in_utc(value: datetime | None, text: str | None) -> None:
    assert shown.moment(value) == text


def test_a_plan_is_its_steps_notes_and_problems() -> None:
    plan = Plan(
        profile="contoso",
        steps=(START,),
        problems=(UsageError("no"),),
        notes=("look",),
    )
    assert shown.plan(plan) == {
        "profile": "contoso",
        "steps": [
            {"action": "start", "target": "contoso", "reason": "it is exited"},
        ],
        "notes": ["look"],
        "problems": ["no"],
    }


def test_a_license_is_its_files_and_dates() -> None:
    assert shown.license_state(_state(license_(), NOW + timedelta(days=28.5))) == {
        "path": "/d/license/20260502T120000Z",
        "files": ["license.bin"],
        "fetched_at": "2026-05-02T12:00:00Z",
        "expires_at": "2026-06-30T00:00:00Z",
        "expiry_source": "declared",
        "days_left": 28,
        "clock": None,
        "image": "csctl/rehearsal:4.12.0-amd64",
        "image_id": "sha256:" + "1a" * 32,
        "model": MODEL,
        "damage": [],
    }


def test_no_license_has_the_same_keys() -> None:
    none = shown.license_state(_state(None))
    assert none.keys() == shown.license_state(_state(license_())).keys()
    assert (none["files"], none["expiry_source"]) == ([], "unknown")
    assert (none["days_left"], none["expires_at"]) == (None, None)


def test_by_a_clock_that_is_behind_no_days_are_counted() -> None:
    row = shown.license_state(_behind())
    assert (row["days_left"], row["expiry_source"]) == (None, "declared")
    assert row["clock"].startswith("the clock of this host is behind")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (None, "-"),
        (_state(None), "none"),
        (_state(license_()), "unknown"),
        (_state(license_(), NOW + timedelta(days=28)), "28 days (declared)"),
        (_state(license_(), NOW - timedelta(days=2)), "-2 days (declared)"),
        (_behind(), "unknown: the clock is behind"),
    ],
)
def test_a_license_in_words(state: LicenseState | None, words: str) -> None:
    assert shown.license_words(state) == words


def test_a_running_container_is_a_row() -> None:
    drift = Difference(field="port", have="1", want="2", by="profile")
    row = shown.status(_status(drift=(drift,), license=_state(license_())))
    assert json.loads(json.dumps(row)) == {
        "profile": "contoso",
        "name": "contoso",
        "host": None,
        "container": "contoso",
        "image": "csctl/rehearsal:4.12.0-amd64",
        "state": "running",
        "exit_code": 0,
        "out_of_memory": False,
        "ready": True,
        "api_status": "Valid",
        "model": MODEL,
        "mode": "connected",
        "port": "127.0.0.1:5000",
        "license": {**shown.license_state(_state(license_())), "term": "unknown"},
        "drift": [{"field": "port", "have": "1", "want": "2", "by": "profile"}],
        "problem": None,
    }


def test_a_profile_without_a_container_shows_what_it_wants() -> None:
    row = shown.status(_status(container=None, ready=False, api_status=None))
    assert (row["container"], row["image"], row["state"]) == (None, None, None)
    assert (row["model"], row["mode"]) == (MODEL, "connected")
    assert row["port"] == "127.0.0.1:5000"


def test_a_container_without_a_profile_shows_what_it_is() -> None:
    row = shown.status(_status(wanted=None))
    assert (row["model"], row["mode"]) == (MODEL, "connected")


@pytest.mark.parametrize(
    ("changes", "cells"),
    [
        (
            {},
            "contoso running yes Valid rehearsal:4.12.0-amd64 5f3a0c1e connected"
            " 127.0.0.1:5000 - none",
        ),
        (
            {"container": None, "ready": False, "api_status": None},
            "contoso absent no - - 5f3a0c1e connected 127.0.0.1:5000 - none",
        ),
        (
            {"problem": UsageError("no"), "wanted": None, "container": None},
            "contoso absent yes Valid - - - - - unknown",
        ),
    ],
    ids=["running", "absent", "not-compared"],
)
def test_a_row_of_the_table_has_a_cell_for_each_header(
    changes: dict[str, Any], cells: str
) -> None:
    row = shown.status_cells(shown.status(_status(**changes)))
    assert len(row) == len(shown.STATUS_HEADERS)
    assert " ".join(row) == cells


def test_a_check_is_its_detail_and_remedy() -> None:
    assert shown.check(Check(check="disk", ok=False, detail="full", remedy="free")) == {
        "check": "disk",
        "ok": False,
        "detail": "full",
        "remedy": "free",
    }


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (StepStarted(step=START), "start contoso: it is exited"),
        (StepFinished(step=START, seconds=1.26), "start done in 1.3s"),
        (Transfer(what="pulling", done=1 << 20, total=None), "pulling: 1.0 MiB"),
        (
            Transfer(what="pulling", done=512, total=1024, detail="ETA 3s"),
            "pulling: 512 B of 1.0 KiB, 50 % (ETA 3s)",
        ),
        (
            Transfer(what="pulling", done=2048, total=1024),
            "pulling: 2.0 KiB of 1.0 KiB, 100 %",
        ),
        (Transfer(what="pulling", done=0, total=0), "pulling: 0 B of 0 B, 100 %"),
        (
            Waiting(what="contoso", seconds=61, phase="load", line="Grammar"),
            "contoso, load 1m 1s: Grammar",
        ),
        (Waiting(what="contoso", seconds=5, phase="run", line=""), "contoso, run 5.0s"),
        (Note(text="look"), "look"),
    ],
    ids=lambda one: type(one).__name__ if not isinstance(one, str) else one[:20],
)
def test_an_event_is_one_line(event: Event, line: str) -> None:
    assert shown.event(event) == line


def test_paths_of_a_license_are_text_for_json() -> None:
    row = shown.license_state(_state(license_(directory=Path("/x"))))
    assert json.loads(json.dumps(row))["path"] == "/x"


def test_the_table_has_hosts_where_a_row_is_of_another_one() -> None:
    here = dict(shown.status(_status()))
    there = here | {"host": "ssh://stt1"}
    lost = {"profile": "fabrikam", **shown.NO_STATUS, "error": "x", "host": "stt2"}
    assert shown.status_table([here]).startswith("PROFILE ")
    head, *lines = shown.status_table([here, there, lost]).splitlines()
    assert head.split()[:3] == ["HOST", "PROFILE", "STATE"]
    assert [line.split()[:4] for line in lines] == [
        ["-", "contoso", "running", "yes"],
        ["ssh://stt1", "contoso", "running", "yes"],
        ["stt2", "fabrikam", "unknown", "-"],
    ]
    assert lost.keys() - {"error"} == here.keys()
