"""`csctl init`."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from csctl.cli.session import Session, pass_session
from csctl.errors import UsageError
from csctl.reference import SPEECH_TO_TEXT

if TYPE_CHECKING:
    from csctl.profile.template import Answers

_FORMS = click.Choice(("env", "file", "command"))
_ASKED = {
    "name": "The container's name",
    "image": "The image",
    "mode": "The mode (connected or disconnected)",
    "model": "The model's id, or the locale of a base model such as en-US",
    "data": "The directory for models, license and output",
    "display_locale": "The locale of the display models",
    "display_types": "The display models (punct rescore resegment wfstitn, or full)",
    "billing_endpoint": "The endpoint URL of the Speech resource",
    "billing_key": "Where the key of the Speech resource comes from",
    "license_endpoint": "The endpoint URL of the DC0 resource",
    "license_key": "Where the key of the DC0 resource comes from",
}
"""What can be missing, as the questions of a terminal."""


@click.command()
@click.option(
    "-o", "--output", "output", required=True, metavar="FILE", help="File to write."
)
@click.option("--name", default="", help="The container's name.")
@click.option("--image", default="", help="The image, with an exact tag or `newest`.")
@click.option("--mode", default="", help="connected or disconnected.")
@click.option("--model", default="", metavar="ID", help="The model's id, a GUID.")
@click.option(
    "--base-locale", default="", metavar="L", help="Or the newest base model of this."
)
@click.option("--display-locale", default="", metavar="L", help="Display models of it.")
@click.option("--display-types", default="", help="full, or types with commas between.")
@click.option("--billing-endpoint", default="", metavar="URL", help="Speech resource.")
@click.option("--billing-key-form", type=_FORMS, help="Where its key is.  [env]")
@click.option(
    "--billing-key", default="", help="Variable, path or command.  [SPEECH_KEY]"
)
@click.option("--license-endpoint", default="", metavar="URL", help="DC0 resource.")
@click.option("--license-key-form", type=_FORMS, help="Where its key is.  [env]")
@click.option(
    "--license-key", default="", help="Variable, path or command.  [SPEECH_DC0_KEY]"
)
@click.option("--valid-for", default="", metavar="D", help="How long a license lasts.")
@click.option("--data", default="", metavar="DIR", help="For models, license, output.")
@click.option("--cpus", default="", metavar="N", help="CPU cores.")
@click.option("--memory", default="", metavar="SIZE", help="Memory, such as 16g.")
@click.option("--decoders", default="", metavar="N", help="Streams side by side.")
@click.option("--port", default="", help="PORT or ADDRESS:PORT.  [127.0.0.1:5000]")
@click.option("--schema", metavar="PLACE", help="Where an editor finds the schema.")
@pass_session
def init(
    session: Session, /, output: str, schema: str | None, **given: str | None
) -> None:
    """Write a commented profile, from what you answer.

    On a terminal it asks for what is missing. A key is never an answer: the profile
    says where it comes from.
    """
    from csctl.lifecycle.profiles import create, require_absent
    from csctl.profile.template import Answers, commented

    path = Path(output)
    require_absent(path)
    answers = Answers(**{name: value or "" for name, value in given.items()})
    answers = _completed(session, answers, path.absolute().parent)
    create(path, commented(answers, schema=schema))
    click.echo(output)
    session.say(f"next: csctl plan {path}, then csctl apply {path}")


def _completed(session: Session, answers: Answers, base: Path) -> Answers:
    """The answers with those that were missing. Raises UsageError."""
    from csctl.profile.template import REQUIRED, problems

    asked: set[str] = set()
    while found := problems(answers, session.environ, base):
        wrong = {n for n in found if n not in asked and found[n] != REQUIRED}
        if wrong or not sys.stdin.isatty():
            raise _refusal(found)
        name = next(iter(found))
        if found[name] != REQUIRED:
            session.say(f"  {found[name]}")
        asked.add(name)
        answers = _with(session, answers, name, base)
    return answers


def _with(session: Session, answers: Answers, name: str, base: Path) -> Answers:
    from csctl.profile.template import problems

    default = str(SPEECH_TO_TEXT) if name == "image" else None
    answer = click.prompt(_ASKED.get(name, _option(name)), default=default, err=True)
    if name == "model":
        # A locale is no id, so the two cannot be taken for one another.
        by_locale = dataclasses.replace(answers, base_locale=answer, model="")
        if (
            problems(by_locale, session.environ, base)
            .keys()
            .isdisjoint(("model", "base_locale"))
        ):
            return by_locale
    return dataclasses.replace(answers, **{name: answer})


def _refusal(found: Mapping[str, str]) -> UsageError:
    return UsageError(
        "\n".join(f"{_option(name)}: {message}" for name, message in found.items()),
        remedy="give these options, or run it on a terminal to be asked",
    )


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
