"""The fields that a container was last applied with.

They stand in its label, which never changes; what csctl updated in place since then
stands in a small file of the profile's state directory, bound to the container's id.
"""

from __future__ import annotations

import json
from pathlib import Path

from csctl import record, staging
from csctl.container.observed import Container
from csctl.container.spec import UNKNOWN, ContainerSpec, applied_fields


def _path(state: Path, profile: str) -> Path:
    return state / f"{profile}.updated.json"


def remember(state: Path, container: Container, spec: ContainerSpec) -> None:
    """Write down that a container was updated in place to a spec.

    The caller holds the profile's lock.
    """
    before = fields_of(container) or {}
    fields = {
        # A key that cannot be read now was not applied either.
        name: before.get(name, text) if text == UNKNOWN else text
        for name, text in spec.fields().items()
    }
    value = {"container": container.id, "fields": fields}
    text = json.dumps(value, indent=1, sort_keys=True)
    path = _path(state, container.name)
    staging.sweep(state, path.name)
    record.write_atomically(path, text)


def fields_of(container: Container) -> dict[str, str] | None:
    """What csctl applied last to a container; None where nothing tells."""
    applied = applied_fields(container.labels)
    if applied is None or container.state_directory is None:
        return applied
    try:
        path = _path(Path(container.state_directory), container.name)
        value = json.loads(path.read_text())
        if value["container"] == container.id:
            return {str(name): str(text) for name, text in value["fields"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return applied  # The label alone: an update in place then reads as drift.
    return applied
