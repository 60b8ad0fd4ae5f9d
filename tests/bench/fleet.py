"""The same containers for csctl and for docker compose."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from csctl import probe

IMAGE = "csctl/rehearsal:4.12.0-amd64"
MODEL = "2b7e9c40-5d1f-4a83-9e62-c0d4f1a7b358"
_KEY = {"command": ["echo", "rehearsal"]}


class Fleet:
    """So many profiles that share a model and a license, and their compose twin."""

    def __init__(self, folder: Path, count: int, first_port: int) -> None:
        self.data = folder / "data"
        self.profiles = folder / "profiles"
        self.compose = folder / "compose.yaml"
        self.names = [f"bench-{number}" for number in range(count)]
        self._first_port = first_port
        self.profiles.mkdir(parents=True)
        for number, name in enumerate(self.names):
            path = self.profiles / f"{name}.yaml"
            path.write_text(json.dumps(self._profile(name, first_port + number)))

    def _profile(self, name: str, port: int) -> Mapping[str, object]:
        endpoint = "https://rehearsal.cognitiveservices.azure.com"
        return {
            "name": name,
            "image": IMAGE,
            "mode": "disconnected",
            "model": {"id": MODEL},
            "billing": {"endpoint": endpoint, "api_key": _KEY},
            "license": {"endpoint": endpoint, "api_key": _KEY, "valid_for": "30d"},
            "data": str(self.data),
            "port": port,
        }

    def write_compose(self) -> None:
        """The compose file, once model and license are on disk."""
        license_ = next(path for path in (self.data / "license").iterdir() if _is(path))
        services = {
            f"twin-{number}": {
                "image": IMAGE,
                "command": [
                    "Eula=accept",
                    "Mounts:License=/license",
                    "Mounts:Output=/output",
                ],
                "volumes": [
                    f"{license_}:/license",
                    f"{self.data}/output:/output",
                    f"{self.data}/models/{MODEL}:/usr/local/models",
                ],
                "ports": [f"127.0.0.1:{self._first_port + 100 + number}:5000"],
                "restart": "unless-stopped",
                "logging": {
                    "driver": "json-file",
                    "options": {"max-size": "10m", "max-file": "5"},
                },
            }
            for number in range(len(self.names))
        }
        # The default bridge, which csctl's containers use as well.
        for service in services.values():
            service["network_mode"] = "bridge"
        text = yaml.safe_dump({"version": "3.7", "services": services})
        self.compose.write_text(text)

    def read_compose(self) -> Any:
        """The compose file as a value."""
        return yaml.safe_load(self.compose.read_text())

    def wait_for_peer(self) -> None:
        """Until each container of the peer is ready."""
        for number in range(len(self.names)):
            address = probe.Address("127.0.0.1", self._first_port + 100 + number)
            while not probe.is_ready(address):
                time.sleep(0.02)

    def csctl(self, *words: str) -> list[str]:
        """A command of csctl on all profiles, where it takes them."""
        takes_profiles = words[0] in ("apply", "plan", "down")
        paths = [str(self.profiles)] if takes_profiles else []
        return [str(Path(sys.executable).with_name("csctl")), *words, *paths]

    def peer(self, *words: str) -> list[str]:
        """The same of docker compose."""
        return ["docker-compose", "-p", "bench", "-f", str(self.compose), *words]


def _is(path: Path) -> bool:
    return path.is_dir() and not path.name.startswith(".")
