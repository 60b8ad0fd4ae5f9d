from __future__ import annotations

import pytest

from csctl.rehearsal.container import server
from csctl.rehearsal.container.server import Answer


def reply(request: bytes) -> bytes:
    answer = server._reply(
        request, lambda asked: Answer.json(200, {"path": asked.path})
    )
    assert isinstance(answer, bytes)
    return answer


def test_a_get_is_answered_without_its_query() -> None:
    head, _, body = reply(b"GET /ready?now=1 HTTP/1.1\r\n\r\n").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Length: 17\r\n" in head
    assert body == b'{"path":"/ready"}'


def test_a_head_is_answered_without_a_body() -> None:
    answer = reply(b"HEAD / HTTP/1.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Length: 12\r\n" in answer
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"POST / HTTP/1.1", 405),
        (b"GET /", 400),
        (b"GET / FTP/1.1", 400),
        (b"\x16\x03\x01\x02\x00", 400),
        (b"", 400),
    ],
    ids=["post", "no-version", "no-http", "tls", "empty"],
)
def test_other_requests_are_refused(request_line: bytes, status: int) -> None:
    assert reply(request_line + b"\r\n\r\n").startswith(b"HTTP/1.1 %d " % status)
