"""The one edge at which the Docker SDK's exceptions become csctl's."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EMFILE, ENFILE

import docker.errors
import requests
import urllib3.exceptions

from csctl.errors import (
    Conflict,
    ContainerNotFound,
    EngineError,
    EngineUnavailable,
    ImageNotFound,
)

_UNREACHABLE = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    ConnectionError,
    TimeoutError,
)
_TAKEN = (
    "port is already allocated",
    "address already in use",
    "is already in use",
    "ports are not available",
)


@contextmanager
def engine_errors(what: str) -> Iterator[None]:
    """Translate what goes wrong while doing `what` (a sentence's beginning)."""
    try:
        yield
    except docker.errors.NotFound as exc:
        explanation = _explanation(exc)
        if "image" in explanation.lower() or "manifest" in explanation.lower():
            raise ImageNotFound(f"{what}: {explanation}") from exc
        if "container" in explanation.lower():
            raise ContainerNotFound(f"{what}: {explanation}") from exc
        raise EngineError(f"{what}: {explanation}") from exc
    except docker.errors.APIError as exc:
        explanation = _explanation(exc)
        if any(word in explanation for word in _TAKEN):
            raise Conflict(
                f"{what}: {explanation}",
                remedy="free the name or port, or choose another in the profile",
            ) from exc
        raise EngineError(f"{what}: {explanation}") from exc
    except docker.errors.DockerException as exc:
        raise unavailable(what, exc) from exc
    except _UNREACHABLE as exc:
        raise unavailable(what, exc) from exc


def unavailable(what: str, cause: BaseException) -> EngineUnavailable:
    """The Engine did not answer while doing `what`."""
    reason = _innermost(cause)
    if isinstance(reason, OSError) and reason.errno in (EMFILE, ENFILE):
        return EngineUnavailable(
            f"{what}: the Engine cannot be asked: {reason.strerror}",
            remedy="let more files be open at once: ulimit -n",
        )
    return EngineUnavailable(
        f"{what}: no Docker Engine answers: {str(reason) or type(reason).__name__}",
        remedy="start it (systemctl start docker), or name another with -H, --context"
        " or DOCKER_HOST",
    )


def _explanation(error: docker.errors.APIError) -> str:
    return str(error.explanation or error).strip()


def _innermost(error: BaseException) -> BaseException:
    seen: set[int] = set()
    while (deeper := error.__cause__ or error.__context__) and id(deeper) not in seen:
        seen.add(id(deeper))
        error = deeper
    return error
