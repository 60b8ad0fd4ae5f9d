"""`csctl bundle load`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from csctl.cli.session import (
    Session,
    json_option,
    pass_session,
    print_json,
    yes_option,
)
from csctl.errors import BundleError, UsageError

if TYPE_CHECKING:
    from csctl.bundle.archive import Bundle
    from csctl.bundle.outcome import Loaded
    from csctl.engine.engine import Engine
    from csctl.plan.steps import Plan
    from csctl.profile.model import Profile


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--target",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Each profile's data lie in DIR/NAME, whatever the profile says.",
)
@click.option(
    "--profiles",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Write the profiles into DIR, over no other ones; relative paths start there.",
)
@click.option("--apply", "applies", is_flag=True, help="Then apply the profiles.")
@yes_option
@click.option(
    "--force",
    is_flag=True,
    help="Take a license that is older or for another image or model, write over other"
    " profiles, and replace without a proof beside where memory is short.",
)
@click.option(
    "--require-signature",
    is_flag=True,
    help="Refuse a bundle that no pinned key signed, even if no key is pinned.",
)
@json_option
@pass_session
def load(
    session: Session,
    file: Path,
    target: Path | None,
    profiles: Path | None,
    applies: bool,
    yes: bool,
    force: bool,
    require_signature: bool,
    as_json: bool,
) -> int:
    """Bring what a bundle carries into the Engine and into place.

    All of it is verified before anything is touched. What is there already stays as it
    is, as do the containers: --apply is what changes them. Where only a container's
    license is a new one, a second container proves it first.

    Profiles that name a host are loaded there; `csctl --here HOST bundle load` takes
    them on this one. FILE may be -, which is stdin.
    """
    from csctl.bundle.carried import Destination
    from csctl.bundle.choice import hosts as hosts_of
    from csctl.bundle.load import load as load_bundle
    from csctl.cli.bundle_hosts import load_over_hosts
    from csctl.format import loaded as words
    from csctl.profile.host import NAMELESS

    here = session.here or NAMELESS
    where = Destination(here=here, target=target, profiles=profiles, force=force)
    try:
        with _opened(session, file, require=require_signature) as bundle:
            if session.here is None and any(hosts := hosts_of(bundle)):
                return load_over_hosts(
                    session,
                    bundle,
                    hosts,
                    where,
                    first_alone=applies,
                    as_json=as_json,
                    # Where no key vouches for it, a stranger may say where it goes.
                    yes=yes or (bundle.signed_by is not None and not applies),
                )
            engine = session.connect()
            run = load_bundle(engine, bundle, session.environ, where)
            done = session.follow(bundle.path.name, run)
    except BundleError as error:
        if as_json:
            print_json(words.unloaded(file, error))
        raise
    code = _tell(session, done, as_json=as_json)
    result: dict[str, Any] = dict(words.loaded(file, done))
    if engine.local:
        trusted = bundle.signed_by is not None
        plans = _Here(session, engine, done, trusted=trusted)
        result["plan"] = plans.plan(as_json=as_json)
        if applies and not done.errors:
            code, result["applied"] = plans.apply(yes=yes, force=force, as_json=as_json)
    if as_json:
        print_json(result)
    return code


def _tell(session: Session, done: Loaded, *, as_json: bool) -> int:
    """Say what became of all parts; the exit code."""
    from csctl.cli import exit as exits
    from csctl.cli.main import report
    from csctl.format import loaded as words

    for carried in done.carried:
        if carried.refused is not None:
            session.say(carried.difference.rstrip("\n"))
    if not as_json:
        click.echo(words.lines(done))
    for problem in dict.fromkeys(done.errors):
        report(problem)
    return exits.worst(exits.code_of(type(one)) for one in done.errors)


@contextmanager
def _opened(session: Session, file: Path, *, require: bool) -> Iterator[Bundle]:
    """The bundle of a file or of stdin. Raises BundleError, CsctlError."""
    from csctl.bundle import archive, arriving
    from csctl.bundle.signature import Trust
    from csctl.profile.load import STDIN

    trust = Trust.load(session.environ, require=require)
    if str(file) != STDIN:
        with archive.open_bundle(file, trust) as bundle:
            yield bundle
        return
    coming = arriving.kept(sys.stdin.buffer, session.announced, session.environ)
    with coming as fd, archive.adopt(os.dup(fd), arriving.NAME, trust) as bundle:
        yield bundle


class _Here:
    """The profiles of a loaded bundle on this host."""

    def __init__(
        self, session: Session, engine: Engine, done: Loaded, *, trusted: bool
    ) -> None:
        self._session = session
        self._engine = engine
        self._plans: list[Plan] = []
        # A file that stays as it is was written by somebody here.
        self._profiles = [
            profile
            for one in done.carried
            for profile in _trusted(
                one.profile, trusted=trusted or one.refused is not None
            )
        ]
        self._withheld = len(done.carried) - len(self._profiles)
        """How many profiles must be looked at before anything is done with them."""

    def plan(self, *, as_json: bool) -> list[Any]:
        """Say what apply would do now."""
        from csctl import format as words
        from csctl.lifecycle.fleet import propose_all

        environ = self._session.environ
        self._plans = propose_all(self._engine, self._profiles, environ)
        for one in self._plans:
            for note in one.notes:
                self._session.say(f"{one.profile}: note: {note}")
            if not as_json:
                click.echo(str(one))
        return [words.plan(one) for one in self._plans]

    def apply(self, *, yes: bool, force: bool, as_json: bool) -> tuple[int, list[Any]]:
        """Apply what was planned, after a yes; the code, and how each went."""
        from csctl.bundle.heir import apply_loaded
        from csctl.cli import exit as exits
        from csctl.cli.apply import done_row
        from csctl.cli.main import report
        from csctl.cli.several import code_of, run_all
        from csctl.format import progress
        from csctl.plan.refusals import Allowed

        problems = [problem for one in self._plans for problem in one.problems]
        for problem in problems:
            report(problem)
        if problems:
            return exits.worst(exits.code_of(type(one)) for one in problems), []
        engine, environ = self._engine, self._session.environ
        if any(one.steps for one in self._plans):
            names = ", ".join(one.profile for one in self._plans if one.steps)
            self._session.confirm(f"Apply to {names} on {engine.url}?", yes=yes)
        allowed = Allowed(mismatch=force, interruption=force)
        jobs = {
            one.name: lambda one=one: apply_loaded(engine, one, environ, allowed)
            for one in self._profiles
        }
        results, errors = run_all(self._session, jobs)
        if not as_json:
            for name, done in results.items():
                click.echo(f"{name}: {progress.outcome(done)}")
        code = exits.worst(
            (code_of(errors), exits.USAGE if self._withheld else exits.DONE)
        )
        return code, [done_row(done) for done in results.values()]


def _trusted(profile: Profile, *, trusted: bool) -> Iterator[Profile]:
    """The profile as csctl may go on with it; none where it must be looked at first."""
    from csctl.bundle.carried import without_commands
    from csctl.cli.main import report

    try:
        yield profile if trusted else without_commands(profile)
    except UsageError as error:
        report(error)
