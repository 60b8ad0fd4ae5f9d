"""Fields from three sides: what the profile wants, what was applied, what is live."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from csctl.container.drift import Difference
from csctl.container.spec import BindMount, Limits
from csctl.lifecycle.fields import FieldRow, fields_of
from csctl.lifecycle.part import Part
from csctl.lifecycle.wanted import Wanted
from csctl.plan.observed import Observed
from csctl.plan.reconcile import reconcile
from csctl.plan.steps import Create, differences
from csctl.profile.model import Profile
from tests.plan.situation import (
    CONNECTED,
    DISCONNECTED,
    KEY,
    changed,
    fresh,
    image,
    profile,
    settled,
)

C, D = profile(CONNECTED), profile(DISCONNECTED)


def _look(wanted: Profile, seen: Observed) -> Part[FieldRow]:
    """The fields as the details gather them."""
    alone = dataclasses.replace(seen, serving=None, applied=None)
    steps = reconcile(wanted, alone).steps
    [spec] = [step.spec for step in steps if isinstance(step, Create)]
    pending = tuple(step.action for step in steps if step.action.startswith("down"))
    drift = [d for step in reconcile(wanted, seen).steps for d in differences(step)]
    return fields_of(Wanted(seen=seen, spec=spec, pending=pending), seen.serving, drift)


def _row(part: Part[FieldRow], name: str) -> FieldRow:
    [row] = [row for row in part.rows if row.field == name]
    return row


def _sides(row: FieldRow) -> tuple[str | None, ...]:
    return row.profile, row.applied, row.live, row.drifted_by


@pytest.mark.parametrize("wanted", [C, D], ids=lambda one: one.mode)
def test_settled_no_field_drifted_and_all_sides_agree(wanted: Profile) -> None:
    part = _look(wanted, settled(wanted))
    assert part.notes == ()
    assert {row.drifted_by for row in part.rows} == {None}
    assert all(row.profile == row.applied for row in part.rows)
    assert all(row.live in (None, row.applied) for row in part.rows)
    assert part.rows[0].field == "image"


def test_every_field_of_the_spec_has_a_row() -> None:
    seen = settled(C)
    assert seen.applied is not None
    names = [row.field for row in _look(C, seen).rows]
    assert names[1:] == sorted(seen.applied)


DRIFTS: dict[
    str, tuple[dict[str, Any], dict[str, Any], str, tuple[str | None, ...]]
] = {
    "the profile's port": (
        {"port": 5001},
        {},
        "port",
        ("127.0.0.1:5001", "127.0.0.1:5000", "127.0.0.1:5000", "profile"),
    ),
    "the profile's label": (
        {"labels": {"team": "speech"}},
        {},
        "labels.team",
        ("speech", "none", None, "profile"),
    ),
    "a bound behind our back": (
        {},
        {"limits": Limits(cpus=2, memory=8 << 30)},
        "resources.cpus",
        ("4", "4", "2", "container"),
    ),
    "a mount behind our back": (
        {},
        {"mounts": (BindMount(source=Path("/x"), target="/new"),)},
        "mounts./new",
        ("none", "none", "/x", "container"),
    ),
}


@pytest.mark.parametrize(
    ("written", "done", "field", "sides"), DRIFTS.values(), ids=DRIFTS
)
def test_a_drifted_field_shows_who_moved(
    written: dict[str, Any],
    done: dict[str, Any],
    field: str,
    sides: tuple[str | None, ...],
) -> None:
    part = _look(profile(DISCONNECTED, **written), changed(settled(D), **done))
    assert _sides(_row(part, field)) == sides


def test_a_mount_that_the_container_lacks_reads_none() -> None:
    row = _row(_look(D, changed(settled(D), mounts=())), "mounts./license")
    assert row.applied == "/d/license/20260502T120000Z"
    assert row.live == "none"


def test_an_image_of_another_id_drifted() -> None:
    other = "sha256:" + "2b" * 32
    row = _row(_look(D, settled(D, image=image(other))), "image")
    assert row.profile == "csctl/rehearsal:4.12.0-amd64 (2b2b2b2b2b2b)"
    assert row.live == "csctl/rehearsal:4.12.0-amd64 (1a1a1a1a1a1a)"
    assert row.drifted_by == "profile"


def test_a_key_stands_there_as_its_digest_only() -> None:
    part = _look(C, settled(C))
    row = _row(part, "environment.ApiKey")
    assert _sides(row) == (KEY.digest, KEY.digest, None, None)
    assert KEY.reveal() not in str(part)


def test_without_a_container_only_the_profile_tells() -> None:
    part = _look(D, settled(D, serving=None, applied=None))
    assert {(row.applied, row.live) for row in part.rows} == {(None, None)}
    assert _row(part, "port").profile == "127.0.0.1:5000"


def test_without_a_profile_only_the_container_tells() -> None:
    seen = settled(D)
    part = fields_of(None, seen.serving, ())
    assert part.notes == ()
    assert {row.profile for row in part.rows} == {None}
    row = _row(part, "port")
    assert _sides(row) == (None, "127.0.0.1:5000", "127.0.0.1:5000", None)


def test_what_is_still_to_be_fetched_is_said() -> None:
    seen = settled(D, model=None)
    part = _look(D, seen)
    assert _sides(_row(part, "model")) == (
        "resolved during apply",
        None,
        "of the running container",
        "profile",
    )
    assert _row(part, "port").profile is None
    [note] = part.notes
    assert note.endswith("only after: download-model")


def test_nothing_there_gives_the_wanted_image_alone() -> None:
    part = _look(D, fresh(D))
    assert [_sides(row) for row in part.rows] == [
        ("csctl/rehearsal:4.12.0-amd64", None, None, None)
    ]


def test_a_container_of_which_nothing_tells_what_was_applied_says_so() -> None:
    seen = changed(settled(D), labels={"csctl.profile": "contoso"})
    drift = [Difference(field="spec", have="unknown", want="known", by="profile")]
    part = fields_of(None, seen.serving, drift)
    assert part.notes == ("nothing tells what was applied last",)
    assert _sides(_row(part, "spec")) == ("known", None, "unknown", "profile")
    assert _row(part, "port").live == "127.0.0.1:5000"
