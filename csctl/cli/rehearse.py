"""`csctl rehearse`."""

from __future__ import annotations

import click

from csctl.cli.session import Session, json_option, pass_session, print_json


@click.command()
@click.option("--hear", is_flag=True, help="Bring a recogniser of English speech.")
@json_option
@pass_session
def rehearse(session: Session, hear: bool, as_json: bool) -> None:
    """Build the stand-in image in the Engine, so that all else runs without Azure.

    It is made from this host's own Python interpreter; nothing is downloaded. An API
    key of `rehearsal` is valid there. All speech is answered with a fixed text, with
    --hear by the recogniser that `pip install 'csctl[hear]'` installs: on amd64, with
    glibc 2.34 or newer.
    """
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
