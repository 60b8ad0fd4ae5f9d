"""`csctl speech GROUP download`: all files of a listing, several at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from csctl.azure.operation import Operation
from csctl.cli.session import print_json
from csctl.cli.speech_access import Access
from csctl.cli.speech_run import read
from csctl.cli.speech_verb import (
    argument,
    condition_options,
    taken_conditions,
    taken_texts,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from csctl.azure.blob import Blobs
    from csctl.azure.download import Wanted


def command(name: str, operation: Operation) -> click.Command:
    """The command that downloads what an operation lists."""
    return click.Command(
        name,
        callback=click.pass_obj(_callback(operation)),
        params=[
            *map(argument, operation.places),
            *condition_options(operation),
            *target_options(),
        ],
        help="Download all files, several at once.\n\nWhat a broken run left is gone on"
        " with; a file that is there with its size is left alone.\n\n"
        f"Operation: {operation.name}.",
        short_help=f"Download the files of GET {operation.path}",
    )


def target_options() -> list[click.Parameter]:
    """Where files are written, and what is printed of them."""
    return [
        click.Option(
            ["--output", "-o"],
            metavar="DIRECTORY",
            required=True,
            help="The folder for the files; made where missing.",
        ),
        click.Option(
            ["--overwrite"], is_flag=True, help="Write over files of the same names."
        ),
        click.Option(["--json", "as_json"], is_flag=True, help="Print JSON."),
    ]


def _callback(operation: Operation) -> Any:
    def callback(
        access: Access, output: str, overwrite: bool, as_json: bool, **options: Any
    ) -> int:
        from csctl.azure.download import of_files

        conditions = taken_conditions(operation, options)
        texts = taken_texts(operation.places, options)
        own = read(access, operation, texts, conditions)
        with access.open() as speech:
            wanted = of_files(speech.items(operation, own), Path(output))
            return bring(
                access, speech.blobs, wanted, overwrite=overwrite, as_json=as_json
            )

    return callback


def bring(
    access: Access,
    blobs: Blobs,
    wanted: Sequence[Wanted],
    *,
    overwrite: bool,
    as_json: bool,
) -> int:
    """Download what is not there yet, and print what there is then."""
    from csctl.azure.download import missing
    from csctl.cli.several import code_of, run_all
    from csctl.format import table
    from csctl.lifecycle.speech_files import downloads
    from csctl.size import format_size

    left = missing(wanted, overwrite=overwrite)
    _, errors = run_all(access.session, downloads(blobs, left))
    fresh = {one.path for one in left}
    there = [
        (one, one.path.stat().st_size) for one in wanted if str(one.path) not in errors
    ]
    if as_json:
        print_json(
            [
                {"path": str(one.path), "bytes": size, "downloaded": one.path in fresh}
                for one, size in there
            ]
        )
    elif there:
        cells = [
            (str(one.path), format_size(size), "" if one.path in fresh else "was there")
            for one, size in there
        ]
        click.echo(table(("PATH", "SIZE", ""), cells))
    return code_of(errors)
