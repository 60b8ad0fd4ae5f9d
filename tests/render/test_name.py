"""Names of objects: what Kubernetes takes, and recognisable."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csctl.errors import UsageError
from csctl.render.name import is_label, object_name

_PROFILE_NAMES = st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{1,40}", fullmatch=True)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("contoso-en-us", "contoso-en-us"),
        ("Contoso_EN.us", "contoso-en-us"),
        ("2go", "speech-2go"),
        ("a__", "a"),
    ],
)
def test_a_name_is_made_fit(name: str, wanted: str) -> None:
    assert object_name(name) == wanted


@given(_PROFILE_NAMES)
def test_every_name_is_one_of_a_service(name: str) -> None:
    try:
        made = object_name(name)
    except UsageError:
        assert len(name) > 30
        return
    assert re.fullmatch(r"[a-z](?:[a-z0-9-]*[a-z0-9])?", made)
    assert len(f"{made}-environment") <= 63


def test_a_name_that_is_too_long_is_refused() -> None:
    with pytest.raises(UsageError, match="too long for Kubernetes"):
        object_name("a" * 60)


@pytest.mark.parametrize(
    ("key", "value", "fits"),
    [
        ("team", "speech", True),
        ("example.org/team", "a.b_c-d", True),
        ("team", "", True),
        ("team", "two words", False),
        ("a/b/c", "x", False),
        ("Example.org/team", "x", False),
        ("team", "x" * 64, False),
    ],
)
def test_labels(key: str, value: str, fits: bool) -> None:
    assert is_label(key, value) is fits
