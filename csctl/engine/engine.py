"""The Engine: what csctl asks of it, each method one request.

Only this package imports the Docker SDK. Everything that leaves it is a plain
value of `csctl.container`, everything that goes wrong an error of `csctl.errors`.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import cached_property
from typing import IO, Any
from urllib.parse import quote, urlsplit

import docker
import docker.errors

from csctl.container.observed import (
    Container,
    Happening,
    Host,
    Image,
    Listed,
    Sample,
)
from csctl.container.spec import LABEL_PROFILE, ContainerSpec, Limits
from csctl.engine import decode, encode
from csctl.engine.log_stream import LogStream, lines
from csctl.engine.stream import Stream, open_stream
from csctl.engine.swarm import Swarm
from csctl.engine.translate import engine_errors
from csctl.engine.unbroken import unbroken
from csctl.errors import EngineError, UsageError
from csctl.reference import ImageReference

SIDE_BY_SIDE = 16
"""So many requests may be under way at once."""
_STOP_SECONDS = 10
_SAVE_CHUNK = 1 << 20
_MANAGED = {"type": ["container"], "label": [LABEL_PROFILE]}


class Engine:
    """One Docker Engine, or what speaks its API."""

    def __init__(self, api: docker.APIClient, url: str) -> None:
        # Half of the SDK is untyped; what it answers is decoded at once.
        self._api: Any = api
        self.url = url

    @property
    def local(self) -> bool:
        """Whether the Engine sees the same files as csctl does."""
        return self.url.startswith(
            ("unix://", "http+unix://", "tcp://127.", "tcp://localhost")
        )

    @property
    def host_address(self) -> str:
        """The host on which the Engine publishes ports, as seen from here."""
        return "127.0.0.1" if self.local else urlsplit(self.url).hostname or "127.0.0.1"

    def require_local(self, what: str) -> None:
        """Refuse `what`, which needs files, on an Engine of another host.

        Raises UsageError.
        """
        if not self.local:
            raise UsageError(
                f"{what} needs files, and the Engine {self.url} is on another host",
                remedy="run csctl on that host",
            )

    @cached_property
    def swarm(self) -> Swarm:
        """The swarm that the Engine is a manager of. Raises UsageError."""
        if not self.host.manages:
            raise UsageError(
                f"the Engine {self.url} is no manager of a swarm",
                remedy="run csctl on a manager; see: docker node ls, docker swarm init",
            )
        return Swarm(self._api)

    def close(self) -> None:
        """Give the connections back."""
        self._api.close()

    # -- looking: GET and HEAD only --------------------------------------------

    @cached_property
    def host(self) -> Host:
        """The machine that the Engine runs on; asked for once."""
        with engine_errors("asking the Engine about its host"):
            return decode.host(self._api.info())

    def containers(self) -> tuple[Listed, ...]:
        """All containers, foreign ones too, in one request."""
        with engine_errors("listing containers"):
            return tuple(map(decode.listed, self._api.containers(all=True)))

    def container(self, name: str) -> Container | None:
        """One container by name or id; None where there is none."""
        with engine_errors(f"looking at container {name}"):
            try:
                return decode.container(self._api.inspect_container(name))
            except docker.errors.NotFound:
                return None

    def inspect_all(self, names: Iterable[str]) -> dict[str, Container]:
        """Several containers side by side; those gone meanwhile are left out."""
        wanted = list(names)
        if not wanted:
            return {}
        with ThreadPoolExecutor(min(SIDE_BY_SIDE, len(wanted))) as pool:
            found = zip(wanted, pool.map(self.container, wanted), strict=True)
            return {name: one for name, one in found if one is not None}

    def inspect_json(self, name: str) -> Mapping[str, Any]:
        """The Engine's own words about a container, for a support archive."""
        with engine_errors(f"looking at container {name}"):
            value: Mapping[str, Any] = self._api.inspect_container(name)
            return value

    def image(self, reference: str) -> Image | None:
        """One image by reference or id; None where there is none."""
        with engine_errors(f"looking at image {reference}"):
            try:
                return decode.image(self._api.inspect_image(reference))
            except docker.errors.NotFound:
                return None

    def images(self) -> tuple[Image, ...]:
        """All images, without platform and user, in one request."""
        with engine_errors("listing images"):
            return tuple(map(decode.listed_image, self._api.images()))

    def log(self, name: str, *, tail: int | None = None) -> tuple[str, ...]:
        """The last lines of a container's log, or all of them. Not redacted."""
        with engine_errors(f"reading the log of {name}"):
            raw: bytes = self._api.logs(name, tail="all" if tail is None else tail)
        return tuple(raw.decode(errors="replace").splitlines())

    def read_log(
        self, name: str, *, tail: int | None = None, since: int | None = None
    ) -> Iterator[str]:
        """The lines there are, one after another. Not redacted.

        `since` is a Unix time in seconds.
        """
        with engine_errors(f"reading the log of {name}"):
            chunks = self._api.logs(
                name,
                stream=True,
                follow=False,  # Else the SDK follows whatever it streams.
                tail="all" if tail is None else tail,
                since=since,
            )
            yield from lines(chunks)

    def follow_log(
        self, name: str, *, tail: int | None = None, since: int | None = None
    ) -> Iterator[str]:
        """Lines as they come, until the container stops. Not redacted.

        `since` is a Unix time in seconds.
        """
        with engine_errors(f"following the log of {name}"):
            chunks = self._api.logs(
                name,
                stream=True,
                follow=True,
                tail="all" if tail is None else tail,
                since=since,
            )
            yield from lines(chunks)
        # An Engine that dies ends the stream, too.
        self.container(name)

    def stream_log(
        self, name: str, *, tail: int | None = None, since: int | None = None
    ) -> LogStream:
        """Stamped lines as they come, until closed; a dying Engine ends them, too.

        `since` is a Unix time in seconds. Not redacted.
        """
        what = f"following the log of {name}"
        terminal = bool(self.inspect_json(name)["Config"].get("Tty"))
        parameters = {
            "follow": "1",
            "stdout": "1",
            "stderr": "1",
            "timestamps": "1",
            "tail": "all" if tail is None else str(tail),
        }
        if since is not None:
            parameters["since"] = str(since)
        path = f"containers/{quote(name, safe='')}/logs"
        answer = open_stream(self._api, what, path, parameters)
        return LogStream(what, answer, framed=not terminal)

    def events(self, since: float | None = None) -> Stream[Happening]:
        """What befalls managed containers, one-shot ones aside, until closed.

        `since` is a Unix time. Ends with EngineUnavailable where the Engine goes away.
        """
        what = "listening to the Engine"
        parameters = {"filters": json.dumps(_MANAGED)}
        if since is not None:
            parameters["since"] = f"{since:.9f}"
        answer = open_stream(self._api, what, "events", parameters)
        return Stream(what, answer, decode.happenings, endless=True)

    def stats(self, name: str) -> Stream[Sample]:
        """What a container uses, once a second, until it stops or is closed."""
        what = f"measuring container {name}"
        path = f"containers/{quote(name, safe='')}/stats"
        answer = open_stream(self._api, what, path, {"stream": "true"})
        return Stream(what, answer, decode.samples)

    def read_files(
        self, image: str, paths: Iterable[str], *, labels: Mapping[str, str]
    ) -> dict[str, str]:
        """Text files out of an image, through a container that is never started.

        A path that is absent gives an empty text. By its labels a container is found
        that a killed run left.
        """
        spec = ContainerSpec(name="", image=image, arguments=("true",), labels=labels)
        identity = self.create(spec)
        try:
            return {path: self._read_file(identity, path) for path in paths}
        finally:
            self.remove(identity)

    def _read_file(self, identity: str, path: str) -> str:
        with engine_errors(f"reading {path} out of the image"):
            try:
                chunks, _ = self._api.get_archive(identity, path)
            except docker.errors.NotFound:
                return ""
            raw = io.BytesIO(b"".join(chunks))
        with tarfile.open(fileobj=raw) as archive:
            member = archive.next()
            file = archive.extractfile(member) if member is not None else None
            return "" if file is None else file.read().decode(errors="replace")

    # -- changing -------------------------------------------------------------

    def create(self, spec: ContainerSpec) -> str:
        """Create a container, never pulling; its id. An empty name is the Engine's.

        Interrupted meanwhile, it leaves no container behind.
        """
        made: str | None = None
        try:
            with unbroken():
                made = self._create(spec)
            return made
        except BaseException:
            if made is not None:
                self.remove(made)
            raise

    def _create(self, spec: ContainerSpec) -> str:
        what = f"creating container {spec.name or 'from ' + spec.image}"
        with engine_errors(what):
            made = self._api.create_container_from_config(
                encode.container(spec), spec.name or None
            )
            return str(made["Id"])

    def start(self, name: str) -> None:
        """Start a container."""
        with unbroken(), engine_errors(f"starting container {name}"):
            self._api.start(name)

    def stop(self, name: str, *, seconds: int = _STOP_SECONDS) -> None:
        """Stop a container, killing it after `seconds`; a stopped one stays so."""
        with unbroken(), engine_errors(f"stopping container {name}"):
            self._api.stop(name, timeout=seconds)

    def restart(self, name: str) -> None:
        """Stop and start a container."""
        with unbroken(), engine_errors(f"restarting container {name}"):
            self._api.restart(name, timeout=_STOP_SECONDS)

    def remove(self, name: str) -> None:
        """Remove a container, running or not, with its anonymous volumes."""
        with unbroken(), engine_errors(f"removing container {name}"):
            try:
                self._api.remove_container(name, force=True, v=True)
            except docker.errors.NotFound:
                return
            except docker.errors.APIError as exc:
                if "already in progress" not in str(exc.explanation):
                    raise

    def rename(self, name: str, to: str) -> None:
        """Give a container another name."""
        with unbroken(), engine_errors(f"renaming container {name} to {to}"):
            self._api.rename(name, to)

    def update(
        self, name: str, *, limits: Limits | None = None, restart: str | None = None
    ) -> None:
        """Change bounds and restart policy of a container as it runs."""
        body: dict[str, Any] = {}
        if limits is not None and limits.cpus is not None:
            body["NanoCpus"] = round(limits.cpus * 1e9)
        if limits is not None and limits.memory is not None:
            # Twice the memory is what the Engine itself chooses at creation.
            body |= {"Memory": limits.memory, "MemorySwap": 2 * limits.memory}
        if restart is not None:
            body["RestartPolicy"] = encode.restart_policy(restart)
        with unbroken(), engine_errors(f"updating container {name}"):
            answer = self._api.post(
                f"{self._api.base_url}/v{self._api.api_version}/containers/{name}/update",
                json=body,
            )
            if answer.status_code >= 400:
                raise EngineError(
                    f"updating container {name}: {_message(answer.text)}",
                    remedy="apply again after `csctl down`, which recreates it",
                )

    def make_network(self, name: str, labels: Mapping[str, str]) -> None:
        """Make a bridge network, unless there is one of the name."""
        with unbroken(), engine_errors(f"making network {name}"):
            if not self._api.networks(names=[name]):
                self._api.create_network(
                    name, driver="bridge", labels=dict(labels), check_duplicate=True
                )

    def remove_network(self, name: str) -> None:
        """Remove a network; one that is gone, or still used, stays as it is."""
        with unbroken(), engine_errors(f"removing network {name}"):
            try:
                self._api.remove_network(name)
            except docker.errors.NotFound:
                return
            except docker.errors.APIError as exc:
                if "active endpoints" not in str(exc.explanation):
                    raise

    def load(self, archive: IO[bytes] | Iterable[bytes]) -> None:
        """Load images out of an archive, as `docker load` does.

        That the Engine takes it says nothing of the image that comes of it.
        """
        with engine_errors("loading an image archive"):
            for message in self._api.load_image(archive, quiet=True):
                if "error" in message:
                    raise EngineError(f"loading an image archive: {message['error']}")

    def tag(self, image_id: str, reference: ImageReference) -> None:
        """Give an image a tag, which another one may lose by it."""
        with engine_errors(f"tagging image {image_id[:19]} as {reference}"):
            self._api.tag(image_id, reference.name, reference.tag, force=True)

    def save(self, reference: str) -> Iterator[bytes]:
        """An image as `docker save` writes it, chunk by chunk."""
        what = f"saving image {reference}"
        answer = open_stream(self._api, what, "images/get", {"names": reference})
        with closing(answer), engine_errors(what):
            yield from answer.iter_content(_SAVE_CHUNK)

    def remove_image(self, reference: str) -> None:
        """Remove a tag, and the image with its last one."""
        with engine_errors(f"removing image {reference}"):
            self._api.remove_image(reference)

    def pull_stream(self, name: str, tag: str, platform: str) -> Iterator[Any]:
        """The Engine's own messages while it pulls; see `csctl.engine.pull`."""
        with engine_errors(f"pulling {name}"):
            yield from self._api.pull(
                name, tag=tag, stream=True, decode=True, platform=platform
            )


def _message(text: str) -> str:
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text.strip()
