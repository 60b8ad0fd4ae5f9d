"""Debian's docker-registry, run on a free loopback port, and images pushed to it."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from csctl.registry.manifest import sha256

OCI = "application/vnd.oci.image"
LOGIN = ("operator", "opensesame")
# `opensesame` in bcrypt at its lowest cost.
_HTPASSWD = "operator:$2y$04$SNBlCol6WHoI.kWtN2FPHOxYC0ONCZ/4KgW9Q7M9QoGdxfylYBMUC\n"
_START_SECONDS = 60
_LISTENING = re.compile(r"listening on 127\.0\.0\.1:(\d+)")


@dataclass(frozen=True)
class DockerRegistry:
    """A registry that runs; `host` is as image references name it."""

    host: str
    client: httpx.Client

    def push(
        self, repository: str, tag: str, *, layers: tuple[bytes, ...] = (b"layer",)
    ) -> str:
        """Push a small image; gives the digest of its manifest."""
        config = json.dumps({"architecture": "amd64", "os": "linux"}).encode()
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{OCI}.manifest.v1+json",
            "config": self._blob(repository, config, f"{OCI}.config.v1+json"),
            "layers": [
                self._blob(repository, layer, f"{OCI}.layer.v1.tar") for layer in layers
            ],
        }
        return self._manifest(repository, tag, manifest)

    def push_index(self, repository: str, tag: str, images: Mapping[str, str]) -> str:
        """Push an index of manifests that are there, by platform."""
        manifests = []
        for platform, digest in images.items():
            os, architecture = platform.split("/")
            manifests.append(
                {
                    "mediaType": f"{OCI}.manifest.v1+json",
                    "digest": digest,
                    "size": self._size(repository, digest),
                    "platform": {"os": os, "architecture": architecture},
                }
            )
        media_type = f"{OCI}.index.v1+json"
        index = {"schemaVersion": 2, "mediaType": media_type, "manifests": manifests}
        return self._manifest(repository, tag, index)

    def _size(self, repository: str, digest: str) -> int:
        accept = {"Accept": f"{OCI}.manifest.v1+json"}
        url = f"http://{self.host}/v2/{repository}/manifests/{digest}"
        return len(self.client.get(url, headers=accept).content)

    def _blob(self, repository: str, body: bytes, media_type: str) -> dict[str, Any]:
        digest = sha256(body)
        self.put_blob(repository, digest, body)
        return {"mediaType": media_type, "digest": digest, "size": len(body)}

    def put_blob(self, repository: str, digest: str, body: bytes) -> None:
        """Push a blob as it is."""
        upload = self.client.post(f"http://{self.host}/v2/{repository}/blobs/uploads/")
        url = httpx.URL(upload.headers["Location"]).copy_merge_params(
            {"digest": digest}
        )
        self.client.put(url, content=body, timeout=None).raise_for_status()

    def _manifest(self, repository: str, tag: str, document: dict[str, Any]) -> str:
        body = json.dumps(document).encode()
        self.put_manifest(repository, tag, body, document["mediaType"])
        return sha256(body)

    def put_manifest(
        self, repository: str, tag: str, body: bytes, media_type: str
    ) -> None:
        """Push a manifest as it is."""
        self.client.put(
            f"http://{self.host}/v2/{repository}/manifests/{tag}",
            content=body,
            headers={"Content-Type": media_type},
        ).raise_for_status()


@contextmanager
def docker_registry(
    folder: Path, *, certificate: Path | None = None, login: bool = False
) -> Iterator[DockerRegistry]:
    """Run a registry with its files in a folder; port 0 lets it choose a port."""
    http: dict[str, Any] = {"addr": "127.0.0.1:0"}
    if certificate is not None:
        http["tls"] = {"certificate": str(certificate), "key": str(certificate)}
    config: dict[str, Any] = {
        "version": "0.1",
        "storage": {"filesystem": {"rootdirectory": str(folder / "storage")}},
        "http": http,
    }
    if login:
        passwords = folder / "htpasswd"
        passwords.write_text(_HTPASSWD)
        config["auth"] = {"htpasswd": {"realm": "tests", "path": str(passwords)}}
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    log = folder / "log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            ["docker-registry", "serve", str(path)],
            stdout=subprocess.DEVNULL,
            stderr=output,
        ) as run,
        httpx.Client() as client,
    ):
        try:
            yield DockerRegistry(f"127.0.0.1:{_port(run, log)}", client)
        finally:
            run.terminate()


def _port(run: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while run.poll() is None and time.monotonic() < deadline:
        if match := _LISTENING.search(log.read_text()):
            return match[1]
        time.sleep(0.01)
    raise AssertionError("docker-registry does not start:\n" + log.read_text())
