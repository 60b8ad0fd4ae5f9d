"""The hosts of one call, and a csctl for each: asked side by side, or one first.

What a verb does is nowhere known here. Its words go to a csctl for each host, whose
lines, answer and exit code come back.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from csctl.cli import exit as exits
from csctl.cli.session import Session
from csctl.errors import CsctlError, UsageError

if TYPE_CHECKING:
    from csctl.lifecycle.events import Event
    from csctl.lifecycle.far import Answer
    from csctl.profile.host import Host
    from csctl.profile.model import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A host, None for this one, with the names of the profiles that are for it."""

    host: Host | None
    names: tuple[str, ...]
    ask: Callable[[Sequence[str]], Generator[Event, None, Answer]]
    """Runs csctl for it, with a verb and its options."""

    @property
    def label(self) -> str:
        """What stands before its lines."""
        return str(self.host or "this host")


@dataclass(slots=True, kw_only=True)
class Outcome:
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


def of_profiles(
    session: Session, paths: tuple[str, ...], profiles: Iterable[Profile]
) -> list[Party]:
    """The hosts of profiles, each to be asked about its own."""
    by_host: dict[Host | None, list[Profile]] = {}
    for one in profiles:
        by_host.setdefault(one.host, []).append(one)
    return [
        Party(
            host=host,
            names=tuple(one.name for one in some),
            ask=partial(_ask_of, session, host, some, paths),
        )
        for host, some in by_host.items()
    ]


def _ask_of(
    session: Session,
    host: Host | None,
    profiles: Sequence[Profile],
    paths: tuple[str, ...],
    words: Sequence[str],
) -> Generator[Event, None, Answer]:
    from csctl.lifecycle.far import ask
    from csctl.profile.carried import carried
    from csctl.profile.host import NAMELESS
    from csctl.profile.load import STDIN

    if host is not None:
        text = carried(profiles, session.environ).encode()
        return ask(host, [*words, "--", STDIN], text, session.environ)
    # Their relative paths start at the folders of their files.
    text = session.stdin if STDIN in paths else b""
    words = ["--here", NAMELESS, *words, "--", *paths]
    return ask(host, words, text, session.environ)


def require_no_engine(session: Session, host: Host, name: str) -> None:
    """Refuse an Engine that the command line names for all hosts alike."""
    if session.host or session.context:
        raise UsageError(
            f"{name} is for the host {host}, and the command line names an Engine for"
            " all",
            remedy="leave -H and --context out",
        )


def ask_all(
    session: Session,
    parties: Sequence[Party],
    words: Sequence[str],
    *,
    first_alone: bool = False,
    before: Sequence[str] = (),
) -> Outcome:
    """Ask all parties side by side; where the first goes alone, all wait for it.

    All are asked at once to do what comes `before`, if anything; one that fails at that
    is asked no more, and has answered.
    """
    outcome = Outcome()
    asked = list(parties)
    if before:
        _ask_some(session, parties, before, outcome)
        asked = [one for one in parties if outcome.code(one.label) == exits.DONE]
    if not first_alone:
        _ask_some(session, asked, words, outcome)
        return outcome
    first = parties[0]
    others = [one for one in asked if one is not first]
    if first in asked:
        _ask_some(session, [first], words, outcome)
    if outcome.code(first.label) == exits.DONE:
        _ask_some(session, others, words, outcome)
        return outcome
    for party in others:
        outcome.answers.pop(party.label, None)
        why = f"not started, as {first.label} goes first and failed"
        outcome.not_started[party.label] = why
        session.say(f"csctl: {party.label}: {', '.join(party.names)}: {why}")
    return outcome


def _ask_some(
    session: Session, parties: Sequence[Party], words: Sequence[str], outcome: Outcome
) -> None:
    from csctl.cli.several import run_all

    jobs = {party.label: partial(party.ask, words) for party in parties}
    answers, errors = run_all(session, jobs) if jobs else ({}, {})
    outcome.answers |= answers
    outcome.errors |= errors
