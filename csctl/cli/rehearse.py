"""`csctl rehearse`."""

from __future__ import annotations

from typing import NoReturn

import click

from csctl.cli.session import Session, json_option, pass_session, print_json

_PORT = 5080


@click.command()
@click.option("--hear", is_flag=True, help="Bring a recogniser of English speech.")
@click.option("--rest", is_flag=True, help="Serve the stand-in of the REST API.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help=f"The port of --rest, on loopback.  [default: {_PORT}]",
)
@json_option
@pass_session
def rehearse(
    session: Session, hear: bool, rest: bool, port: int | None, as_json: bool
) -> None:
    """Build the stand-in image in the Engine, so that all else runs without Azure.

    It is made from this host's own Python interpreter; nothing is downloaded. An API
    key of `rehearsal` is valid there. All speech is answered with a fixed text, with
    --hear by the recogniser that `pip install 'csctl[hear]'` installs: on amd64, with
    glibc 2.34 or newer.

    With --rest, serve a stand-in of the Speech to text REST API until Ctrl-C, with the
    same key; docs/rehearsal-rest.md tells of its knobs.
    """
    if rest:
        _serve(session, port or _PORT)
    if port is not None:
        raise click.UsageError("--port goes with --rest.")
    _build(session, hear=hear, as_json=as_json)


def _serve(session: Session, port: int) -> NoReturn:
    """Become the program that serves."""
    import os
    import sys

    session.say(
        f"Try it: export SPEECH_KEY=rehearsal; csctl speech models list"
        f" --endpoint http://127.0.0.1:{port} --api-key-env SPEECH_KEY"
    )
    # -P: what lies in the working directory is no part of it.
    words = [sys.executable, "-P", "-m", "csctl.rehearsal.rest", "--port", str(port)]
    os.execv(sys.executable, words)


def _build(session: Session, *, hear: bool, as_json: bool) -> None:
    import tempfile

    from csctl.rehearsal import ear
    from csctl.rehearsal.image import build

    engine = session.connect()
    with tempfile.TemporaryFile() as archive:
        references = build(archive, *([ear.collect] if hear else []))
        archive.seek(0)
        engine.load(archive)
    rows = []
    for reference in references:
        image = engine.image(reference)
        rows.append({"reference": reference, "id": image.id if image else None})
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo(f"{row['reference']}  {row['id']}")
