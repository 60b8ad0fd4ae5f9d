"""`csctl bundle load` where profiles of the bundle name other hosts."""

from __future__ import annotations

import mmap
from collections.abc import Generator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from csctl.cli.hosts import Manner, ask_and_show
from csctl.cli.parties import Party, require_no_engine
from csctl.cli.session import Session
from csctl.errors import UsageError

if TYPE_CHECKING:
    from csctl.bundle.archive import Bundle
    from csctl.bundle.carried import Destination
    from csctl.lifecycle.events import Event
    from csctl.lifecycle.far import Answer
    from csctl.profile.host import Host


def load_over_hosts(
    session: Session,
    bundle: Bundle,
    hosts: Mapping[Host | None, tuple[str, ...]],
    where: Destination,
    *,
    first_alone: bool,
    as_json: bool,
    yes: bool,
) -> int:
    """Verify a bundle here, and have each host load it; the code that counts.

    Raises BundleError, UsageError.
    """
    from csctl.bundle.load import require_whole

    for host, (name, *_) in hosts.items():
        if host is not None:
            require_no_engine(session, host, name)
    for place in (where.target, where.profiles):
        if place is not None and not place.is_absolute():
            raise UsageError(
                f"the relative path {place} has no meaning on another host",
                remedy="write it from / on",
            )
    session.follow(bundle.path.name, require_whole(bundle))
    # The very bytes that were verified, whatever becomes of the file's name.
    view = memoryview(mmap.mmap(bundle.fd, 0, access=mmap.ACCESS_READ))
    parties = [
        Party(host=host, names=names, ask=partial(_ask, session, host, bundle, view))
        for host, names in hosts.items()
    ]
    manner = Manner(
        blank={"parts": [], "problems": []},
        told={"file": str(bundle.path)},
        first_alone=first_alone,
    )
    return ask_and_show(session, manner, parties, as_json=as_json, yes=yes)


def _ask(
    session: Session,
    host: Host | None,
    bundle: Bundle,
    view: memoryview,
    words: Sequence[str],
) -> Generator[Event, None, Answer]:
    from csctl.bundle.arriving import NAME
    from csctl.lifecycle.far import ask, reached
    from csctl.profile.host import known_as
    from csctl.profile.load import STDIN

    there = reached(host)
    # A csctl here, with the Engine of another host, opens the file itself.
    sent = bundle.path == NAME or (there is not None and there.way == "ssh")
    named, text = (STDIN, view) if sent else (str(bundle.path.absolute()), b"")
    words = ["--here", known_as(host), *words, "--", named]
    return (yield from ask(there, words, text, session.environ))
