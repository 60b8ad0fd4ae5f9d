"""Tags: every one that Microsoft published, and what no one should publish."""

from __future__ import annotations

import subprocess
import sys
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from csctl.tag import Tag, newer, newest

GATED = ["2.0.0", "2.0.2", "2.1.0", "2.1.1", "2.2.0"]
RELEASED = [
    *("2.5.0", "2.6.0", "2.7.0", "2.9.0", "2.10.0", "2.11.0", "2.12.0", "2.12.1"),
    *("2.13.0", "2.14.0", "2.15.0", "2.16.0", "2.17.0", "2.18.0"),
    *("3.0.0", "3.1.0", "3.6.0", "3.7.0", "3.8.0", "3.9.0", "3.10.0", "3.11.0"),
    *("3.12.0", "3.13.0", "3.14.0"),
    *(f"4.{minor}.0" for minor in range(13)),
]
PREVIEWS = ["5.0.0", "5.0.1"]
PUBLISHED = [
    *(f"{version}-amd64-preview" for version in GATED),
    *(f"{version}-amd64" for version in RELEASED),
    *(f"{version}-preview-amd64" for version in PREVIEWS),
    "latest",
]
SIBLINGS = {
    "5.0.3-preview-amd64-en-gb": ("5.0.3", "preview", "en-gb"),
    "5.1.0-amd64-en-us": ("5.1.0", None, "en-us"),
    "5.3.0-amd64-ta-in": ("5.3.0", None, "ta-in"),
    "5.3.0-amd64-te-in": ("5.3.0", None, "te-in"),
    "5.4.0-amd64-en-us": ("5.4.0", None, "en-us"),
    "4.8.0-amd64-zh-cn-sichuan": ("4.8.0", None, "zh-cn-sichuan"),
    "2.1.1-amd64-en-us-preview": ("2.1.1", "preview", "en-us"),
}


def _ordered(texts: list[str]) -> list[str]:
    tags = sorted(map(Tag.parse, texts), key=lambda tag: tag.sort_key)
    return [tag.text for tag in tags]


@pytest.mark.parametrize("version", RELEASED)
def test_a_published_release_is_read(version: str) -> None:
    tag = Tag.parse(f"{version}-amd64")
    assert tag == Tag(f"{version}-amd64", Version(version), "amd64")
    assert tag.released


@pytest.mark.parametrize(
    ("text", "version"),
    [
        *((f"{version}-amd64-preview", version) for version in GATED),
        *((f"{version}-preview-amd64", version) for version in PREVIEWS),
    ],
)
def test_a_published_preview_is_read_in_both_places(text: str, version: str) -> None:
    tag = Tag.parse(text)
    assert tag == Tag(text, Version(version), "amd64", "preview")
    assert not tag.released


@pytest.mark.parametrize("text", SIBLINGS)
def test_a_tag_of_the_sibling_image_is_read_with_its_locale(text: str) -> None:
    version, prerelease, locale = SIBLINGS[text]
    assert Tag.parse(text) == Tag(text, Version(version), "amd64", prerelease, locale)


@pytest.mark.parametrize(
    "text",
    [
        *("latest", "newest", "", " ", "main", "nightly", "stable-amd64", "preview"),
        *("4", "20250101", "v4.12.0", "4.12.0-", "-4.12.0", "4.12.0 ", "4.12.0\n"),
        *("4..0", "4.12.0.", "4.12.0.1.1", "4.12.0_amd64", "4.12.0-amd64-hotfix1"),
        *("4.12.0-windows", "4.12.0-amd64-english", "\u0664.12.0", "sha256-0f3a.sig"),
        *("9" * 128 + ".0.0", "4.12.0-amd64" * 9, "1.0.0-preview1234567890"),
    ],
)
def test_what_is_no_version_keeps_its_text_alone(text: str) -> None:
    tag = Tag.parse(text)
    assert tag == Tag(text)
    assert not tag.released


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4.12.0", Tag("4.12.0", Version("4.12.0"))),
        ("4.12", Tag("4.12", Version("4.12"))),
        ("4.12.0.1-arm64", Tag("4.12.0.1-arm64", Version("4.12.0.1"), "arm64")),
        ("1.2.0009", Tag("1.2.0009", Version("1.2.9"))),
        (
            "5.0.0-RC.2-AMD64-en-GB",
            Tag("5.0.0-RC.2-AMD64-en-GB", Version("5.0.0"), "amd64", "rc.2", "en-gb"),
        ),
    ],
    ids=["no-platform", "two-numbers", "four-numbers", "leading-zeros", "upper-case"],
)
def test_an_unusual_tag_is_read(text: str, expected: Tag) -> None:
    assert Tag.parse(text) == expected


