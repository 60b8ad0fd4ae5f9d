"""One profile on the stand-in image: its files, its containers, csctl run on it."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import docker.errors

ROOT = Path(__file__).parents[2]
MODEL = "2b7e9c40-5d1f-4a83-9e62-c0d4f1a7b358"
"""The one in stock."""
OTHER_MODEL = "7c1d5a20-93be-4e4f-8a11-5f0e2d6b9c74"
IMAGE = "csctl/rehearsal:4.12.0-amd64"
NEWER_IMAGE = "csctl/rehearsal:5.0.1-preview-amd64"
LABEL = "csctl.profile"
_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Done:
    """How a run of csctl ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its one JSON value."""
        return json.loads(self.out)


@dataclass
class Site:
    """A profile whose `document` a test may change before the next run."""

    name: str
    port: int
    folder: Path
    url: str
    environ: dict[str, str] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)
    prefix: Sequence[str] = ()
    """Words before csctl, such as those of `setpriv`."""
    stock: Path | None = None
    """A data directory with what `apply` would download."""

    def __post_init__(self) -> None:
        account = {
            "endpoint": "https://rehearsal.cognitiveservices.azure.com",
            "api_key": {"env": "STAND_IN_KEY"},
        }
        self.environ = {"STAND_IN_KEY": "rehearsal"} | self.environ
        self.document = {
            "name": self.name,
            "image": IMAGE,
            "mode": "disconnected",
            "model": {"id": MODEL},
            "billing": account,
            "license": account | {"valid_for": "30d"},
            "data": str(self.data),
            "resources": {"cpus": 1, "memory": "256m"},
            "port": f"127.0.0.1:{self.port}",
            "ready": {"timeout": "30s"},
            "environment": {
                "REHEARSAL_LOAD_SECONDS": "0",
                "REHEARSAL_MODEL_BYTES": "4096",
            },
        } | self.document

    @property
    def data(self) -> Path:
        """The profile's `data`."""
        return self.folder / "data"

    @property
    def profile(self) -> Path:
        """The profile as it stands now, as a file."""
        path = self.folder / f"{self.name}.yaml"
        path.write_text(json.dumps(self.document, indent=1))
        return path

    def knob(self, **values: str | None) -> None:
        """Set knobs of the stand-in, or take them away with None."""
        variables = self.document["environment"]
        for name, value in values.items():
            variables.pop(f"REHEARSAL_{name}", None)
            if value is not None:
                variables[f"REHEARSAL_{name}"] = value

    def connect(self) -> None:
        """Serve connected from now on."""
        self.document["mode"] = "connected"
        self.document.pop("license", None)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start csctl; the caller waits for it."""
        return subprocess.Popen(
            [*self.prefix, sys.executable, "-m", "csctl", *words],
            cwd=ROOT,
            env={**os.environ, "DOCKER_HOST": self.url, **self.environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str) -> Done:
        """Run csctl to its end."""
        with self.start(*words) as process:
            try:
                out, err = process.communicate(timeout=_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        assert "Traceback" not in err, err
        return Done(process.returncode, out, err)

    def apply(self, *words: str) -> Done:
        """`csctl apply --yes`."""
        return self.run("apply", "--yes", *words, str(self.profile))

    def plan(self) -> Done:
        """`csctl plan`."""
        return self.run("plan", str(self.profile))

    def fill(self) -> None:
        """Have the model and the license, from the stock."""
        assert self.stock is not None, "this site has nothing in stock"
        subprocess.run(["cp", "-a", f"{self.stock}/.", self.data], check=True)

    def serve(self) -> None:
        """Serve what is in stock."""
        self.fill()
        self.apply_well()

    def apply_well(self) -> None:
        """Apply, and look that it is done."""
        done = self.apply()
        assert done.code == 0, done.err

    def containers(self) -> list[Mapping[str, Any]]:
        """All containers of the profile, as the Engine lists them."""
        with closing(docker.APIClient(base_url=self.url)) as client:
            rows: list[Mapping[str, Any]] = client.containers(
                all=True, filters={"label": f"{LABEL}={self.name}"}
            )
            return rows

    def identity(self) -> str:
        """The id of the profile's only container, which runs."""
        rows = self.containers()
        assert [row["Names"] for row in rows] == [[f"/{self.name}"]], rows
        assert rows[0]["State"] == "running", rows[0]
        return str(rows[0]["Id"])

    def identity_among(self) -> str:
        """The id of the container that has the profile's name, whatever else is."""
        return str(self.inspect()["Id"])

    def inspect(self) -> Mapping[str, Any]:
        """The container of the profile's name."""
        with closing(docker.APIClient(base_url=self.url)) as client:
            value: Mapping[str, Any] = client.inspect_container(self.name)
            return value

    def answers(self) -> bool:
        """Whether `/ready` says 200."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/ready")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def wait_until_it_answers(self) -> None:
        """A container that was just started needs its moment."""
        deadline = time.monotonic() + 60
        while not self.answers():
            assert time.monotonic() < deadline, f"{self.name} does not answer"
            time.sleep(0.02)

    def leftovers(self) -> list[Path]:
        """What lies below `data` and should not stay."""
        patterns = (".csctl-staging-*", "*.csctl-tmp")
        return [path for one in patterns for path in self.data.rglob(one)]

    def check_whole(self) -> None:
        """One container that serves, nothing half-made, every record true."""
        self.identity()
        self.wait_until_it_answers()
        left = self.leftovers()
        assert left == [], left
        records = list(self.data.glob("*/*.csctl.json"))
        assert records, "nothing was downloaded"
        for path in records:
            check_record(path)


def check_record(path: Path) -> None:
    """A record names just the files that are there, with their sums."""
    directory = path.with_name(path.name.removesuffix(".csctl.json"))
    recorded = {
        file["path"]: file["sha256"] for file in json.loads(path.read_text())["files"]
    }
    found = {
        str(file.relative_to(directory)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in directory.rglob("*")
        if file.is_file()
    }
    assert recorded == found, f"{path}: {recorded} is not {found}"
    assert found, f"{path} is the record of nothing"


def remove_foreign(url: str, name: str) -> None:
    """Take away a container that a test made by hand."""
    with closing(docker.APIClient(base_url=url)) as client:
        try:
            client.remove_container(name, force=True, v=True)
        except docker.errors.NotFound:
            return
