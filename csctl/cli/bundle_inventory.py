"""`csctl bundle inventory`."""

from __future__ import annotations

from pathlib import Path

import click

from csctl.cli.session import Session, pass_session


@click.command()
@click.argument("profile", nargs=-1, type=click.Path(exists=False))
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write it to FILE in place of stdout.",
)
@pass_session
def inventory(session: Session, profile: tuple[str, ...], output: Path | None) -> None:
    """Print what this host has, for `bundle create --for` on the other one.

    Digests only, as JSON: of all images, and of the models and licenses of managed
    containers and of the profiles.
    """
    from csctl import record
    from csctl.bundle.inventory import encode, take

    profiles = session.profiles(profile) if profile else []
    text = encode(take(session.connect(), profiles)).decode()
    if output is None:
        click.echo(text, nl=False)
    else:
        record.write_atomically(output, text)
