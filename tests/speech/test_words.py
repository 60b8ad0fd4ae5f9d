"""Texts are compared by their words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csctl.speech.words import words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, world!", ("hello", "world")),
        ("  HELLO -- world. ", ("hello", "world")),
        ("It's", ("its",)),
        ("It\u2019s", ("its",)),
        ("Straße", ("strasse",)),
        ("4.5 up-to-date snake_case", ("4", "5", "up", "to", "date", "snake", "case")),
        ("¿Qué?", ("qué",)),
        ("...", ()),
        ("", ()),
    ],
)
def test_words(text: str, expected: tuple[str, ...]) -> None:
    assert words(text) == expected


@given(st.text())
@settings(deadline=None)
def test_what_was_taken_apart_stays_as_it_is(text: str) -> None:
    assert words(" ".join(words(text))) == words(text)
