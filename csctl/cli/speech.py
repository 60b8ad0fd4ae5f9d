"""`csctl speech`: the Speech to text REST API, as its table of operations tells it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

import click

from csctl.cli.session import Session, json_option, pass_session, print_json
from csctl.cli.speech_access import Access, resource_options

if TYPE_CHECKING:
    from csctl.azure.operation import Operation
    from csctl.azure.table import Table

_MORE: Final[dict[str, dict[str, str]]] = {
    "datasets": {"upload-blocks": "speech_upload"},
    "webhooks": {"listen": "webhooks_listen"},
}
"""Commands of a group that are no operation, and their modules."""


def _table(ctx: click.Context) -> Table:
    """The table of the version that the group's options, or the resource, say."""
    from csctl.azure.table import load

    # None of the group's commands runs yet; while a shell completes, not even csctl.
    session = ctx.find_object(Session) or Session(host=None, context=None, color=False)
    said = {
        one.name: ctx.params.get(one.name) for one in ctx.command.params if one.name
    }
    return load(Access.take(session, said).version)


class _Groups(click.Group):
    """The table's groups; options that name a resource may stand anywhere."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _hoisted(self, args))

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *_table(ctx).groups()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if own := super().get_command(ctx, cmd_name):
            return own
        operations = _table(ctx).groups().get(cmd_name)
        return _Verbs(cmd_name, operations) if operations else None


class _Verbs(click.Group):
    """The operations of one group."""

    def __init__(self, name: str, operations: list[Operation]) -> None:
        super().__init__(
            name, help=f"What the API does with {name}.", no_args_is_help=True
        )
        self._operations = {one.verb: one for one in operations}
        self._downloads = {
            _download(one.verb): one for one in operations if one.lists_files
        }

    def list_commands(self, _ctx: click.Context) -> list[str]:
        more = _MORE.get(self.name or "", {})
        return sorted([*self._operations, *self._downloads, *more])

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        from csctl.cli import speech_download, speech_verb

        if module := _MORE.get(self.name or "", {}).get(cmd_name):
            found = importlib.import_module(f"csctl.cli.{module}")
            command: click.Command = getattr(found, cmd_name.replace("-", "_"))
            return command
        if one := self._operations.get(cmd_name):
            return speech_verb.command(one)
        if one := self._downloads.get(cmd_name):
            return speech_download.command(cmd_name, one)
        return None


def _download(verb: str) -> str:
    """`download` for `list-files`, `download-logs` for `list-logs`."""
    return verb.replace("list", "download", 1).removesuffix("-files")


def _hoisted(group: click.Group, args: list[str]) -> list[str]:
    """The arguments with the group's own options before the commands'."""
    takes = {
        text: not (isinstance(one, click.Option) and one.is_flag)
        for one in group.params
        for text in (*one.opts, *one.secondary_opts)
    }
    first: list[str] = []
    rest: list[str] = []
    words = iter(args)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word in takes:
            first += [word, *([next(words, "")] if takes[word] else [])]
        elif word.startswith("--") and word.partition("=")[0] in takes:
            first.append(word)
        else:
            rest.append(word)
    return [*first, *rest]


@click.group(cls=_Groups)
@resource_options
@pass_session
@click.pass_context
def speech(ctx: click.Context, session: Session, /, **options: Any) -> None:
    """Use the Speech to text REST API.

    The resource is one of csctl.yaml (in this folder, in /etc/csctl, or where
    CSCTL_CONFIG says), the billing of a profile, or named by the options here, which
    may stand after the command as well.
    """
    ctx.obj = Access.take(session, options)


@speech.command()
@json_option
@click.pass_obj
def operations(access: Access, as_json: bool) -> None:
    """List all operations, with their commands."""
    from csctl.azure.table import load
    from csctl.format import speech as words
    from csctl.format import table

    rows = [words.operation(one) for one in load(access.version).operations.values()]
    if as_json:
        print_json(rows)
    else:
        cells = [
            (
                " = ".join((row["operation"], *row["aliases"])),
                row["method"],
                row["path"],
                row["command"].removeprefix("csctl speech "),
            )
            for row in rows
        ]
        click.echo(table(("OPERATION", "METHOD", "PATH", "csctl speech ..."), cells))


@speech.command()
@click.argument("operation")
@click.argument("pairs", metavar="[NAME=VALUE]...", nargs=-1)
@click.option("--body", metavar="FILE", help="The body, JSON or YAML; - is stdin.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the first N.")
@click.option("--wait", is_flag=True, help="Wait until the job is over.")
@click.option("--timeout", metavar="D", help="How long; default 1d.")
@click.option("--ids", is_flag=True, help="Print ids alone.")
@json_option
@click.option("--yes", "-y", is_flag=True, help="Do not ask before deleting.")
@click.pass_obj
def call(
    access: Access, /, operation: str, pairs: tuple[str, ...], **options: Any
) -> None:
    """Call an operation by its name, such as Datasets_List.

    NAME is a name of its path, query or body (properties.email=...); lists repeat it. A
    form's file is NAME=@FILE. A secret is NAME=env:VARIABLE or NAME=file:PATH. `csctl
    speech operations` lists the names, `csctl speech GROUP VERB --help` their values.
    """
    from csctl.azure.table import load
    from csctl.cli.speech_run import Wish, run

    found = load(access.version).find(operation)
    texts: dict[str, list[str]] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise click.UsageError(f"{pair!r} is no NAME=VALUE")
        texts.setdefault(name, []).append(value)
    run(access, found, texts, Wish.take(options))
