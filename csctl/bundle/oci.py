"""The images of a bundle as one OCI image layout, with Docker's own list beside it.

Both make stock tools work: `tar -C image -cf - . | docker load` reads manifest.json,
skopeo and podman read index.json. All three files follow from the manifest alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from csctl.reference import ImageReference

if TYPE_CHECKING:
    from csctl.bundle.manifest import Image

LAYOUT = "image/oci-layout"
INDEX = "image/index.json"
DOCKER = "image/manifest.json"
FILES = (LAYOUT, INDEX, DOCKER)
BLOBS = "image/blobs/sha256/"


def blob_path(digest: str) -> str:
    """Where the blob of a digest lies in the bundle."""
    return BLOBS + digest.removeprefix("sha256:")


def documents(images: Iterable[Image], sizes: Mapping[str, int]) -> Mapping[str, bytes]:
    """The three files by path; `sizes` has the bytes of each image's manifest.

    They are by digest, as the images are.
    """
    images = tuple(images)
    index = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [_descriptor(image, sizes[image.digest]) for image in images],
    }
    return {
        LAYOUT: _render({"imageLayoutVersion": "1.0.0"}),
        INDEX: _render(index),
        DOCKER: _render([_docker(image) for image in images]),
    }


def _descriptor(image: Image, size: int) -> dict[str, Any]:
    system, architecture, *variant = image.platform.split("/")
    platform = {"os": system, "architecture": architecture}
    if variant:
        platform["variant"] = variant[0]
    reference = ImageReference.parse(image.reference)
    annotations = {"io.containerd.image.name": full_name(reference)}
    if reference.tag is not None:
        annotations["org.opencontainers.image.ref.name"] = reference.tag
    return {
        "mediaType": image.media_type,
        "digest": image.digest,
        "size": size,
        "platform": platform,
        "annotations": annotations,
    }


def _docker(image: Image) -> dict[str, Any]:
    reference = ImageReference.parse(image.reference)
    return {
        "Config": _inside(image.config),
        "RepoTags": [full_name(reference)] if reference.tag is not None else None,
        "Layers": [_inside(layer.digest) for layer in image.layers],
    }


def full_name(reference: ImageReference) -> str:
    """A reference with its registry spelled out.

    By a familiar name, containerd loads an image that nobody finds again.
    """
    end = f":{reference.tag}" if reference.tag is not None else f"@{reference.digest}"
    return f"{reference.registry}/{reference.repository}{end}"


def _inside(digest: str) -> str:
    return blob_path(digest).removeprefix("image/")


def _render(value: Any) -> bytes:
    return (json.dumps(value, sort_keys=True, indent=1) + "\n").encode()
