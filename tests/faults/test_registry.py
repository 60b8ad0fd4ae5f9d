"""Registries that fail while the Engine pulls from them."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator
from contextlib import closing

import docker
import docker.errors
import pytest

from tests.faults.registry import ImageRegistry, serving_image
from tests.faults.site import Site
from tests.registry.server import Reply, json_reply


@pytest.fixture
def registry(site: Site) -> Iterator[ImageRegistry]:
    """A registry on loopback; its image is taken out of the Engine afterwards."""
    with serving_image(site.name) as started:
        yield started
        with closing(docker.APIClient(base_url=site.url)) as client:
            try:
                client.remove_image(started.reference)
            except docker.errors.NotFound:
                return


def _has(site: Site, reference: str) -> bool:
    with closing(docker.APIClient(base_url=site.url)) as client:
        try:
            client.inspect_image(reference)  # type: ignore[no-untyped-call]
        except docker.errors.NotFound:
            return False
        return True


def _pull(site: Site, registry: ImageRegistry) -> None:
    done = site.run("image", "pull", "--json", registry.reference)
    assert done.code == 0, done.err
    assert done.json["reference"] == registry.reference
    assert _has(site, registry.reference)


def test_a_registry_that_works_serves_the_engine(
    site: Site, registry: ImageRegistry
) -> None:
    _pull(site, registry)


def test_a_slow_registry_is_waited_for(site: Site, registry: ImageRegistry) -> None:
    registry.on_manifest(Reply(200, registry.manifest, _TYPE, delay=1.0))
    registry.on_layer(Reply(200, registry.layer, delay=1.5))
    began = time.monotonic()
    _pull(site, registry)
    assert time.monotonic() - began > 2.5


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_registry_that_fails_once_is_asked_again(
    site: Site, registry: ImageRegistry, status: int
) -> None:
    reply = json_reply({"errors": [{"code": "TOOMANYREQUESTS"}]}, status)
    again = dataclasses.replace(reply, headers={**reply.headers, "Retry-After": "0"})
    registry.on_manifest(again, Reply(200, registry.manifest, _TYPE))
    _pull(site, registry)


def test_a_truncated_blob_is_fetched_again(site: Site, registry: ImageRegistry) -> None:
    registry.on_layer(Reply(200, registry.layer, cut=True), Reply(200, registry.layer))
    _pull(site, registry)


def test_a_registry_that_is_gone_is_4_and_nothing_is_there(
    site: Site, registry: ImageRegistry
) -> None:
    reference = "127.0.0.1:9/gone:1.0.0-amd64"
    done = site.run("image", "pull", reference)
    assert done.code == 4, done.err
    assert "127.0.0.1:9" in done.err
    assert "Traceback" not in done.err
    assert not _has(site, reference)
    assert not _has(site, registry.reference)


def test_a_registry_without_the_tag_is_told_with_the_tag(
    site: Site, registry: ImageRegistry
) -> None:
    reference = registry.reference.replace("1.0.0-amd64", "9.9.9-amd64")
    done = site.run("image", "pull", reference)
    assert done.code == 4, done.err
    assert f"has no image {site.name}:9.9.9-amd64" in done.err
    assert "csctl image tags" in done.err


def test_a_blob_that_the_registry_does_not_have_is_an_error_that_names_the_image(
    site: Site, registry: ImageRegistry
) -> None:
    registry.on_layer(json_reply({"errors": [{"code": "BLOB_UNKNOWN"}]}, 404))
    done = site.run("image", "pull", registry.reference)
    assert done.code == 1, done.err
    assert f"pulling {registry.reference}: unknown blob" in done.err
    assert "look whether the registry is well" in done.err
    assert not _has(site, registry.reference)
    registry.heal()
    _pull(site, registry)


def test_an_image_made_for_another_platform_is_said_before_the_pull(
    site: Site, registry: ImageRegistry
) -> None:
    index = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [
            {
                "mediaType": _TYPE["Content-Type"],
                "digest": "sha256:" + "0" * 64,
                "size": len(registry.manifest),
                "platform": {"os": "linux", "architecture": "arm64"},
            }
        ],
    }
    content = {"Content-Type": index["mediaType"]}
    registry.on_manifest(
        Reply(200, json.dumps(index).encode(), {k: str(v) for k, v in content.items()})
    )
    done = site.run("image", "pull", registry.reference)
    assert done.code == 4, done.err
    assert "linux/amd64" in done.err
    assert "arm64" in done.err


def test_an_image_of_another_platform_in_the_engine_is_an_error_of_the_plan(
    site: Site, registry: ImageRegistry
) -> None:
    registry.become("arm64")
    with closing(docker.APIClient(base_url=site.url)) as client:
        client.pull(registry.reference.rpartition(":")[0], tag="1.0.0-amd64")
    assert _has(site, registry.reference)
    site.document["image"] = registry.reference
    for done in (site.plan(), site.apply()):
        assert done.code == 2, done.err
        assert f"image {registry.reference} is made for linux/arm64" in done.err
        assert "linux/amd64" in done.err
    assert site.containers() == []


def test_a_pull_that_fails_leaves_the_serving_container_and_the_old_image(
    site: Site, registry: ImageRegistry
) -> None:
    site.apply_well()
    before = site.identity()
    registry.on_layer(json_reply({"errors": [{"code": "BLOB_UNKNOWN"}]}, 404))
    site.document["image"] = registry.reference
    done = site.apply()
    assert done.code == 1, done.err
    assert site.identity() == before
    assert site.answers()


_TYPE = {"Content-Type": "application/vnd.oci.image.manifest.v1+json"}
