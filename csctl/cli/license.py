"""`csctl license`: pull, show and check; refreshing has a module of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from csctl.cli.hosts import Manner, over_hosts
from csctl.cli.license_state import checked, licensed, print_states, state_of
from csctl.cli.refresh import refresh, rollback
from csctl.cli.session import Session, json_option, pass_session, profile_argument

if TYPE_CHECKING:
    from csctl.profile.model import Profile

_REMIND_AFTER = timedelta(days=30)


@click.group("license")
def license() -> None:
    """Fetch, show, check and refresh disconnected licenses; go back to old ones."""


license.add_command(refresh)
license.add_command(rollback)


@license.command()
@profile_argument
@json_option
@pass_session
@over_hosts(Manner())
def pull(session: Session, profiles: list[Profile], as_json: bool) -> int:
    """Fetch a license for the profile's image and model.

    It gets a directory of its own; a running container keeps the one it has until
    the next apply.
    """
    from csctl.cli.several import code_of, run_all
    from csctl.lifecycle import licenses, on_host, verb
    from csctl.lifecycle.status import license_state

    engine = session.connect()
    wanted = {one.name: one for one in profiles}
    jobs = {
        name: lambda one=one: verb.with_image(
            engine,
            one,
            session.environ,
            lambda job: licenses.fetch(job, on_host.model_on_disk(one)),
        )
        for name, one in wanted.items()
    }
    results, errors = run_all(session, jobs)
    states = [license_state(got, wanted[name]) for name, got in results.items()]
    print_states(states, as_json)
    return code_of(errors)


@license.command()
@profile_argument
@json_option
@pass_session
@over_hosts(Manner())
def show(session: Session, profiles: list[Profile], as_json: bool) -> int:
    """Show the license that the profile would be served with, and the others kept.

    One that is refused is never chosen: it failed its proof, or was rolled back.
    """
    from csctl import license as store
    from csctl.cli import exit as exits

    wanted = licensed(session, profiles)
    states = [state_of(session, one)[0] for one in wanted]
    print_states(
        states,
        as_json,
        sets=[tuple(store.stored(one.license_root)) for one in wanted],
    )
    missing = any(state.license is None for state in states)
    return exits.LICENSE if missing else exits.DONE


@license.command()
@profile_argument
@json_option
@pass_session
@over_hosts(Manner())
def check(session: Session, profiles: list[Profile], as_json: bool) -> int:
    """Exit with 7 where a license is missing, mismatched, expired or due.

    An unknown expiry is no failure, but is warned of once a month. Made for timers.
    """
    from csctl.cli.main import report
    from csctl.cli.several import code_of

    states, errors = [], {}
    for one in licensed(session, profiles):
        state, fault = checked(session, one)
        states.append(state)
        if fault is not None:
            errors[one.name] = fault
            report(fault)
        elif state.expiry.at is None:
            _remind(session, one)
    print_states(states, as_json)
    return code_of(errors)


def _remind(session: Session, one: Profile) -> None:
    stamp = one.state_dir / "unknown-expiry-told"
    try:
        told = datetime.fromtimestamp(stamp.stat().st_mtime, UTC)
        if datetime.now(UTC) - told < _REMIND_AFTER:
            return
    except OSError:
        pass
    session.say(
        f"csctl: {one.name}: when its license ends is unknown; declare `valid_for` or"
        " `expires` under `license` in the profile"
    )
    try:
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.touch()
    except OSError:
        return  # Then it is told again the next time.
