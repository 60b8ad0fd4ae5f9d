"""One operation of the REST API called, and its answer printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from csctl.azure import filter as filters
from csctl.azure import value as values
from csctl.azure.operation import Octets, Operation
from csctl.cli.session import print_json
from csctl.cli.speech_access import Access
from csctl.errors import UsageError

if TYPE_CHECKING:
    from csctl.azure.client import Speech
    from csctl.azure.job import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be done beside the request."""

    body: str | None = None
    limit: int | None = None
    wait: bool = False
    timeout: str | None = None
    ids: bool = False
    as_json: bool = False
    yes: bool = False
    conditions: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @classmethod
    def take(cls, options: dict[str, Any]) -> Wish:
        """Take what is no part of the request out of a command's options."""
        names = [name for name in cls.__dataclass_fields__ if name in options]
        return cls(**{name: options.pop(name) for name in names})


def run(
    access: Access,
    operation: Operation,
    texts: Mapping[str, Sequence[str]],
    wish: Wish,
) -> None:
    """Call an operation with what texts say, and print what it answers."""
    from csctl.azure import job

    _refuse(operation, wish)
    own = read(access, operation, texts, wish.conditions)
    body = _body(operation, wish.body)
    with access.open() as speech:
        if operation.paged:
            found = list(speech.items(operation, own, wish.limit))
            show(found, wish, json_value={"values": found})
            return
        if operation.method == "DELETE":
            named = ", ".join(f"{name} {own[name]}" for name in own)
            access.session.confirm(f"{operation.name} of {named}?", yes=wish.yes)
        answer = speech.call(operation, own, body)
        told = answer.read()
        if wish.wait:
            awaited = job.begun(speech, operation, told, answer.headers)
            told = wait(access, speech, awaited, wish.timeout)
        show(told, wish, json_value=told)


def _refuse(operation: Operation, wish: Wish) -> None:
    """Refuse what means nothing to an operation. Raises UsageError."""
    for meant, fits, option in (
        (wish.body is not None, operation.body is not None, "--body"),
        (wish.limit is not None, operation.paged, "--limit"),
        (wish.wait, operation.job, "--wait"),
    ):
        if meant and not fits:
            raise UsageError(
                f"{operation.name} takes no {option}", remedy="leave it out"
            )


def read(
    access: Access,
    operation: Operation,
    texts: Mapping[str, Sequence[str]],
    conditions: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """The values of texts by their parameters' kinds. Raises UsageError."""
    own: dict[str, Any] = {}
    for name, given in texts.items():
        parameter = operation.parameter(name)
        # What it does not know is refused with all that it does know.
        own[name] = (
            values.read(parameter, given, access.session.environ)
            if parameter is not None
            else given
        )
    if operation.filters:
        wanted = filters.expression(operation, conditions, own.pop("filter", None))
        if wanted:
            own["filter"] = wanted
    return own


def show(told: Any, wish: Wish, *, json_value: Any) -> None:
    """Print what came: JSON as the service wrote it, ids, or a table for people."""
    from csctl.format import speech as words

    if told is None:
        return
    if wish.as_json:
        print_json(json_value)
    elif wish.ids:
        for one in words.ids(told):
            click.echo(one)
    elif not isinstance(told, list):
        click.echo(words.details(told))
    elif told:
        click.echo(words.listing(told))


def wait(access: Access, speech: Speech, awaited: Job, timeout: str | None) -> Any:
    """Wait for a job, telling how it goes; its last state. Raises CsctlError."""
    from csctl.azure import job
    from csctl.lifecycle.speech_files import waiting
    from csctl.size import parse_duration

    seconds = parse_duration(timeout).total_seconds() if timeout else job.DEADLINE
    state = access.session.follow(awaited.what, waiting(speech, awaited, seconds))
    for line in job.remarks(speech, awaited):
        access.session.say(line)
    return state


def _body(operation: Operation, path: str | None) -> Any:
    from csctl.cli import speech_body

    if path is None:
        return None
    if isinstance(operation.body, Octets):
        return speech_body.octets(path)
    return speech_body.document(path)
