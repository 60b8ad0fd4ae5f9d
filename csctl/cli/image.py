"""`csctl image`: tags, list and pull."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from csctl.cli.session import Session, json_option, pass_session, print_json
from csctl.reference import SPEECH_TO_TEXT, ImageReference

if TYPE_CHECKING:
    from csctl.profile.model import Profile


@click.group()
def image() -> None:
    """List the image's tags; pull it."""


@image.command()
@click.option(
    "--registry",
    default=SPEECH_TO_TEXT.registry,
    show_default=True,
    metavar="URL",
    help="Registry.",
)
@click.option(
    "--repository",
    default=SPEECH_TO_TEXT.repository,
    show_default=True,
    metavar="R",
    help="Repository.",
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Print N tags only.")
@click.option("--released", is_flag=True, help="Leave previews out.")
@json_option
@pass_session
def tags(
    session: Session,
    registry: str,
    repository: str,
    limit: int | None,
    released: bool,
    as_json: bool,
) -> None:
    """Tags sorted by version, newest first.

    A release stands above its own previews; what is no version comes last. `latest`
    marks the tags that equal it by digest.
    """
    from csctl.format import table
    from csctl.registry.client import open_registry
    from csctl.registry.tags import list_tags

    with open_registry(registry, session.environ) as client:
        rows = list_tags(client, repository)
    if released:
        rows = [row for row in rows if row.released]
    rows = rows[:limit]
    if as_json:
        print_json([{name: getattr(row, name) for name in _FIELDS} for row in rows])
        return
    cells = [
        (
            row.tag,
            row.version or "-",
            row.platform or "-",
            row.prerelease or ("released" if row.released else "-"),
            "latest" if row.latest else "",
        )
        for row in rows
    ]
    click.echo(table(("TAG", "VERSION", "PLATFORM", "RELEASE", ""), cells))


_FIELDS = ("tag", "version", "platform", "prerelease", "released", "latest")


@image.command("list")
@click.argument("what", metavar="[PROFILE or REFERENCE]", nargs=-1)
@json_option
@pass_session
def list_(session: Session, what: tuple[str, ...], as_json: bool) -> int:
    """Tags with which of them this host has, which containers run, profiles name.

    Without an argument, those of the Microsoft repository. Where the registry tells
    nothing, those that the Engine has.
    """
    from csctl.cli import exit as exits
    from csctl.cli.main import report
    from csctl.format import stock, table
    from csctl.lifecycle import image_stock
    from csctl.lifecycle.status import unasked

    engine = session.connect()
    profiles, images = _meant(session, what)
    seen = unasked(engine, profiles)
    found = [
        (name, image_stock.look(engine, one, session.environ))
        for name, one in images.items()
    ]
    rows = [(name, tag) for name, one in found for tag in one.tags(seen)]
    if as_json:
        print_json([{"image": name, **stock.tag(tag)} for name, tag in rows])
    else:
        cells = [(name, *stock.tag_cells(tag)) for name, tag in rows]
        click.echo(table(("IMAGE", *stock.TAG_HEADERS), cells))
    problems = [one.problem for _, one in found if one.problem is not None]
    for problem in problems:
        report(problem)
    return exits.worst(exits.code_of(type(problem)) for problem in problems)


def _meant(
    session: Session, what: tuple[str, ...]
) -> tuple[list[Profile], dict[str, ImageReference]]:
    """The profiles among the words, and the images that all words mean, by name."""
    profiles: list[Profile] = []
    images: list[ImageReference] = []
    for word in what or (str(SPEECH_TO_TEXT),):
        if _is_profile(word):
            found = session.profiles([word])
            profiles += found
            images += [profile.image for profile in found]
        else:
            images.append(ImageReference.parse(word))
    return profiles, {one.name: one for one in images}


def _is_profile(word: str) -> bool:
    from csctl.profile.load import STDIN

    suffixed = word.endswith((".yaml", ".yml"))
    return word == STDIN or suffixed or Path(word).exists()


@image.command()
@click.argument("what", metavar="[PROFILE or REFERENCE]", nargs=-1)
@json_option
@pass_session
def pull(session: Session, what: tuple[str, ...], as_json: bool) -> int:
    """Pull an image, with progress in bytes.

    Without an argument, the newest released tag of the Microsoft repository. An
    argument that is a file or a directory is read as profiles.
    """
    from csctl.cli.session import one_or_list
    from csctl.cli.several import code_of, run_all

    engine = session.connect()
    wanted: dict[str, ImageReference] = {}
    for word in what or (str(SPEECH_TO_TEXT),):
        if _is_profile(word):
            found = session.profiles([word])
            wanted |= {profile.name: profile.image for profile in found}
        else:
            wanted[word] = ImageReference.parse(word)
    jobs = {
        name: lambda reference=reference: _pull(session, engine, reference)
        for name, reference in wanted.items()
    }
    results, errors = run_all(session, jobs)
    if as_json:
        print_json(one_or_list(list(results.values())) if results else [])
    else:
        for row in results.values():
            click.echo(f"{row['reference']}  {row['id']}")
    return code_of(errors)


def _pull(session: Session, engine: Any, asked: ImageReference) -> Any:
    from csctl.lifecycle.images import pull_image
    from csctl.lifecycle.observe import resolve_reference

    reference, _ = resolve_reference(engine, asked, session.environ)
    image = yield from pull_image(engine, reference, session.environ)
    digest = next(
        (d.partition("@")[2] for d in image.digests if d.startswith(reference.name)),
        None,
    )
    return {"reference": str(reference), "id": image.id, "digest": digest}
