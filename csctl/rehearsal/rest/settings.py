"""The knobs: what nobody knows of the service, or what a test must provoke."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

_T = TypeVar("_T")
_SWITCH = {"0": False, "1": True}
MODES = frozenset(("jobs", "link-loop", "unhealthy", "unsafe-names"))


class InvalidKnob(Exception):
    """A knob has a value that means nothing."""


class Knobs(NamedTuple):
    """The environment's REHEARSAL_REST_..., each with a default."""

    job_seconds: float
    """From NotStarted to the end; 0 ends a job before it is answered for."""
    retry_after: int
    """Seconds, in Retry-After."""
    page: int
    """The most entities of a page."""
    base_models: int
    """How many there are at least."""
    file_bytes: int
    """Of each audio, data and model file."""
    logs: int
    """Log files of each endpoint that logs."""
    byos: bool
    """Whether the storage is the user's own."""
    private: bool
    """Whether offerings are answered for, as behind a private endpoint."""
    limit: int
    """Requests in 10 seconds; 0 is no limit."""
    delay_seconds: float
    """Before each answer, of the storage too."""
    region: str
    links: str
    """What links begin with in place of the URL that was asked."""
    deprecated: str
    """What the header `api-deprecated-versions` tells."""
    faults: str
    """What befalls the first requests: `429 503@/speechtotext cut@/`."""
    fail: frozenset[str]

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Knobs:
        """Raises InvalidKnob."""

        def knob(name: str, default: str, convert: Callable[[str], _T]) -> _T:
            text = environment.get(f"REHEARSAL_REST_{name}", default)
            try:
                return convert(text)
            except (ValueError, KeyError) as error:
                raise InvalidKnob(
                    f"REHEARSAL_REST_{name}: {text!r} is no value"
                ) from error

        return cls(
            job_seconds=knob("JOB_SECONDS", "1", float),
            retry_after=knob("RETRY_AFTER", "1", int),
            page=knob("PAGE", "100", _positive),
            base_models=knob("BASE_MODELS", "300", int),
            file_bytes=knob("FILE_BYTES", "4096", int),
            logs=knob("LOGS", "6", int),
            byos=knob("BYOS", "0", _SWITCH.__getitem__),
            private=knob("PRIVATE", "0", _SWITCH.__getitem__),
            limit=knob("LIMIT", "0", int),
            delay_seconds=knob("DELAY_SECONDS", "0", float),
            region=knob("REGION", "westeurope", str),
            links=knob("LINKS", "", lambda text: text.rstrip("/")),
            deprecated=knob("DEPRECATED", "", str),
            faults=knob("FAULTS", "", str),
            fail=knob("FAIL", "", _modes),
        )


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError(text)
    return number


def _modes(text: str) -> frozenset[str]:
    wanted = frozenset(filter(None, text.replace(" ", "").split(",")))
    if wanted - MODES:
        raise ValueError(text)
    return wanted
