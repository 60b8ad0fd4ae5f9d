"""`csctl prepare`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from csctl.cli.hosts import Manner, over_hosts
from csctl.cli.session import Session, json_option, pass_session, profile_argument

if TYPE_CHECKING:
    from csctl.profile.model import Profile


@click.command()
@profile_argument
@json_option
@pass_session
@over_hosts(Manner(blank={"steps": [], "seconds": 0.0}))
def prepare(session: Session, profiles: list[Profile], as_json: bool) -> int:
    """Do what a later apply needs and what interrupts nothing.

    Images are pulled, models and display models downloaded, licenses fetched; no
    container is made, stopped or replaced. It is for the days before a maintenance
    window, or a link that is slow. A service of Swarm takes what lies on its nodes: for
    one nothing is done.
    """
    from csctl.cli.apply import refused, run_jobs
    from csctl.lifecycle.prepare import prepare_alone, propose_preparing

    engine = session.connect()
    profiles = [one for one in profiles if one.deploy is None]
    plans = propose_preparing(engine, profiles, session.environ)
    if (code := refused(plans, as_json)) is not None:
        return code
    for one in plans:
        if one.steps:
            session.say(str(one))
    jobs = {
        one.name: partial(prepare_alone, engine, one, session.environ)
        for one in profiles
    }
    return run_jobs(session, plans, jobs, as_json)
