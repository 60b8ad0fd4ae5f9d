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
from csctl.profile.model import Profile
from csctl.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a profile's container is made of, all resolved."""

    image: str
    model_id: str
    model: Path
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
        port=PublishedPort(
            address=profile.port.address,
            number=profile.port.number,
            inside=arguments.PORT,
        ),
        limits=limits(profile),
        restart=profile.restart,
        log=LogRotation(
            max_size=profile.logging.max_size, max_file=profile.logging.max_file
        ),
        labels=dict(profile.labels) | _labels(profile, parts),
    )


def _invocation(profile: Profile, parts: Parts) -> Invocation:
    if profile.mode == "disconnected":
        assert parts.license is not None, "reconcile fetches a license first"
        return arguments.serve_disconnected(
            parts.model, parts.license, profile.output_dir
        )
    assert profile.billing is not None, "the profile's rules demand it"
    if isinstance(parts.billing_key, Secret):
        account = Account(
            endpoint=profile.billing.endpoint,
            api_key=parts.billing_key,
            as_argument=profile.api_key_as == "argument",
        )
        return arguments.serve_connected(parts.model_id, parts.model, account)
    # A key that cannot be read now: the spec serves comparison only.
    blank = Account(endpoint=profile.billing.endpoint, api_key=Secret(""))
    invocation = arguments.serve_connected(parts.model_id, parts.model, blank)
    return Invocation(
        arguments=invocation.arguments,
        environment=dict(invocation.environment) | {"ApiKey": UnknownSecret()},
        mounts=invocation.mounts,
    )


def limits(profile: Profile) -> Limits:
    """The bounds that a profile sets on its containers."""
    return Limits(cpus=profile.resources.cpus, memory=profile.resources.memory)


def _labels(profile: Profile, parts: Parts) -> dict[str, str]:
    labels = {
        container.LABEL_PROFILE: profile.name,
        container.LABEL_ROLE: container.ROLE_SERVE,
        container.LABEL_VERSION: csctl.__version__,
        container.LABEL_MODE: profile.mode,
        container.LABEL_MODEL: parts.model_id,
        container.LABEL_STATE: str(profile.state_dir),
    }
    if parts.license is not None and profile.mode == "disconnected":
        labels[container.LABEL_LICENSE] = str(parts.license)
    return labels
