from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csctl.rehearsal.container import server, websocket
from csctl.rehearsal.container.server import Answer, Connection, Request, Takeover
from csctl.rehearsal.container.websocket import Closed, WebSocket
from tests.rehearsal.speech_client import ConnectionClosed, SpeechClient

TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 0x1, 0x2, 0x0, 0x8, 0x9, 0xA
LONGEST = 1 << 20


class Echo:
    """Says what it heard: texts as they are, of bytes how many."""

    def __init__(self) -> None:
        self.ended = threading.Event()

    def answer(self, request: Request) -> Answer | Takeover:
        if not websocket.is_wanted(request):
            return Answer(404)
        if not websocket.is_well_formed(request):
            return Answer(400)
        return lambda connection: self._hold(connection, request)

    def _hold(self, connection: Connection, request: Request) -> None:
        socket = WebSocket(connection)
        try:
            socket.accept(request)
            while True:
                heard = socket.receive()
                if heard == "close":
                    socket.close(1011, "ü" * 100)
                if heard == "reset":
                    socket.reset()
                socket.send(heard if isinstance(heard, str) else str(len(heard)))
        except Closed:
            self.ended.set()


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def port(echo: Echo) -> int:
    return server.listen(echo.answer, 0)


@pytest.fixture
def client(port: int) -> Iterator[SpeechClient]:
    with SpeechClient(port) as connected:
        assert connected.status == 101
        yield connected


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, LONGEST])
def test_a_message_of_any_size_comes_and_goes(client: SpeechClient, size: int) -> None:
    client.send_frame(BINARY, b"\x00" * size)
    assert client.receive_frame() == (TEXT, str(size).encode())
    if size <= 65536:
        client.send_frame(TEXT, b"a" * size)
        assert client.receive_frame() == (TEXT, b"a" * size)


def test_fragments_are_one_message_whatever_comes_between(client: SpeechClient) -> None:
    client.send_frame(TEXT, "ü".encode()[:1], final=False)
    client.send_frame(PING, b"still there?")
    client.send_frame(CONTINUATION, "ü".encode()[1:], final=False)
    client.send_frame(PONG, b"nobody asked")
    client.send_frame(CONTINUATION, b"!")
    assert client.receive_frame() == (PONG, b"still there?")
    assert client.receive_frame() == (TEXT, "ü!".encode())


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([(CONTINUATION, b"a", True)], 1002),
        ([(TEXT, b"a", False), (TEXT, b"b", True)], 1002),
        ([(0x3, b"", True)], 1002),
        ([(0x50 | TEXT, b"", True)], 1002),
        ([(PING, b"a" * 126, True)], 1002),
        ([(PING, b"a", False)], 1002),
        ([(TEXT, b"\xff", True)], 1007),
        ([(BINARY, b"a" * (LONGEST + 1), True)], 1009),
        ([(BINARY, b"a" * LONGEST, False), (CONTINUATION, b"a", True)], 1009),
    ],
    ids=[
        *("nothing-to-continue", "a-message-within", "unknown-opcode", "reserved-bit"),
        *("long-ping", "ping-in-parts", "no-utf-8", "too-long", "too-long-in-parts"),
    ],
)
def test_what_breaks_the_protocol_ends_it_with_a_code(
    client: SpeechClient, echo: Echo, frames: list[tuple[int, bytes, bool]], code: int
) -> None:
    for opcode, payload, final in frames:
        client.send_frame(opcode, payload, final=final)
    with pytest.raises(ConnectionClosed) as caught:
        client.receive_frame()
    assert caught.value.code == code
    client.close()
    assert echo.ended.wait(10)


def test_a_frame_without_a_mask_ends_it(client: SpeechClient) -> None:
    client.send_bytes(b"\x81\x01a")
    with pytest.raises(ConnectionClosed) as caught:
        client.receive_frame()
    assert caught.value.code == 1002


def test_a_goodbye_is_returned_with_its_code(client: SpeechClient, echo: Echo) -> None:
    client.send_frame(CLOSE, b"\x03\xe9going away")
    with pytest.raises(ConnectionClosed) as caught:
        client.receive_frame()
    assert caught.value.code == 1001
    assert echo.ended.wait(10)


@pytest.mark.parametrize(
    "data", [b"", b"\x82", b"\x82\xfe\x00", b"\x82\x85abcd12"], ids=repr
)
def test_a_client_that_is_gone_ends_it(
    client: SpeechClient, echo: Echo, data: bytes
) -> None:
    client.send_bytes(data)
    client.close()
    assert echo.ended.wait(10)


def test_a_reason_is_cut_where_it_is_too_long(client: SpeechClient) -> None:
    client.send_text("close")
    with pytest.raises(ConnectionClosed) as caught:
        client.receive_frame()
    assert (caught.value.code, caught.value.reason) == (1011, "ü" * 61)


def test_a_reset_says_no_goodbye(client: SpeechClient) -> None:
    client.send_text("reset")
    with pytest.raises(ConnectionClosed) as caught:
        client.receive_frame()
    assert caught.value.code == 1006


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upgrade": ""}, 404),
        ({"Upgrade": "h2c"}, 404),
        ({"Upgrade": "WebSocket"}, 101),
        ({"Sec_WebSocket_Version": "12"}, 400),
        ({"Sec_WebSocket_Key": ""}, 400),
    ],
    ids=["no-upgrade", "another", "any-case", "another-version", "no-key"],
)
def test_an_upgrade_must_be_well_formed(
    port: int, headers: dict[str, str], status: int
) -> None:
    with SpeechClient(port, **headers) as client:
        assert client.status == status


@pytest.mark.parametrize(
    ("offered", "spoken"), [("USP", "usp"), ("USP, other", "usp"), ("", None)]
)
def test_the_first_protocol_offered_is_spoken(
    port: int, offered: str, spoken: str | None
) -> None:
    with SpeechClient(port, Sec_WebSocket_Protocol=offered) as client:
        assert client.headers.get("sec-websocket-protocol") == spoken


@given(st.binary(), st.binary(min_size=4, max_size=4))
def test_a_mask_is_applied_byte_by_byte(payload: bytes, mask: bytes) -> None:
    expected = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
    assert websocket.unmask(payload, mask) == expected
