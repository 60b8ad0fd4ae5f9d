"""Messages to bytes and back, and what is none."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csctl.errors import InvalidValue
from csctl.speech.framing import Message, decode, encode

NAMES = st.from_regex(r"[a-z][a-z-]{0,20}", fullmatch=True)
VALUES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]),
    min_size=1,
    max_size=40,
).filter(lambda text: text == text.strip())
OTHERS = st.dictionaries(
    NAMES.filter(lambda name: name not in ("path", "x-requestid")), VALUES, max_size=5
)
BODIES = st.text(st.characters(codec="utf-8")) | st.binary()


@given(VALUES, st.just("") | VALUES, OTHERS, BODIES)
@settings(deadline=None)
def test_a_message_is_read_back_as_it_was(
    path: str, request_id: str, headers: dict[str, str], body: str | bytes
) -> None:
    message = Message(path=path, request_id=request_id, headers=headers, body=body)
    data = encode(message)
    assert type(data) is type(body)
    assert decode(data) == message


@given(st.text() | st.binary())
@settings(deadline=None)
def test_anything_is_a_message_or_refused(data: str | bytes) -> None:
    with suppress(InvalidValue):
        assert decode(data).path


@given(st.integers(0, 60), BODIES)
@settings(deadline=None)
def test_a_message_that_was_cut_short_is_refused_or_shorter(
    end: int, body: str | bytes
) -> None:
    whole = encode(Message(path="audio", request_id="a" * 32, body=body))
    try:
        cut = decode(whole[:end])
    except InvalidValue:
        return
    assert len(cut.body) <= len(body)


def test_a_text_message_is_lines_and_an_empty_one() -> None:
    message = Message(
        path="speech.config", headers={"Content-Type": "application/json"}, body="{}"
    )
    assert encode(message) == (
        "Path:speech.config\r\nContent-Type:application/json\r\n\r\n{}"
    )


def test_a_binary_message_has_the_length_of_its_head_in_front() -> None:
    data = encode(Message(path="audio", request_id="abc", body=b"\x01\x02"))
    head = b"Path:audio\r\nX-RequestId:abc\r\n"
    assert data == len(head).to_bytes(2, "big") + head + b"\x01\x02"


@pytest.mark.parametrize(
    "data",
    [
        "X-RequestId: abc\r\nPATH: turn.end\r\n\r\n{}",
        "path:turn.end\r\nx-requestid:abc\r\n\r\n{}",
    ],
)
def test_blanks_and_case_of_names_do_not_count(data: str) -> None:
    assert decode(data) == Message(path="turn.end", request_id="abc", body="{}")


@pytest.mark.parametrize(
    ("message", "fault"),
    [
        (Message(path="a\r\nB:c"), "a header is one line"),
        (Message(path="a", headers={"b": "c\n"}), "a header is one line"),
        (Message(path="a" * (1 << 16), body=b""), "65535 are allowed"),
    ],
    ids=["path", "value", "length"],
)
def test_what_has_no_form_is_not_written(message: Message, fault: str) -> None:
    with pytest.raises(InvalidValue, match=fault):
        encode(message)
