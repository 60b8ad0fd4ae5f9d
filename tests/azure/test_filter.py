"""Filters of typed conditions, and raw ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csctl.azure.filter import check, conditions, expression
from csctl.azure.table import load
from csctl.errors import UsageError

DATASETS = load("v3.1").find("Datasets_List")
FILES = load("v3.1").find("Datasets_ListFiles")
PROJECTS = load("v3.1").find("Projects_List")


def test_each_listing_knows_the_conditions_of_its_properties() -> None:
    assert [one.name for one in conditions(PROJECTS)] == [
        *("name", "description", "created-after", "created-before", "locale"),
    ]
    assert [one.name for one in conditions(FILES)] == [
        *("name", "created-after", "created-before", "kind"),
    ]
    assert conditions(load("v3.1").find("Endpoints_ListLogs")) == ()


@pytest.mark.parametrize(
    ("wanted", "raw", "filter_"),
    [
        ({}, None, None),
        ({}, "locale eq 'x'", "locale eq 'x'"),
        ({"name": ["Pat's"]}, None, "displayName eq 'Pat''s'"),
        (
            {"status": ["Failed", "Running"]},
            None,
            "(status eq 'Failed' or status eq 'Running')",
        ),
        (
            {"changed-before": ["2026-01-01T00:00:00Z"], "locale": ["de-DE"]},
            "kind eq 'a' or kind eq 'b'",
            "lastActionDateTime lt 2026-01-01T00:00:00Z and locale eq 'de-DE'"
            " and (kind eq 'a' or kind eq 'b')",
        ),
    ],
)
def test_conditions_are_one_expression(
    wanted: dict[str, list[str]], raw: str | None, filter_: str | None
) -> None:
    assert expression(DATASETS, wanted, raw) == filter_


@pytest.mark.parametrize(
    "raw",
    [
        "createdDateTime gt 2022-02-01T11:00:00Z and displayName eq 'My size'",
        "not (status eq 'Failed') or description ne 'it''s size'",
        "",
    ],
)
def test_a_raw_filter_by_what_is_known_passes(raw: str) -> None:
    check(DATASETS, raw)


@pytest.mark.parametrize("raw", ["size gt 1", "locale eq 'a' and colour eq 'b'"])
def test_a_raw_filter_by_something_else_is_refused(raw: str) -> None:
    with pytest.raises(UsageError, match="cannot filter by"):
        check(DATASETS, raw)


@given(st.text())
def test_any_name_stays_one_literal(name: str) -> None:
    said = expression(DATASETS, {"name": [name]})
    assert said is not None
    literal = said.removeprefix("displayName eq ")
    assert literal[0] == literal[-1] == "'"
    assert literal[1:-1].replace("''", "\0").count("'") == 0
    assert literal[1:-1].replace("''", "'") == name
    check(DATASETS, said)
