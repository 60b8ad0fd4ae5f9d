"""`csctl image`: tags and pull."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from csctl.cli.session import Session, json_option, pass_session, print_json

if TYPE_CHECKING:
    from csctl.profile.model import Profile
    from csctl.reference import ImageReference

_REGISTRY = "mcr.microsoft.com"
_REPOSITORY = "azure-cognitive-services/speechservices/custom-speech-to-text"


@click.group()
def image() -> None:
    """List the image's tags; pull it."""


@image.command()
@click.option(
    "--registry", default=_REGISTRY, show_default=True, metavar="URL", help="Registry."
)
@click.option(
    "--repository",
    default=_REPOSITORY,
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
    from csctl.reference import ImageReference

    engine = session.connect()
    wanted: dict[str, ImageReference] = {}
    for word in what or (f"{_REGISTRY}/{_REPOSITORY}:newest",):
        if Path(word).exists() or word.endswith((".yaml", ".yml")):
            found: list[Profile] = session.profiles([word])
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
