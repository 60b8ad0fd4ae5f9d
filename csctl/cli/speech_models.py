"""`csctl model list --custom`, `use`, `manifest`: models as the REST API tells them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from csctl.cli.session import (
    Session,
    json_option,
    pass_session,
    print_json,
    yes_option,
)
from csctl.cli.set import change, document_option
from csctl.cli.speech_access import Access, resource_options


def list_known(
    session: Session,
    paths: tuple[str, ...],
    locale: str | None,
    as_json: bool,
    options: dict[str, Any],
) -> int:
    """Print the API's models of all locales or one, with what is here of them."""
    from datetime import UTC, datetime

    from csctl.azure import catalog
    from csctl.format import speech as words
    from csctl.format import table
    from csctl.lifecycle import model_stock, speech_models
    from csctl.lifecycle.status import unasked

    access = Access.take(session, options)
    profiles = session.profiles(paths) if paths else []
    stocked = []
    if profiles:
        seen = unasked(session.connect(), profiles)
        stocked = [one for p in profiles for one in model_stock.models_of(p, seen)]
        access = access.about(Path(paths[0]))
    with access.open() as speech:
        models = catalog.read(speech, locale)
    known = speech_models.join(models, stocked, datetime.now(UTC))
    if as_json:
        print_json([words.known_model(one) for one in known])
    else:
        cells = [words.known_model_cells(one) for one in known]
        click.echo(table(words.KNOWN_MODEL_HEADERS, cells))
    return 0


@click.command()
@click.argument("profile", type=click.Path(exists=False))
@click.argument("text", metavar="MODEL")
@document_option
@yes_option
@resource_options
@pass_session
def use(
    session: Session,
    /,
    profile: str,
    text: str,
    document: int | None,
    yes: bool,
    **options: Any,
) -> None:
    """Let a profile want a custom or base model that the REST API has.

    MODEL is its id or its unique name; the id is written, after the difference was
    shown. The resource is that of `csctl model list --custom PROFILE`. What containers
    may not serve, or not yet, is said and written all the same.
    """
    from datetime import UTC, datetime

    from csctl.azure import catalog
    from csctl.format import speech as words
    from csctl.lifecycle.model_stock import naming
    from csctl.lifecycle.speech_models import retires_soon

    path = Path(profile)
    with Access.take(session, options).about(path).open() as speech:
        found = catalog.find(speech, text)
    session.say(words.chosen_model(found))
    retiring = retires_soon(found, datetime.now(UTC))
    for doubt in words.doubts(found, retiring=retiring):
        session.say(f"warning: {doubt}")
    change(session, path, naming(found.id), document, yes=yes)


@click.command()
@click.argument("id_", metavar="MODEL")
@click.option(
    "--output", "-o", metavar="DIRECTORY", help="Download its files into this folder."
)
@click.option("--overwrite", is_flag=True, help="Write over files of the same names.")
@resource_options
@json_option
@pass_session
def manifest(
    session: Session,
    /,
    id_: str,
    output: str | None,
    overwrite: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """What a container needs of a custom or base model, as the REST API tells it.

    MODEL is its id or its unique name. The resource is named as for `csctl speech`.
    """
    from csctl.azure import names
    from csctl.azure.download import of_manifest
    from csctl.cli.speech_download import bring
    from csctl.cli.speech_run import Wish
    from csctl.cli.speech_run import show as print_answer

    access = Access.take(session, options)
    with access.open() as speech:
        group, found = names.model(speech, id_)
        operation = speech.table.at("GET", f"/{group}/{{id}}/manifest")
        told = speech.get(operation, {"id": found})
        if output is None:
            print_answer(told, Wish(as_json=as_json), json_value=told)
            return 0
        wanted = of_manifest(told, Path(output))
        return bring(access, speech.blobs, wanted, overwrite=overwrite, as_json=as_json)
