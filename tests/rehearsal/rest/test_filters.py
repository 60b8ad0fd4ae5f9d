from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csctl.rehearsal.rest.filters import read
from csctl.rehearsal.rest.refusal import Refused

ENTITY: dict[str, Any] = {
    "displayName": "it's",
    "locale": "en-US",
    "status": "Running",
    "createdDateTime": "2022-02-01T11:00:00Z",
    "lastActionDateTime": "2022-02-02T11:00:00Z",
}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("locale eq 'en-US'", True),
        ("locale ne 'en-US'", False),
        ("displayName eq 'it''s'", True),
        ("description eq 'x'", False),
        ("status eq 'NotStarted' or status eq 'Running'", True),
        ("status eq 'Running' and locale eq 'de-DE'", False),
        ("not status eq 'Running'", False),
        ("not (status eq 'Running' and locale eq 'de-DE')", True),
        ("locale eq 'de-DE' and status eq 'x' or locale eq 'en-US'", True),
        ("locale eq 'de-DE' and (status eq 'x' or locale eq 'en-US')", False),
        ("createdDateTime gt 2022-02-01T10:59:59Z", True),
        ("createdDateTime gt 2022-02-01T11:00:00Z", False),
        ("createdDateTime ge 2022-02-01T12:00:00+01:00", True),
        ("lastActionDateTime lt 2022-02-02T00:00:00Z", False),
        ("createdDateTime eq 2022-02-01T11:00:00Z", True),
    ],
)
def test_a_filter_is_evaluated(text: str, holds: bool) -> None:
    assert read(text, "models")(ENTITY) is holds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "locale",
        "locale eq",
        "locale eq en-US",
        "locale gt 'en-US'",
        "colour eq 'blue'",
        "kind eq 'Acoustic'",
        "locale is 'en-US'",
        "locale eq 'en-US' and",
        "(locale eq 'en-US'",
        "locale eq 'en-US')",
        "locale eq 'en-US",
        "createdDateTime gt '2022-02-01T11:00:00Z'",
        "createdDateTime gt 2022-02-01T11:00:00",
        "createdDateTime gt yesterday",
    ],
)
def test_what_the_api_does_not_know_is_refused(text: str) -> None:
    with pytest.raises(Refused) as raised:
        read(text, "models")
    assert raised.value.body["innerError"]["code"] == "UnsupportedFilter"


@given(st.lists(st.sampled_from((*"()", "not", "and", "or", "locale", "eq", "'a'"))))
def test_any_words_are_a_filter_or_refused(words: list[str]) -> None:
    with contextlib.suppress(Refused):
        assert read(" ".join(words), "models")(ENTITY) in (True, False)
