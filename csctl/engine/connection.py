"""Finding the Engine, as the docker command finds it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import docker
from docker.context import ContextAPI

from csctl.engine.engine import SIDE_BY_SIDE, Engine
from csctl.engine.translate import engine_errors, unavailable
from csctl.errors import EngineUnavailable

_DEFAULT_CONTEXT = "default"


def connect(
    host: str | None, context: str | None, environ: Mapping[str, str]
) -> Engine:
    """Find the Engine as the docker command does, and connect to it.

    In this order: `host`, `context`, DOCKER_HOST, DOCKER_CONTEXT, the current
    context, the default socket. Raises EngineUnavailable.
    """
    named = host or environ.get("DOCKER_HOST", "")
    what = f"connecting to {named or context or 'the Docker Engine'}"
    options: dict[str, Any] = {"version": "auto", "max_pool_size": 2 * SIDE_BY_SIDE}
    try:
        with engine_errors(what):
            if context and not host:
                # For one that is not there the SDK takes the default Engine.
                host_of_context(context)
                client = docker.DockerClient.from_context(context, **options)
            else:
                variables = dict(environ) | ({"DOCKER_HOST": host} if host else {})
                client = docker.DockerClient.from_env(environment=variables, **options)
    except (ValueError, KeyError, TypeError) as exc:
        # What the SDK raises for a host or a context that it cannot read.
        raise unavailable(what, exc) from exc
    api = client.api
    url = str(api.base_url)
    if url.startswith("http+docker://localhost"):
        url = named if named.startswith("unix://") else "unix://"
    elif url.startswith("http+docker://ssh"):
        url = named or "ssh://"
    return Engine(api, url.replace("http://", "tcp://").replace("https://", "tcp://"))


def host_of_context(name: str) -> str:
    """The URL to which a docker context leads. Raises EngineUnavailable."""
    what = f"reading the docker context {name}"
    try:
        with engine_errors(what):
            url = ContextAPI.kwargs_from_context(name=name).get("base_url")
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise unavailable(what, exc) from exc
    if url is None and name != _DEFAULT_CONTEXT:
        raise EngineUnavailable(
            f"there is no docker context {name}", remedy="list them: docker context ls"
        )
    return str(url or "")
