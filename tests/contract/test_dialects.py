"""The image's log: listings, known errors, phases, and nothing a terminal obeys."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csctl.contract import dialects
from csctl.contract.dialects import BaseModel, DisplayModel

# The documented listing, word for word.
LISTING = (Path(__file__).parent / "base-models.txt").read_text().splitlines()
IDS = [line[-36:] for line in LISTING if "[Base model]" in line]


def test_the_documented_listing_is_read_newest_first() -> None:
    found = dialects.base_models(LISTING)
    assert len(found) == 11
    assert [one.id for one in found] == IDS[::-1]
    assert found[0] == BaseModel(
        id="198d9b79-2950-4609-b6ec-f52254074a05",
        locale="en-us",
        created="2019-03-03T17:34:10Z",
    )
    assert dialects.listing_ended(LISTING)


def test_the_order_of_the_log_is_not_trusted() -> None:
    rows = [line for line in LISTING if "[Base model]" in line]
    assert dialects.base_models(rows[5:] + rows[:5]) == dialects.base_models(LISTING)
    assert not dialects.listing_ended(rows)


def test_a_model_that_is_listed_twice_is_one() -> None:
    upper = [line.replace(line[-36:], line[-36:].upper()) for line in LISTING]
    assert dialects.base_models([*LISTING, *upper]) == dialects.base_models(LISTING)


def test_an_empty_listing_is_whole_and_empty() -> None:
    lines = [LISTING[0], LISTING[1], LISTING[-1]]
    assert dialects.base_models(lines) == ()
    assert dialects.listing_ended(lines)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["Checking available base model for en-us"],
        ["2020/10/30 21:54:21 [Fatal] context deadline exceeded"],
        ["Please run this tool again"],
    ],
)
def test_a_listing_without_its_last_line_is_not_whole(lines: list[str]) -> None:
    assert not dialects.listing_ended(lines)


@pytest.mark.parametrize(
    "line",
    [
        "[Base model] Locale: en-us, CreatedDate: 2016-11-04, Id: a3d8aab9",
        "[Base model] Locale: en-us, Id: a3d8aab9-6f36-44cd-9904-b37389ce2bfa",
        "Id: a3d8aab9-6f36-44cd-9904-b37389ce2bfa",
        LISTING[2] + "0",
        LISTING[2] + " (deprecated)",
    ],
)
def test_a_line_that_only_resembles_a_row_is_none(line: str) -> None:
    assert dialects.base_models([line]) == ()


def test_a_date_that_cannot_be_read_is_kept() -> None:
    row = f"[Base model] Locale: de-de, CreatedDate: soon, Id: {IDS[0]}"
    assert dialects.base_models([row])[0].created == "soon"


PUNCT = "454A83811F13927E403DC693B8E51FB87DD37F518A38B66B8B63E1106C4A281F"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (
            f"2024/01/02 03:04:05 [Info] [Punct model] Locale: en-us, CreatedDate:"
            f" 2023-05-01T00:00:00Z, Id: {PUNCT.lower()}",
            DisplayModel(
                id=PUNCT, type="punct", locale="en-us", created="2023-05-01T00:00:00Z"
            ),
        ),
        (PUNCT, DisplayModel(id=PUNCT, type=None, locale=None, created=None)),
        (
            f"Wfstitn={PUNCT}",
            DisplayModel(id=PUNCT, type="wfstitn", locale=None, created=None),
        ),
    ],
)
def test_a_display_model_is_read_as_far_as_its_line_tells(
    line: str, found: DisplayModel
) -> None:
    assert dialects.display_models([line, "punct", PUNCT + "00"]) == (found,)


KEY, MODEL_GAP, EULA = (
    "Azure refused the API key",
    "the container found no model under /usr/local/models",
    "the image did not see Eula=accept",
)


@pytest.mark.parametrize(
    ("line", "meaning", "whose"),
    [
        (
            "[ERROR] Failed to download: context deadline exceeded",
            "the model download took longer than the image allows (one hour)",
            "azure",
        ),
        (
            "The provided license path was not found. Please ensure a volume is mounted"
            " and a directory exists at the location specified by `Mounts:License`",
            "the container found no license",
            "license",
        ),
        (
            "Failed to fetch manifest: Status: 400 Bad Request Body: {"
            '"code":"InvalidModel","message":"The specified model is not supported for'
            ' endpoint manifests."}',
            "this image cannot load this model",
            "azure",
        ),
        (
            '{"code":"InvalidProductId","message":"The subscription SKU'
            ' \\"CognitiveServices.S0\\" is not supported in this service instance."}',
            "the key is one of a multi-service resource; a Speech resource is needed",
            "azure",
        ),
        (
            "Unhandled Exception: System.Exception: Model configuration"
            " /usr/local/models/properties.json not found.",
            MODEL_GAP,
            "",
        ),
        (
            "Missing EULA=accept command line option. You must provide this to"
            " continue.",
            EULA,
            "",
        ),
        ("Eula must be accepted", EULA, ""),
        ("[cmd] Eula=accept exited 126", EULA, ""),
        (
            "Invalid Billing Endpoint URI.",
            "the billing endpoint is no endpoint of a Speech resource",
            "azure",
        ),
        (
            "Billing endpoint https://x/ validation failed",
            "the billing endpoint is no endpoint of a Speech resource",
            "azure",
        ),
        ("      Endpoint connection failed with status 'Invalid'.", KEY, "azure"),
        ('{"error":{"code":"NoCredit","message":"Api Key is invalid."}}', KEY, "azure"),
        (
            "Container does not have a valid disconnected container license",
            "the license does not fit this image and model, or has expired",
            "license",
        ),
        (
            "05-13-2020 08:22:48.598 SR 68 error rassert at line 2148 of /src/private",
            "the decoder stopped on an internal assertion",
            "",
        ),
        (
            "mkdir /usr/local/models/x: permission denied",
            "the container's user may not write to a mount",
            "",
        ),
        ("write /usr/local/models/x: no space left on device", "the disk is full", ""),
    ],
    ids=lambda text: text.strip()[:40],
)
def test_a_known_error_is_explained(line: str, meaning: str, whose: str) -> None:
    around = ["Checking available base model for en-us", line, "   at Main(String[])"]
    found = dialects.explain(around)
    assert found is not None
    assert (found.line, found.meaning) == (line.strip(), meaning)
    assert (found.azure, found.license) == (whose == "azure", whose == "license")
    assert found.remedy


@pytest.mark.parametrize(
    "lines", [[], LISTING, ["Api Key is valid, no action needed."], ["Valid", "valid"]]
)
def test_what_is_no_error_is_not_explained(lines: list[str]) -> None:
    assert dialects.explain(lines) is None


def test_the_last_of_several_lines_is_shown() -> None:
    lines = [f"{n} [ERROR] Failed: context deadline exceeded" for n in range(3)]
    found = dialects.explain(lines)
    assert found is not None
    assert found.line == lines[-1]


@pytest.mark.parametrize(
    ("line", "bad"),
    [
        (LISTING[-1], True),
        ("[ERROR] Failed to download", True),
        ("fail: Microsoft.CloudAI.Containers.Http.CloudClient[0]", True),
        ("crit: Microsoft.AspNetCore[0]", True),
        ("05-13-2020 08:22:48.598 SR 68 error x", True),
        ("Unhandled Exception: System.Exception", True),
        ("05-13-2020 08:22:48.377 SR 68 info x", False),
        ("warn: Microsoft.AspNetCore.Server.Kestrel[0]", False),
        ("WARNING: No access control enabled!", False),
        ("2020/05/13 08:18:21 Preparing file /usr/local/models/a", False),
    ],
)
def test_an_error_is_told_in_all_three_dialects(line: str, bad: bool) -> None:
    assert dialects.has_error(["Logging to console.", line]) is bad


@pytest.mark.parametrize(
    ("line", "phase"),
    [
        ("Starting custom model download", "download"),
        ("2020/05/13 08:18:21 Preparing file /usr/local/models/a", "download"),
        ("2020/05/13 08:18:21 Downloading file: /usr/local/models/a", "download"),
        ("05-13-2020 08:22:48.377 SR 68 info ObjectPool: m_minCount = 1", "load"),
        ("05-13-2020 08:22:48.377 Grammar model 'default' [Static] loading...", "load"),
        ("Now listening on: http://0.0.0.0:5000", "warm"),
        ("Application started. Press Ctrl+C to shut down.", "warm"),
        ("Logging to console.", None),
        ("", None),
    ],
)
def test_a_line_tells_the_phase_of_a_start(line: str, phase: str | None) -> None:
    assert dialects.phase(line) == phase


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("plain \u00fc \u65e5\u672c", "plain \u00fc \u65e5\u672c"),
        ("a\tb", "a\tb"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[2J\x1b[1;1Hcleared", "cleared"),
        ("\x1b[?1049hscreen", "screen"),
        ("\x1b]52;c;cm0gLXJmIC8=\x07clipboard", "clipboard"),
        ("\x1b]52;c;cm0gLXJmIC8=\x1b\\clipboard", "clipboard"),
        ("\x1b]0;title\x07x", "x"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("before\x1b]52;c;never ended", "before"),
        ("\x9b31mC1", "31mC1"),
        ("over\rwritten\b\b", "overwritten"),
        ("\x1b\x1b[31m[2J", "[2J"),
        ("\x1bc\x00\x7f", "c"),
    ],
    ids=repr,
)
def test_a_terminal_gets_nothing_to_obey(line: str, shown: str) -> None:
    assert dialects.printable(line) == shown


_NOISE = st.one_of(
    st.text(),
    st.lists(
        st.sampled_from(
            ["\x1b", "[", "]", "52;c;", "\x07", "\\", "31m", "\x9b", "?", "x", "\r"]
        )
    ).map("".join),
)


@given(_NOISE)
def test_no_control_character_but_a_tab_is_left(line: str) -> None:
    shown = dialects.printable(line)
    left = {char for char in shown if unicodedata.category(char) == "Cc"}
    assert left <= {"\t", "\n"}
    assert dialects.printable(shown) == shown


@given(st.lists(st.one_of(st.text(), st.sampled_from(LISTING), _NOISE)))
def test_no_log_makes_reading_fail(lines: list[str]) -> None:
    dialects.base_models(lines)
    dialects.display_models(lines)
    dialects.listing_ended(lines)
    dialects.explain(lines)
    dialects.has_error(lines)
    for line in lines:
        dialects.phase(line)
        dialects.printable(line)


_DATES = st.one_of(
    st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    st.text(
        st.characters(exclude_categories=("Z", "C"), exclude_characters=","), min_size=1
    ),
)


@given(st.lists(_DATES, max_size=5))
def test_any_date_in_a_row_is_kept(dates: list[str]) -> None:
    rows = [
        f"[Base model] Locale: en-us, CreatedDate: {text}, Id: {identity}"
        for text, identity in zip(dates, IDS, strict=False)
    ]
    assert sorted(one.created for one in dialects.base_models(rows)) == sorted(dates)
