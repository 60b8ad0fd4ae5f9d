"""What the verbs of `csctl license` have in common: which profiles, what is printed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from csctl.cli.session import Session, one_or_list, print_json

if TYPE_CHECKING:
    from csctl.license import StoredLicense
    from csctl.lifecycle.status import LicenseState
    from csctl.profile.model import Profile


def licensed(session: Session, profiles: Sequence[Profile]) -> list[Profile]:
    """The disconnected ones of some profiles; the others need no license."""
    for one in profiles:
        if one.mode == "connected":
            session.say(f"{one.name} is connected, and needs no license")
    return [one for one in profiles if one.mode == "disconnected"]


def print_states(
    states: Sequence[LicenseState],
    as_json: bool,
    sets: Sequence[tuple[StoredLicense, ...]] | None = None,
) -> None:
    """A license for each profile; with `sets`, all that are kept for it as well."""
    from csctl import format as words

    rows: list[dict[str, Any]] = [dict(words.license_state(one)) for one in states]
    for row, kept in zip(rows, sets or (), strict=bool(sets)):
        row["sets"] = [words.license_set(one) for one in kept]
    if as_json:
        print_json(one_or_list(rows) if rows else [])
        return
    for state, row in zip(states, rows, strict=True):
        click.echo(f"path     {row['path'] or 'none'}")
        click.echo(f"files    {', '.join(row['files']) or 'none'}")
        click.echo(f"fetched  {row['fetched_at'] or 'unknown'}")
        click.echo(f"ends     {row['expires_at'] or '-'} ({row['expiry_source']})")
        click.echo(f"left     {words.license_words(state)}")
        click.echo(f"image    {row['image'] or 'unknown'}")
        click.echo(f"model    {row['model'] or 'unknown'}")
        for other in row.get("sets", ()):
            if other["path"] != row["path"]:
                click.echo(f"kept     {_kept(other)}")


def _kept(row: dict[str, Any]) -> str:
    since = f"{row['path']}, fetched {row['fetched_at'] or 'unknown'}"
    return f"{since}, refused: {row['refused']}" if row["refused"] else since
