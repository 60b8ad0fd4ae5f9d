"""What `docker save` writes, in the forms of older and newer Engines."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import pytest

from csctl.bundle.packed import Packed
from csctl.bundle.saved import read_saved
from csctl.errors import BundleError
from tests.bundle.maker import OCI_MANIFEST, digest

NAME = "csctl/rehearsal:4.12.0-amd64"
LAYERS = (b"lower" * 999, b"upper" * 99)
Content = dict[str, bytes | str]


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def _config(layers: tuple[bytes, ...]) -> bytes:
    diff_ids = [digest(layer) for layer in layers]
    rootfs = {"type": "layers", "diff_ids": diff_ids}
    return _json({"os": "linux", "architecture": "amd64", "rootfs": rootfs})


def _older(layers: tuple[bytes, ...] = LAYERS) -> Content:
    """As 20.10 writes it: a layer that occurs twice is a link."""
    config = _config(layers)
    own = digest(config)[7:] + ".json"
    names = [f"{index:064x}/layer.tar" for index in range(len(layers))]
    content: Content = {own: config}
    for index, (name, layer) in enumerate(zip(names, layers, strict=True)):
        first = layers.index(layer)
        content[name] = layer if first == index else f"../{names[first]}"
        content[name.replace("layer.tar", "VERSION")] = b"1.0"
    entry = {"Config": own, "RepoTags": [NAME], "Layers": names}
    return content | {"manifest.json": _json([entry])}


def _blob(data: bytes) -> str:
    return "blobs/sha256/" + digest(data)[7:]


def _newer(
    compress: Callable[[bytes], bytes], *, nested: bool = False
) -> tuple[Content, bytes]:
    """As 25 and later write it, with the manifest that it has."""
    config = _config(LAYERS)
    blobs = [compress(layer) for layer in LAYERS]
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": {"digest": digest(config), "size": len(config)},
            "layers": [{"digest": digest(one), "size": len(one)} for one in blobs],
        }
    )
    top = {"digest": digest(manifest), "mediaType": OCI_MANIFEST, "size": len(manifest)}
    content: Content = {_blob(one): one for one in (config, manifest, *blobs)}
    if nested:
        gone = {"digest": digest(b"not here"), "mediaType": OCI_MANIFEST, "size": 8}
        index = _json({"schemaVersion": 2, "manifests": [gone, top]})
        content[_blob(index)] = index
        top = {"digest": digest(index), "size": len(index)}
    entry = {
        "Config": _blob(config),
        "RepoTags": [NAME],
        "Layers": [_blob(one) for one in blobs],
    }
    content |= {
        "index.json": _json({"schemaVersion": 2, "manifests": [top]}),
        "manifest.json": _json([entry]),
        "oci-layout": b"{}",
    }
    return content, manifest


@pytest.fixture
def archive(tmp_path: Path) -> Callable[[Content], IO[bytes]]:
    def make(content: Content) -> IO[bytes]:
        path = tmp_path / "saved.tar"
        with tarfile.open(path, "w") as tar:
            for name, data in content.items():
                info = tarfile.TarInfo(name)
                if isinstance(data, str):
                    info.type, info.linkname = tarfile.SYMTYPE, data
                    tar.addfile(info)
                else:
                    info.size = len(data)
                    tar.addfile(info, io.BytesIO(data))
        return path.open("rb")

    return make


def _read(packed: Packed, which: str) -> bytes:
    with packed.sources[which].open(0) as chunks:
        return b"".join(chunks)


def _check(packed: Packed, layers: tuple[bytes, ...]) -> Mapping[str, Any]:
    """All blobs are what they are named by; the image's manifest."""
    for name in packed.sources:
        assert digest(_read(packed, name)) == name
        assert len(_read(packed, name)) == packed.sizes[name]
    entry = packed.entry
    assert [one.diff_id for one in entry.layers] == [digest(one) for one in layers]
    assert entry.config == digest(_config(layers))
    assert (entry.reference, entry.platform) == (NAME, "linux/amd64")
    assert not entry.from_registry
    value: Mapping[str, Any] = json.loads(_read(packed, entry.digest))
    assert value["mediaType"] == entry.media_type == OCI_MANIFEST
    assert [one["digest"] for one in value["layers"]] == [
        one.digest for one in entry.layers
    ]
    return value


def test_an_older_engine_gives_an_image_a_manifest_and_its_id_stays(
    archive: Callable[[Content], IO[bytes]],
) -> None:
    with archive(_older()) as file:
        value = _check(read_saved(NAME, file), LAYERS)
    assert value["layers"][0] == {
        "mediaType": "application/vnd.oci.image.layer.v1.tar",
        "digest": digest(LAYERS[0]),
        "size": len(LAYERS[0]),
    }


def test_a_layer_that_occurs_twice_is_there_once(
    archive: Callable[[Content], IO[bytes]],
) -> None:
    layers = (*LAYERS, LAYERS[0])
    with archive(_older(layers)) as file:
        packed = read_saved(NAME, file)
        _check(packed, layers)
    assert len(packed.sources) == 4


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "packed"])
@pytest.mark.parametrize("nested", [False, True], ids=["alone", "in an index"])
def test_a_newer_engine_gives_the_images_own_manifest(
    archive: Callable[[Content], IO[bytes]],
    compress: Callable[[bytes], bytes],
    nested: bool,
) -> None:
    content, manifest = _newer(compress, nested=nested)
    with archive(content) as file:
        packed = read_saved(NAME, file)
        _check(packed, LAYERS)
        assert _read(packed, packed.entry.digest) == manifest


def test_a_part_of_a_layer_is_read_from_any_offset(
    archive: Callable[[Content], IO[bytes]],
) -> None:
    with archive(_older()) as file:
        source = read_saved(NAME, file).sources[digest(LAYERS[1])]
        for offset in (0, 1, len(LAYERS[1])):
            with source.open(offset) as chunks:
                assert b"".join(chunks) == LAYERS[1][offset:]


def _without(name: str) -> Content:
    return {key: value for key, value in _older().items() if not key.endswith(name)}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param({}, "without manifest.json", id="nothing"),
        pytest.param(_without("manifest.json"), "without manifest.json", id="no list"),
        pytest.param(_without("1/layer.tar"), "without 0", id="no layer"),
        pytest.param(_without("0/layer.tar"), "without 0", id="no first layer"),
        pytest.param({"manifest.json": b"[]"}, "saved 0 images", id="no image"),
        pytest.param({"manifest.json": b"{}"}, "cannot be read", id="no list of them"),
        pytest.param({"manifest.json": b"[" * 99999}, "cannot be read", id="deep"),
        pytest.param(
            {
                **_older(),
                "manifest.json": _json(
                    [{"Config": digest(_config(LAYERS))[7:] + ".json", "Layers": []}]
                ),
            },
            "0 layers",
            id="fewer layers",
        ),
    ],
)
def test_what_is_no_image_names_it(
    archive: Callable[[Content], IO[bytes]], content: Content, said: str
) -> None:
    with archive(content) as file, pytest.raises(BundleError, match=said) as caught:
        read_saved(NAME, file)
    assert caught.value.part == NAME


def test_what_is_no_archive_is_said(tmp_path: Path) -> None:
    (tmp_path / "saved").write_bytes(b"no archive at all" * 99)
    with (tmp_path / "saved").open("rb") as file, pytest.raises(BundleError):
        read_saved(NAME, file)
