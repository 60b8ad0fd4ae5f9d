"""What a user has at the shell: csctl as a program, and profiles in a folder."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import docker.errors

from tests.ports import free_port

ROOT = Path(__file__).parents[2]
IMAGE = "csctl/rehearsal:4.12.0-amd64"
OLD_IMAGE = "csctl/rehearsal:3.0.0-amd64"
OTHER_IMAGE = "csctl/rehearsal:5.0.1-preview-amd64"
MODEL = "2b7e9c40-5d1f-4a83-9e62-c0d4f1a7b358"
OTHER_MODEL = "7c1d5a20-93be-4e4f-8a11-5f0e2d6b9c74"
ENDPOINT = "https://rehearsal.cognitiveservices.azure.com"
METER = "SpeechToText.Custom.ServiceSeconds"
_PLAIN = ("NO_COLOR", "TERM", "COLUMNS", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy")
_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Run:
    """How csctl ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON value on stdout."""
        return json.loads(self.out)


@dataclass
class Shell:
    """Runs csctl in a folder; profiles that it writes have names of their own."""

    folder: Path
    url: str
    prefix: str
    """Starts the name of every profile."""
    environ: dict[str, str] = field(default_factory=dict)
    before: Sequence[str] = ()
    """Words before csctl, such as those of `setpriv`."""
    stock: Path | None = None
    """A data directory to copy for profiles that need no download."""

    def command(self, *words: object) -> list[str]:
        """The words of one call."""
        return [*self.before, sys.executable, "-m", "csctl", *map(str, words)]

    def environment(self) -> dict[str, str]:
        """What csctl sees."""
        inherited = {k: v for k, v in os.environ.items() if k not in _PLAIN}
        inherited |= {"DOCKER_HOST": self.url, "PYTHONPATH": str(ROOT)}
        return inherited | {"STAND_IN_KEY": "rehearsal", **self.environ}

    def start(self, *words: object) -> subprocess.Popen[str]:
        """Start csctl; the caller ends it."""
        return subprocess.Popen(
            self.command(*words),
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: object, code: int | None = 0) -> Run:
        """Run csctl to its end, which must be that code; None allows any."""
        with self.start(*words) as process:
            try:
                out, err = process.communicate(timeout=_SECONDS)
            except BaseException:
                process.kill()
                raise
        done = Run(process.returncode, out, err)
        assert "Traceback" not in err, err
        assert code in (None, done.code), done
        return done

    def json(self, *words: object, code: int | None = 0) -> Any:
        """The value that csctl gives with --json."""
        return self.run(*words, "--json", code=code).json

    def write(self, name: str = "a", *, stocked: bool = False, **changes: Any) -> Draft:
        """Write a disconnected profile; a key that is changed to None is left out."""
        full = f"{self.prefix}{name}"
        account = {"endpoint": ENDPOINT, "api_key": {"env": "STAND_IN_KEY"}}
        document = {
            "name": full,
            "image": IMAGE,
            "mode": "disconnected",
            "model": {"id": MODEL},
            "billing": account,
            "license": account | {"valid_for": "30d"},
            "data": name,
            "resources": {"cpus": 1, "memory": "256m"},
            "port": free_port(),
            "ready": {"timeout": "30s"},
            "environment": {},
        }
        data = self.folder / name
        if stocked:
            assert self.stock is not None, "this shell has nothing in stock"
            if not data.exists():
                subprocess.run(["cp", "-a", self.stock, data], check=True)
        draft = Draft(full, data, self.folder / f"{name}.yaml", document)
        draft.change(**changes)
        return draft

    def write_connected(self, name: str = "a", **changes: Any) -> Draft:
        """Write a connected profile."""
        return self.write(name, **({"mode": "connected", "license": None} | changes))

    def write_context(self, name: str, url: str) -> None:
        """Write a docker context, and let csctl see it."""
        self.environ["DOCKER_CONFIG"] = str(self.folder)
        digest = hashlib.sha256(name.encode()).hexdigest()
        meta = self.folder / "contexts" / "meta" / digest
        meta.mkdir(parents=True)
        endpoints = {"docker": {"Host": url, "SkipTLSVerify": False}}
        text = json.dumps({"Name": name, "Metadata": {}, "Endpoints": endpoints})
        (meta / "meta.json").write_text(text)

    def apply(self, *drafts: Draft) -> Run:
        """`csctl apply --yes`, which must go well."""
        return self.run("apply", "--yes", *(draft.path for draft in drafts))

    def actions(self, draft: Draft) -> list[str]:
        """What `csctl plan` would do, by action."""
        return self.actions_of(draft.path)

    def actions_of(self, path: Path | str) -> list[str]:
        """The same for a file that csctl wrote."""
        [plan] = self.json("plan", path, code=None)
        return [step["action"] for step in plan["steps"]]


@dataclass
class Draft:
    """A profile on disk."""

    name: str
    data: Path
    path: Path
    document: dict[str, Any]

    def change(self, **changes: Any) -> None:
        """Write it again with other values; knobs of the stand-in are kept quick."""
        self.document |= changes
        document = {k: v for k, v in self.document.items() if v is not None}
        quick = {"REHEARSAL_LOAD_SECONDS": "0", "REHEARSAL_MODEL_BYTES": "4096"}
        if document["image"].partition("/")[0] != "mcr.microsoft.com":
            document["environment"] = quick | document["environment"]
        self.path.write_text(json.dumps(document, indent=1))

    @property
    def address(self) -> str:
        """Where it publishes its port."""
        return f"127.0.0.1:{self.document['port']}"

    def answers(self) -> bool:
        """Whether `/ready` says 200."""
        url = f"http://{self.address}/ready"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)

    @property
    def model(self) -> Path:
        """The directory of its model."""
        return self.data / "models" / str(self.document["model"]["id"])


@dataclass(frozen=True, slots=True)
class Engine:
    """The Engine itself, to look past csctl and to change things behind its back."""

    url: str

    def containers(self, draft: Draft, *, running: bool = False) -> list[str]:
        """The names of the containers that csctl has for a profile."""
        with self._client() as client:
            rows = client.containers(
                all=not running, filters={"label": f"csctl.profile={draft.name}"}
            )
            return sorted(row["Names"][0].removeprefix("/") for row in rows)

    def inspect(self, name: str) -> Mapping[str, Any]:
        """A container in the Engine's own words."""
        with self._client() as client:
            found: Mapping[str, Any] = client.inspect_container(name)
            return found

    def identity(self, draft: Draft) -> str:
        """The id of a profile's container, which runs."""
        found = self.inspect(draft.name)
        assert found["State"]["Status"] == "running", found["State"]
        return str(found["Id"])

    def environment(self, name: str) -> dict[str, str]:
        """The variables that a container was started with."""
        pairs = self.inspect(name)["Config"]["Env"]
        return dict(pair.split("=", 1) for pair in pairs)

    def update(self, name: str, **bounds: Any) -> None:
        """`docker update`."""
        with self._client() as client:
            client.update_container(name, **bounds)

    def restart(self, name: str) -> None:
        """`docker restart`."""
        with self._client() as client:
            client.restart(name, timeout=1)

    def run(
        self,
        name: str,
        *words: str,
        image: str = IMAGE,
        port: int | None = None,
        environment: Mapping[str, str] | None = None,
        mounts: Mapping[Path, str] | None = None,
    ) -> None:
        """`docker run -d`."""
        with self._client() as client:
            host = client.create_host_config(
                port_bindings={5000: ("127.0.0.1", port)} if port else {},
                binds=[f"{source}:{target}" for source, target in mounts.items()]
                if mounts
                else [],
                restart_policy={"Name": "no"},
            )
            client.create_container(
                image,
                list(words),
                name=name,
                ports=[5000],
                environment=dict(environment or {}),
                host_config=host,
            )
            client.start(name)

    def remove(self, name: str) -> None:
        """`docker rm -f`."""
        with self._client() as client:
            try:
                client.remove_container(name, force=True, v=True)
            except docker.errors.NotFound:
                return

    def image_id(self, reference: str) -> str | None:
        """The id of an image; None where the Engine has none of that name."""
        with self._client() as client:
            try:
                return str(client.inspect_image(reference)["Id"])
            except docker.errors.ImageNotFound:
                return None

    def tag(self, image: str, reference: str) -> None:
        """`docker tag`."""
        repository, _, tag = reference.rpartition(":")
        with self._client() as client:
            assert client.tag(image, repository, tag)

    def remove_image(self, reference: str) -> None:
        """`docker rmi`."""
        with self._client() as client:
            try:
                client.remove_image(reference, force=True)
            except docker.errors.ImageNotFound:
                return

    def remove_images(self, repository: str) -> None:
        """`docker rmi` for all that a repository names."""
        with self._client() as client:
            names = [
                name
                for row in client.images(repository)
                for name in (*(row["RepoTags"] or ()), *(row["RepoDigests"] or ()))
            ]
        for name in names:
            if name.startswith(repository):
                self.remove_image(name)

    def push(self, reference: str) -> None:
        """`docker push`."""
        repository, _, tag = reference.rpartition(":")
        with self._client() as client:
            for event in client.push(repository, tag, stream=True, decode=True):
                assert "error" not in event, event

    def strip_chown(self, name: str) -> None:
        """Make a container of the stand-in whose file system has no `chown`."""
        script = "import os; os.remove('/bin/chown')"
        with self._client() as client:
            client.create_container(
                IMAGE,
                ["-c", script],
                entrypoint=["/app/bin/python3", "-IS"],
                user="0:0",
                name=name,
            )
            client.start(name)
            assert client.wait(name)["StatusCode"] == 0, client.logs(name)

    def commit(self, name: str, reference: str, config: Mapping[str, Any]) -> None:
        """`docker commit`."""
        repository, _, tag = reference.rpartition(":")
        with self._client() as client:
            client.commit(name, repository, tag, conf=dict(config))

    def _client(self) -> closing[Any]:
        return closing(docker.APIClient(base_url=self.url))
