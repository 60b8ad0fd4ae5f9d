"""`csctl plan`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from csctl.cli import exit as exits
from csctl.cli.session import (
    Session,
    json_option,
    pass_session,
    print_json,
    profile_argument,
)

if TYPE_CHECKING:
    from csctl.engine.engine import Engine
    from csctl.plan.steps import Plan
    from csctl.profile.model import Profile


@click.command()
@profile_argument
@json_option
@pass_session
def plan(session: Session, profile: tuple[str, ...], as_json: bool) -> int:
    """Say what apply would do, and why. Looks, and changes nothing.

    Exits with 6 where something is to be done, with 0 where nothing is.
    """
    from csctl import format as words
    from csctl.cli.main import report

    profiles = session.profiles(profile)
    plans = propose_all(session, session.connect(), profiles)
    if as_json:
        print_json([words.plan(one) for one in plans])
    else:
        for one in plans:
            click.echo(str(one))
    for one in plans:
        for note in one.notes:
            session.say(f"{one.profile}: note: {note}")
        for problem in one.problems:
            report(problem)
    return exits.worst(code_of(one) for one in plans)


def code_of(plan_: Plan) -> int:
    """6 for steps, 0 for none, the problems' own code where there are some."""
    codes = [exits.code_of(type(problem)) for problem in plan_.problems]
    return exits.worst(codes or [exits.PENDING if plan_.steps else exits.DONE])


def propose_all(
    session: Session, engine: Engine, profiles: list[Profile]
) -> list[Plan]:
    """The plans of several profiles, from one list of containers, side by side.

    What cannot be planned is a plan whose only content is its problem.
    """
    from concurrent.futures import ThreadPoolExecutor

    from csctl.errors import CsctlError, EngineUnavailable
    from csctl.lifecycle import observe
    from csctl.lifecycle.apply import propose
    from csctl.plan.steps import Plan

    engine.require_local("plan")
    seen = observe.snapshot(engine, profiles)

    def one(profile: Profile) -> Plan:
        try:
            return propose(engine, profile, session.environ, seen)
        except EngineUnavailable:
            raise
        except CsctlError as error:
            return Plan(profile=profile.name, steps=(), problems=(error,))

    with ThreadPoolExecutor(16) as pool:
        plans = list(pool.map(one, profiles))
    return [*map(_with_port_conflicts(profiles), plans)]


def _with_port_conflicts(profiles: list[Profile]):  # type: ignore[no-untyped-def]
    import dataclasses

    from csctl.errors import UsageError

    ports: dict[str, list[str]] = {}
    for profile in profiles:
        ports.setdefault(str(profile.port), []).append(profile.name)
    shared = {
        name: (port, names)
        for port, names in ports.items()
        for name in names
        if len(names) > 1
    }

    def mark(plan_: Plan) -> Plan:
        if plan_.profile not in shared:
            return plan_
        port, names = shared[plan_.profile]
        others = ", ".join(name for name in names if name != plan_.profile)
        problem = UsageError(
            f"{plan_.profile}: port {port} is wanted by {others} too",
            remedy="give each profile a port of its own",
        )
        return dataclasses.replace(plan_, problems=(*plan_.problems, problem))

    return mark
