"""Profiles for other hosts, which are real sshd on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.cli.shell import Draft, Shell
from tests.sshd import Sshd

_SECONDS = 60


def placed(
    shell: Shell, name: str, host: Sshd | str | None, **changes: object
) -> Draft:
    """A profile with its files in place, for a host."""
    url = host.url if isinstance(host, Sshd) else host
    draft = shell.write(name, stocked=True, **changes)
    draft.change(host=url, data=str(draft.data) if url else name)
    return draft


def until(condition: Callable[[], object]) -> None:
    """Wait for it."""
    deadline = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
