"""`newest` and `latest` become exact; what is exact costs no request."""

from __future__ import annotations

import pytest

from csctl.errors import RepositoryNotFound
from csctl.reference import ImageReference
from csctl.registry.client import Registry
from csctl.registry.manifest import sha256
from csctl.registry.resolve import Resolved, resolve
from tests.registry.real import DockerRegistry
from tests.registry.server import NO_TRUST, Reply, Server, json_reply


def _reference(host: str, rest: str) -> ImageReference:
    return ImageReference.parse(f"{host}/{rest}")


def test_newest_becomes_the_highest_release(real: DockerRegistry) -> None:
    for tag in ("4.9.0-amd64", "4.12.0-amd64", "5.0.1-preview-amd64", "latest"):
        real.push("moving", tag)
    asked = _reference(real.host, "moving:newest")
    with Registry(real.host, tls=NO_TRUST) as registry:
        resolved = resolve(registry, asked)
    exact = _reference(real.host, "moving:4.12.0-amd64")
    assert resolved == Resolved(exact, None, f"{real.host}/moving:newest")


def test_latest_becomes_the_version_of_the_same_digest(real: DockerRegistry) -> None:
    real.push("older", "4.12.0-amd64", layers=(b"4.12",))
    digest = real.push("older", "4.11.0-amd64", layers=(b"4.11",))
    real.push("older", "latest", layers=(b"4.11",))
    with Registry(real.host, tls=NO_TRUST) as registry:
        resolved = resolve(registry, _reference(real.host, "older:latest"))
    exact = _reference(real.host, "older:4.11.0-amd64")
    assert resolved == Resolved(exact, digest, f"{real.host}/older:latest")


def test_latest_becomes_a_digest_where_no_version_equals_it(
    real: DockerRegistry,
) -> None:
    real.push("alone", "4.12.0-amd64", layers=(b"4.12",))
    digest = real.push("alone", "latest", layers=(b"unknown",))
    with Registry(real.host, tls=NO_TRUST) as registry:
        resolved = resolve(registry, _reference(real.host, "alone"))
    exact = _reference(real.host, f"alone@{digest}")
    assert resolved == Resolved(exact, digest, f"{real.host}/alone:latest")


def test_latest_becomes_a_digest_where_the_tags_are_not_shown(
    server: Server, registry: Registry
) -> None:
    digest = sha256(b"image")
    named = {"Docker-Content-Digest": digest}
    server.on("/v2/a/manifests/latest", Reply(200, headers=named))
    server.on("/v2/a/tags/list", Reply(403))
    resolved = resolve(registry, _reference(server.host, "a:latest"))
    assert str(resolved.reference) == f"{server.host}/a@{digest}"


@pytest.mark.parametrize(
    "rest",
    ["a:4.12.0-amd64", "a:nightly", f"a@{sha256(b'x')}", f"a:latest@{sha256(b'x')}"],
)
def test_what_is_exact_costs_no_request(
    server: Server, registry: Registry, rest: str
) -> None:
    asked = _reference(server.host, rest)
    resolved = resolve(registry, asked)
    assert resolved == Resolved(asked, asked.digest, str(asked))
    assert server.asked == []


def test_newest_without_any_release_is_an_error(
    server: Server, registry: Registry
) -> None:
    server.on("/v2/a/tags/list", json_reply({"tags": ["latest", "5.0.0-preview"]}))
    with pytest.raises(RepositoryNotFound, match="has no released version"):
        resolve(registry, _reference(server.host, "a:newest"))
