"""`csctl usage`."""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from csctl.cli.session import (
    Session,
    json_option,
    means_profile,
    pass_session,
    print_json,
)
from csctl.errors import CsctlError, EngineUnavailable, UsageError

if TYPE_CHECKING:
    from csctl.engine.engine import Engine
    from csctl.lifecycle.commitment import Commitment
    from csctl.profile.model import Profile

_MONTH = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])")


@click.command()
@click.argument("name", nargs=-1, required=True, metavar="NAME...")
@click.option("--month", metavar="YYYY-MM", help="One month only.")
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@pass_session
def usage(
    session: Session,
    name: tuple[str, ...],
    month: str | None,
    as_json: bool,
    as_csv: bool,
) -> int:
    """The usage records that disconnected containers report.

    NAME is a container, or a file or directory of profiles, whose use of the calendar
    year is summed up against license.commitment_hours: from 80 % on with a warning.
    The JSON of one container is as that reports it.
    """
    if month is not None and not _MONTH.fullmatch(month):
        raise UsageError(f"{month!r} is no month", remedy="write it as 2026-11")
    if as_json and as_csv:
        raise UsageError("one of --json and --csv is enough", remedy="leave one out")
    from csctl.format import usage as words

    names = [word for word in name if not means_profile(word)]
    paths = [word for word in name if means_profile(word)]
    profiles = _disconnected(session, paths)
    engine = session.connect()
    asked = dict.fromkeys((*names, *(profile.name for profile in profiles)))
    reported, errors = _ask(engine, tuple(asked), month)
    commitments = _commitments(session, engine, profiles, month)
    alone = len(name) == len(names) == 1
    if alone and errors:
        raise errors[0]
    if as_json:
        document = _document(reported, month, commitments)
        print_json(reported[names[0]] if alone else document)
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow([header.lower() for header in words.HEADERS])
        writer.writerows(_rows(reported, month))
    else:
        _show(reported, month, commitments, alone=alone)
    for one in commitments:
        for warning in words.warnings(one):
            session.say(f"warning: {warning}")
    return _report(errors)


def _disconnected(session: Session, paths: Sequence[str]) -> list[Profile]:
    found = session.profiles(paths) if paths else []
    for profile in found:
        if profile.mode == "connected":
            session.say(f"{profile.name} is connected, and reports to Azure only")
    return [profile for profile in found if profile.mode == "disconnected"]


def _ask(
    engine: Engine, names: Sequence[str], month: str | None
) -> tuple[dict[str, Any], list[CsctlError]]:
    """Records by container, and what stood in the way of others."""
    from csctl.lifecycle.usage import records

    reported: dict[str, Any] = {}
    errors: list[CsctlError] = []
    for name in names:
        try:
            reported[name] = records(engine, name, month)
        except EngineUnavailable:
            raise
        except CsctlError as error:
            errors.append(error)
    return reported, errors


def _commitments(
    session: Session, engine: Engine, profiles: Sequence[Profile], month: str | None
) -> tuple[Commitment, ...]:
    from datetime import UTC, datetime

    from csctl.lifecycle.commitment import commitments
    from csctl.lifecycle.usage import usage_in, year_to

    declared = [one for one in profiles if one.license and one.license.commitment_hours]
    if not declared:
        return ()
    months = year_to(month or f"{datetime.now(UTC):%Y-%m}")
    used = {}
    for name, container in engine.inspect_all(one.name for one in profiles).items():
        part = usage_in(engine, container, months)
        used[name] = part.rows
        for note in part.notes:
            session.say(f"{name}: not summed up: {note}")
    return commitments(profiles, used, months[0][:4])


def _document(
    reported: Mapping[str, Any], month: str | None, found: Iterable[Commitment]
) -> dict[str, Any]:
    from csctl.format import usage as words

    return {
        "containers": [
            {"name": name, "month": month, "records": records}
            for name, records in reported.items()
        ],
        "commitments": [words.commitment(one) for one in found],
    }


def _rows(
    reported: Mapping[str, Any], month: str | None
) -> Iterator[tuple[str, str, str, str]]:
    from csctl.lifecycle.usage import meters

    for name, records in reported.items():
        for meter, quantity in meters(records).items():
            yield name, month or "all", meter, f"{quantity:.10g}"


def _show(
    reported: Mapping[str, Any],
    month: str | None,
    found: Sequence[Commitment],
    *,
    alone: bool,
) -> None:
    from csctl.contract.dialects import printable
    from csctl.format import table
    from csctl.format import usage as words

    rows = [tuple(map(printable, row)) for row in _rows(reported, month)]
    if alone:
        for _, _, meter, quantity in rows:
            click.echo(f"{meter}  {quantity}")
    elif rows:
        click.echo(table(words.HEADERS, rows))
    for one in found:
        click.echo(f"{one.resource}: {words.commitment_words(one)}")


def _report(errors: Sequence[CsctlError]) -> int:
    from csctl.cli import exit as exits
    from csctl.cli.main import report

    for error in errors:
        report(error)
    return exits.worst(exits.code_of(type(error)) for error in errors)
