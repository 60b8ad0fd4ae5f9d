"""Finding a managed container by its name."""

from __future__ import annotations

from csctl.container.observed import Container
from csctl.container.spec import is_passing_name
from csctl.engine.engine import Engine
from csctl.errors import ContainerNotFound, NotManaged


def managed(engine: Engine, name: str) -> Container:
    """The managed container of this name. Raises ContainerNotFound, NotManaged."""
    container = engine.container(name)
    if container is None:
        raise ContainerNotFound(
            f"there is no container {name}", remedy="list them: csctl status"
        )
    if container.profile is None:
        raise NotManaged(
            f"{name} is not managed by csctl, and is left alone",
            remedy=f"take it over: csctl adopt {name} -o PROFILE",
        )
    return container


def workers(engine: Engine, container: Container) -> tuple[Container, ...]:
    """The containers that recognise for one: the replicas of a front, or itself."""
    if not container.fronts:
        return (container,)
    replicas = [r.name for r in engine.containers() if r.seat == container.name]
    found = engine.inspect_all(replicas).values()
    return tuple(one for one in found if not is_passing_name(one.name)) or (container,)
