"""`csctl model`: list, show and pull; `use` and `manifest` are of the REST API."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from csctl.cli.session import (
    Session,
    json_option,
    one_or_list,
    pass_session,
    print_json,
    profile_argument,
)
from csctl.cli.speech_access import resource_options
from csctl.cli.speech_models import list_known, manifest, use
from csctl.errors import UsageError

if TYPE_CHECKING:
    from csctl.profile.model import Profile

timeout_option = click.option(
    "--timeout", metavar="D", help="Time limit of the download, such as 2h; default 1h."
)


def seconds_of(timeout: str | None) -> float | None:
    """Seconds of a --timeout. Raises InvalidValue."""
    from csctl.size import parse_duration

    return None if timeout is None else parse_duration(timeout).total_seconds()


@click.group()
def model() -> None:
    """List base models; download the speech model."""


model.add_command(use)
model.add_command(manifest)


@model.command("list")
@click.argument("profile", nargs=-1, type=click.Path(exists=False))
@click.option("--locale", metavar="L", help="Locale, such as en-US.")
@click.option(
    "--custom", is_flag=True, help="Custom and base models that the REST API lists."
)
@resource_options
@json_option
@pass_session
def list_(
    session: Session,
    /,
    profile: tuple[str, ...],
    locale: str | None,
    custom: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """Base models that the container lists for a locale, newest first.

    Without --locale, the locale of the profile's `model.base` or `display`. With
    --custom, what the REST API has: whether containers may serve it, until when, and
    what is here of it. The resource is the one that the options name, else that of a
    csctl.yaml (also of one beside the profile), else that of the profile's billing.
    """
    if custom:
        return list_known(session, profile, locale, as_json, options)
    if not profile:
        raise click.UsageError("Missing argument 'PROFILE...'; --custom needs none.")
    return _list_base(session, profile, locale, as_json)


def _list_base(
    session: Session, profile: tuple[str, ...], locale: str | None, as_json: bool
) -> int:
    from csctl.cli.several import code_of, run_all
    from csctl.format import table
    from csctl.lifecycle import models, verb

    engine = session.connect()
    jobs = {}
    for one in session.profiles(profile):
        wanted = locale or _locale_of(one)
        jobs[one.name] = lambda one=one, wanted=wanted: verb.with_image(
            engine, one, session.environ, lambda job: models.list_base(job, wanted)
        )
    results, errors = run_all(session, jobs)
    rows = list(dict.fromkeys(row for found in results.values() for row in found))
    if as_json:
        print_json(
            [{"id": r.id, "locale": r.locale, "created": r.created} for r in rows]
        )
    elif rows:
        cells = [(row.id, row.locale, row.created) for row in rows]
        click.echo(table(("ID", "LOCALE", "CREATED"), cells))
    return code_of(errors)


@model.command()
@profile_argument
@json_option
@pass_session
def show(session: Session, profile: tuple[str, ...], as_json: bool) -> None:
    """The models on this host: whether they are whole, who runs and names them."""
    from csctl.format import stock, table
    from csctl.lifecycle import model_stock
    from csctl.lifecycle.status import unasked

    profiles = session.profiles(profile)
    seen = unasked(session.connect(), profiles)
    # Profiles that share a directory have the same models.
    found = {
        one.directory: one for p in profiles for one in model_stock.models_of(p, seen)
    }
    if as_json:
        print_json([stock.model(one) for one in found.values()])
        return
    if found:
        cells = [stock.model_cells(one) for one in found.values()]
        click.echo(table(stock.MODEL_HEADERS, cells))
    for one in found.values():
        for fault in one.damage:
            session.say(f"{one.id} is damaged: {fault}")
    for p in profiles:
        for wanted in model_stock.displays_of(p, found.values()):
            session.say(f"{p.name}: display model {stock.display(wanted)}")


def _locale_of(profile: Profile) -> str:
    from csctl.lifecycle.model_stock import locale_of

    locale = locale_of(profile)
    if locale is None:
        raise UsageError(
            f"{profile.name}: the profile names no locale",
            remedy="name one with --locale",
        )
    return locale


@model.command()
@profile_argument
@timeout_option
@json_option
@pass_session
def pull(
    session: Session, profile: tuple[str, ...], timeout: str | None, as_json: bool
) -> int:
    """Download the speech model; nothing is left running.

    A profile with `model.base` gets the newest base model of its locale that the
    container lists; the REST API may know a newer one.
    """
    from csctl.lifecycle import models

    def work(one: Profile, job: Any) -> Any:
        base = one.model.base
        return models.pull(job, one.model.id, base.locale if base else None)

    return pull_models(session, profile, seconds_of(timeout), as_json, work)


def pull_models(
    session: Session,
    paths: tuple[str, ...],
    seconds: float | None,
    as_json: bool,
    work: Any,
) -> int:
    """Download for each profile, and print the models that stand afterwards."""
    from csctl.cli.several import code_of, run_all
    from csctl.lifecycle import verb
    from csctl.lifecycle.models import summary
    from csctl.size import format_size

    engine = session.connect()
    jobs = {
        one.name: lambda one=one: verb.with_image(
            engine,
            one,
            session.environ,
            lambda job: work(one, job),
            seconds=seconds,
        )
        for one in session.profiles(paths)
    }
    results, errors = run_all(session, jobs)
    rows = [summary(stored) for stored in results.values()]
    if as_json:
        values = [asdict(row) for row in rows]
        print_json(one_or_list(values) if values else [])
    else:
        for row in rows:
            size = format_size(row.bytes)
            click.echo(f"{row.id}  {size}  {len(row.files)} files  {row.path}")
    return code_of(errors)
