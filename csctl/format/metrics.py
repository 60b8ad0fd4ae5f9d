"""Gauges in the text format of Prometheus, version 0.0.4.

What is not known has no sample: a monitor tells of it as absent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import csctl

if TYPE_CHECKING:
    from csctl.lifecycle.gauges import Gauge
    from csctl.lifecycle.status import LicenseState, Status

_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


@dataclass(frozen=True, slots=True)
class _Sample:
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Family:
    name: str
    kind: str
    help: str


_VERSION = _Family("csctl_info", "gauge", "The csctl that wrote this.")
_ENGINE = _Family("csctl_engine_up", "gauge", "Whether the Engine answers.")
_RUNNING = _Family(
    "csctl_container_running", "gauge", "Whether the profile's container runs."
)
_READY = _Family(
    "csctl_container_ready", "gauge", "Whether /ready of the container answers 200."
)
_DRIFT = _Family(
    "csctl_drift_fields", "gauge", "Fields in which a container differs from its spec."
)
_PRESENT = _Family(
    "csctl_license_present", "gauge", "Whether there is a whole license."
)
_DAYS = _Family(
    "csctl_license_days_left", "gauge", "Whole days until the license ends."
)
_ENDS = _Family(
    "csctl_license_end_timestamp_seconds", "gauge", "When the license ends."
)
_BEHIND = _Family(
    "csctl_clock_behind",
    "gauge",
    "Whether this host's clock is behind what csctl recorded for the profile.",
)
_USAGE = _Family(
    "csctl_usage_total", "counter", "Usage by meter, as the container reports it."
)


def text(gauges: Iterable[Gauge], *, engine_up: bool) -> str:
    """The whole text, families in a fixed order, samples in that of the gauges."""
    found: dict[_Family, list[_Sample]] = {
        _VERSION: [_Sample(1, {"version": csctl.__version__})],
        _ENGINE: [_Sample(engine_up)],
    }
    order = (_RUNNING, _READY, _DRIFT, _PRESENT, _DAYS, _ENDS, _BEHIND, _USAGE)
    found |= {family: [] for family in order}
    for gauge in gauges:
        for family, sample in _samples(gauge):
            found[family].append(sample)
    return "".join(
        line for family, samples in found.items() for line in _lines(family, samples)
    )


def _samples(gauge: Gauge) -> Iterator[tuple[_Family, _Sample]]:
    own = {"profile": gauge.profile}
    if gauge.status is not None:
        yield from _status(gauge.status, own)
    if gauge.license is not None:
        yield from _license(gauge.license, own)
    for meter, quantity in gauge.usage.items():
        yield _USAGE, _Sample(quantity, own | {"meter": meter})


def _status(value: Status, own: Mapping[str, str]) -> Iterator[tuple[_Family, _Sample]]:
    container = value.container
    yield _RUNNING, _Sample(container is not None and container.running, own)
    yield _READY, _Sample(value.ready, own)
    if container is not None and value.problem is None:
        yield _DRIFT, _Sample(len(value.drift), own)


def _license(
    value: LicenseState, own: Mapping[str, str]
) -> Iterator[tuple[_Family, _Sample]]:
    stored, ends = value.license, value.expiry
    whole = stored is not None and bool(stored.files) and not stored.damage
    yield _PRESENT, _Sample(whole, own)
    sourced = {**own, "source": ends.source}
    if value.days_left is not None:
        yield _DAYS, _Sample(value.days_left, sourced)
    if ends.at is not None:
        yield _ENDS, _Sample(ends.at.timestamp(), sourced)
    yield _BEHIND, _Sample(value.behind is not None, own)


def _lines(family: _Family, samples: list[_Sample]) -> Iterator[str]:
    if not samples:
        return
    yield f"# HELP {family.name} {family.help}\n# TYPE {family.name} {family.kind}\n"
    for sample in samples:
        labels = ",".join(
            f'{name}="{value.translate(_ESCAPES)}"'
            for name, value in sample.labels.items()
        )
        yield f"{family.name}{f'{{{labels}}}' if labels else ''} {_number(sample)}\n"


def _number(sample: _Sample) -> str:
    value = float(sample.value)
    return str(int(value)) if value.is_integer() else repr(value)
