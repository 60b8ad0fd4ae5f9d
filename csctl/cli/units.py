"""`csctl units`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from csctl.cli.session import (
    Session,
    json_option,
    pass_session,
    print_json,
    profile_argument,
)
from csctl.errors import UsageError

_SYSTEM = "/etc/systemd/system"
_path = click.Path(path_type=Path)


@click.command()
@profile_argument
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    type=_path,
    help=f"Write them into DIR, such as {_SYSTEM}, in place of stdout.",
)
@click.option(
    "--refresh",
    is_flag=True,
    help="Refresh licenses that are due, in place of telling so; needs a network.",
)
@click.option(
    "--textfile",
    metavar="FILE",
    type=_path,
    default=Path("/var/lib/prometheus/node-exporter/csctl.prom"),
    show_default=True,
    help="Where metrics go; without its directory none are written.",
)
@click.option(
    "--environment-file",
    "keys",
    metavar="FILE",
    type=_path,
    default=Path("/etc/csctl/environment"),
    show_default=True,
    help="Variables for profiles whose keys are `{env: ...}`; need not exist.",
)
@json_option
@pass_session
def units(
    session: Session,
    profile: tuple[str, ...],
    output: Path | None,
    refresh: bool,
    textfile: Path,
    keys: Path,
    as_json: bool,
) -> None:
    """Print systemd units: a service and a timer for licenses, and for metrics.

    The license service runs daily and fails where a license is due, so that `systemctl
    --failed` and OnFailure= tell of it; with --refresh it puts a new one to use.
    """
    from csctl import record
    from csctl.format import units as words

    for one in session.everywhere(profile):
        if one.host is not None:
            raise UsageError(
                f"{one.name} is for the host {one.host}, and timers for it belong"
                " there",
                remedy=f"run it there, on its own file: csctl --here {one.host} units",
            )
    for path in (*profile, str(textfile), str(keys)):
        if not path.isprintable():
            raise UsageError(
                f"{path!r} cannot stand in a unit", remedy="name a plain path"
            )
    made = words.units(
        words.Order(
            csctl=(*_csctl(), *_engine(session)),
            profiles=[os.path.abspath(one) for one in profile],
            textfile=textfile.absolute(),
            keys=keys.absolute(),
            refreshes=refresh,
        )
    )
    if output is not None:
        for unit in made:
            record.write_atomically(output / unit.name, unit.text)
            session.say(f"wrote {output / unit.name}")
        timers = " ".join(one.name for one in made if one.name.endswith(".timer"))
        session.say(f"then: systemctl daemon-reload; systemctl enable --now {timers}")
    if as_json:
        print_json([{"name": unit.name, "text": unit.text} for unit in made])
    elif output is None:
        click.echo("\n".join(f"# {_SYSTEM}/{one.name}\n{one.text}" for one in made))


def _csctl() -> list[str]:
    """What runs this csctl, by its full path."""
    program = Path(sys.executable).with_name("csctl")
    if program.exists():
        return [str(program)]
    return [sys.executable, "-m", "csctl"]


def _engine(session: Session) -> list[str]:
    """The options that name the Engine which is named here, and this host."""
    environ = session.environ
    found = (
        ("-H", session.host),
        ("--context", session.context),
        ("-H", environ.get("DOCKER_HOST")),
        ("--context", environ.get("DOCKER_CONTEXT")),
    )
    here = ["--here", session.here] if session.here else []
    return [*next(([option, name] for option, name in found if name), []), *here]
