"""`csctl speech webhooks listen`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from csctl.cli.session import Session, json_option
from csctl.cli.speech_access import Access
from csctl.secret import FromEnvironment, FromFile, SecretSource

if TYPE_CHECKING:
    from csctl.azure.webhook import Event, Received


@click.command()
@click.option("--bind", metavar="ADDRESS", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8081, show_default=True)
@click.option("--secret-env", metavar="NAME", help="The variable with the secret.")
@click.option("--secret-file", metavar="PATH", help="The file with the secret.")
@click.option(
    "--count", type=click.IntRange(1), metavar="N", help="End after so many events."
)
@json_option
@click.pass_obj
def listen(access: Access, /, as_json: bool, **options: Any) -> None:
    """Receive the events of a web hook, for testing, until Ctrl-C.

    Answers the challenge, verifies every signature and refuses what is not signed: the
    secret is the one that the web hook was made with. It speaks plain http; the service
    wants to call an https URL, so let a tunnel or a proxy lead here. With --json each
    event is one line.
    """
    from itertools import islice

    from csctl import secret
    from csctl.azure.webhook import listening

    session = access.session
    source = _source(options["secret_env"], options["secret_file"])
    value = secret.read(source, session.environ)
    redact = secret.Redactor((value,))
    with listening(options["bind"], options["port"], value) as receiver:
        session.say(f"listening on {options['bind']} port {receiver.port}")
        events = (
            event
            for one in receiver.received()
            if (event := _told(session, one)) is not None
        )
        for event in islice(events, options["count"]):
            click.echo(redact(_line(event, as_json=as_json)))


def _source(variable: str | None, path: str | None) -> SecretSource:
    if (variable is None) == (path is None):
        raise click.UsageError("Name the secret: --secret-env or --secret-file.")
    return FromEnvironment(variable) if variable else FromFile(Path(path or ""))


def _told(session: Session, one: Received) -> Event | None:
    """An event; what is none is said on stderr."""
    from csctl.azure.webhook import Challenged, Event, Refused

    match one:
        case Event():
            return one
        case Challenged():
            session.say("the challenge is answered")
        case Refused(status=status, reason=reason):
            session.say(f"refused with {status.value}: {reason}")
    return None


def _line(event: Event, *, as_json: bool) -> str:
    import json

    from csctl import format as words

    at = words.moment(event.at)
    if as_json:
        return json.dumps({"at": at, "event": event.name, "body": event.body})
    where = event.body.get("self") if isinstance(event.body, dict) else None
    return f"{at}  {event.name}  {where or '(no self)'}"
