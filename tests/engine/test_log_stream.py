"""The Engine's bytes as stamped lines."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csctl.container.log_line import LogLine, parse
from csctl.engine.log_stream import frames, lines, stamped_once

_STAMP = "2026-06-01T12:00:00.123456789Z"
_LOCAL = "2026-06-01T14:00:00.1+02:00"


def _frame(content: bytes, stream: int = 1) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(content).to_bytes(4) + content


def _cut(data: bytes, places: list[int]) -> list[bytes]:
    """The data in chunks."""
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[begin:end] for begin, end in pairwise(edges)]


@given(
    st.lists(st.binary(max_size=40), max_size=8), st.lists(st.integers(0), max_size=9)
)
def test_frames_are_found_however_the_chunks_are_cut(
    contents: list[bytes], places: list[int]
) -> None:
    data = b"".join(map(_frame, contents))
    assert list(frames(_cut(data, places))) == contents


def test_a_frame_that_the_engine_did_not_finish_is_none() -> None:
    assert list(frames([_frame(b"whole\n"), _frame(b"not whole\n")[:-3]])) == [
        b"whole\n"
    ]


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\r\n")), max_size=8
    ),
    st.lists(st.integers(0), max_size=9),
)
def test_lines_are_found_however_the_chunks_are_cut(
    texts: list[str], places: list[int]
) -> None:
    data = "".join(f"{text}\r\n" for text in texts).encode()
    assert list(lines(_cut(data, places))) == texts


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param(b"no end", ["no end"], id="no line end"),
        pytest.param(b"a\n\nb\n", ["a", "", "b"], id="empty line"),
        pytest.param(b"\xff\n", ["\ufffd"], id="no text"),
    ],
)
def test_lines_of_any_kind(data: bytes, expected: list[str]) -> None:
    assert list(lines([data])) == expected


def test_a_line_without_an_end_does_not_grow_for_ever() -> None:
    chunk = b"x" * (1 << 19)
    first, second = lines([chunk] * 3 + [b"y\n"])
    assert len(first) == 3 << 19
    assert second == "y"


def test_a_long_line_is_stamped_once() -> None:
    parts = [f"{_STAMP} begin".encode(), f"{_STAMP} end\n".encode()]
    later = [f"{_STAMP} {_STAMP} said the container\n".encode()]
    assert list(lines(stamped_once(parts + later))) == [
        f"{_STAMP} beginend",
        f"{_STAMP} {_STAMP} said the container",
    ]


@pytest.mark.parametrize(
    ("raw", "line", "second"),
    [
        pytest.param(
            f"{_STAMP} some text",
            LogLine(_STAMP, "some text"),
            "2026-06-01T12:00:00",
            id="Docker",
        ),
        pytest.param(
            f"{_LOCAL} text",
            LogLine(_LOCAL, "text"),
            "2026-06-01T14:00:00",
            id="Podman",
        ),
        pytest.param(
            f"{_STAMP} ", LogLine(_STAMP, ""), "2026-06-01T12:00:00", id="empty line"
        ),
        pytest.param("no stamp", LogLine("", "no stamp"), "", id="no stamp"),
        pytest.param("x" * 40, LogLine("", "x" * 40), "", id="one long word"),
        pytest.param("", LogLine("", ""), "", id="nothing"),
    ],
)
def test_a_stamp_is_told_from_the_text(raw: str, line: LogLine, second: str) -> None:
    assert parse(raw) == line
    assert parse(raw).second == second
