"""The words for details: secrets, fields, owners, months, runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from csctl.format import details as words
from csctl.lifecycle.fields import FieldRow
from csctl.lifecycle.history import Done, Entry
from csctl.lifecycle.mounted import Mounted
from csctl.lifecycle.usage import Month
from csctl.ownership import Owner
from csctl.secret import Secret

IMAGE_ID = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "words_"),
    [
        (None, "-"),
        ("unknown", "unknown"),
        ("sha256:0123456789abcdef", "secret (digest 0123…)"),
        (IMAGE_ID, IMAGE_ID),
        ("4", "4"),
    ],
    ids=["nothing tells", "unreadable", "secret", "image", "plain"],
)
def test_a_field_s_text(text: str | None, words_: str) -> None:
    assert words.shown(text) == words_


def test_the_digest_of_a_secret_is_known_as_one() -> None:
    digest = Secret("s3cret").digest
    assert words.shown(digest) == f"secret (digest {digest[7:11]}…)"


@pytest.mark.parametrize(
    ("sides", "cells"),
    [
        (("a", "a", "a"), ("a", "=", "=")),
        (("a", "b", "b"), ("a", "b", "=")),
        (("a", "a", "b"), ("a", "=", "b")),
        (("a", "b", "a"), ("a", "b", "a")),
        (("a", "a", None), ("a", "=", "-")),
        (("a", None, "a"), ("a", "-", "=")),
        ((None, "a", "a"), ("-", "a", "=")),
        ((None, None, "a"), ("-", "-", "a")),
    ],
    ids=str,
)
def test_a_side_that_says_the_same_as_the_one_before_is_short(
    sides: tuple[str | None, str | None, str | None], cells: tuple[str, ...]
) -> None:
    profile, applied, live = sides
    row = FieldRow(
        field="f", profile=profile, applied=applied, live=live, drifted_by=None
    )
    assert words.field_cells(row) == ("f", *cells, "-")


MOUNT = Mounted(
    path=Path("/d/output"),
    target="/output",
    read_only=False,
    exists=True,
    found=Owner(0, 0),
    wanted=Owner(65532, 65532),
    right=False,
    wrong=Path("/d/output"),
)


@pytest.mark.parametrize(
    ("mount", "state"),
    [
        (MOUNT, "wrong"),
        (replace(MOUNT, wrong=Path("/d/output/x")), "wrong: /d/output/x"),
        (replace(MOUNT, right=True, wrong=None), "right"),
        (replace(MOUNT, right=None, wrong=None, wanted=None), "unknown"),
        (replace(MOUNT, exists=False, found=None), "absent"),
    ],
    ids=["wrong", "wrong below", "right", "owner unknown", "absent"],
)
def test_a_mount_s_state(mount: Mounted, state: str) -> None:
    assert words.mount_cells(mount)[-1] == state


def test_a_month_has_a_row_for_each_meter() -> None:
    month = Month(month="2026-01", meters={"a": 1234567, "b": 0.5})
    assert list(words.month_rows(month)) == [
        ("2026-01", "a", "1,234,567"),
        ("2026-01", "b", "0.5"),
    ]
    assert list(words.month_rows(replace(month, meters={}))) == [("2026-01", "-", "-")]


ENTRY = Entry(
    at=datetime(2026, 6, 1, 12, 30, tzinfo=UTC),
    steps=(Done(action="start", target="contoso", reason="it is exited", seconds=0.3),),
    broken_off=None,
    outcome="ready",
    seconds=75,
    ready_seconds=41.0,
    error=None,
)


def test_a_run_that_went_well() -> None:
    assert list(words.entry_lines(ENTRY)) == [
        "2026-06-01 12:30  ready after 1m 15s; from start to ready 41s",
        "  start contoso: it is exited (0.3s)",
    ]


def test_a_run_that_failed_says_where_and_why() -> None:
    broken = Done(action="replace", target="contoso", reason="x differs", seconds=1)
    entry = replace(
        ENTRY,
        steps=(),
        broken_off=broken,
        outcome="rolled-back",
        ready_seconds=None,
        error="it failed\n  | its log",
    )
    assert list(words.entry_lines(entry)) == [
        "2026-06-01 12:30  rolled-back after 1m 15s",
        "  replace contoso: x differs: not done",
        "  it failed",
        "    | its log",
    ]
    assert words.entry(entry)["broken_off"] == {
        "action": "replace",
        "target": "contoso",
        "reason": "x differs",
        "seconds": 1,
    }
