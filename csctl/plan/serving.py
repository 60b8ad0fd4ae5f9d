"""The spec of the container that a profile wants to serve. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import csctl
from csctl.container import spec as container
from csctl.container.spec import (
    ContainerSpec,
    Limits,
    LogRotation,
    PublishedPort,
    UnknownSecret,
    Value,
)
from csctl.contract import arguments
from csctl.contract.arguments import Account, Invocation
from csctl.model import StoredModel
from csctl.profile.model import Profile
from csctl.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a profile's container is made of, all resolved."""

    image: str
    model: StoredModel
    license: Path | None
    billing_key: Secret | UnknownSecret | None
    environment: Mapping[str, Value]
    """The profile's `environment` and `proxy`, with their values."""


def serving_spec(profile: Profile, parts: Parts) -> ContainerSpec:
    """The serving container of a profile."""
    invocation = _invocation(profile, parts)
    environment = (
        dict(parts.environment)
        | dict(invocation.environment)
        | arguments.decoders(profile.resources.decoders)
    )
    return ContainerSpec(
        name=profile.name,
        image=parts.image,
        arguments=invocation.arguments,
        environment=environment,
        mounts=invocation.mounts,
        port=published(profile) if profile.seat is None else None,
        network=profile.seat.network if profile.seat is not None else None,
        limits=limits(profile),
        restart=profile.restart,
        log=LogRotation(
            max_size=profile.logging.max_size, max_file=profile.logging.max_file
        ),
        labels=dict(profile.labels) | _labels(profile, parts),
        contents=_contents(parts.model),
    )


def published(profile: Profile) -> PublishedPort:
    """The port of this host that a profile's container, or its front, has."""
    return PublishedPort(
        address=profile.port.address,
        number=profile.port.number,
        inside=arguments.PORT,
    )


def _contents(model: StoredModel) -> dict[str, str]:
    if model.record is None:
        return {}
    displays = sorted(f"{one.type}:{one.locale or one.id}" for one in model.displays)
    return {
        "model.fetched": model.record.fetched_at.isoformat(),
        "model.display": " ".join(displays) or "none",
    }


def _invocation(profile: Profile, parts: Parts) -> Invocation:
    if profile.mode == "disconnected":
        assert parts.license is not None, "reconcile fetches a license first"
        return arguments.serve_disconnected(
            parts.model.directory, parts.license, profile.output_dir
        )
    assert profile.billing is not None, "the profile's rules demand it"
    key = parts.billing_key
    account = Account(
        endpoint=profile.billing.endpoint,
        api_key=key if isinstance(key, Secret) else Secret(""),
        as_argument=profile.api_key_as == "argument",
    )
    invocation = arguments.serve_connected(
        parts.model.id, parts.model.directory, account
    )
    # A key that cannot be read now: the spec serves comparison only.
    return invocation if isinstance(key, Secret) else invocation.withheld()


def limits(profile: Profile) -> Limits:
    """The bounds that a profile sets on its containers."""
    return Limits(cpus=profile.resources.cpus, memory=profile.resources.memory)


def _labels(profile: Profile, parts: Parts) -> dict[str, str]:
    labels = {
        container.LABEL_PROFILE: profile.name,
        container.LABEL_ROLE: container.ROLE_SERVE,
        container.LABEL_VERSION: csctl.__version__,
        container.LABEL_MODE: profile.mode,
        container.LABEL_MODEL: parts.model.id,
        container.LABEL_STATE: str(profile.state_dir),
    }
    if parts.license is not None and profile.mode == "disconnected":
        labels[container.LABEL_LICENSE] = str(parts.license)
    if profile.seat is not None:
        labels[container.LABEL_SEAT] = profile.seat.front
    return labels
