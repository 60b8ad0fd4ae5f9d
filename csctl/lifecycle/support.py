"""Support: one redacted archive of what a colleague needs to see."""

from __future__ import annotations

import io
import json
import os
import platform
import tarfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import csctl
from csctl import record
from csctl.container import drift
from csctl.container.observed import Container
from csctl.container.spec import LABEL_SPEC, applied_fields
from csctl.contract import dialects
from csctl.engine.engine import Engine
from csctl.errors import ContainerNotFound, CsctlError, NotManaged, UsageError
from csctl.lifecycle import applied
from csctl.lifecycle.ready import redactor_of
from csctl.secret import MASK

_LOG_LINES = 10_000


def collect(engine: Engine, name: str) -> Iterator[tuple[str, str]]:
    """File names and redacted texts of the archive. Raises CsctlError."""
    container = engine.container(name)
    if container is None:
        raise ContainerNotFound(
            f"there is no container {name}", remedy="list them: csctl status"
        )
    if container.profile is None:
        raise NotManaged(
            f"{name} is not managed by csctl",
            remedy="list those that are: csctl status",
        )
    redact = redactor_of(container)
    yield (
        "csctl.json",
        _json(
            {
                "csctl": csctl.__version__,
                "python": platform.python_version(),
                "kernel": platform.release(),
                "host": _plain(engine.host),
            }
        ),
    )
    inspected = redact(_json(_masked(engine.inspect_json(name))))
    yield "container.json", inspected
    yield (
        "drift.txt",
        "\n".join(
            map(str, drift.compare(None, applied.fields_of(container), container))
        )
        + "\n",
    )
    for row in engine.containers():
        if row.profile == container.profile:
            yield f"logs/{row.name}.log", _log(engine, row.id, container)
    for path in _records(container):
        yield f"records/{path.parent.name}-{path.name}", redact(path.read_text())
    if container.state_directory is not None:
        kept = sorted(Path(container.state_directory, "logs").glob("*.log"))
        for path in kept[-10:]:
            yield f"logs/one-shot/{path.name}", redact(path.read_text())


def _log(engine: Engine, identity: str, container: Container) -> str:
    redact = redactor_of(container)
    lines = engine.log(identity, tail=_LOG_LINES)
    return "\n".join(dialects.printable(redact(line)) for line in lines) + "\n"


def _records(container: Container) -> Iterator[Path]:
    for mount in container.mounts:
        path = record.path_of(mount.source)
        if path.is_file():
            yield path


def _masked(value: Any) -> Any:
    """An inspect without any variable's value: which of them are secret is unknown."""
    if isinstance(value, Mapping):
        return {key: _masked_entry(key, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner) for inner in value]
    return value


def _masked_entry(key: str, value: Any) -> Any:
    if key == "Env":
        return [f"{pair.partition('=')[0]}={MASK}" for pair in value or ()]
    if key == LABEL_SPEC:
        fields = applied_fields({LABEL_SPEC: value}) or {}
        return {
            name: MASK if name.startswith("environment.") else text
            for name, text in fields.items()
        }
    return _masked(value)


def _plain(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, sort_keys=True, default=str) + "\n"


def write(engine: Engine, name: str, target: Path) -> tuple[str, ...]:
    """Write the archive, whole or not at all; the names of its files.

    Raises UsageError where the target exists, CsctlError where it cannot be written.
    """
    if target.exists():
        raise UsageError(f"{target} exists already", remedy="name another file with -o")
    temporary = target.with_name(f".{target.name}.{os.getpid()}.csctl-tmp")
    names = []
    try:
        with tarfile.open(temporary, "w:gz") as archive:
            for path, text in collect(engine, name):
                member = tarfile.TarInfo(f"csctl-support-{name}/{path}")
                raw = text.encode()
                member.size, member.mtime, member.mode = (
                    len(raw),
                    int(time.time()),
                    0o600,
                )
                archive.addfile(member, io.BytesIO(raw))
                names.append(path)
        os.chmod(temporary, 0o600)
        os.replace(temporary, target)
    except OSError as exc:
        raise CsctlError(
            f"{target} cannot be written: {exc.strerror}",
            remedy=f"check free space and permissions of {target.parent}",
        ) from exc
    finally:
        temporary.unlink(missing_ok=True)
    return tuple(names)
