"""`csctl mount`: check and fix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    from csctl.profile.model import Profile


@click.group()
def mount() -> None:
    """Check and set the ownership of mounts."""


@mount.command()
@profile_argument
@json_option
@pass_session
def check(session: Session, profile: tuple[str, ...], as_json: bool) -> int:
    """Compare the mounts' ownership with the image's own user; exit 6 where wrong."""
    return _run(session, profile, as_json, "check")


@mount.command()
@profile_argument
@json_option
@pass_session
def fix(session: Session, profile: tuple[str, ...], as_json: bool) -> int:
    """Give the mounts to the image's own user, by number.

    As root directly, otherwise through a helper container; links are not followed.
    """
    return _run(session, profile, as_json, "fix")


def _run(session: Session, paths: tuple[str, ...], as_json: bool, verb_: str) -> int:
    from csctl.cli.several import code_of, run_all
    from csctl.format import table
    from csctl.lifecycle import ownerships, verb

    engine = session.connect()
    work: Any = ownerships.check if verb_ == "check" else ownerships.fix

    def job_of(one: Profile) -> Any:
        return lambda: verb.with_image(engine, one, session.environ, work)

    jobs = {one.name: job_of(one) for one in session.profiles(paths)}
    results, errors = run_all(session, jobs)
    rows = [row for found in results.values() for row in found]
    if as_json:
        print_json(
            [
                {
                    "path": str(row.path),
                    "uid": row.uid,
                    "gid": row.gid,
                    "wanted_uid": row.wanted.uid,
                    "wanted_gid": row.wanted.gid,
                    "wrong": row.wrong,
                }
                for row in rows
            ]
        )
    elif rows:
        cells = [
            (
                str(row.path),
                "absent" if row.uid is None else f"{row.uid}:{row.gid}",
                str(row.wanted),
                "wrong" if row.wrong else "right",
            )
            for row in rows
        ]
        click.echo(table(("PATH", "OWNER", "WANTED", ""), cells))
    wrong = any(row.wrong for row in rows)
    return exits.worst((code_of(errors), exits.PENDING if wrong else exits.DONE))
