"""The archive of one image that `docker load` is given, made while it is read."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from csctl.bundle import oci
from csctl.bundle.archive import Bundle, open_bundle
from csctl.bundle.image_archive import ImageArchive
from csctl.bundle.signature import Trust
from csctl.reference import ImageReference
from tests.bundle.maker import LAYERS, make

MADE = make()
IMAGE = MADE.manifest.images[0]
NAME = ImageReference("csctl.invalid", "passing", "name")
LEFT_OUT = oci.blob_path(IMAGE.layers[1].digest)


@pytest.fixture(params=[[], [LEFT_OUT]], ids=["complete", "delta"])
def bundle(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bundle]:
    file = tmp_path / "bundle"
    file.write_bytes(make(leave_out=request.param).archive())
    with open_bundle(file, Trust()) as opened:
        yield opened


def test_it_is_a_tar_of_the_image_by_another_name(bundle: Bundle) -> None:
    data = b"".join(ImageArchive(bundle, IMAGE, NAME))
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        found = {one.name: tar.extractfile(one) for one in tar}
        content = {name: file.read() for name, file in found.items() if file}
    [entry] = json.loads(content["manifest.json"])
    assert entry["RepoTags"] == [str(NAME)]
    layers = [content.get(name) for name in entry["Layers"]]
    carried = LEFT_OUT in bundle.members
    assert layers == [LAYERS[0], LAYERS[1] if carried else None]
    assert content[entry["Config"]] == MADE.files[oci.blob_path(IMAGE.config)]


def test_it_knows_its_size_beforehand_and_how_far_it_is(bundle: Bundle) -> None:
    archive = ImageArchive(bundle, IMAGE, NAME)
    chunks = iter(archive)
    first = next(chunks)
    assert archive.done == len(first)
    assert archive.total == len(first) + sum(map(len, chunks)) == archive.done


def test_no_chunk_is_empty_which_would_end_a_request(bundle: Bundle) -> None:
    assert all(ImageArchive(bundle, IMAGE, NAME))


def test_once_stopped_it_ends_before_its_end(bundle: Bundle) -> None:
    archive = ImageArchive(bundle, IMAGE, NAME)
    chunks = iter(archive)
    next(chunks)
    archive.stopped = True
    assert list(chunks) == []
    assert archive.done < archive.total
