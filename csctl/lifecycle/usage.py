"""Usage by month, as a disconnected container reports it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from csctl import probe
from csctl.container.observed import Container
from csctl.engine.engine import Engine
from csctl.errors import NotReady
from csctl.lifecycle.lookup import managed, workers
from csctl.lifecycle.part import Part
from csctl.lifecycle.ready import address_of

_MONTHS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """What one month used, by meter; a month without use has no meter."""

    month: str
    """`YYYY-MM`."""
    meters: Mapping[str, float]


def usage_of(engine: Engine, container: Container, now: datetime) -> Part[Month]:
    """The last twelve months, the oldest first; see `usage_in`."""
    return usage_in(engine, container, last_months(now, _MONTHS))


def usage_in(
    engine: Engine, container: Container, months: Sequence[str]
) -> Part[Month]:
    """What was used in each month, asked for side by side.

    A container that keeps no records, or does not answer, gives a note.
    """
    keepers = workers(engine, container)
    if any(one.mode == "connected" for one in keepers):
        return Part(notes=("a connected container reports its usage to Azure only",))
    for one in keepers:
        if not one.running:
            why = f"{one.name} is {one.state}, and only a running container tells"
            return Part(notes=(why,))
    with ThreadPoolExecutor(len(months)) as pool:
        asked = [pool.submit(_records, engine, keepers, month) for month in months]
    rows, notes = [], []
    for month, answer in zip(months, asked, strict=True):
        try:
            rows.append(Month(month=month, meters=meters(answer.result())))
        except NotReady as error:
            notes.append(error.message)
    # Where none answers one sentence is enough.
    return Part(tuple(rows), tuple(notes if rows else notes[:1]))


def records(engine: Engine, name: str, month: str | None) -> Any:
    """A managed container's records of a month or of all time, as it reports them.

    Those of a front are the sum of its replicas'. Raises ContainerNotFound, NotManaged,
    NotReady.
    """
    return _records(engine, workers(engine, managed(engine, name)), month)


def _records(engine: Engine, keepers: Sequence[Container], month: str | None) -> Any:
    """What containers report, as one container would."""
    reported = [_of_one(engine, one, month) for one in keepers]
    if len(reported) == 1:
        return reported[0]
    total: dict[str, float] = {}
    for one in reported:
        for name, quantity in meters(one).items():
            total[name] = total.get(name, 0) + quantity
    summed = [{"name": name, "quantity": count} for name, count in total.items()]
    return {**reported[0], "meters": summed}


def _of_one(engine: Engine, container: Container, month: str | None) -> Any:
    name = container.name
    address = address_of(engine, container) if container.running else None
    if address is None:
        raise NotReady(
            f"{name} is {container.state}, and only a running container reports usage",
            remedy=f"start it: csctl start {name}",
        )
    return probe.usage_records(address, name, month)


def year_to(month: str) -> tuple[str, ...]:
    """The months of a year up to one of them, which is `YYYY-MM`."""
    year, _, number = month.partition("-")
    return tuple(f"{year}-{one:02}" for one in range(1, int(number) + 1))


def last_months(now: datetime, count: int) -> tuple[str, ...]:
    """The month of `now` and those before, the oldest first."""
    latest = now.year * 12 + now.month - 1
    return tuple(
        f"{number // 12:04}-{number % 12 + 1:02}"
        for number in range(latest - count + 1, latest + 1)
    )


def meters(reported: Any) -> dict[str, float]:
    """Quantity by meter, as far as the records hold any."""
    total: dict[str, float] = {}
    for name, quantity in _quantities(reported):
        total[name] = total.get(name, 0) + quantity
    return total


def _quantities(reported: Any) -> Iterator[tuple[str, float]]:
    found = reported.get("meters") if isinstance(reported, dict) else None
    for meter in found if isinstance(found, list) else ():
        match meter:
            case {"name": str(name), "quantity": int() | float() as quantity}:
                yield name, quantity
