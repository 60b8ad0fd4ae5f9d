from __future__ import annotations

import pytest

from tests.rehearsal.stand_in import ACCOUNT, BILLING, run_program

LISTING = "BaseModelLocale=en-us"


@pytest.mark.parametrize(
    "word", [None, "Eula=Accept", "Eula=yes"], ids=["absent", "capital", "other"]
)
def test_without_the_exact_word_accept_nothing_starts(word: str | None) -> None:
    words = [LISTING, BILLING, "ApiKey=rehearsal", *([word] if word else [])]
    ended = run_program(*words)
    assert ended.code == 1
    assert ended.lines == [
        "Missing EULA=accept command line option. You must provide this to continue."
    ]


def test_the_terms_may_be_accepted_by_the_environment() -> None:
    ended = run_program(LISTING, BILLING, "ApiKey=rehearsal", EULA="accept")
    assert "[Base model]" in ended.log


def test_a_setting_given_both_ways_is_warned_of_without_its_values() -> None:
    ended = run_program(LISTING, *ACCOUNT, APIKEY="of-the-environment")
    assert ended.lines[0].startswith("WARNING: ApiKey is given")
    assert "401 Unauthorized" in ended.log
    assert "of-the-environment" not in ended.log


def test_the_key_is_echoed_only_where_the_knob_asks_for_it() -> None:
    key = "ApiKey=rehearsal"
    assert key not in run_program(LISTING, *ACCOUNT).log
    echoed = run_program(LISTING, *ACCOUNT, REHEARSAL_ECHO_KEY="1")
    assert echoed.lines[0].startswith("Starting dotnet ")
    assert key in echoed.lines[0]


def test_a_knob_that_means_nothing_stops_the_program() -> None:
    ended = run_program(LISTING, *ACCOUNT, REHEARSAL_FAIL="nonsense")
    assert ended.code == 2
    assert "nonsense" in ended.log