def test_the_published_tags_are_sorted_newest_first() -> None:
    shuffled = list(PUBLISHED)
    Random(7).shuffle(shuffled)
    assert _ordered(shuffled) == [*reversed(PUBLISHED[:-1]), "latest"]


@pytest.mark.parametrize(
    "expected",
    [
        pytest.param(
            ["5.0.1-amd64", "5.0.1-preview-amd64", "5.0.0-amd64", "4.9.9-amd64"],
            id="a-release-above-its-own-previews",
        ),
        pytest.param(["2.2.0-amd64", "2.2.0-amd64-preview"], id="old-place"),
        pytest.param(["4.10.0-amd64", "4.9.0-amd64"], id="numbers-as-numbers"),
        pytest.param(["4.0.0.1", "4.0", "4.0.0-amd64"], id="missing-numbers-are-zero"),
        pytest.param(
            ["1.0.0", "1.0.0-rc1", "1.0.0-preview.10", "1.0.0-preview.9", "1.0.0-beta"],
            id="stages-of-one-version",
        ),
        pytest.param(
            ["5.4.0-amd64-en-us", "5.4.0-amd64-ta-in", "5.3.0-amd64-en-us"],
            id="locales-by-name",
        ),
        pytest.param(["0.0.1", "main", "nightly", "latest"], id="no-versions-last"),
    ],
)
def test_tags_are_ordered(expected: list[str]) -> None:
    assert _ordered(expected[::-1]) == expected


@given(st.permutations([*PUBLISHED, *SIBLINGS, "main", "4.12.0", "4.12"]))
def test_the_order_does_not_depend_on_what_came_first(texts: list[str]) -> None:
    assert _ordered(texts) == _ordered(sorted(texts))


@given(st.lists(st.text("0123456789.-adelmnoprtuvw64", max_size=20), max_size=20))
def test_no_tag_is_dropped_or_rewritten(texts: list[str]) -> None:
    assert sorted(_ordered(texts)) == sorted(texts)


@given(st.text(max_size=140))
def test_any_text_is_a_tag(text: str) -> None:
    assert str(Tag.parse(text)) == text


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        pytest.param(PUBLISHED, "4.12.0-amd64", id="published"),
        pytest.param([*PUBLISHED, *SIBLINGS], "4.12.0-amd64", id="no-locale"),
        pytest.param(["5.0.0-arm64", "4.0.0-amd64"], "4.0.0-amd64", id="amd64"),
        pytest.param(["4.0.0-amd64", "4.1.0"], "4.1.0", id="no-platform"),
    ],
)
def test_newest_is_the_highest_release(texts: list[str], expected: str) -> None:
    found = newest(map(Tag.parse, texts))
    assert found == Tag.parse(expected)


@pytest.mark.parametrize("texts", [[], ["latest", "5.0.0-preview-amd64"]])
def test_newest_is_none_without_a_release(texts: list[str]) -> None:
    assert newest(map(Tag.parse, texts)) is None


@pytest.mark.parametrize(
    ("than", "texts", "expected"),
    [
        ("4.12.0-amd64", ["4.12.0-amd64", "5.0.1-amd64"], "5.0.1-amd64"),
        ("5.0.1-preview-amd64", ["5.0.1-amd64"], "5.0.1-amd64"),
        ("5.0.1-amd64", ["5.0.1-amd64", "5.0.1"], None),
        ("5.0.1", ["5.0.1-amd64", "5.0.0-amd64"], None),
        ("6.0.0-preview-amd64", ["5.0.1-amd64"], None),
        ("4.12.0-amd64", ["5.0.1-preview-amd64", "5.0.0-arm64"], None),
        ("latest", ["5.0.1-amd64"], None),
        ("4.12.0-amd64", [], None),
    ],
)
def test_newer_is_a_release_above_the_tag(
    than: str, texts: list[str], expected: str | None
) -> None:
    found = newer(Tag.parse(than), map(Tag.parse, texts))
    assert (found and found.text) == expected


def test_reading_no_version_does_not_import_packaging() -> None:
    code = (
        "import sys; from csctl.tag import Tag; Tag.parse('latest');"
        "sys.exit('packaging' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
