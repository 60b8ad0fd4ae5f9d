"""Filters as people type them."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csctl.errors import InvalidValue
from csctl.tui.pattern import Expression, Pattern, expression


@pytest.mark.parametrize(
    ("pattern", "text", "passes"),
    [
        ("en", "contoso-en-us", True),
        ("de", "contoso-en-us", False),
        ("^en", "contoso-en-us", False),
        ("en|de", "contoso-de-de", True),
        ("ready", "● Ready", True),
        ("Ready", "● ready", False),
        ("Ready", "● Ready", True),
        ("!en", "contoso-en-us", False),
        ("!en", "contoso-de-de", True),
        ("!", "anything", False),
        (r"\S+\d$", "STT-7", True),
        ("", "anything", True),
        (r"\S+\d$", "stt-7", True),
    ],
)
def test_a_pattern_lets_through(pattern: str, text: str, passes: bool) -> None:
    assert Pattern.parse(pattern).matches(text) is passes


@pytest.mark.parametrize("text", ["(", "!*", "a{99999999999}"])
def test_what_is_no_regular_expression_is_said(text: str) -> None:
    with pytest.raises(InvalidValue, match="no regular expression: "):
        Pattern.parse(text)


@pytest.mark.filterwarnings("ignore:Possible:FutureWarning")
@given(st.text("ab[]()!*+?{}\\|^$-&~1,9", max_size=20))
def test_typing_anything_breaks_nothing(text: str) -> None:
    with contextlib.suppress(InvalidValue):
        Pattern.parse(text).matches("contoso-en-us")


ENDLESS = r"(?:(?:a|aa|.)+)+\d$"
"""It tries all ways to part a text before it gives up."""


def test_an_expression_that_never_ends_is_given_up() -> None:
    began = time.monotonic()
    pattern = Pattern.parse(ENDLESS)
    texts = ["a" * 60 + "b"] * 1000
    assert all(map(pattern.matches, texts)), "it hides nothing any more"
    assert pattern.too_slow
    assert pattern.inverted().matches(texts[0])
    assert time.monotonic() - began < 30, "given up once, and not a thousand times"


def test_what_is_found_has_its_place() -> None:
    found = expression("en|us")
    assert list(found.spans("contoso-en-us")) == [(8, 10), (11, 13)]
    assert not found.too_slow


def test_of_one_that_was_given_up_nothing_is_found() -> None:
    slow = expression("a")
    slow.too_slow = True
    assert list(slow.spans("aaa")) == []
    assert isinstance(slow, Expression)
    assert not slow.found("a")
