"""Docker Swarm: what csctl asks of a manager, each method one request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import docker.errors

from csctl.container.service import (
    Node,
    Service,
    ServiceSecret,
    ServiceSpec,
    Task,
)
from csctl.container.spec import LABEL_PROFILE
from csctl.engine import decode_swarm, encode
from csctl.engine.log_stream import LogStream, lines
from csctl.engine.stream import open_stream
from csctl.engine.translate import engine_errors
from csctl.engine.unbroken import unbroken

_LABEL_VARIABLE = "csctl.variable"
_TRIES = 5
_OVERTAKEN = "out of sequence"


class Swarm:
    """A swarm, as one of its managers tells of it."""

    def __init__(self, api: Any) -> None:
        self._api = api

    # -- looking: GET only --------------------------------------------------------

    def nodes(self) -> tuple[Node, ...]:
        """All hosts of the swarm."""
        with engine_errors("listing the nodes of the swarm"):
            return tuple(map(decode_swarm.node, self._api.nodes()))

    def service(self, name: str) -> Service | None:
        """One service by name or id; None where there is none."""
        with engine_errors(f"looking at service {name}"):
            try:
                return decode_swarm.service(self._api.inspect_service(name))
            except docker.errors.NotFound:
                return None

    def services(self) -> tuple[Service, ...]:
        """Those that csctl made."""
        with engine_errors("listing services"):
            rows = self._api.services(filters={"label": LABEL_PROFILE})
            return tuple(map(decode_swarm.service, rows))

    def tasks(self, service: str) -> tuple[Task, ...]:
        """All tasks of a service by its id, ended ones too; they outlive it a while."""
        with engine_errors(f"listing the tasks of service {service}"):
            try:
                rows = self._api.tasks(filters={"service": service})
            except docker.errors.NotFound:
                # Swarm looks for the service before it looks for its tasks.
                every = self._api.tasks()
                rows = [row for row in every if row.get("ServiceID") == service]
            return tuple(map(decode_swarm.task, rows))

    def secrets(self, profile: str) -> dict[str, str]:
        """The ids of a profile's keys, by Swarm's names."""
        with engine_errors(f"listing the secrets of {profile}"):
            label = f"{LABEL_PROFILE}={profile}"
            rows = self._api.secrets(filters={"label": label})
            return {row["Spec"]["Name"]: row["ID"] for row in rows}

    def read_log(
        self, name: str, *, tail: int | None = None, since: int | None = None
    ) -> Iterator[tuple[str, str]]:
        """The node and the text of each line there is. Not redacted.

        `since` is a Unix time in seconds.
        """
        return self._log(name, tail=tail, since=since, follow="0")

    def follow_log(
        self, name: str, *, tail: int | None = None, since: int | None = None
    ) -> Iterator[tuple[str, str]]:
        """The same, as lines come, of tasks to come as well. Not redacted."""
        return self._log(name, tail=tail, since=since, follow="1")

    def stream_log(
        self, service: str, *, tail: int | None = None, since: int | None = None
    ) -> LogStream:
        """Stamped lines of a service by its id as they come, until closed.

        A text begins with what `decode_swarm.log_line` reads. Not redacted.
        """
        what = f"following the log of service {service}"
        parameters = {
            **dict.fromkeys(("details", "follow", "stdout", "stderr"), "1"),
            "timestamps": "1",
            "tail": "all" if tail is None else str(tail),
            "since": str(since or 0),
        }
        answer = open_stream(self._api, what, f"services/{service}/logs", parameters)
        return LogStream(what, answer, framed=True)

    def _log(
        self, name: str, *, tail: int | None, since: int | None, follow: str
    ) -> Iterator[tuple[str, str]]:
        names = {node.id: node.name for node in self.nodes()}
        with engine_errors(f"reading the log of service {name}"):
            chunks = self._api.service_logs(
                name,
                details="1",
                follow=follow,
                stdout="1",
                stderr="1",
                tail="all" if tail is None else tail,
                since=since or 0,
                is_tty=False,
            )
            with closing(chunks):
                for node, text in map(decode_swarm.log_line, lines(chunks)):
                    yield names.get(node, node), text

    # -- changing -----------------------------------------------------------------

    def create(self, spec: ServiceSpec, secret_ids: Mapping[str, str]) -> None:
        """Create a service, with the ids of its secrets."""
        name = spec.container.name
        with unbroken(), engine_errors(f"creating service {name}"):
            self._api.create_service(**encode.service(spec, secret_ids))

    def update(self, spec: ServiceSpec, secret_ids: Mapping[str, str]) -> None:
        """Make another one of a service; Swarm replaces its tasks as the spec says."""
        name, parts = spec.container.name, encode.service(spec, secret_ids)
        with unbroken(), engine_errors(f"updating service {name}"):
            # Swarm writes into a service as well while it replaces tasks.
            for left in reversed(range(_TRIES)):
                seen = self._api.inspect_service(name)
                try:
                    version = seen["Version"]["Index"]
                    self._api.update_service(seen["ID"], version, **parts)
                    return
                except docker.errors.APIError as exc:
                    if not left or _OVERTAKEN not in str(exc.explanation):
                        raise

    def look_for_files(
        self, name: str, spec: ServiceSpec, labels: Mapping[str, str]
    ) -> None:
        """Let every node that may run a spec's tasks look for what they take.

        The tasks of the service `name` tell: one is rejected where image or files are
        absent, and fails where the program is.
        """
        with unbroken(), engine_errors(f"creating service {name}"):
            self._api.create_service(**encode.look(name, spec, labels))

    def remove(self, name: str) -> None:
        """Remove a service with its tasks; one that is gone is fine."""
        with unbroken(), engine_errors(f"removing service {name}"):
            try:
                self._api.remove_service(name)
            except docker.errors.NotFound:
                return

    def make_secret(self, secret: ServiceSecret) -> str:
        """Hand a key to Swarm; its id."""
        labels = {LABEL_PROFILE: secret.profile, _LABEL_VARIABLE: secret.variable}
        with unbroken(), engine_errors(f"making a secret of {secret.profile}"):
            made = self._api.create_secret(secret.name, secret.value.reveal(), labels)
            return str(made["ID"])

    def remove_secret(self, identity: str) -> None:
        """Remove a secret; one that is gone is fine."""
        with unbroken(), engine_errors(f"removing secret {identity}"):
            try:
                self._api.remove_secret(identity)
            except docker.errors.NotFound:
                return
