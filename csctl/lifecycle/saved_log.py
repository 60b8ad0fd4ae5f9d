"""A log written to a file of the user's choice: it may hold recognised text."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from csctl.contract.dialects import printable
from csctl.engine.engine import Engine
from csctl.errors import CsctlError, UsageError
from csctl.lifecycle import service
from csctl.lifecycle.lookup import managed
from csctl.lifecycle.ready import redactor_of


def save(path: Path, lines: Iterable[str]) -> int:
    """Write lines into a new file that only its owner can read; how many there were.

    Raises UsageError where there is such a file, CsctlError where it cannot be
    written; then there is none.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UsageError(
            f"{path} exists already", remedy="choose another name"
        ) from None
    except OSError as error:
        raise _unwritable(path, error) from error
    count = 0
    try:
        with open(handle, "w", encoding="utf-8") as file:
            for line in lines:
                file.write(f"{line}\n")
                count += 1
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _unwritable(path, error) from error
        raise
    return count


def whole_log(engine: Engine, name: str) -> Iterator[str]:
    """All that the Engine has of a container's or service's log, redacted.

    Raises EngineError.
    """
    if (found := service.find(engine, name)) is not None:
        yield from map(printable, service.log(engine, found, follow=False))
        return
    container = managed(engine, name)
    redact = redactor_of(container)
    for line in engine.read_log(container.id):
        yield printable(redact(line))


def _unwritable(path: Path, error: OSError) -> CsctlError:
    return CsctlError(
        f"{path} cannot be written: {error.strerror}",
        remedy=f"check free space and permissions of {path.parent}",
    )
