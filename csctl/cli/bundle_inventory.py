"""`csctl bundle inventory`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from csctl.cli import exit as exits
from csctl.cli.hosts import far_parties
from csctl.cli.session import Session, pass_session

if TYPE_CHECKING:
    from csctl.bundle.inventory import Inventory
    from csctl.cli.parties import Party


@click.command()
@click.argument("profile", nargs=-1, type=click.Path(exists=False))
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write it to FILE in place of stdout.",
)
@pass_session
def inventory(session: Session, profile: tuple[str, ...], output: Path | None) -> int:
    """Print what this host has, for `bundle create --for` on the other one.

    Digests only, as JSON: of all images, and of the models and licenses of managed
    containers and of the profiles. Where profiles name hosts, what all of these have.
    """
    from csctl import record
    from csctl.bundle.inventory import encode, take

    profiles = session.everywhere(profile) if profile else []
    if (parties := far_parties(session, profile, profiles)) is None:
        found = take(session.connect(), profiles)
    else:
        answered = _common(session, parties)
        if isinstance(answered, int):
            return answered
        found = answered
    text = encode(found).decode()
    if output is None:
        click.echo(text, nl=False)
    else:
        record.write_atomically(output, text)
    return exits.DONE


def _common(session: Session, parties: Sequence[Party]) -> Inventory | int:
    """What all hosts have; an exit code where one does not tell. Raises UsageError."""
    from csctl.bundle.inventory import common, decode
    from csctl.cli.parties import ask_all

    outcome = ask_all(session, parties, ["bundle", "inventory"])
    code = exits.worst(outcome.code(one.label) for one in parties)
    if code != exits.DONE:
        session.say("csctl: no inventory: what all hosts have is not known")
        return code
    return common(
        decode(outcome.answers[one.label].out.encode(), f"the answer of {one.label}")
        for one in parties
    )
