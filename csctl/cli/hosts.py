"""One verb over several hosts: csctl for each, side by side, their answers as one.

What a verb does is nowhere known here. Its words go to a csctl for each host, whose
lines, rows and exit code come back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

import click

from csctl.cli import exit as exits
from csctl.cli.session import Session, print_json
from csctl.errors import CsctlError, UsageError

if TYPE_CHECKING:
    from csctl.lifecycle.far import Answer
    from csctl.profile.host import Host
    from csctl.profile.model import Profile

_SILENT = "its csctl failed before it could answer; see its lines on stderr"

Row = dict[str, Any]
Command = Callable[..., int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a verb goes over several hosts."""

    blank: Mapping[str, Any] = field(default_factory=dict)
    """What a row holds, besides the error, of a host that did not answer."""
    first_alone: bool = False
    """Whether the first host goes alone, and the others only where it succeeded."""
    preview: str | None = None
    """The verb whose answers are shown before the question."""
    show: Callable[[Sequence[Row]], None] | None = None
    """Shows the rows of all hosts; without it, each host's own words are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Party:
    """A host, None for this one, with the profiles that are for it."""

    host: Host | None
    profiles: tuple[Profile, ...]

    @property
    def label(self) -> str:
        """What stands before its lines."""
        return str(self.host or "this host")

    @property
    def names(self) -> str:
        return ", ".join(one.name for one in self.profiles)


@dataclass(slots=True, kw_only=True)
class _Outcome:
    """How it went, by the labels of the parties."""

    answers: dict[str, Answer] = field(default_factory=dict)
    errors: dict[str, CsctlError] = field(default_factory=dict)
    not_started: dict[str, str] = field(default_factory=dict)
    """Why a party was never asked."""

    def code(self, label: str) -> int:
        """The exit code of one party; that of a csctl that was ended is a failure."""
        if label in self.errors:
            return exits.code_of(type(self.errors[label]))
        code = self.answers[label].code if label in self.answers else exits.FAILED
        return code if code in exits.OF_PROFILES else exits.FAILED


def over_hosts(manner: Manner) -> Callable[[Command], Command]:
    """Make a command of PROFILE... work for the hosts that its profiles name.

    The command gets the profiles themselves, and only where all are for this host.
    """

    def decorate(command: Command) -> Command:
        @wraps(command)
        def run(session: Session, profile: tuple[str, ...], **options: Any) -> int:
            profiles = session.everywhere(profile) if profile else []
            if all(one.host is None for one in profiles):
                return command(session, profiles, **options)
            _require_no_engine(session, profiles)
            return _Asking(session, manner, profile, profiles).run(**options)

        return run

    return decorate


def _require_no_engine(session: Session, profiles: Iterable[Profile]) -> None:
    if session.host or session.context:
        far = next(one for one in profiles if one.host is not None)
        raise UsageError(
            f"{far.name} is for the host {far.host}, and the command line names an"
            " Engine for all",
            remedy="leave -H and --context out",
        )


class _Asking:
    """One verb with its options, asked of all hosts."""

    def __init__(
        self,
        session: Session,
        manner: Manner,
        paths: tuple[str, ...],
        profiles: Iterable[Profile],
    ) -> None:
        self._session = session
        self._manner = manner
        self._paths = paths
        by_host: dict[Host | None, list[Profile]] = {}
        for one in profiles:
            by_host.setdefault(one.host, []).append(one)
        self._parties = [
            _Party(host=host, profiles=tuple(some)) for host, some in by_host.items()
        ]

    def run(self, *, as_json: bool, **options: Any) -> int:
        """Ask all hosts, and print what they answer; the exit code that counts."""
        verb, words = _words()
        if options.get("yes") is False:
            code = self._question(verb)
            if code is not None:
                return code
        if "yes" in options:
            words = [*words, "--yes"]
        show = self._manner.show
        if rows_wanted := as_json or show is not None:
            words = [*words, "--json"]
        outcome = self._ask([*verb, *words], first_alone=self._manner.first_alone)
        if not rows_wanted:
            self._echo(outcome, err=False)
        else:
            value = self._rows(outcome)
            if as_json or show is None:
                print_json(value)
            else:
                show(value if isinstance(value, list) else [value])
        return exits.worst(outcome.code(party.label) for party in self._parties)

    def _question(self, verb: list[str]) -> int | None:
        """Show what would be done and ask; a code where nothing is to be asked."""
        if self._manner.preview is not None:
            planned = self._ask([self._manner.preview], first_alone=False)
            self._echo(planned, err=True)
            first = planned.code(self._parties[0].label)
            if self._manner.first_alone and first not in (exits.DONE, exits.PENDING):
                return first
            if all(planned.code(p.label) == exits.DONE for p in self._parties):
                return None
        where = "; ".join(f"{party.names} on {party.label}" for party in self._parties)
        self._session.confirm(f"{' '.join(verb).capitalize()} {where}?", yes=False)
        return None

    def _ask(self, words: list[str], *, first_alone: bool) -> _Outcome:
        outcome = _Outcome()
        if not first_alone:
            self._ask_some(self._parties, words, outcome)
            return outcome
        first, *others = self._parties
        self._ask_some([first], words, outcome)
        if outcome.code(first.label) == exits.DONE:
            self._ask_some(others, words, outcome)
            return outcome
        for party in others:
            why = f"not started, as {first.label} goes first and failed"
            outcome.not_started[party.label] = why
            self._session.say(f"csctl: {party.label}: {party.names}: {why}")
        return outcome

    def _ask_some(
        self, parties: Sequence[_Party], words: list[str], outcome: _Outcome
    ) -> None:
        from csctl.cli.several import run_all
        from csctl.lifecycle.far import ask

        jobs = {}
        for party in parties:
            named, text = self._input(party)
            jobs[party.label] = partial(
                ask, party.host, [*words, "--", *named], text, self._session.environ
            )
        answers, errors = run_all(self._session, jobs) if jobs else ({}, {})
        outcome.answers |= answers
        outcome.errors |= errors

    def _input(self, party: _Party) -> tuple[Sequence[str], bytes]:
        """What a party's csctl gets as PROFILE, and on stdin."""
        from csctl.profile.carried import carried
        from csctl.profile.load import STDIN

        if party.host is None:
            # Their relative paths start at the folders of their files.
            given = self._session.stdin if STDIN in self._paths else b""
            return self._paths, given
        return [STDIN], carried(party.profiles, self._session.environ).encode()

    def _echo(self, outcome: _Outcome, *, err: bool) -> None:
        """Print each host's own words, its name before them."""
        from csctl.contract.dialects import printable

        for party in self._parties:
            if answer := outcome.answers.get(party.label):
                for line in answer.out.splitlines():
                    click.echo(f"{party.label}: {printable(line)}", err=err)

    def _rows(self, outcome: _Outcome) -> list[Row] | Row:
        """The rows of all hosts; a lone one as its csctl gave it, in a list or not."""
        found: list[Row] = []
        listed = True
        for party in self._parties:
            value = self._value(party, outcome)
            listed = listed and isinstance(value, list)
            rows = value if isinstance(value, list) else [value]
            host = str(party.host) if party.host else None
            found += [{**row, "host": host} for row in rows]
        return found if listed or len(found) != 1 else found[0]

    def _value(self, party: _Party, outcome: _Outcome) -> list[Row] | Row:
        answer = outcome.answers.get(party.label)
        if answer is not None and (value := _decoded(answer.out)) is not None:
            return value
        why = outcome.not_started.get(party.label)
        error = outcome.errors.get(party.label)
        return [
            {
                "profile": one.name,
                **self._manner.blank,
                "outcome": "not-started" if why else "failed",
                "error": why or (error.message if error else _SILENT),
            }
            for one in party.profiles
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
