"""Writing below the mounts."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable


class Disk:
    """Writes files; one that is not writable refuses as a foreign mount would."""

    def __init__(self, *, writable: bool) -> None:
        self._writable = writable

    def write(self, path: str, blocks: Iterable[bytes]) -> None:
        """Make the file and the directories above it. Raises OSError."""
        if not self._writable:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.writelines(blocks)

    def replace(self, path: str, content: bytes) -> None:
        """Write the file so that a reader sees the old content or the new."""
        self.write(f"{path}.new", [content])
        os.replace(f"{path}.new", path)
