"""A command for each operation of the REST API, made of its row of the table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import click

from csctl.azure import filter as filters
from csctl.azure import value as values
from csctl.azure.operation import (
    FormBody,
    JsonBody,
    Kind,
    Octets,
    Operation,
    Parameter,
)
from csctl.cli.speech_access import Access
from csctl.cli.speech_run import Wish, run
from csctl.errors import InvalidValue, UsageError

_EPILOG: Final = (
    "The options of `csctl speech` that name a resource may stand here as well."
)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_METAVARS: Final = {
    "int": "N",
    "bool": "true|false",
    "time": "TIME",
    "guid": "ID",
    "uri": "URL or env:NAME or file:PATH",
    "secret": "env:NAME or file:PATH",
    "map": "NAME=VALUE",
    "file": "@FILE",
    "json": "JSON or @FILE",
    "content": "TEXT or @FILE",
}
_COMPARED: Final = {
    "eq": "Those whose {} is this; may be repeated.",
    "ge": "Those whose {} is this or later.",
    "lt": "Those whose {} is earlier.",
}
_HELP: Final = {
    "skip": "Leave so many out at the beginning.",
    "top": "So many a page.",
    "filter": "A filter as the API writes it.",
    "sasValidityInSeconds": "How long links to files are valid; 0 is unsigned.",
    "sasLifetimeMinutes": "How long links to files are valid.",
    "endDate": "Up to this day, such as 2026-11-28.",
}


def command(operation: Operation) -> click.Command:
    """The command of an operation: `csctl speech GROUP VERB`."""
    spellings = " or ".join((operation.name, *operation.aliases))
    return click.Command(
        operation.verb,
        callback=click.pass_obj(_callback(operation)),
        params=[
            *map(argument, operation.places),
            *map(_option, operation.query),
            *condition_options(operation),
            *map(_option, operation.fields),
            *_wishes(operation),
        ],
        help=f"{operation.method} {operation.path}\n\nOperation: {spellings}.",
        short_help=f"{operation.method} {operation.path}",
        epilog=_EPILOG,
    )


def _callback(operation: Operation) -> Any:
    def callback(access: Access, **options: Any) -> None:
        conditions = taken_conditions(operation, options)
        wish = Wish.take({**options, "conditions": conditions})
        asked = (*operation.places, *operation.query, *operation.fields)
        run(access, operation, taken_texts(asked, options), wish)

    return callback


def taken_texts(
    parameters: Iterable[Parameter], options: Mapping[str, Any]
) -> dict[str, list[str]]:
    """The texts of a command's options, by the names of parameters."""
    return {
        one.name: _texts(options[_key(one)])
        for one in parameters
        if options.get(_key(one)) not in (None, ())
    }


def _texts(given: Any) -> list[str]:
    return list(given) if isinstance(given, tuple) else [given]


def _key(parameter: Parameter) -> str:
    """What click calls it: a name of its own beside those of the wishes."""
    return "api_" + re.sub(r"\W", "_", parameter.name).lower()


def argument(parameter: Parameter) -> click.Parameter:
    """A place of an operation's path, as an argument."""
    metavar = _HUMP.sub("_", parameter.name).upper()
    return click.Argument([_key(parameter)], metavar=metavar)


def _option(parameter: Parameter) -> click.Option:
    words = parameter.name.removeprefix("properties.").replace(".", "-")
    needed = "Required" if parameter.required else ""
    explained = _HELP.get(parameter.name, "")
    many = "may be repeated" if parameter.kind.repeated else ""
    return click.Option(
        ["--" + _HUMP.sub("-", words).lower(), _key(parameter)],
        metavar=_metavar(parameter.kind),
        multiple=parameter.kind.repeated,
        help=". ".join(filter(None, (explained.rstrip("."), needed, many))) or None,
    )


def _metavar(kind: Kind) -> str:
    if kind.words:
        return "|".join(kind.words) + ("" if kind.closed else "|...")
    if kind.group is not None:
        return f"{kind.group.split('/')[0].removesuffix('s').upper()} (id, name or URL)"
    return _METAVARS.get(kind.name, "TEXT")


def condition_options(operation: Operation) -> list[click.Option]:
    """The typed conditions of a listing, as options."""
    return [
        click.Option(
            [f"--{one.name}", _condition_key(one)],
            type=click.Choice(one.words, case_sensitive=False) if one.words else None,
            metavar="|".join(one.words) or one.kind.upper(),
            multiple=one.comparison == "eq",
            help=_COMPARED[one.comparison].format(one.property),
        )
        for one in filters.conditions(operation)
    ]


def _condition_key(condition: filters.Condition) -> str:
    return "where_" + re.sub(r"\W", "_", condition.name).lower()


def taken_conditions(
    operation: Operation, options: dict[str, Any]
) -> dict[str, list[str]]:
    """Take the conditions out of a command's options, times as the API writes them."""
    found: dict[str, list[str]] = {}
    for one in filters.conditions(operation):
        given = options.pop(_condition_key(one), None)
        texts = [] if given in (None, ()) else _texts(given)
        try:
            found[one.name] = [
                values.moment(text) if one.kind == "time" else text for text in texts
            ]
        except InvalidValue as exc:
            raise UsageError(f"--{one.name}: {exc.message}") from exc
    return found


def _wishes(operation: Operation) -> list[click.Option]:
    options = []
    match operation.body:
        case JsonBody():
            help_ = "The body, JSON or YAML; - is stdin. Other options complete it."
            options.append(click.Option(["--body"], metavar="FILE", help=help_))
        case Octets():
            help_ = "The bytes to send; - is stdin. Required"
            options.append(click.Option(["--body"], metavar="FILE", help=help_))
        case FormBody() | None:
            pass
    if operation.paged:
        options.append(
            click.Option(
                ["--limit"],
                type=click.IntRange(1),
                metavar="N",
                help="Only the first N; all pages otherwise.",
            )
        )
    if operation.job:
        wait = "Wait until the job is over; exit 1 if it failed, 5 if not in time."
        options += [
            click.Option(["--wait"], is_flag=True, help=wait),
            click.Option(["--timeout"], metavar="D", help="How long; default 1d."),
        ]
    if operation.answer is not None:
        options += [
            click.Option(["--ids"], is_flag=True, help="Print ids alone."),
            click.Option(["--json", "as_json"], is_flag=True, help="Print JSON."),
        ]
    if operation.method == "DELETE":
        options.append(click.Option(["--yes", "-y"], is_flag=True, help="Do not ask."))
    return options
