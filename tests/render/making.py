"""Workloads for the tests of what is rendered."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from csctl.container.spec import UnknownSecret
from csctl.lifecycle.keys import unread_environment
from csctl.ownership import Owner
from csctl.plan.serving import Parts
from csctl.render.workload import Workload, workload
from tests.plan.situation import model, profile

LICENSE = Path("/d/license/20260502T120000Z")
OWNER = Owner(65532, 65532)
SECRET = "s3cret-0123456789"
ODD = "a 'b' \"c\" $HOME ${X} %n {{ y }} \\"
ODD_WRITTEN = ODD.replace("${", "$${")
"""The same in a profile, where `${` is a variable."""
DISPLAY = {"locale": "en-US", "types": ["punct", "rescore"]}


def made(
    written: Mapping[str, Any],
    /,
    *,
    replicas: int = 1,
    owner: Owner | None = OWNER,
    **changes: Any,
) -> Workload:
    """What another engine is told of a profile with keys changed."""
    read = profile(written, **changes)
    parts = Parts(
        image=str(read.image),
        model=model(),
        license=LICENSE,
        billing_key=UnknownSecret(),
        environment=unread_environment(read),
    )
    return workload(read, parts, replicas=replicas, owner=owner)


def objects(text: str) -> dict[tuple[str, str], Any]:
    """The objects of a stream of YAML documents, by kind and name."""
    found = {
        (one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(text)
    }
    assert found
    return found


def of_kind(text: str, kind: str) -> list[Any]:
    """The objects of one kind."""
    return [one for (found, _), one in objects(text).items() if found == kind]
