"""`csctl show`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from csctl.cli.session import (
    Session,
    json_option,
    means_profile,
    pass_session,
    print_json,
)
from csctl.errors import UsageError

if TYPE_CHECKING:
    from csctl.profile.model import Profile


@click.command()
@click.argument("name_or_profile", type=click.Path(exists=False))
@json_option
@pass_session
def show(session: Session, name_or_profile: str, as_json: bool) -> None:
    """One profile and its container in full: fields, model, license, mounts, usage.

    A profile's file is compared with its container; a container's name alone shows
    what it was created with.
    """
    from csctl.contract.dialects import printable
    from csctl.format import details as words
    from csctl.lifecycle.details import details

    profile = _profile(session, name_or_profile)
    name = profile.name if profile else name_or_profile
    value = details(session.connect(), profile, name, session.environ)
    if as_json:
        print_json(words.details(value))
        return
    click.echo(value.name)
    for title, lines in words.sections(value):
        click.echo(f"\n{title}")
        for line in lines:
            click.echo(f"  {printable(line)}")


def _profile(session: Session, word: str) -> Profile | None:
    """The profile of a file; None where the word can only be a container's name."""
    if not means_profile(word):
        return None
    found = session.profiles((word,))
    if len(found) != 1:
        names = ", ".join(one.name for one in found)
        raise UsageError(
            f"{word} holds {len(found)} profiles: {names}",
            remedy="show one by its container's name",
        )
    return found[0]
