"""Faults on the way to a registry: retries, credentials, TLS, strange answers."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from csctl.errors import (
    AccessRefused,
    CsctlError,
    RegistryUnavailable,
    RepositoryNotFound,
    UsageError,
)
from csctl.registry import connection
from csctl.registry.certificates import trust
from csctl.registry.client import Registry, open_registry
from csctl.registry.credentials import CredentialSource, IdentityToken, Login
from csctl.secret import Secret
from tests.ports import free_port
from tests.registry.real import LOGIN, docker_registry
from tests.registry.server import NO_TRUST, Reply, Server, json_reply, serving

TAGS = "/v2/a/b/tags/list"
GOOD = json_reply({"name": "a/b", "tags": ["1.0.0-amd64"]})
PASSWORD = "opensesame"
BASIC = "Basic " + base64.b64encode(f"operator:{PASSWORD}".encode()).decode()


def login() -> Login:
    return Login("operator", Secret(PASSWORD))


def identity() -> IdentityToken:
    return IdentityToken(Secret(PASSWORD))


def _shown(error: CsctlError) -> str:
    return f"{error} {error.remedy} {error!r}"


@pytest.fixture
def signed_in(server: Server, pauses: list[float]) -> Iterator[Registry]:
    """A client with a password, whose token service is `server` too."""
    with Registry(
        server.url, tls=NO_TRUST, source=login, sleep=pauses.append
    ) as client:
        yield client


def _challenge(server: Server) -> Reply:
    asks = f'Bearer realm="{server.url}/token",service="s",scope="repository:a/b:pull"'
    fault = {"errors": [{"code": "UNAUTHORIZED"}]}
    return json_reply(fault, 401, {"WWW-Authenticate": asks})


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(Reply(500), id="500"),
        pytest.param(Reply(503), id="503"),
        pytest.param(Reply(408), id="408"),
        pytest.param(
            Reply(200, GOOD.body, {"Content-Type": "application/json"}, cut=True),
            id="cut",
        ),
    ],
)
def test_a_passing_fault_is_tried_again(
    server: Server, registry: Registry, pauses: list[float], bad: Reply
) -> None:
    server.on(TAGS, bad, bad, GOOD)
    assert registry.tags("a/b") == ["1.0.0-amd64"]
    assert len(pauses) == 2
    assert pauses[0] < pauses[1] <= 1


def test_a_busy_registry_is_given_the_time_that_it_asks_for(
    server: Server, registry: Registry, pauses: list[float]
) -> None:
    server.on(TAGS, Reply(429, headers={"Retry-After": "7"}), GOOD)
    assert registry.tags("a/b") == ["1.0.0-amd64"]
    assert pauses == [7]


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        pytest.param(Reply(500), "fails to give repository a/b (500)", id="500"),
        pytest.param(
            json_reply({"errors": [{"code": "TOOMANYREQUESTS"}]}, 429),
            "wants fewer requests (429 TOOMANYREQUESTS)",
            id="429",
        ),
        pytest.param(
            Reply(200, b"{}", {"Content-Type": "application/json"}, cut=True),
            "breaks the connection off",
            id="cut",
        ),
    ],
)
def test_a_lasting_fault_ends_after_four_tries(
    server: Server, registry: Registry, pauses: list[float], reply: Reply, says: str
) -> None:
    server.on(TAGS, reply)
    with pytest.raises(RegistryUnavailable) as caught:
        registry.tags("a/b")
    assert says in caught.value.message
    assert server.host in caught.value.message
    assert len(server.asked) == 4
    assert len(pauses) == 3


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, AccessRefused), (403, AccessRefused), (404, RepositoryNotFound)],
)
def test_a_refusal_is_not_tried_again(
    server: Server, registry: Registry, status: int, error: type[CsctlError]
) -> None:
    server.on(TAGS, Reply(status))
    with pytest.raises(error, match="a/b"):
        registry.tags("a/b")
    assert len(server.asked) == 1


def test_a_slow_registry_is_tried_again_and_named(
    server: Server, pauses: list[float]
) -> None:
    server.on(TAGS, Reply(delay=0.2))
    with (
        Registry(
            server.url, tls=NO_TRUST, timeout=httpx.Timeout(0.05), sleep=pauses.append
        ) as slow,
        pytest.raises(RegistryUnavailable, match="does not answer in time"),
    ):
        slow.tags("a/b")
    assert len(pauses) == 3


def test_a_registry_that_does_not_run_is_named(pauses: list[float]) -> None:
    host = f"127.0.0.1:{free_port()}"
    with (
        Registry(host, sleep=pauses.append) as registry,
        pytest.raises(RegistryUnavailable, match=f"{host} refuses connections"),
    ):
        registry.tags("a/b")


def test_an_unknown_name_is_told_at_once(pauses: list[float]) -> None:
    with (
        Registry("registry.invalid", sleep=pauses.append) as registry,
        pytest.raises(RegistryUnavailable, match="a name that DNS does not know"),
    ):
        registry.tags("a/b")
    assert len(pauses) in (0, 3)


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(
            Reply(200, b"<!DOCTYPE html>", {"Content-Type": "text/html"}), id="html"
        ),
        pytest.param(Reply(200, b"\n<html>Log in</html>"), id="without-type"),
    ],
)
def test_a_web_page_is_no_registry(
    server: Server, registry: Registry, reply: Reply
) -> None:
    server.on(TAGS, reply)
    with pytest.raises(RegistryUnavailable) as caught:
        registry.tags("a/b")
    assert "answers like a web page, not like a registry" in caught.value.message
    assert caught.value.remedy is not None
    assert "is a proxy or login page in between?" in caught.value.remedy


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"tags": "all"}', b'{"tags": [1]}', b"[" * 100_000, b"\xff"],
    ids=["empty", "list", "no-tags", "text", "number", "nested", "bytes"],
)
def test_other_json_is_no_list_of_tags(
    server: Server, registry: Registry, body: bytes
) -> None:
    server.on(TAGS, Reply(200, body, {"Content-Type": "application/json"}))
    with pytest.raises(RegistryUnavailable, match="no usable list of tags of a/b"):
        registry.tags("a/b")


def test_an_endless_answer_is_refused(
    server: Server, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_MAX_BODY", 1000)
    server.on(TAGS, Reply(200, b" " * 2000))
    with pytest.raises(RegistryUnavailable, match="more than 1000 bytes"):
        registry.tags("a/b")


def test_a_redirect_in_a_circle_is_an_error(server: Server, registry: Registry) -> None:
    server.on(TAGS, Reply(307, headers={"Location": TAGS}))
    with pytest.raises(RegistryUnavailable, match="from one address to another"):
        registry.tags("a/b")


def test_an_anonymous_token_is_fetched_once_for_a_repository(
    server: Server, registry: Registry
) -> None:
    server.on(TAGS, _challenge(server), GOOD)
    server.on("/token", json_reply({"token": "t0k"}))
    assert registry.tags("a/b") == registry.tags("a/b")
    token = "GET /token?service=s&scope=repository%3Aa%2Fb%3Apull"
    assert server.paths() == [f"GET {TAGS}", token, f"GET {TAGS}", f"GET {TAGS}"]
    assert server.authorizations() == [None, None, "Bearer t0k", "Bearer t0k"]


def test_a_token_that_has_ended_is_fetched_anew(
    server: Server, registry: Registry
) -> None:
    server.on(TAGS, _challenge(server), GOOD, _challenge(server), GOOD)
    server.on("/token", json_reply({"token": "one"}), json_reply({"token": "two"}))
    registry.tags("a/b")
    registry.tags("a/b")
    assert server.authorizations()[-1] == "Bearer two"


def test_a_password_goes_to_the_token_service_only(
    server: Server, signed_in: Registry
) -> None:
    server.on(TAGS, _challenge(server), GOOD)
    server.on("/token", json_reply({"access_token": "t0k"}))
    signed_in.tags("a/b")
    assert server.authorizations() == [None, BASIC, "Bearer t0k"]


def test_an_identity_token_is_posted(server: Server) -> None:
    server.on(TAGS, _challenge(server), GOOD)
    server.on("/token", json_reply({"access_token": "t0k"}))
    with Registry(server.url, tls=NO_TRUST, source=identity) as registry:
        registry.tags("a/b")
    posted = server.asked[1]
    assert posted.method == "POST"
    assert f"refresh_token={PASSWORD}".encode() in posted.body
    assert server.authorizations() == [None, None, "Bearer t0k"]


@pytest.mark.parametrize("source", [login, identity], ids=["login", "identity-token"])
def test_a_token_service_that_redirects_gets_no_credentials_carried_on(
    server: Server, other: Server, source: CredentialSource
) -> None:
    server.on(TAGS, _challenge(server), GOOD)
    server.on("/token", Reply(307, headers={"Location": f"{other.url}/token"}))
    with (
        Registry(server.url, tls=NO_TRUST, source=source) as registry,
        pytest.raises(RegistryUnavailable, match="answers without a token"),
    ):
        registry.tags("a/b")
    assert other.asked == []


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_token_service_that_refuses_says_nothing_of_the_password(
    server: Server, signed_in: Registry, status: int
) -> None:
    server.on(TAGS, _challenge(server))
    server.on("/token", json_reply({"details": f"wrong: {PASSWORD}"}, status))
    with pytest.raises(AccessRefused, match="refuses access to registry") as caught:
        signed_in.tags("a/b")
    assert PASSWORD not in _shown(caught.value)


def test_a_refused_token_is_not_tried_for_ever(
    server: Server, signed_in: Registry
) -> None:
    server.on(TAGS, _challenge(server))
    server.on("/token", json_reply({"token": "t0k"}))
    with pytest.raises(AccessRefused, match=r"\(401 UNAUTHORIZED\)") as caught:
        signed_in.tags("a/b")
    assert len(server.asked) == 3
    assert "t0k" not in _shown(caught.value)


def test_the_registrys_sentences_are_not_repeated(
    server: Server, signed_in: Registry
) -> None:
    fault = {"errors": [{"code": f"NO {PASSWORD}", "message": PASSWORD}]}
    server.on(TAGS, json_reply(fault, 403))
    with pytest.raises(AccessRefused) as caught:
        signed_in.tags("a/b")
    assert PASSWORD not in _shown(caught.value)


def test_a_redirect_to_another_host_carries_no_authorization(
    server: Server, other: Server, signed_in: Registry
) -> None:
    elsewhere = Reply(307, headers={"Location": f"{other.url}/elsewhere"})
    asks = {"WWW-Authenticate": 'Basic realm="r"'}
    server.on(TAGS, Reply(401, headers=asks), elsewhere)
    other.on("/elsewhere", GOOD)
    assert signed_in.tags("a/b") == ["1.0.0-amd64"]
    assert server.authorizations() == [None, BASIC]
    assert other.authorizations() == [None]


def test_another_host_cannot_ask_for_the_registrys_password(
    server: Server, other: Server, signed_in: Registry
) -> None:
    server.on(TAGS, Reply(307, headers={"Location": f"{other.url}/elsewhere"}))
    other.on("/elsewhere", Reply(401, headers={"WWW-Authenticate": "Basic realm=x"}))
    with pytest.raises(AccessRefused):
        signed_in.tags("a/b")
    assert other.authorizations() == [None]


def test_a_real_registry_takes_a_password(tmp_path: Path) -> None:
    def right() -> Login:
        return Login(LOGIN[0], Secret(LOGIN[1]))

    def wrong() -> Login:
        return Login(LOGIN[0], Secret("guess"))

    with docker_registry(tmp_path, login=True) as real:
        with (
            Registry(real.host, tls=NO_TRUST, source=right) as registry,
            pytest.raises(RepositoryNotFound),
        ):
            registry.tags("a/b")
        with (
            Registry(real.host, tls=NO_TRUST, source=wrong) as registry,
            pytest.raises(AccessRefused),
        ):
            registry.tags("a/b")
        with (
            Registry(real.host, tls=NO_TRUST) as registry,
            pytest.raises(AccessRefused) as caught,
        ):
            registry.tags("a/b")
    assert caught.value.remedy is not None
    assert f"docker login {real.host}" in caught.value.remedy


def test_a_certificate_that_nobody_vouches_for_is_refused(
    certificate: Path, pauses: list[float]
) -> None:
    with (
        serving(certificate) as server,
        Registry(server.host, source=login, sleep=pauses.append) as registry,
        pytest.raises(RegistryUnavailable, match="self-signed certificate") as caught,
    ):
        registry.tags("a/b")
    assert server.asked == []
    assert pauses == []
    assert caught.value.remedy is not None
    assert "SSL_CERT_FILE" in caught.value.remedy
    assert f"/etc/docker/certs.d/{server.host}/ca.crt" in caught.value.remedy


def test_a_certificate_for_another_host_is_refused(foreign_certificate: Path) -> None:
    environ = {"SSL_CERT_FILE": str(foreign_certificate)}
    with (
        serving(foreign_certificate) as server,
        open_registry(server.url, environ) as registry,
        pytest.raises(RegistryUnavailable, match=r"not valid for '127\.0\.0\.1'"),
    ):
        registry.tags("a/b")


def test_a_private_ca_is_named_by_ssl_cert_file(certificate: Path) -> None:
    environ = {"SSL_CERT_FILE": str(certificate)}
    with serving(certificate) as server:
        server.on(TAGS, GOOD)
        with open_registry(server.host, environ) as registry:
            assert registry.tags("a/b") == ["1.0.0-amd64"]


def test_a_private_ca_lies_in_dockers_folder(certificate: Path, tmp_path: Path) -> None:
    with serving(certificate) as server:
        server.on(TAGS, GOOD)
        (tmp_path / server.host).mkdir()
        (tmp_path / server.host / "ca.crt").write_bytes(certificate.read_bytes())
        with open_registry(server.url, {}, certificates=tmp_path) as registry:
            assert registry.tags("a/b") == ["1.0.0-amd64"]


def test_a_real_registry_with_tls_is_asked_over_tls(
    certificate: Path, tmp_path: Path
) -> None:
    environ = {"SSL_CERT_FILE": str(certificate)}
    with (
        docker_registry(tmp_path, certificate=certificate) as real,
        open_registry(real.host, environ) as registry,
        pytest.raises(RepositoryNotFound, match="no repository a/b"),
    ):
        registry.tags("a/b")


def test_a_url_with_https_is_never_asked_over_plain_http(server: Server) -> None:
    with (
        Registry(f"https://{server.host}") as registry,
        pytest.raises(RegistryUnavailable, match="does not agree on TLS") as caught,
    ):
        registry.tags("a/b")
    assert caught.value.remedy == f"if it speaks plain http, write http://{server.host}"


@pytest.mark.parametrize("content", [None, "no certificate"], ids=["absent", "text"])
def test_a_file_without_certificates_is_named(
    tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "ca.crt"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UsageError, match=r"ca\.crt cannot be read as certificates"):
        trust("r.io", {"SSL_CERT_FILE": str(path)})


def test_the_environments_proxy_is_used(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url)
    server.on("http://registry.invalid/v2/a/b/tags/list", GOOD)
    with open_registry("http://registry.invalid", {}) as registry:
        assert registry.tags("a/b") == ["1.0.0-amd64"]


def test_no_proxy_leads_to_loopback(
    server: Server, other: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", other.url)
    server.on(TAGS, GOOD)
    with open_registry(server.url, {}) as registry:
        assert registry.tags("a/b") == ["1.0.0-amd64"]
    assert other.asked == []


def test_a_proxy_that_is_none_is_refused_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"gopher://operator:{PASSWORD}@proxy:1")
    with pytest.raises(UsageError, match="proxy cannot be used") as caught:
        open_registry("registry.invalid", {})
    assert PASSWORD not in _shown(caught.value)


def test_credentials_of_docker_login_are_used(server: Server, tmp_path: Path) -> None:
    auth = BASIC.removeprefix("Basic ")
    config = f'{{"auths": {{"{server.host}": {{"auth": "{auth}"}}}}}}'
    (tmp_path / "config.json").write_text(config)
    asks = {"WWW-Authenticate": 'Basic realm="r"'}
    server.on(TAGS, Reply(401, headers=asks), GOOD)
    environ = {"DOCKER_CONFIG": str(tmp_path)}
    with open_registry(server.url, environ) as registry:
        assert registry.tags("a/b") == ["1.0.0-amd64"]
    assert server.authorizations() == [None, BASIC]
