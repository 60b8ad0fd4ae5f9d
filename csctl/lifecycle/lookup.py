"""Finding a managed container by its name."""

from __future__ import annotations

from csctl.container.observed import Container
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
