"""Challenges as registries write them, and what is asked of the token service."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csctl.errors import RegistryUnavailable
from csctl.registry.challenge import Challenge, parse, read_token, token_request
from csctl.registry.credentials import IdentityToken, Login
from csctl.secret import Secret

REALM = "https://auth.example/token?kind=pull"
ASKED = Challenge(
    "bearer",
    {"realm": REALM, "service": "r.io", "scope": "repository:a/b:pull", "error": "x"},
)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param([], [], id="none"),
        pytest.param(
            [
                'Bearer realm="https://a/t",service="r.io",scope="repository:a:pull,push"'
            ],
            [
                Challenge(
                    "bearer",
                    {
                        "realm": "https://a/t",
                        "service": "r.io",
                        "scope": "repository:a:pull,push",
                    },
                )
            ],
            id="bearer",
        ),
        pytest.param(
            ['BASIC Realm="my \\"registry\\""'],
            [Challenge("basic", {"realm": 'my "registry"'})],
            id="quotes-and-case",
        ),
        pytest.param(
            ['Basic realm="x", Bearer realm=https://a/t'],
            [
                Challenge("basic", {"realm": "x"}),
                Challenge("bearer", {"realm": "https://a/t"}),
            ],
            id="two-in-one-header",
        ),
        pytest.param(
            ["Negotiate", 'Basic realm="x"'],
            [Challenge("negotiate"), Challenge("basic", {"realm": "x"})],
            id="two-headers",
        ),
        pytest.param(['realm="x"'], [], id="no-scheme"),
    ],
)
def test_a_challenge_is_read(headers: list[str], expected: list[Challenge]) -> None:
    assert parse(headers) == expected


@given(st.lists(st.text(max_size=80), max_size=3))
def test_any_header_is_read(headers: list[str]) -> None:
    assert all(one.scheme == one.scheme.lower() for one in parse(headers))


def test_an_anonymous_token_is_asked_for_without_credentials() -> None:
    request = token_request(ASKED, None, secure=True)
    assert request.method == "GET"
    assert dict(request.url.params) == {
        "kind": "pull",
        "service": "r.io",
        "scope": "repository:a/b:pull",
    }
    assert "Authorization" not in request.headers


def test_a_login_goes_to_the_token_service() -> None:
    login = Login("operator", Secret("opensesame"))
    request = token_request(ASKED, login, secure=True)
    pair = base64.b64encode(b"operator:opensesame").decode()
    assert request.headers["Authorization"] == f"Basic {pair}"


def test_an_identity_token_is_posted_and_stands_in_no_url() -> None:
    request = token_request(ASKED, IdentityToken(Secret("idtoken")), secure=True)
    assert request.method == "POST"
    assert b"refresh_token=idtoken" in request.read()
    assert "idtoken" not in str(request.url)


@pytest.mark.parametrize(
    "realm",
    [
        *("", "http://auth.example/token", "/token", "ftp://auth.example", "https://"),
        *("https://operator@auth.example/token", "https://a:port/", "https://a\x00b/"),
    ],
)
def test_a_token_service_without_tls_or_host_is_refused(realm: str) -> None:
    with pytest.raises(RegistryUnavailable, match="token service"):
        token_request(Challenge("bearer", {"realm": realm}), None, secure=True)


def test_a_registry_without_tls_may_have_a_token_service_without() -> None:
    asked = Challenge("bearer", {"realm": "http://localhost:1/token"})
    assert token_request(asked, None, secure=False).url.host == "localhost"


@pytest.mark.parametrize(
    "body", [b'{"token": "abc.def"}', b'{"access_token": "abc.def", "expires_in": 3}']
)
def test_both_names_of_the_token_are_known(body: bytes) -> None:
    assert read_token(body, "auth.example") == "abc.def"


@pytest.mark.parametrize(
    "body",
    [
        *(b"{}", b"", b"<html>sesame</html>", b'{"token": "ses ame"}', b"[" * 200_000),
        *(b'{"token": "sesame\\r\\nX: y"}', b'{"token": 1}'),
    ],
    ids=["no-token", "empty", "html", "space", "nested", "newline", "number"],
)
def test_an_answer_without_a_token_is_refused_and_not_quoted(body: bytes) -> None:
    with pytest.raises(RegistryUnavailable, match="answers without a token") as caught:
        read_token(body, "auth.example")
    assert "sesame" not in str(caught.value)
