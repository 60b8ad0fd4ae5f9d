"""`csctl display`: list and pull."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from csctl.cli.model import pull_models, seconds_of, timeout_option
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
def display() -> None:
    """List and download display models."""


@display.command("list")
@profile_argument
@json_option
@pass_session
def list_(session: Session, profile: tuple[str, ...], as_json: bool) -> int:
    """The newest display models of the profile's locale and types.

    The image's listing is documented without a sample: what a line does not tell
    stays empty. Refused below image 3.1.0.
    """
    from csctl.cli.several import code_of, run_all
    from csctl.format import table
    from csctl.lifecycle import displays, verb

    engine = session.connect()
    jobs = {
        one.name: lambda one=one: verb.with_image(
            engine, one, session.environ, displays.list_newest
        )
        for one in session.profiles(profile)
    }
    results, errors = run_all(session, jobs)
    rows = list(dict.fromkeys(row for found in results.values() for row in found))
    fields = ("id", "type", "locale", "created")
    if as_json:
        print_json([{name: getattr(row, name) for name in fields} for row in rows])
    elif rows:
        cells = [[getattr(row, name) or "-" for name in fields] for row in rows]
        click.echo(table(("ID", "TYPE", "LOCALE", "CREATED"), cells))
    return code_of(errors)


@display.command()
@profile_argument
@timeout_option
@json_option
@pass_session
def pull(
    session: Session, profile: tuple[str, ...], timeout: str | None, as_json: bool
) -> int:
    """Download the profile's display models into its model's directory.

    The directory is copied by hard links and swapped whole. Refused below 3.1.0.
    """
    from csctl.lifecycle import displays, on_host

    def work(one: Profile, job: Any) -> Any:
        return displays.pull(job, on_host.model_on_disk(one))

    return pull_models(session, profile, seconds_of(timeout), as_json, work)
