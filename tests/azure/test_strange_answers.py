"""Answers of any shape: an error of csctl's own, never a crash."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import httpx
from hypothesis import given
from hypothesis import strategies as st

from csctl.azure import catalog, paging
from csctl.azure.answer import Answer
from csctl.azure.byos import check_answer
from csctl.azure.download import of_files
from csctl.azure.request import build
from csctl.azure.table import load
from csctl.errors import CsctlError
from csctl.format import speech as words
from csctl.secret import Redactor

NAMES = (
    *("self", "name", "displayName", "links", "properties", "contentUrl", "size"),
    *(
        "error",
        "code",
        "message",
        "innerError",
        "values",
        "@nextLink",
        "createdDateTime",
    ),
    *("deprecationDates", "features", "transcriptionDateTime", "status", "locale"),
)
URLS = ("https://x.example/a/b?sig=1", "http://[", "//", "a\0b")
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
)
VALUES = st.recursive(
    SCALARS | st.sampled_from(URLS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(), inner, max_size=5)
    ),
    max_leaves=15,
)
OBJECTS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8)
LISTING = load("v3.1").find("Models_ListCustomModels")


@given(OBJECTS)
def test_a_thing_of_any_shape_can_be_shown(value: dict[str, Any]) -> None:
    words.listing([value])
    words.details(value)
    list(words.ids([value]))
    catalog.of_api(value, base=True)


@given(st.lists(OBJECTS, max_size=3))
def test_files_of_any_shape_stay_in_their_folder(values: list[dict[str, Any]]) -> None:
    with contextlib.suppress(CsctlError):
        for one in of_files(values, Path("/srv/here")):
            assert one.path.is_relative_to("/srv/here")


@given(VALUES)
def test_a_page_of_any_shape_is_one_or_refused(value: Any) -> None:
    request = build(LISTING, {})
    with contextlib.suppress(CsctlError):
        assert all(isinstance(v, dict) for v in paging.values_of(request, value))
        paging.following(request, value)
    with contextlib.suppress(CsctlError):
        check_answer(LISTING, value)


@given(VALUES | st.binary(), st.integers(300, 599))
def test_a_refusal_of_any_shape_is_an_error(value: Any, status: int) -> None:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    error = Answer(status, httpx.Headers(), body).error("host", "it", Redactor())
    assert error.message
    assert error.remedy
