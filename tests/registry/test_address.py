"""Which hosts are asked over which scheme, and what is no address."""

from __future__ import annotations

import pytest

from csctl.errors import InvalidReference
from csctl.registry.address import Address


@pytest.mark.parametrize(
    ("text", "name", "bases"),
    [
        ("mcr.microsoft.com", "mcr.microsoft.com", ["https://mcr.microsoft.com"]),
        ("https://r.io:8443/", "r.io:8443", ["https://r.io:8443"]),
        ("http://r.io", "r.io", ["http://r.io"]),
        ("10.0.0.1:5000", "10.0.0.1:5000", ["https://10.0.0.1:5000"]),
        ("docker.io", "docker.io", ["https://registry-1.docker.io"]),
        ("https://index.docker.io", "docker.io", ["https://registry-1.docker.io"]),
        ("localhost", "localhost", ["https://localhost", "http://localhost"]),
        (
            "127.9.9.9:5000",
            "127.9.9.9:5000",
            ["https://127.9.9.9:5000", "http://127.9.9.9:5000"],
        ),
        ("[::1]:50", "[::1]:50", ["https://[::1]:50", "http://[::1]:50"]),
        ("[fe80::1]", "[fe80::1]", ["https://[fe80::1]"]),
        ("https://localhost:5000", "localhost:5000", ["https://localhost:5000"]),
        ("localhost.example.org", "localhost.example.org", None),
        ("127.0.0.1.example.org", "127.0.0.1.example.org", None),
    ],
)
def test_only_loopback_is_asked_over_plain_http_unbidden(
    text: str, name: str, bases: list[str] | None
) -> None:
    expected = tuple(bases or [f"https://{text}"])
    assert Address.parse(text) == Address(name, expected)


@pytest.mark.parametrize(
    "text",
    ["", "https://", "ftp://r.io", "://r.io", "https://r.io/v2", "r.io/a", "a b"],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidReference):
        Address.parse(text)


def test_an_address_with_a_password_is_refused_without_showing_it() -> None:
    with pytest.raises(InvalidReference) as caught:
        Address.parse("https://operator:opensesame@r.io")
    assert "opensesame" not in f"{caught.value} {caught.value.remedy}"
