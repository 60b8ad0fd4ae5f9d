"""What a profile wants of its container now, with all that it is made of."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from csctl.container.spec import ContainerSpec
from csctl.engine.engine import Engine
from csctl.lifecycle import observe
from csctl.lifecycle.snapshot import Snapshot
from csctl.plan import steps
from csctl.plan.observed import Observed
from csctl.plan.preparation import FETCHES
from csctl.plan.reconcile import reconcile
from csctl.profile.model import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was seen for a profile, and the container that it would create."""

    seen: Observed
    spec: ContainerSpec | None
    """None while parts of it are still to be fetched."""
    pending: tuple[str, ...]
    """The actions that fetch them."""


def wanted_of(
    engine: Engine, profile: Profile, environ: Mapping[str, str], snapshot: Snapshot
) -> Wanted:
    """Look at what a profile is about; nothing is changed. Raises CsctlError."""
    seen = observe.observe(engine, profile, environ, snapshot)
    # Without a container the plan is to create the one that is wanted.
    alone = dataclasses.replace(seen, serving=None, applied=None, replaced=None)
    planned = reconcile(profile, alone).steps
    specs = (step.spec for step in planned if isinstance(step, steps.Create))
    return Wanted(
        seen=seen,
        spec=next(specs, None),
        pending=tuple(step.action for step in planned if isinstance(step, FETCHES)),
    )
