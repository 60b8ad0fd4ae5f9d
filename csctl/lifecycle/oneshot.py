"""One-shot containers: the image run once, for what it prints or leaves behind.

Each is labelled, has a time limit, and is removed whatever happens; of a failed one
the redacted log is kept.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

import csctl
from csctl.container import spec as container_spec
from csctl.container.observed import Container
from csctl.container.spec import ContainerSpec, Limits, Value
from csctl.contract import dialects
from csctl.contract.arguments import Invocation
from csctl.engine.engine import Engine
from csctl.errors import AzureError, CsctlError, EngineError, LicenseError, NotReady
from csctl.lifecycle.events import Event, Waiting
from csctl.lifecycle.kept_log import LINES, keep
from csctl.secret import Redactor

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 1.0
_TAIL = 15
_PATIENCE = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a one-shot container ended, with its redacted log."""

    what: str
    exit_code: int | None
    """None where it was stopped because its work was done."""
    out_of_memory: bool
    lines: tuple[str, ...]
    logs: Path
    """Where the log of a failed run is kept."""

    def succeeded(self, *, left_files: bool) -> bool:
        """Whether it did its work.

        Exit codes of the image are not known (facts, section 12): one that is not 0
        counts as success only with files left and no error in the log.
        """
        if self.exit_code in (None, 0):
            return True
        return (
            left_files and not self.out_of_memory and not dialects.has_error(self.lines)
        )

    def failure(self) -> CsctlError:
        """The error that this run stands for; its log is written down."""
        kept = keep(self.logs, self.what.split()[0], self.lines)
        where = f"; the whole log is in {kept}" if kept else ""
        tail = "".join(f"\n  | {line}" for line in self.lines[-_TAIL:])
        if self.out_of_memory:
            return CsctlError(
                f"{self.what}: the container was killed for memory{tail}",
                remedy=f"raise resources.memory in the profile{where}",
            )
        known = dialects.explain(self.lines)
        if known is None:
            return CsctlError(
                f"{self.what}: the container ended with exit code {self.exit_code}"
                f" and without a known reason{tail}",
                remedy=f"read its last lines{where}",
            )
        kind = CsctlError
        if known.azure:
            kind = AzureError
        elif known.license:
            kind = LicenseError
        return kind(
            f"{self.what}: {known.meaning}{tail}", remedy=f"{known.remedy}{where}"
        )


def one_shot_spec(
    profile: str,
    image: str,
    invocation: Invocation,
    *,
    environment: Mapping[str, Value],
    limits: Limits,
) -> ContainerSpec:
    """The spec of a one-shot container: unpublished, never restarted, labelled."""
    return ContainerSpec(
        name="",
        image=image,
        arguments=invocation.arguments,
        environment=dict(environment) | dict(invocation.environment),
        mounts=invocation.mounts,
        limits=limits,
        labels={
            container_spec.LABEL_PROFILE: profile,
            container_spec.LABEL_ROLE: container_spec.ROLE_ONE_SHOT,
            container_spec.LABEL_VERSION: csctl.__version__,
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How a one-shot container is watched."""

    what: str
    """A sentence's beginning: `downloading model ...`."""
    seconds: float
    """The time limit."""
    redact: Redactor
    logs: Path
    until: Callable[[Container], bool] = lambda _: False
    """Whether its work is done although it still runs."""
    progress: Callable[[Waiting], Event] = lambda waiting: waiting
    """What to tell while it runs, in place of the bare wait."""


def run(
    engine: Engine, spec: ContainerSpec, watch: Watch
) -> Generator[Event, None, Finished]:
    """Run a container to its end, to the end of its work, or to its time limit.

    Raises NotReady at the time limit, EngineError where the Engine fails.
    """
    began = time.monotonic()
    pause = _FIRST_PAUSE
    identity = engine.create(spec)
    try:
        engine.start(identity)
        while True:
            seen = engine.container(identity)
            if seen is None:
                raise EngineError(f"{watch.what}: its container was removed meanwhile")
            if not seen.running:
                return _finished(engine, watch, seen, exit_code=seen.exit_code)
            if watch.until(seen):
                engine.stop(identity)
                return _finished(engine, watch, seen, exit_code=None)
            seconds = time.monotonic() - began
            if seconds > watch.seconds:
                late = _finished(engine, watch, seen, exit_code=None)
                kept = keep(late.logs, late.what.split()[0], late.lines)
                raise NotReady(
                    f"{watch.what}: not done after {seconds:.0f} s",
                    remedy="give it more time with --timeout"
                    + (f"; its log is in {kept}" if kept else ""),
                )
            yield watch.progress(_waiting(engine, identity, watch, seconds))
            time.sleep(pause)
            pause = min(_LONGEST_PAUSE, pause * 1.3)
    finally:
        # Where the Engine is gone too, the next run sweeps by label.
        with contextlib.suppress(EngineError):
            engine.remove(identity)


def _waiting(engine: Engine, identity: str, watch: Watch, seconds: float) -> Waiting:
    # Short waits are not worth a request for their last line.
    lines = engine.log(identity, tail=1) if seconds > _PATIENCE else ()
    line = dialects.printable(watch.redact(lines[-1])) if lines else ""
    return Waiting(
        what=watch.what,
        seconds=seconds,
        phase=dialects.phase(line) or "run",
        line=line,
    )


def _finished(
    engine: Engine, watch: Watch, seen: Container, *, exit_code: int | None
) -> Finished:
    lines = engine.log(seen.id, tail=LINES)
    return Finished(
        what=watch.what,
        exit_code=exit_code,
        out_of_memory=seen.out_of_memory,
        lines=tuple(dialects.printable(watch.redact(line)) for line in lines),
        logs=watch.logs,
    )
