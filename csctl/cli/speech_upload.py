"""`csctl speech datasets upload-blocks`: a dataset out of a file, block by block."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from csctl.cli.session import json_option
from csctl.cli.speech_access import Access
from csctl.errors import CsctlError, UsageError


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False))
@click.option("--into", metavar="DATASET", help="Go on with this one: id or name.")
@click.option("--display-name", metavar="TEXT", help="The name of a new dataset.")
@click.option("--locale", metavar="TEXT", help="Its locale, such as en-US.")
@click.option("--kind", metavar="TEXT", help="Its kind, such as Acoustic.")
@click.option("--description", metavar="TEXT", help="Its description.")
@click.option("--project", metavar="PROJECT", help="Its project: id, name or URL.")
@click.option("--wait", is_flag=True, help="Wait until the service has read it.")
@click.option("--timeout", metavar="D", help="How long; default 1d.")
@click.option("--ids", is_flag=True, help="Print the id alone.")
@json_option
@click.pass_obj
def upload_blocks(
    access: Access, /, file: str, into: str | None, **options: Any
) -> None:
    """Send a file as a dataset: by blocks of 8 MiB, several at once, then commit.

    Without --into a dataset is made first, and its id said. After a break, the same
    file --into that dataset goes on: blocks that are there are not sent again.
    """
    from csctl.azure import job
    from csctl.azure.entity import id_of
    from csctl.azure.names import find
    from csctl.cli.speech_run import Wish, read, show, wait
    from csctl.lifecycle.speech_files import sending

    wish = Wish.take(options)
    fields = {"displayName": options["display_name"]} | {
        name: options[name] for name in ("locale", "kind", "description", "project")
    }
    texts = {name: [text] for name, text in fields.items() if text is not None}
    if into is not None and texts:
        raise UsageError(
            "--into goes on with a dataset that there is", remedy="leave the rest out"
        )
    with access.open() as speech:
        create = speech.table.find("Datasets_Create")
        if into is not None:
            id_ = find(speech, "/datasets", into)
        else:
            own = read(access, create, texts, {})
            id_ = id_of(speech.get(create, own)) or ""
            access.session.say(f"dataset {id_} is made")
        try:
            work = sending(speech, id_, Path(file))
            access.session.follow(f"dataset {id_}", work)
        except (CsctlError, KeyboardInterrupt):
            again = f"csctl speech datasets upload-blocks {file} --into {id_}"
            access.session.say(f"to go on: {again}")
            raise
        awaited = job.of(speech, create, id_)
        told = (
            wait(access, speech, awaited, wish.timeout)
            if wish.wait
            else speech.get(awaited.operation, {"id": id_})
        )
        show(told, wish, json_value=told)
