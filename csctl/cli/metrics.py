"""`csctl metrics`."""

from __future__ import annotations

from pathlib import Path

import click

from csctl.cli import exit as exits
from csctl.cli.session import Session, pass_session
from csctl.errors import EngineUnavailable


@click.command()
@click.argument("profile", nargs=-1, type=click.Path(exists=False))
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write it to FILE, in one atomic step, in place of stdout.",
)
@pass_session
def metrics(session: Session, profile: tuple[str, ...], output: Path | None) -> int:
    """License days, readiness, drift and usage, in the text format of Prometheus.

    Of every managed container, or of the profiles. FILE is made for the textfile
    collector of node_exporter, which wants a name that ends in `.prom`. Where the
    Engine does not answer the licenses of the profiles are told all the same, and the
    exit code is 3.
    """
    from csctl import record
    from csctl.cli.main import report
    from csctl.format import metrics as words
    from csctl.lifecycle import gauges

    profiles = session.profiles(profile) if profile else []
    code = exits.DONE
    try:
        found = gauges.read(session.connect(), profiles, session.environ)
    except EngineUnavailable as error:
        report(error)
        code = exits.NO_ENGINE
        found = gauges.read_without_engine(profiles)
    text = words.text(found, engine_up=code == exits.DONE)
    if output is None:
        click.echo(text, nl=False)
    else:
        record.write_atomically(output, text)
    return code
