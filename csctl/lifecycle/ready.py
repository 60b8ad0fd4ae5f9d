"""Waiting until a container really serves, and noticing early that it will not."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Sequence

from csctl import probe
from csctl.container.observed import Container
from csctl.container.spec import applied_fields
from csctl.contract import arguments, dialects
from csctl.engine.engine import Engine
from csctl.errors import (
    AzureError,
    CsctlError,
    LicenseError,
    NotReady,
    SpeechError,
)
from csctl.front import configuration
from csctl.lifecycle.demand import Demand, Hearing
from csctl.lifecycle.events import Waiting
from csctl.lifecycle.hearing import hear
from csctl.secret import Redactor, Secret

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 1.0
_PROBES = 2
"""So often the container is asked between two looks at it."""
_TAIL = 12
_PATIENCE = 1.0
_PROOF_SECONDS = 1.5
"""A container that crashes under its first look is caught within this time."""
_LEAST_HEARING = 5.0
"""A container that becomes ready at the last moment may still be heard so long."""
_LOOPS = 2
"""So many restarts while we wait are a loop."""


def address_of(engine: Engine, container: Container) -> probe.Address | None:
    """Where to ask a container: its published port, else its own address.

    The port of a front may ask for TLS and a secret, and has another one for this. A
    service has no place of its own: its tasks are on nodes.
    """
    if container.serves_in_swarm:
        return None
    if container.fronts and container.address is not None and engine.local:
        return probe.Address(container.address, configuration.INNER_PORT)
    if container.port is not None:
        host = container.port.address if engine.local else engine.host_address
        return probe.Address.of_published(host, container.port.number)
    if container.address is not None:
        return probe.Address(container.address, arguments.PORT)
    return None


def redactor_of(container: Container) -> Redactor:
    """A redactor that knows the secrets a container was started with."""
    applied = applied_fields(container.labels) or {}
    names = {
        name.partition(".")[2]
        for name, value in applied.items()
        if name.startswith("environment.") and value.startswith("sha256:")
    }
    values = [
        value
        for name, value in container.environment.items()
        if name in names or name.lower() in _SECRET_NAMES
    ]
    for word in container.arguments:
        name, _, value = word.partition("=")
        if name.lower() in _SECRET_NAMES:
            values.append(value)
    return Redactor(Secret(value) for value in values if value)


_SECRET_NAMES = ("apikey", "http_proxy_creds", "billing__subscriptionkey")


def wait_until_ready(engine: Engine, name: str, demand: Demand) -> Iterator[Waiting]:
    """Yield while waiting; return when `/ready` answers 200 and a hearing is passed.

    Raises NotReady when the time is over, or early when the container exits, is
    killed for memory, restarts in a loop, or recognises what is not expected;
    AzureError when `/status` says that the API key is `Invalid`; LicenseError when its
    log says so; UsageError for a hearing whose sample is none.
    """
    began = time.monotonic()
    while True:
        yield from _until_it_answers(engine, name, began, demand.seconds)
        if demand.hearing is None:
            return
        left = demand.seconds - (time.monotonic() - began)
        if (yield from _passes(engine, name, demand.hearing, left)):
            return
        time.sleep(_LONGEST_PAUSE)


def _passes(
    engine: Engine, name: str, hearing: Hearing, left: float
) -> Generator[Waiting, None, bool]:
    """Whether a container passes a hearing, `left` seconds at most.

    One that breaks off may be held again: the container may have ended, or have no
    decoder free yet; the next look tells. Raises as `wait_until_ready` does.
    """
    seen = engine.container(name)
    address = address_of(engine, seen) if seen is not None else None
    if seen is None or address is None:
        return False
    began = time.monotonic()
    yield Waiting(what=f"waiting for {name}", seconds=0, phase="it listens", line="")
    try:
        text = hear(name, address, hearing, max(left, _LEAST_HEARING))
    except (NotReady, SpeechError) as error:
        if time.monotonic() - began < left:
            return False
        what = f"answers, and recognises no speech in time: {error.message}"
        raise _failure(engine, seen, what) from error
    if fault := hearing.fault(text):
        raise NotReady(
            f"{name} {fault}",
            remedy="look at `ready` in the profile, and at its model; and try: csctl"
            f" transcribe {name} {hearing.sample}",
        )
    return True


def _until_it_answers(
    engine: Engine, name: str, began: float, seconds: float
) -> Iterator[Waiting]:
    """Yield until `/ready` answers 200, `seconds` after it `began` at the latest."""
    restarts: int | None = None
    pause = _FIRST_PAUSE
    while True:
        seen = engine.container(name)
        if seen is None:
            raise NotReady(f"{name} was removed while it was waited for")
        restarts = seen.restarts if restarts is None else restarts
        waited = time.monotonic() - began
        address = address_of(engine, seen) if seen.running else None
        if address is not None:
            if probe.is_ready(address):
                return
            _check_key(name, probe.api_status(address))
        elif not seen.running and (seen.state != "restarting" or seen.out_of_memory):
            raise _ended(engine, seen)
        elif seen.restarts - restarts >= _LOOPS:
            code = seen.exit_code
            raise _failure(engine, seen, f"restarts in a loop with exit code {code}")
        if waited >= seconds:
            raise _failure(engine, seen, f"is not ready after {waited:.0f} s")
        yield _waiting(engine, seen, waited)
        if _becomes_ready(address, min(pause, seconds - waited)):
            return
        pause = min(_LONGEST_PAUSE, pause * 1.5)


def _becomes_ready(address: probe.Address | None, seconds: float) -> bool:
    """Ask the container alone for a moment; the Engine is asked less often."""
    for _ in range(_PROBES):
        time.sleep(seconds / _PROBES)
        if address is not None and probe.is_ready(address):
            return True
    return False


def stay_ready(engine: Engine, name: str) -> Iterator[Waiting]:
    """Look again a moment after a container became ready, to see that it still is.

    Raises NotReady where it stopped, restarted, or no longer answers.
    """
    before = engine.container(name)
    began = time.monotonic()
    while (waited := time.monotonic() - began) < _PROOF_SECONDS:
        yield Waiting(what=f"watching {name}", seconds=waited, phase="ready", line="")
        time.sleep(_PROOF_SECONDS / 5)
    seen = engine.container(name)
    if seen is None or before is None:
        raise NotReady(f"{name} was removed while it was watched")
    if not seen.running and seen.state != "restarting":
        raise _ended(engine, seen)
    address = address_of(engine, seen)
    steady = seen.restarts == before.restarts and seen.started_at == before.started_at
    if not steady or address is None or not probe.is_ready(address):
        raise _failure(engine, seen, "was ready, and stopped being so at once")


def _check_key(name: str, status: probe.ApiStatus | None) -> None:
    if status is not None and status.status == probe.INVALID:
        raise AzureError(
            f"{name}: Azure refused the API key: {status.message}",
            remedy="check that `billing` has the key and the endpoint of one and the"
            " same Speech resource",
        )


def _ended(engine: Engine, seen: Container) -> CsctlError:
    if seen.out_of_memory:
        return _failure(engine, seen, "was killed for memory", "raise resources.memory")
    return _failure(engine, seen, f"ended with exit code {seen.exit_code}")


def _failure(
    engine: Engine, seen: Container, what: str, remedy: str | None = None
) -> CsctlError:
    lines = last_lines(engine, seen)
    tail = "".join(f"\n  | {line}" for line in lines)
    known = dialects.explain(lines)
    more = f"see the rest: csctl logs {seen.name}"
    if known is None:
        return NotReady(f"{seen.name} {what}{tail}", remedy=remedy or more)
    kind: type[CsctlError] = NotReady
    if known.license:
        kind = LicenseError
    elif known.azure:
        kind = AzureError
    return kind(
        f"{seen.name} {what}: {known.meaning}{tail}",
        remedy=f"{remedy or known.remedy}; {more}",
    )


def last_lines(engine: Engine, seen: Container) -> Sequence[str]:
    """The last lines of a container's log, redacted and printable."""
    redact = redactor_of(seen)
    try:
        lines = engine.log(seen.id, tail=_TAIL)
    except CsctlError:
        return ()
    return [dialects.printable(redact(line)) for line in lines]


def _waiting(engine: Engine, seen: Container, waited: float) -> Waiting:
    # Short waits are not worth a request for their last line.
    lines = engine.log(seen.id, tail=1) if waited > _PATIENCE else ()
    line = dialects.printable(redactor_of(seen)(lines[-1])) if lines else ""
    return Waiting(
        what=f"waiting for {seen.name}",
        seconds=waited,
        phase=dialects.phase(line) or seen.state,
        line=line,
    )
