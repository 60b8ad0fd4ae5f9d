"""Words of units: nothing in them is replaced, split or lost."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csctl.render.unit import continued, text, word

_PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)


def _read(written: str) -> str:
    """What systemd makes of a word: quotes, then specifiers, then variables."""
    if written.startswith('"'):
        assert written.endswith('"')
        inside = written[1:-1]
        assert re.fullmatch(r'(?:[^"\\]|\\.)*', inside)
        written = re.sub(r"\\(.)", r"\1", inside)
    else:
        assert not re.search(r"[\s'\"\\;]", written)
    assert "%" not in written.replace("%%", "")
    assert "$" not in written.replace("$$", "")
    return written.replace("%%", "%").replace("$$", "$")


@given(_PRINTABLE)
def test_a_word_is_read_as_it_was(value: str) -> None:
    assert _read(word(value)) == value


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("--cpus=4", "--cpus=4"),
        ("", '""'),
        ("a b", '"a b"'),
        ("100%", '"100%%"'),
        ("$HOME", '"$$HOME"'),
        ("a\nb", '"a\\nb"'),
        ('say "x"', '"say \\"x\\""'),
    ],
)
def test_words(value: str, written: str) -> None:
    assert word(value) == written


def test_a_unit_has_its_comments_and_sections() -> None:
    unit = text(("head",), [("Unit", (("", "why"), ("Key", "value")))])
    assert unit == "# head\n\n[Unit]\n# why\nKey=value\n"


def test_words_stand_on_lines_of_their_own() -> None:
    assert continued(("a", "b")) == "a \\\n    b"
