"""What the pictures show: the same fleet on every one of them."""

from __future__ import annotations

import math
from collections import deque

from csctl.container.drift import Difference
from csctl.container.observed import Sample
from csctl.container.spec import Limits
from csctl.lifecycle.status import Status
from tests.tui.stage import Nobody, Stage, container, license_state, profile, row, stage

_GIB = 1 << 30
_OTHER_MODEL = "2b7e9c40-5d1f-4a83-9e62-c0d4f1a7b358"
_DRIFT = Difference(
    field="resources.memory", have="8.0 GiB", want="16.0 GiB", by="profile"
)


def fleet() -> Stage:
    """A fleet in which something of everything is going on."""
    rows = _rows()
    app = stage(*rows, engine=Nobody())
    for number, one in enumerate(rows):
        if one.container is not None and one.container.running:
            app.desk.samples[one.profile] = _used(number)
    return app


def _used(number: int) -> deque[Sample]:
    """What a container may have used in the last minute."""
    return deque(
        Sample(
            cpus=1.5 + number / 2 + math.sin(second / 6 + number),
            memory=(3 + number) * _GIB + second * (_GIB >> 6),
            memory_limit=16 * _GIB,
        )
        for second in range(60)
    )


def _rows() -> tuple[Status, ...]:
    return (
        row("callcenter-de-de", license=license_state(5), drift=(_DRIFT,)),
        row("contoso-en-gb", ready=False, api_status=None),
        row("contoso-en-us"),
        row(
            "dictation-fr-fr",
            container=container(
                "dictation-fr-fr", state="exited", exit_code=137, out_of_memory=True
            ),
            ready=False,
            api_status=None,
        ),
        row(
            "meetings-en-us",
            container=container(
                "meetings-en-us",
                mode="connected",
                model=_OTHER_MODEL,
                limits=Limits(cpus=8, memory=16 * _GIB),
            ),
            wanted=profile("meetings-en-us", mode="connected", port="127.0.0.1:5004"),
            license=None,
        ),
        row("night-batch", container=None, license=license_state(None, files=())),
    )
