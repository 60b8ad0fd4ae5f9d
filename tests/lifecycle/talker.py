"""A managed container that says what it is told to, on a real Engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from csctl.container.spec import (
    LABEL_PROFILE,
    LABEL_ROLE,
    ROLE_SERVE,
    ContainerSpec,
    Value,
)
from csctl.engine.engine import Engine

IMAGE = "csctl/rehearsal:4.12.0-amd64"
_PYTHON = ("/app/bin/python3", "-IS")
_FOREVER = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
while True:
    signal.pause()
"""


def spec(
    name: str,
    script: str,
    *,
    environment: Mapping[str, Value] | None = None,
    arguments: tuple[Value, ...] = (),
) -> ContainerSpec:
    """A container that runs a Python script."""
    return ContainerSpec(
        name=name,
        image=IMAGE,
        entrypoint=_PYTHON,
        arguments=("-c", script, *arguments),
        environment=environment or {},
        labels={LABEL_PROFILE: name, LABEL_ROLE: ROLE_SERVE},
    )


def saying(name: str, *lines: str) -> ContainerSpec:
    """One that says lines, and then lives on."""
    text = "".join(f"{line}\n" for line in lines)
    return spec(name, f"print({text!r}, end='', flush=True){_FOREVER}")


def flooding(name: str, *, rate: int, count: int) -> ContainerSpec:
    """One that says so many numbered lines a second, and then lives on."""
    script = f"""
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
said, began = 0, time.monotonic()
while said < {count}:
    due = min({count}, int((time.monotonic() - began) * {rate}) + 1)
    rest = "of a flood " * 8
    print(*(f"line {{n}} {{rest}}" for n in range(said, due)), sep="\\n", flush=True)
    said = due
    time.sleep(0.01)
{_FOREVER}"""
    return spec(name, script)


@contextmanager
def running(engine: Engine, wanted: ContainerSpec) -> Iterator[str]:
    """Run it; its name."""
    engine.create(wanted)
    try:
        engine.start(wanted.name)
        yield wanted.name
    finally:
        engine.remove(wanted.name)
