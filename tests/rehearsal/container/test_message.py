from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csctl.rehearsal.container import message
from csctl.rehearsal.container.message import Malformed, Message

AUDIO = b"Path:audio\r\nContent-Type:audio/x-wav\r\nX-RequestId:a1\r\nX-StreamId:1\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        'Path:speech.context\r\nX-RequestId:a1\r\n\r\n{"key":1}',
        'Path: speech.context\r\nX-RequestId: a1\r\n\r\n{"key":1}',
        'path:Speech.Context\r\nx-requestid:a1\r\n\r\n{"key":1}',
    ],
    ids=["no-blank", "blank", "any-case"],
)
def test_a_text_message_is_read_however_an_sdk_spells_it(raw: str) -> None:
    assert message.parse(raw) == Message("speech.context", "a1", b'{"key":1}')


def test_a_binary_message_is_headers_by_their_length_and_audio() -> None:
    raw = len(AUDIO).to_bytes(2, "big") + AUDIO + b"\r\n\r\nRIFF"
    assert message.parse(raw) == Message("audio", "a1", b"\r\n\r\nRIFF")


def test_a_binary_message_may_hold_no_audio() -> None:
    raw = len(AUDIO).to_bytes(2, "big") + AUDIO
    assert message.parse(raw).body == b""


@pytest.mark.parametrize(
    "raw",
    ["", "{}", "X-RequestId:a1\r\n\r\n{}", b"", b"\x00", b"\x00\x05Path", b"\x00\x00"],
    ids=repr,
)
def test_what_has_no_path_is_no_message(raw: str | bytes) -> None:
    with pytest.raises(Malformed):
        message.parse(raw)


def test_a_body_that_is_no_json_is_named_by_its_path() -> None:
    with pytest.raises(Malformed, match=r"speech\.context: its body is no JSON"):
        message.parse("Path:speech.context\r\n\r\n{").json()


def test_a_body_may_be_empty() -> None:
    assert message.parse("Path:speech.config\r\n\r\n").json() == {}


@given(st.text() | st.binary())
def test_whatever_comes_is_a_message_or_malformed(raw: str | bytes) -> None:
    with contextlib.suppress(Malformed):
        assert message.parse(raw).path


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none()))
def test_what_is_written_can_be_read(body: dict[str, str | int | None]) -> None:
    written = message.write("speech.phrase", "a1", body)
    read = message.parse(written)
    assert (read.path, read.request_id) == ("speech.phrase", "a1")
    assert json.loads(read.body) == body
    assert "Content-Type:application/json; charset=utf-8\r\n\r\n{" in written
