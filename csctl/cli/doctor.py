"""`csctl doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from csctl.cli.checks import code_of, show
from csctl.cli.hosts import Manner, over_hosts
from csctl.cli.session import Session, json_option, pass_session, print_json

if TYPE_CHECKING:
    from csctl.profile.model import Profile


@click.command()
@click.argument("profile", nargs=-1, type=click.Path(exists=False))
@json_option
@pass_session
@over_hosts(
    Manner(blank={"check": "host", "ok": False, "detail": None, "remedy": None})
)
def doctor(session: Session, profiles: list[Profile], as_json: bool) -> int:
    """Check this host: Engine, AVX2, cores, memory, disk.

    With profiles also ports, reachability, keys, ownership and licenses; with a
    csctl.yaml the REST API of each of its resources. Looks, and changes nothing.
    """
    from csctl import format as words
    from csctl.cli.speech_access import declared
    from csctl.lifecycle.doctor import examine

    resources = declared(session)
    checks = list(examine(session.connect, tuple(profiles), session.environ))
    if resources is not None:
        from csctl.lifecycle import speech_health

        checks += speech_health.examine(resources, session.environ, session.say)
    if as_json:
        print_json([words.check(one) for one in checks])
    else:
        for one in checks:
            show(one)
    return code_of(checks)
