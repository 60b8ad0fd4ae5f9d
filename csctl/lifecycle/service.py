"""A service of Docker Swarm as it is: how ready, told as a container, its log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from csctl import probe
from csctl.container import drift
from csctl.container.drift import Difference
from csctl.container.log_line import LogLine
from csctl.container.observed import Container
from csctl.container.service import Node, Service, Task
from csctl.container.spec import LABEL_ROLE, ROLE_SERVICE, applied_fields
from csctl.engine import decode_swarm
from csctl.engine.engine import Engine
from csctl.engine.swarm import Swarm
from csctl.plan.swarm import Rollout, rollout
from csctl.secret import Redactor, Secret

_SIDE_BY_SIDE = 16
_DIGEST = "sha256:"


def as_containers(engine: Engine) -> dict[str, Container]:
    """All services of profiles by name, each told as one container; none elsewhere.

    Raises EngineError.
    """
    return {one.name: _as_container(engine, one) for one in _services(engine)}


def names(engine: Engine) -> set[str]:
    """The names of all services of profiles; none elsewhere. Raises EngineError."""
    return {one.name for one in _services(engine)}


def _services(engine: Engine) -> Iterator[Service]:
    if engine.host.manages:
        for one in engine.swarm.services():
            if one.labels.get(LABEL_ROLE) == ROLE_SERVICE:
                yield one


def _as_container(engine: Engine, service: Service) -> Container:
    """Running where any task is; else as the first of its tasks is."""
    tasks = engine.swarm.tasks(service.id)
    states = [task.state for task in tasks if task.wanted == "running"]
    running = "running" in states
    image = engine.image(service.image)
    return Container(
        id=service.id,
        name=service.name,
        image=service.image,
        # What this node has by that name; tasks of other nodes tell no id.
        image_id=image.id if image else service.image,
        state="running" if running else next(iter(states), "created"),
        exit_code=0,
        out_of_memory=False,
        restarts=0,
        started_at=None,
        labels=service.labels,
        arguments=(),
        environment=service.environment,
        mounts=service.mounts,
        port=service.port,
        limits=service.limits,
        restart=service.restart,
        log=None,
        address=None,
    )


def drift_of(engine: Engine, name: str) -> tuple[Difference, ...]:
    """How far a service is from what it was applied with. Raises EngineError."""
    service = engine.swarm.service(name)
    if service is None:
        return ()
    return drift.compare(None, applied_fields(service.labels), service)


def is_ready(engine: Engine, name: str) -> bool:
    """Whether all tasks of a service are the newest, and ready. Raises EngineError."""
    service = engine.swarm.service(name)
    return service is not None and reached(engine.swarm, service)[0].done


def reached(
    swarm: Swarm, service: Service
) -> tuple[Rollout, tuple[Task, ...], tuple[Node, ...]]:
    """How far a service is, each of its tasks asked, with tasks and nodes."""
    tasks, nodes = swarm.tasks(service.id), swarm.nodes()
    return rollout(service, tasks, _answering(service, tasks, nodes)), tasks, nodes


def _answering(
    service: Service, tasks: Iterable[Task], nodes: Iterable[Node]
) -> frozenset[str]:
    """The ids of tasks that are ready, each asked at its own node."""
    port = service.port
    if port is None:
        return frozenset()
    hosts = {node.id: node.address for node in nodes}
    running = [task for task in tasks if task.runs and hosts.get(task.node)]
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        asked = pool.map(
            lambda task: probe.is_ready(
                probe.Address.of_published(hosts[task.node], port.number)
            ),
            running,
        )
        return frozenset(
            task.id for task, ready in zip(running, asked, strict=True) if ready
        )


def find(engine: Engine, name: str) -> Service | None:
    """The service of a profile; None where there is none, or no swarm.

    Raises EngineError.
    """
    if not engine.host.manages:
        return None
    service = engine.swarm.service(name)
    ours = service is not None and service.labels.get(LABEL_ROLE) == ROLE_SERVICE
    return service if ours else None


def log(
    engine: Engine,
    service: Service,
    *,
    follow: bool,
    tail: int | None = None,
    since: int | None = None,
) -> Iterator[str]:
    """The lines of all tasks, each with its node, with keys taken out.

    Raises EngineError.
    """
    swarm = engine.swarm
    read = swarm.follow_log if follow else swarm.read_log
    redact = _redactor_of(service)
    for node, text in read(service.name, tail=tail, since=since):
        yield f"{node} | {redact(text)}"


class TaskLines:
    """The stamped lines of all tasks as they come, told as `log` tells them.

    One thread reads it, any other may close it. Raises EngineError.
    """

    def __init__(
        self, engine: Engine, service: Service, *, tail: int | None, since: int | None
    ) -> None:
        swarm = engine.swarm
        self._names = {node.id: node.name for node in swarm.nodes()}
        self._redact = _redactor_of(service)
        self._stream = swarm.stream_log(service.id, tail=tail, since=since)

    def __iter__(self) -> Iterator[LogLine]:
        for line in self._stream:
            node, text = decode_swarm.log_line(line.text)
            told = f"{self._names.get(node, node)} | {self._redact(text)}"
            yield LogLine(line.stamp, told)

    def close(self) -> None:
        """End it; whoever reads it sees its end."""
        self._stream.close()


def _redactor_of(service: Service) -> Redactor:
    """Swarm does not tell its secrets: what is known of them is what they digest to."""
    applied = applied_fields(service.labels) or {}
    digests = {
        name.partition(".")[2]: value
        for name, value in applied.items()
        if name.startswith("environment.") and value.startswith(_DIGEST)
    }
    known = (Secret(v) for n, v in service.environment.items() if n in digests)
    return Redactor(known, digests=digests.values())
