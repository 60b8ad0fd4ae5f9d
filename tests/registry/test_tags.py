"""Listings: newest first, with what `latest` stands for, at few requests."""

from __future__ import annotations

import pytest

from csctl.errors import RepositoryNotFound
from csctl.registry.client import Registry
from csctl.registry.manifest import sha256
from csctl.registry.tags import TagRow, list_tags
from tests.registry.real import DockerRegistry
from tests.registry.server import NO_TRUST, Reply, Server, json_reply


def _serve(server: Server, images: dict[str, str], *nameless: str) -> None:
    """Tags with their images; HEAD and GET give no digest for the nameless ones."""
    server.on("/v2/a/tags/list", json_reply({"tags": [*images, *nameless]}))
    for tag, image in images.items():
        digest = {"Docker-Content-Digest": sha256(image.encode())}
        server.on(f"/v2/a/manifests/{tag}", Reply(200, headers=digest))
    for tag in nameless:
        server.on(f"/v2/a/manifests/{tag}", Reply(403))


def _latest(rows: list[TagRow]) -> list[str]:
    return [row.tag for row in rows if row.latest]


def _heads(server: Server) -> list[str]:
    heads = [asked.path for asked in server.asked if asked.method == "HEAD"]
    return [path.rpartition("/")[2] for path in heads]


def test_a_real_registry_is_listed_newest_first(real: DockerRegistry) -> None:
    real.push("speech", "4.9.0-amd64", layers=(b"4.9",))
    for tag in ("latest", "4.12.0-amd64"):
        real.push("speech", tag, layers=(b"4.12",))
    real.push("speech", "5.0.1-preview-amd64", layers=(b"5.0",))
    real.push("speech", "nightly", layers=(b"5.1",))
    with Registry(real.host, tls=NO_TRUST) as registry:
        rows = list_tags(registry, "speech")
    assert rows == [
        TagRow("5.0.1-preview-amd64", "5.0.1", "amd64", "preview", False, False),
        TagRow("4.12.0-amd64", "4.12.0", "amd64", None, True, True),
        TagRow("4.9.0-amd64", "4.9.0", "amd64", None, True, False),
        TagRow("nightly", None, None, None, False, False),
        TagRow("latest", None, None, None, False, True),
    ]


def test_a_missing_repository_is_an_error(real: DockerRegistry) -> None:
    with (
        Registry(real.host, tls=NO_TRUST) as registry,
        pytest.raises(RepositoryNotFound),
    ):
        list_tags(registry, "absent")


def test_all_tags_of_the_same_image_are_latest(
    server: Server, registry: Registry
) -> None:
    _serve(server, {"4.12.0": "x", "4.12.0-amd64": "x", "4.11.0": "y", "latest": "x"})
    assert _latest(list_tags(registry, "a")) == ["4.12.0", "4.12.0-amd64", "latest"]


def test_without_latest_no_digest_is_asked_for(
    server: Server, registry: Registry
) -> None:
    _serve(server, {"4.12.0-amd64": "x"})
    assert _latest(list_tags(registry, "a")) == []
    assert _heads(server) == []


def test_the_search_ends_where_latest_is_found(
    server: Server, registry: Registry
) -> None:
    versions = {f"4.{minor}.0-amd64": str(minor) for minor in range(13)}
    _serve(server, {**versions, "5.0.0-preview-amd64": "5", "latest": "12"})
    assert _latest(list_tags(registry, "a")) == ["4.12.0-amd64", "latest"]
    newest_four = {f"4.{minor}.0-amd64" for minor in (12, 11, 10, 9)}
    assert _heads(server)[0] == "latest"
    assert set(_heads(server)[1:]) == newest_four


def test_the_search_ends_after_eight_versions(
    server: Server, registry: Registry
) -> None:
    versions = {f"4.{minor}.0-amd64": str(minor) for minor in range(13)}
    _serve(server, {**versions, "latest": "0"})
    assert _latest(list_tags(registry, "a")) == ["latest"]
    assert len(_heads(server)) == 9


def test_a_preview_is_found_where_there_are_few_releases(
    server: Server, registry: Registry
) -> None:
    _serve(server, {"2.0.0-amd64-preview": "x", "1.0.0-amd64": "y", "latest": "x"})
    assert _latest(list_tags(registry, "a")) == ["2.0.0-amd64-preview", "latest"]


def test_a_registry_that_gives_no_digest_of_latest_is_listed_without(
    server: Server, registry: Registry
) -> None:
    _serve(server, {"4.12.0-amd64": "x"}, "latest")
    rows = list_tags(registry, "a")
    assert [row.tag for row in rows] == ["4.12.0-amd64", "latest"]
    assert _latest(rows) == []


def test_a_version_without_a_digest_does_not_hide_the_others(
    server: Server, registry: Registry
) -> None:
    _serve(server, {"4.11.0-amd64": "x", "latest": "x"}, "4.12.0-amd64")
    assert _latest(list_tags(registry, "a")) == ["4.11.0-amd64", "latest"]
