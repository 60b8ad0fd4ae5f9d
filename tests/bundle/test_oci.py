"""The images of a bundle, read by stock tools: docker load and skopeo."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import docker
import docker.errors
import pytest

from csctl.bundle import oci
from csctl.reference import ImageReference
from tests.bundle.maker import Made, make
from tests.engines import load_image

TAG = "4.12.0-amd64"


@pytest.fixture
def unpacked(tmp_path: Path) -> Callable[[Made], Path]:
    """Unpack a bundle by GNU tar; the directory of its images."""

    def unpack(made: Made) -> Path:
        done = ["tar", "-xf", "-", "-C", str(tmp_path)]
        subprocess.run(done, input=made.archive(), check=True)
        return tmp_path / "image"

    return unpack


@pytest.fixture
def client(engine_host: str) -> Iterator[docker.APIClient]:
    with closing(docker.APIClient(base_url=engine_host)) as client:
        yield client


def test_docker_load_takes_the_images_as_they_lie(
    unpacked: Callable[[Made], Path],
    client: docker.APIClient,
    engine_host: str,
    unique_name: str,
) -> None:
    reference = f"registry.example/{unique_name}:{TAG}"
    made = make(reference=reference)
    images = unpacked(made)
    # What `tar -C image -cf - .` pipes into docker load.
    archive = images.parent / "images.tar"
    subprocess.run(["tar", "-C", images, "-cf", archive, "."], check=True)
    load_image(engine_host, archive)
    try:
        found: dict[str, Any] = client.inspect_image(reference)  # type: ignore[no-untyped-call]
    finally:
        client.remove_image(reference)
    [image] = made.manifest.images
    assert found["Id"] == image.config
    assert found["RootFS"]["Layers"] == [layer.diff_id for layer in image.layers]
    with pytest.raises(docker.errors.ImageNotFound):
        client.inspect_image(image.config)  # type: ignore[no-untyped-call]


def test_skopeo_takes_the_images_as_they_lie(
    unpacked: Callable[[Made], Path], tmp_path: Path
) -> None:
    made = make()
    images = unpacked(made)
    [image] = made.manifest.images
    words = ["skopeo", "--insecure-policy"]
    source = f"oci:{images}:{TAG}"
    shown = subprocess.run(
        [*words, "inspect", source], capture_output=True, text=True, check=True
    )
    found = json.loads(shown.stdout)
    assert found["Digest"] == image.digest
    assert found["Layers"] == [layer.digest for layer in image.layers]
    copy = ["copy", "--quiet", source, f"dir:{tmp_path}/copy"]
    subprocess.run([*words, *copy], check=True)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("mcr.microsoft.com/a/b:1", "mcr.microsoft.com/a/b:1"),
        ("csctl/rehearsal:1", "docker.io/csctl/rehearsal:1"),
        ("debian:12", "docker.io/library/debian:12"),
        (f"r.example/a:1@sha256:{'0' * 64}", "r.example/a:1"),
        (f"r.example/a@sha256:{'0' * 64}", f"r.example/a@sha256:{'0' * 64}"),
    ],
)
def test_an_image_is_listed_by_its_full_name(text: str, name: str) -> None:
    assert oci.full_name(ImageReference.parse(text)) == name


def test_an_image_without_a_tag_gets_none_from_docker() -> None:
    [image] = make(reference=f"r.example/a@sha256:{'0' * 64}").manifest.images
    documents = oci.documents([image], {image.digest: 7})
    [listed] = json.loads(documents[oci.DOCKER])
    assert listed["RepoTags"] is None
    [descriptor] = json.loads(documents[oci.INDEX])["manifests"]
    assert "org.opencontainers.image.ref.name" not in descriptor["annotations"]
    assert descriptor["size"] == 7
