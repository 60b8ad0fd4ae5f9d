"""What reconciling a profile looks at: everything, gathered before. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from csctl.container.observed import Container, Host, Image
from csctl.container.spec import UnknownSecret, Value
from csctl.errors import CsctlError
from csctl.license import StoredLicense
from csctl.model import StoredModel
from csctl.ownership import Owner
from csctl.reference import ImageReference
from csctl.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """Everything that reconciling one profile looks at."""

    now: datetime
    host: Host
    reference: ImageReference
    """What the profile's image resolves to."""
    image: Image | None
    """That image, if the Engine has it."""
    model_id: str | None
    model: StoredModel | None
    license: StoredLicense | None
    owner: Owner | None
    """The image's own user, where a record tells it."""
    not_owned: tuple[Path, ...]
    """Mounts that are absent or hold something that the owner does not own."""
    serving: Container | None
    """The managed container that has the profile's name."""
    applied: Mapping[str, str] | None
    """The fields that it was last applied with."""
    replaced: Container | None
    """The one that waits until its replacement is ready."""
    leftovers: tuple[str, ...]
    """Names of containers that killed runs left."""
    surplus: tuple[str, ...] = ()
    """Names of replicas that the profile does not want any more."""
    name_taken_by: str | None
    """Image of a foreign container that has the profile's name."""
    port_taken_by: str | None
    environment: Mapping[str, Value] = field(default_factory=dict)
    """The profile's variables with their values."""
    billing_key: Secret | UnknownSecret | None = None
    """None where it is not needed, or the profile names none."""
    billing_problem: CsctlError | None = None
    license_problem: CsctlError | None = None
    speech_problem: CsctlError | None = None
    """What is wrong with the speech that the container is to recognise."""
    environment_problems: tuple[CsctlError, ...] = ()
    """Keys that cannot be read: in the way only where a step needs them."""
    ready_seconds: float | None = None
    """From the start of its container until ready, the last time; None if unknown."""
    notes: tuple[str, ...] = ()
    problems: tuple[CsctlError, ...] = ()
