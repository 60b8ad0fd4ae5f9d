"""Containers as the Engine would report them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from csctl.container.observed import Container
from csctl.container.spec import ContainerSpec
from csctl.secret import Secret


def running(spec: ContainerSpec, image_id: str, **changes: Any) -> Container:
    """The container of a spec, running, with what was done to it since."""
    seen = Container(
        id="c" * 64,
        name=spec.name,
        image=spec.image,
        image_id=image_id,
        state="running",
        exit_code=0,
        out_of_memory=False,
        restarts=0,
        started_at=None,
        labels=dict(spec.labels) | {"csctl.spec": spec.label()},
        arguments=tuple(word for word in spec.arguments if isinstance(word, str)),
        environment={
            name: value.reveal() if isinstance(value, Secret) else str(value)
            for name, value in spec.environment.items()
        },
        mounts=tuple(
            dataclasses.replace(mount, source=Path(mount.source))
            for mount in spec.mounts
        ),
        port=spec.port,
        limits=spec.limits,
        restart=spec.restart,
        log=spec.log,
        address="172.17.0.2",
    )
    return dataclasses.replace(seen, **changes)
