"""Hours bought, and hours used."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from csctl.errors import UsageError
from csctl.lifecycle.commitment import Commitment, commitments, hours
from csctl.lifecycle.usage import Month, year_to
from csctl.profile.load import parse
from csctl.profile.model import Profile

DC0 = "https://contoso-dc0.cognitiveservices.azure.com"


def profile(name: str, bought: float | None, endpoint: str | None = DC0) -> Profile:
    keys = {"endpoint": endpoint, "commitment_hours": bought}
    written = ", ".join(f"{k}: {v}" for k, v in keys.items() if v is not None)
    text = (
        f"name: {name}\nimage: a/b:1\nmode: disconnected\ndata: d\n"
        f"model: {{base: {{locale: de-DE}}}}\nlicense: {{{written}}}\n"
    )
    [found] = parse(text, file="p", base=Path("/profiles"), environ={})
    return found


def month(name: str, seconds: float, **more: float) -> Month:
    return Month(month=name, meters={"Custom.ServiceSeconds": seconds} | more)


@pytest.mark.parametrize(
    ("meters", "expected"),
    [
        ({}, 0),
        ({"a.Seconds": 1800}, 0.5),
        ({"AudioHours": 2, "a minutes": 30}, 2.5),
        ({"Sample.Meter": 253}, 0),
        ({"Seconds.Of.Something": 3600}, 0),
    ],
)
def test_hours_of_meters(meters: Mapping[str, float], expected: float) -> None:
    assert hours(meters) == expected


def test_profiles_of_a_resource_share_what_one_declares() -> None:
    used = {
        "one": (month("2025-12", 1e9), month("2026-01", 3600), month("2026-02", 1800)),
        "two": (month("2026-02", 1800, **{"Sample.Meter": 5}),),
        "three": (month("2026-02", 7200),),
    }
    profiles = (
        profile("one", 500),
        profile("two", None, f"{DC0}/"),
        profile("three", 4, "https://other-dc0.cognitiveservices.azure.com"),
        profile("four", None, "https://third-dc0.cognitiveservices.azure.com"),
        profile("five", 10, None),
    )
    first, other, own = commitments(profiles, used, "2026")
    assert first == Commitment(
        resource=DC0,
        profiles=("one", "two"),
        year="2026",
        hours=500,
        used=2,
        uncounted=("Sample.Meter",),
    )
    assert (other.profiles, other.used, other.hours) == (("three",), 2, 4)
    assert (own.resource, own.used) == ("five", 0)


@pytest.mark.parametrize(
    ("seconds", "near"), [(0, False), (2879, False), (2880, True), (9999, True)]
)
def test_from_four_fifths_on_it_is_near(seconds: float, near: bool) -> None:
    used = {"one": (month("2026-01", seconds),)}
    [found] = commitments((profile("one", 1),), used, "2026")
    assert found.near is near


def test_two_declarations_of_one_resource_are_told() -> None:
    with pytest.raises(UsageError, match="profiles declare 5 and 7 hours for"):
        commitments((profile("one", 5), profile("two", 7)), {}, "2026")


def test_the_months_of_a_year_so_far() -> None:
    assert year_to("2026-03") == ("2026-01", "2026-02", "2026-03")
