"""YAML text: what is read back is what was written, comments aside."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from csctl.render.block import Comment, Verbatim, comment, remark, text

_TEXT = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\ufeff"), max_size=30
)
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | _TEXT
    | st.sampled_from(["no", "y", "08", "1e3", "12:30", "~", "a\nb\n", "{{ x }}"])
)
_ITEMS = st.recursive(
    _LEAVES,
    lambda inner: (
        st.dictionaries(_TEXT, inner, max_size=4)
        | st.lists(_LEAVES | st.dictionaries(_TEXT, inner, max_size=3), max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(_TEXT, _ITEMS, min_size=1, max_size=5))
def test_what_is_written_is_read_back(value: dict[str, Any]) -> None:
    assert yaml.safe_load(text(value)) == value


@pytest.mark.parametrize("word", ["no", "y", "08", "1e3", "0o7", "1_000", "12:30", ""])
def test_text_that_some_reader_takes_for_something_else_is_quoted(word: str) -> None:
    assert text({"key": word}) == f'key: "{word}"\n'


def test_comments_stand_before_their_keys_and_change_nothing() -> None:
    value = {"all": [{**remark("first", "second"), "one": 1, Comment("third"): None}]}
    written = text(value)
    assert written == "all:\n    # first\n    # second\n  - one: 1\n    # third\n"
    assert yaml.safe_load(written) == {"all": [{"one": 1}]}


def test_a_script_is_a_literal_block() -> None:
    assert (
        text({"run": ["set -eu\ncd /x\n"]}) == "run:\n  - |\n    set -eu\n    cd /x\n"
    )


def test_what_is_verbatim_is_left_alone() -> None:
    assert text({"key": Verbatim("{{ toJson .Values.a }}")}) == (
        "key: {{ toJson .Values.a }}\n"
    )


def test_a_head_has_no_white_space_at_its_ends() -> None:
    assert comment(("a", "", "b")) == "# a\n#\n# b\n"
