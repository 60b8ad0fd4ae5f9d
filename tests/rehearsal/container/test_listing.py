from __future__ import annotations

import re

import pytest

from tests.rehearsal.stand_in import ACCOUNT, BILLING, StandIn, run_program

ROW = re.compile(
    r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[Info\] \[Base model\] Locale: (\S+),"
    r" CreatedDate: (\S+), Id: ([0-9a-f-]{36})"
)
DISPLAY_ROW = re.compile(
    r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[Info\] \[Display model\] Type: (\w+),"
    r" Locale: en-us, CreatedDate: \S+, Id: [0-9A-F]{64}"
)
NONE_LEFT = "no available base model for"


def test_base_models_are_listed_as_the_real_container_lists_them(
    stand_in: StandIn,
) -> None:
    ended = stand_in.run("BaseModelLocale=en-us", *ACCOUNT)
    first, second, *rows, last = ended.lines
    assert first == "Checking available base model for en-us"
    assert second.endswith("[Info] Searching available base models for en-us")
    matches = [ROW.fullmatch(row) for row in rows]
    assert all(matches)
    dates = [match[2] for match in matches if match]
    assert dates == sorted(dates)
    assert "[Fatal] Please run this tool again and assign --modelId" in last
    assert ended.code == 1


def test_an_unknown_locale_lists_nothing_before_the_last_line() -> None:
    ended = run_program("BaseModelLocale=xx-xx", *ACCOUNT)
    assert "[Base model]" not in ended.log
    assert ended.lines[-1].endswith(f"{NONE_LEFT} xx-xx")


def test_the_exit_code_of_a_listing_is_a_knob() -> None:
    ended = run_program("BaseModelLocale=en-us", *ACCOUNT, REHEARSAL_LIST_EXIT_CODE="0")
    assert ended.code == 0
    assert NONE_LEFT in ended.log


@pytest.mark.parametrize(
    "key", ["ApiKey=other", "ApiKey=Rehearsal", "ApiKey="], ids=["other", "case", "no"]
)
def test_a_wrong_key_lists_nothing(key: str) -> None:
    ended = run_program("BaseModelLocale=en-us", "Eula=accept", BILLING, key)
    assert ended.code == 1
    assert len(ended.lines) == 1
    assert "Status: 401 Unauthorized" in ended.log


def test_a_good_key_can_be_made_a_bad_one() -> None:
    ended = run_program("BaseModelLocale=en-us", *ACCOUNT, REHEARSAL_FAIL="bad-key")
    assert "Status: 401 Unauthorized" in ended.log


def test_words_for_display_models_list_the_newest_of_each_type() -> None:
    ended = run_program("Punct", "Wfstitn", "BaseModelLocale=en-US", *ACCOUNT)
    matches = [match for line in ended.lines if (match := DISPLAY_ROW.fullmatch(line))]
    assert [match[1] for match in matches] == ["Punct", "Wfstitn"]
    assert "[Base model]" not in ended.log
    assert "[Fatal] Please run this tool again" in ended.lines[-1]
    assert ended.code == 1


def test_a_listing_goes_before_a_download() -> None:
    ended = run_program(
        *("BaseModelLocale=en-us", f"PunctId={'A' * 64}", "DisplayLocale=en-us"),
        *ACCOUNT,
    )
    assert "[Base model]" in ended.log
    assert "Downloading" not in ended.log


def test_an_image_older_than_display_models_refuses_them(stand_in: StandIn) -> None:
    ended = stand_in.run(
        "FullDisplay", "BaseModelLocale=en-us", *ACCOUNT, tag="3.0.0-amd64"
    )
    assert ended.code == 1
    assert "Display models are not supported by version 3.0.0" in ended.log
