"""One verb over several hosts: the answers of all of them as one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from csctl.cli import exit as exits
from csctl.cli.parties import (
    Outcome,
    Party,
    ask_all,
    of_profiles,
    require_no_engine,
)
from csctl.cli.session import Session, print_json

if TYPE_CHECKING:
    from csctl.profile.model import Profile

_SILENT = "its csctl failed before it could answer; see its lines on stderr"

Row = dict[str, Any]
Command = Callable[..., int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a verb goes over several hosts."""

    blank: Mapping[str, Any] = field(default_factory=dict)
    """What a row holds, besides the error, of a host that did not answer."""
    told: Mapping[str, Any] = field(default_factory=dict)
    """What every row holds, whatever its host says."""
    first_alone: bool = False
    """Whether the first host goes alone, and the others only where it succeeded."""
    before: Sequence[str] = ()
    """The verb that all do at once before, if any, as it interrupts nothing."""
    preview: Sequence[str] = ()
    """The verb and options whose answers are shown before the question, if any."""
    show: Callable[[Sequence[Row]], None] | None = None
    """Shows the rows of all hosts; without it, each host's own words are shown."""


def over_hosts(manner: Manner) -> Callable[[Command], Command]:
    """Make a command of PROFILE... work for the hosts that its profiles name.

    The command gets the profiles themselves, and only where all are for this host.
    """

    def decorate(command: Command) -> Command:
        @wraps(command)
        def run(session: Session, profile: tuple[str, ...], **options: Any) -> int:
            profiles = session.everywhere(profile) if profile else []
            if (parties := far_parties(session, profile, profiles)) is None:
                return command(session, profiles, **options)
            return ask_and_show(session, manner, parties, **options)

        return run

    return decorate


def far_parties(
    session: Session, paths: tuple[str, ...], profiles: Sequence[Profile]
) -> list[Party] | None:
    """The hosts that profiles name; None where all are for this one.

    Raises UsageError where the command line names an Engine.
    """
    named = [(one.host, one.name) for one in profiles if one.host is not None]
    if not named:
        return None
    require_no_engine(session, *named[0])
    return of_profiles(session, paths, profiles)


def ask_and_show(
    session: Session,
    manner: Manner,
    parties: Sequence[Party],
    *,
    as_json: bool,
    **options: Any,
) -> int:
    """Ask all hosts, and print what they answer; the exit code that counts."""
    verb, words = _words()
    if options.get("yes") is False and not options.get("dry_run"):
        code = _question(session, manner, parties, verb)
        if code is not None:
            return code
    if "yes" in options:
        words = [*words, "--yes"]
    before = list(manner.before)
    if rows_wanted := as_json or manner.show is not None:
        words = [*words, "--json"]
        before += ["--json"] if before else []
    outcome = ask_all(
        session,
        parties,
        [*verb, *words],
        first_alone=manner.first_alone,
        before=before,
    )
    if not rows_wanted:
        _echo(parties, outcome, err=False)
    else:
        value = _rows(manner, parties, outcome)
        if as_json or manner.show is None:
            print_json(value)
        else:
            manner.show(value if isinstance(value, list) else [value])
    return exits.worst(outcome.code(party.label) for party in parties)


def _question(
    session: Session, manner: Manner, parties: Sequence[Party], verb: list[str]
) -> int | None:
    """Show what would be done and ask; a code where nothing is to be asked."""
    if manner.preview:
        planned = ask_all(session, parties, manner.preview)
        _echo(parties, planned, err=True)
        first = planned.code(parties[0].label)
        if manner.first_alone and first not in (exits.DONE, exits.PENDING):
            return first
        if all(planned.code(party.label) == exits.DONE for party in parties):
            return None
    where = "; ".join(f"{', '.join(one.names)} on {one.label}" for one in parties)
    session.confirm(f"{' '.join(verb).capitalize()} {where}?", yes=False)
    return None


def _echo(parties: Sequence[Party], outcome: Outcome, *, err: bool) -> None:
    """Print each host's own words, its name before them."""
    from csctl.contract.dialects import printable

    for party in parties:
        if answer := outcome.answers.get(party.label):
            for line in answer.out.splitlines():
                click.echo(f"{party.label}: {printable(line)}", err=err)


def _rows(
    manner: Manner, parties: Sequence[Party], outcome: Outcome
) -> list[Row] | Row:
    """The rows of all hosts; a lone one as its csctl gave it, in a list or not."""
    found: list[Row] = []
    listed = True
    for party in parties:
        value = _value(manner, party, outcome)
        listed = listed and isinstance(value, list)
        rows = value if isinstance(value, list) else [value]
        known = {**manner.told, "host": str(party.host) if party.host else None}
        found += [{**row, **known} for row in rows]
    return found if listed or len(found) != 1 else found[0]


def _value(manner: Manner, party: Party, outcome: Outcome) -> list[Row] | Row:
    answer = outcome.answers.get(party.label)
    if answer is not None and (value := _decoded(answer.out)) is not None:
        return value
    why = outcome.not_started.get(party.label)
    error = outcome.errors.get(party.label)
    return [
        {
            "profile": name,
            **manner.blank,
            "outcome": "not-started" if why else "failed",
            "error": why or (error.message if error else _SILENT),
        }
        for name in party.names
    ]


def _decoded(text: str) -> list[Row] | Row | None:
    """The one JSON value that csctl printed; None where that is none of rows."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    rows = value if isinstance(value, list) else [value]
    return value if all(isinstance(row, dict) for row in rows) else None


def _words() -> tuple[list[str], list[str]]:
    """The verb of this call, and its options but for those that are ours."""
    context = click.get_current_context()
    words: list[str] = []
    for option in context.command.params:
        value = context.params.get(option.name or "")
        if not isinstance(option, click.Option) or option.name in ("yes", "as_json"):
            continue
        if value is True:
            words.append(option.opts[0])
        elif value not in (None, False):
            words += [option.opts[0], str(value)]
    return context.command_path.split()[1:], words
