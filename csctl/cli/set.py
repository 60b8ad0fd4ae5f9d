"""`csctl set`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from csctl.cli.session import Session, pass_session, yes_option
from csctl.errors import UsageError

document_option = click.option(
    "--document",
    type=click.IntRange(min=1),
    metavar="N",
    help="Which document of the file, from 1, where several hold profiles.",
)


@click.command("set")
@click.argument("profile", type=click.Path(exists=False))
@click.argument("changes", nargs=-1, required=True, metavar="KEY=VALUE...")
@document_option
@yes_option
@pass_session
def set(
    session: Session,
    profile: str,
    changes: tuple[str, ...],
    document: int | None,
    yes: bool,
) -> None:
    """Change keys of a profile; comments, order and quotes stay.

    KEY is a path such as license.valid_for; KEY= removes a key. The difference is shown
    first, and only what is a valid profile is written.
    """
    change(session, Path(profile), _parsed(changes), document, yes=yes)


def change(
    session: Session,
    path: Path,
    changes: Mapping[str, str | None],
    document: int | None,
    *,
    yes: bool,
) -> None:
    """Show what setting keys of a profile comes to, ask, and write it."""
    from csctl.lifecycle.profiles import propose

    proposal = propose(path, changes, session.environ, document)
    if not proposal.difference:
        session.say(f"{path}: nothing to change")
        return
    session.say(proposal.difference.rstrip("\n"))
    session.confirm(f"Write {path}?", yes=yes)
    proposal.write()
    click.echo(f"{path}: changed")


def _parsed(words: tuple[str, ...]) -> dict[str, str | None]:
    changes: dict[str, str | None] = {}
    for word in words:
        path, equals, value = word.partition("=")
        if not equals:
            raise UsageError(
                f"{path!r} says no value",
                remedy=f"write {path}=VALUE, or {path}= to remove the key",
            )
        if path in changes:
            raise UsageError(f"{path!r} is given twice", remedy="give it one value")
        changes[path] = value or None
    return changes
