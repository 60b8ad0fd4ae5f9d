"""`csctl bundle create`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from csctl.cli import exit as exits
from csctl.cli.session import (
    Session,
    json_option,
    pass_session,
    print_json,
    profile_argument,
    yes_option,
)
from csctl.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from csctl.bundle.inventory import Inventory

_path = click.Path(path_type=Path)


@click.command()
@profile_argument
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=_path,
    required=True,
    help="The bundle to write; FILE.part beside it until it is whole.",
)
@click.option(
    "--since",
    "earlier",
    metavar="FILE",
    type=_path,
    multiple=True,
    help="Leave out what this earlier bundle brought to the other host.",
)
@click.option(
    "--for",
    "inventories",
    metavar="INVENTORY",
    type=_path,
    multiple=True,
    help="Leave out what the other host has: its `bundle inventory`.",
)
@click.option(
    "--sign", "key", metavar="KEY", type=_path, help="Sign with this private key (PEM)."
)
@click.option("--with-csctl", is_flag=True, help="Add csctl itself, as wheels.")
@click.option(
    "--python",
    metavar="VERSION",
    default="3.11",
    show_default=True,
    help="The Python of the other host, for --with-csctl.",
)
@click.option(
    "--platform",
    default="manylinux2014_x86_64",
    show_default=True,
    help="The platform of the other host in pip's words, for --with-csctl.",
)
@click.option(
    "--created",
    metavar="TIME",
    help="The time that the bundle bears, such as 2026-05-04T03:02:01Z, in place of"
    " now; with the same input the same bytes result.",
)
@click.option(
    "--stall-timeout",
    metavar="D",
    default="60s",
    show_default=True,
    help="Give up when the registry sends nothing for so long.",
)
@yes_option
@json_option
@pass_session
def create(
    session: Session,
    profile: tuple[str, ...],
    output: Path,
    earlier: tuple[Path, ...],
    inventories: tuple[Path, ...],
    key: Path | None,
    with_csctl: bool,
    python: str,
    platform: str,
    created: str | None,
    stall_timeout: str,
    yes: bool,
    as_json: bool,
) -> int:
    """Pack image, models, license and profiles into one file.

    What is missing on this host is pulled, downloaded and fetched first; no container
    serves. Broken off, the same command goes on where it was. A profile's `host` says
    where it is to serve later; its paths are used here all the same.
    """
    from csctl.bundle import archive
    from csctl.bundle import create as making
    from csctl.bundle.signature import Trust
    from csctl.bundle.wheels import Target
    from csctl.cli.main import report
    from csctl.cli.plan import code_of
    from csctl.format import bundle as words
    from csctl.lifecycle.prepare import propose_preparing
    from csctl.size import parse_duration

    profiles = session.everywhere(profile)
    order = making.Order(
        output=output,
        created=_moment(session, created),
        have=tuple(_have(session, earlier, inventories)),
        key=_read(key) if key is not None else None,
        csctl_for=Target(python=python, platform=platform) if with_csctl else None,
        patience=parse_duration(stall_timeout).total_seconds(),
    )
    making.check(order, profiles)
    engine = session.connect()
    plans = propose_preparing(engine, profiles, session.environ)
    for plan in plans:
        for note in plan.notes:
            session.say(f"{plan.profile}: note: {note}")
        for problem in plan.problems:
            report(problem)
    if any(plan.problems for plan in plans):
        return exits.worst(code_of(plan) for plan in plans if plan.problems)
    pending = [plan for plan in plans if plan.steps]
    for plan in pending:
        session.say(str(plan))
    if pending:
        session.confirm(f"Do this on {engine.url}, and write {output}?", yes=yes)
    elif output.exists():
        session.confirm(f"Write {output} anew?", yes=yes)
    work = making.create(engine, profiles, session.environ, order)
    session.follow(output.name, work)
    # Nobody's key is asked for: it was made here.
    with archive.open_bundle(output, Trust()) as opened:
        if as_json:
            print_json(words.bundle(opened))
        else:
            click.echo(words.whole(opened))
    return exits.DONE


def _have(
    session: Session, earlier: tuple[Path, ...], inventories: tuple[Path, ...]
) -> Iterator[Inventory]:
    from csctl.bundle import inventory
    from csctl.cli.bundle import open_bundle

    for file in inventories:
        yield inventory.load(file)
    for file in earlier:
        with open_bundle(session, file, require_signature=False) as opened:
            yield inventory.of_bundle(opened.manifest)


def _read(key: Path) -> bytes:
    try:
        return key.read_bytes()
    except OSError as exc:
        raise UsageError(
            f"key {key} cannot be read: {exc.strerror}",
            remedy="make one with: csctl bundle keygen KEY.pem",
        ) from exc


def _moment(session: Session, created: str | None) -> datetime | None:
    """The time that was asked for, else that of SOURCE_DATE_EPOCH."""
    from datetime import UTC, datetime

    epoch = session.environ.get("SOURCE_DATE_EPOCH")
    try:
        if created is None:
            return datetime.fromtimestamp(int(epoch), UTC) if epoch else None
        moment = datetime.fromisoformat(created)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError) as exc:
        raise UsageError(
            f"{created or epoch!r} is no time",
            remedy="write 2026-05-04T03:02:01Z, and SOURCE_DATE_EPOCH in seconds",
        ) from exc
