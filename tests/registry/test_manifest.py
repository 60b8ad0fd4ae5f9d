"""Manifests: platforms, sizes, and documents that are none."""

from __future__ import annotations

import msgspec
import pytest

from csctl.errors import PlatformMissing, RegistryUnavailable
from csctl.registry.manifest import Blob, Document, ImageManifest


def _digest(number: int) -> str:
    return f"sha256:{number:064x}"


def _entry(number: int, *platform: str) -> dict[str, object]:
    names = ("os", "architecture", "variant")
    named = dict(zip(names, platform, strict=False))
    return {"digest": _digest(number), "size": number, "platform": named}


def _index(*entries: dict[str, object]) -> Document:
    return msgspec.convert({"manifests": list(entries)}, Document)


INDEX = _index(
    _entry(1, "linux", "arm64", "v8"),
    _entry(2, "linux", "amd64"),
    _entry(3, "linux", "arm", "v7"),
    _entry(4, "unknown", "unknown"),
    _entry(5, "linux", "amd64"),
)


@pytest.mark.parametrize(
    ("platform", "number"),
    [("linux/amd64", 2), ("linux/arm64", 1), ("linux/arm/v7", 3)],
)
def test_an_index_leads_to_the_platforms_image(platform: str, number: int) -> None:
    assert INDEX.choose(platform, "a:1") == _digest(number)


def test_a_missing_platform_is_told_with_what_there_is() -> None:
    with pytest.raises(PlatformMissing) as caught:
        INDEX.choose("linux/s390x", "a:1")
    assert caught.value.message == (
        "a:1 is not made for linux/s390x, only for linux/amd64, linux/arm/v7,"
        " linux/arm64"
    )


def test_an_index_of_attestations_has_no_platform() -> None:
    index = _index(_entry(1, "unknown", "unknown"))
    with pytest.raises(PlatformMissing, match="only for no platform at all"):
        index.choose("linux/amd64", "a:1")


def test_an_index_is_no_image() -> None:
    with pytest.raises(RegistryUnavailable, match="an index in an index"):
        INDEX.image(_digest(9), "a:1")


def test_a_layer_that_occurs_twice_is_counted_once() -> None:
    layers = (Blob(_digest(1), 5), Blob(_digest(2), 7), Blob(_digest(1), 5))
    assert ImageManifest(_digest(3), _digest(4), layers).size == 12


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"{}", id="empty"),
        pytest.param(b'{"schemaVersion": 1, "fsLayers": []}', id="schema-1"),
        pytest.param(b'{"config": null, "layers": []}', id="no-config"),
        pytest.param(
            b'{"manifests": [{"digest": "sha256:../..", "size": 1}]}', id="digest"
        ),
        pytest.param(
            b'{"manifests": [{"digest": "sha256:%064d", "size": -1}]}' % 0, id="size"
        ),
        pytest.param(
            b'{"manifests": [{"digest": "sha256:%064d\\n", "size": 1}]}' % 0,
            id="newline",
        ),
        pytest.param(b'{"manifests": {}}', id="type"),
    ],
)
def test_what_is_no_manifest_is_refused(body: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=Document)
