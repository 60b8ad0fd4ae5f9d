"""Texts of a command line as values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from csctl.azure.operation import Kind, Parameter
from csctl.azure.value import is_guid, moment, read
from csctl.errors import InvalidValue, SecretUnavailable, UsageError
from csctl.secret import Secret

COLOURS = Kind(name="Colour", words=("Red", "DarkBlue"))


def _read(kind: Kind, *texts: str) -> Any:
    return read(Parameter(name="it", kind=kind), texts, {"KEY": "s3cret"})


@pytest.mark.parametrize(
    ("kind", "texts", "value"),
    [
        (Kind(name="text"), ["@a"], "@a"),
        (Kind(name="int"), ["7"], 7),
        (Kind(name="int", many=True), ["0", "1"], [0, 1]),
        (Kind(name="bool"), ["True"], True),
        (Kind(name="bool"), ["no"], False),
        (Kind(name="time"), ["2026-11-28"], "2026-11-28T00:00:00Z"),
        (Kind(name="uri"), ["https://x.example/?a=b"], "https://x.example/?a=b"),
        (Kind(name="uri"), ["env:KEY"], Secret("s3cret")),
        (Kind(name="secret"), ["env:KEY"], Secret("s3cret")),
        (Kind(name="map"), ["a=b", "c=d=e", "f="], {"a": "b", "c": "d=e", "f": ""}),
        (Kind(name="json"), ['{"a": [1]}'], {"a": [1]}),
        (Kind(name="content"), ["a @b"], "a @b"),
        (Kind(name="@models"), ["Any name"], "Any name"),
        (COLOURS, ["darkblue"], "DarkBlue"),
        (Kind(name="Colour", words=("Red",), closed=False), ["Green"], "Green"),
        (
            Kind(name="Event", words=("ping", "pong"), switches=True),
            ["pong", "ping"],
            {"pong": True, "ping": True},
        ),
    ],
    ids=str,
)
def test_texts_are_read_by_their_kind(kind: Kind, texts: list[str], value: Any) -> None:
    assert _read(kind, *texts) == value


@pytest.mark.parametrize(
    ("kind", "texts", "said"),
    [
        (Kind(name="text"), ["a", "b"], "it is given more than once"),
        (Kind(name="int"), ["1.5"], "'1.5' is no whole number"),
        (Kind(name="bool"), ["2"], "neither true nor false"),
        (Kind(name="time"), ["soon"], "'soon' is no time"),
        (Kind(name="uri"), ["x.example"], "this is no URL"),
        (Kind(name="uri"), ["http://[bad"], "this is no URL"),
        (Kind(name="secret"), ["hunter22"], "never written on a command line"),
        (Kind(name="map"), ["a"], "'a' is no name=value"),
        (Kind(name="map"), ["=a"], "'=a' is no name=value"),
        (Kind(name="json"), ["{"], "this is no JSON"),
        (Kind(name="file"), ["a.zip"], "write @PATH"),
        (Kind(name="file"), ["@/nowhere/a.zip"], "there is no file"),
        (Kind(name="content"), ["@/nowhere/a.txt"], "No such file"),
        (COLOURS, ["Green"], "'Green' is not one of Red, DarkBlue"),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(kind: Kind, texts: list[str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        _read(kind, *texts)
    assert said in caught.value.message
    assert caught.value.message.startswith("it")
    assert "hunter22" not in str(caught.value)


def test_a_file_gives_content_or_secret(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("from a file\n")
    assert _read(Kind(name="content"), f"@{tmp_path}/f") == "from a file\n"
    assert _read(Kind(name="secret"), f"file:{tmp_path}/f") == Secret("from a file")
    assert _read(Kind(name="file"), f"@{tmp_path}/f") == tmp_path / "f"


def test_a_secret_that_is_not_there_is_told() -> None:
    with pytest.raises(SecretUnavailable, match="NONE is unset"):
        _read(Kind(name="secret"), "env:NONE")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-11-28T12:30:00", "2026-11-28T12:30:00Z"),
        ("2026-11-28T12:30:00Z", "2026-11-28T12:30:00Z"),
        ("2026-11-28T12:30:00+02:00", "2026-11-28T10:30:00Z"),
    ],
)
def test_times_are_utc(text: str, value: str) -> None:
    assert moment(text) == value


def test_a_time_at_the_end_of_all_times_is_refused() -> None:
    with pytest.raises(InvalidValue, match="is no time"):
        moment("9999-12-31T23:59:59-12:00")


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("11111111-2222-3333-4444-55555555555A", True),
        ("11111111-2222-3333-4444-5555555555", False),
        ("11111111-2222-3333-4444-555555555555\n", False),
    ],
)
def test_ids_are_guids(text: str, fits: bool) -> None:
    assert is_guid(text) is fits
