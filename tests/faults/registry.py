"""A small registry with one image, whose answers can be made to fail."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.registry.server import Reply, Server, json_reply, serving

_OCI = "application/vnd.oci.image"
_SECONDS = 60
_STALL_SECONDS = 6.0


@dataclass
class ImageRegistry:
    """Serves `reference` until told otherwise."""

    server: Server
    repository: str
    manifest: bytes
    config: bytes
    layer: bytes

    @property
    def reference(self) -> str:
        """The image, as a profile names it."""
        return f"{self.server.host}/{self.repository}:1.0.0-amd64"

    @property
    def _base(self) -> str:
        return f"/v2/{self.repository}"

    def heal(self) -> None:
        """Serve all of it."""
        manifest_type = {"Content-Type": f"{_OCI}.manifest.v1+json"}
        manifest = Reply(
            200,
            self.manifest,
            manifest_type | {"Docker-Content-Digest": _digest(self.manifest)},
        )
        self.server.on("/v2/", json_reply({}))
        self.on_manifest(manifest)
        self.on_blob(self.config, Reply(200, self.config))
        self.on_layer(Reply(200, self.layer))

    def become(self, architecture: str) -> None:
        """Be an image for another platform, in a manifest that does not tell."""
        config = json.loads(self.config) | {"architecture": architecture}
        self.config = json.dumps(config).encode()
        manifest = json.loads(self.manifest)
        manifest["config"] |= {
            "digest": _digest(self.config),
            "size": len(self.config),
        }
        self.manifest = json.dumps(manifest).encode()
        self.heal()

    def on_manifest(self, *replies: Reply) -> None:
        """Answer for the manifest, by its tag and by its digest."""
        for name in ("1.0.0-amd64", _digest(self.manifest)):
            self.server.on(f"{self._base}/manifests/{name}", *replies)

    def on_blob(self, blob: bytes, *replies: Reply) -> None:
        """Answer for a blob."""
        self.server.on(f"{self._base}/blobs/{_digest(blob)}", *replies)

    def on_layer(self, *replies: Reply) -> None:
        """Answer for the only layer."""
        self.on_blob(self.layer, *replies)

    def stall_blobs(self) -> None:
        """Answer for the layer, but so late that other things happen before."""
        self.on_layer(Reply(200, self.layer, delay=_STALL_SECONDS))

    def wait_for_a_blob(self) -> None:
        """Return when the layer is asked for."""
        deadline = time.monotonic() + _SECONDS
        path = f"GET {self._base}/blobs/{_digest(self.layer)}"
        while path not in self.server.paths():
            assert time.monotonic() < deadline, self.server.paths()
            time.sleep(0.02)


@contextmanager
def serving_image(repository: str) -> Iterator[ImageRegistry]:
    """A registry on a free loopback port, with an image that nobody else has."""
    plain = _layer(repository)
    layer = gzip.compress(plain, mtime=0)
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"User": "65532:65532"},
            "rootfs": {"type": "layers", "diff_ids": [_digest(plain)]},
        }
    ).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{_OCI}.manifest.v1+json",
        "config": _part(config, f"{_OCI}.config.v1+json"),
        "layers": [_part(layer, f"{_OCI}.layer.v1.tar+gzip")],
    }
    with serving() as server:
        registry = ImageRegistry(
            server, repository, json.dumps(manifest).encode(), config, layer
        )
        registry.heal()
        yield registry


def _part(blob: bytes, media_type: str) -> dict[str, object]:
    return {"mediaType": media_type, "digest": _digest(blob), "size": len(blob)}


def _digest(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


def _layer(text: str) -> bytes:
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as tar:
        content = text.encode() * 4096
        info = tarfile.TarInfo("etc/text")
        info.size = len(content)
        tar.addfile(info, io.BytesIO(content))
    return output.getvalue()
