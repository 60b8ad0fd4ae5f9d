"""`csctl support`."""

from __future__ import annotations

from pathlib import Path

import click

from csctl.cli.session import Session, json_option, pass_session, print_json


@click.command()
@click.argument("name")
@click.option("-o", "--output", required=True, metavar="FILE", help="Archive to write.")
@json_option
@pass_session
def support(session: Session, name: str, output: str, as_json: bool) -> None:
    """One archive of what a colleague needs, with keys and variables taken out.

    Logs are part of it, and may hold recognised text: look before you send it.
    """
    from csctl.lifecycle.support import write

    files = write(session.connect(), name, Path(output))
    if as_json:
        print_json({"archive": output, "files": list(files)})
        return
    click.echo(f"{output}: {len(files)} files")
    session.say("its logs may hold recognised text: look before you send it")
