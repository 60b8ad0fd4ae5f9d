"""Where speech is sent to: a container by its name, managed or not, or an address."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from csctl.errors import ContainerNotFound, InvalidValue, NotReady
from csctl.probe import Address

if TYPE_CHECKING:
    from csctl.engine.engine import Engine

_ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """Something that is asked to recognise speech."""

    name: str
    address: Address
    engine: Engine | None
    """That of the container; None where only an address is known."""
    workers: tuple[str, ...] = ()
    """The containers that recognise: itself, or those behind it where it is a front."""


def reach(word: str, connect: Callable[[], Engine]) -> Reached:
    """What a word of the command line means: `HOST:PORT`, or a container that runs.

    Only for a name the Engine is asked. Raises ContainerNotFound, NotReady,
    InvalidValue.
    """
    if ":" in word:
        return Reached(name=word, address=_parse(word), engine=None)
    from csctl.lifecycle.lookup import workers
    from csctl.lifecycle.ready import address_of

    engine = connect()
    container = engine.container(word)
    if container is None:
        raise ContainerNotFound(
            f"there is no container {word}",
            remedy="list them: csctl status; or name an address, such as"
            " 127.0.0.1:5000",
        )
    address = address_of(engine, container) if container.running else None
    if address is None:
        raise NotReady(
            f"{word} is {container.state}, and only a running container that has a"
            " port recognises speech",
            remedy=f"start it: csctl start {word}",
        )
    names = tuple(one.name for one in workers(engine, container))
    return Reached(name=word, address=address, engine=engine, workers=names)


def _parse(word: str) -> Address:
    match = _ADDRESS.fullmatch(word)
    if match is None or not 0 < int(match[3]) < 65536:
        raise InvalidValue(
            f"{word!r} is no address: write HOST:PORT, such as 127.0.0.1:5000 or"
            " [::1]:5000"
        )
    return Address(match[1] or match[2], int(match[3]))
