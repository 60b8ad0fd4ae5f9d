"""What the verbs of `csctl license` have in common: profiles, states, what is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from csctl.cli.session import Session, one_or_list, print_json
from csctl.errors import (
    ClockBehind,
    CsctlError,
    EngineUnavailable,
    LicenseError,
    RegistryError,
)

if TYPE_CHECKING:
    from csctl.container.observed import Image
    from csctl.engine.engine import Engine
    from csctl.license import StoredLicense
    from csctl.lifecycle.status import LicenseState
    from csctl.profile.model import Profile


def licensed(session: Session, profiles: Sequence[Profile]) -> list[Profile]:
    """The disconnected ones of some profiles; the others need no license."""
    for one in profiles:
        if one.mode == "connected":
            session.say(f"{one.name} is connected, and needs no license")
    return [one for one in profiles if one.mode == "disconnected"]


def checked(session: Session, one: Profile) -> tuple[LicenseState, CsctlError | None]:
    """A profile's license, and why it does not do or is due."""
    from csctl import expiry

    state, image = state_of(session, one)
    try:
        expiry.check(
            state.license,
            state.expiry,
            image_id=image.id if image else None,
            model_id=_model_id(one),
            declared=one.license,
            now=state.now,
            recorded=state.recorded,
        )
    except (LicenseError, ClockBehind) as error:
        return state, type(error)(f"{one.name}: {error.message}", remedy=error.remedy)
    return state, None


def state_of(session: Session, one: Profile) -> tuple[LicenseState, Image | None]:
    """The license that a profile would be served with, and the image it is for."""
    from csctl import license as store
    from csctl.lifecycle.status import license_state

    image = _image(session, one)
    found = store.choose(one.license_root, image.id if image else None, _model_id(one))
    return license_state(found, one), image


def _model_id(one: Profile) -> str | None:
    from csctl.lifecycle.on_host import model_on_disk

    try:
        return model_on_disk(one)
    except CsctlError:
        return None


def _image(session: Session, one: Profile) -> Image | None:
    """The image, to compare the license with; a timer works without an Engine too."""
    from csctl.lifecycle.observe import resolve_image

    try:
        engine: Engine = session.connect()
        return engine.image(str(resolve_image(engine, one, session.environ)[0]))
    except (EngineUnavailable, RegistryError) as error:
        session.say(f"csctl: {one.name}: not compared with the image: {error.message}")
        return None


def print_states(
    states: Sequence[LicenseState],
    as_json: bool,
    sets: Sequence[tuple[StoredLicense, ...]] | None = None,
) -> None:
    """A license for each profile; with `sets`, all that are kept for it as well."""
    from csctl import format as words

    rows: list[dict[str, Any]] = [dict(words.license_state(one)) for one in states]
    for row, kept in zip(rows, sets or (), strict=bool(sets)):
        row["sets"] = [words.license_set(one) for one in kept]
    if as_json:
        print_json(one_or_list(rows) if rows else [])
        return
    for state, row in zip(states, rows, strict=True):
        click.echo(f"path     {row['path'] or 'none'}")
        click.echo(f"files    {', '.join(row['files']) or 'none'}")
        click.echo(f"fetched  {row['fetched_at'] or 'unknown'}")
        click.echo(f"ends     {row['expires_at'] or '-'} ({row['expiry_source']})")
        click.echo(f"left     {words.license_words(state)}")
        click.echo(f"image    {row['image'] or 'unknown'}")
        click.echo(f"model    {row['model'] or 'unknown'}")
        for other in row.get("sets", ()):
            if other["path"] != row["path"]:
                click.echo(f"kept     {_kept(other)}")


def _kept(row: dict[str, Any]) -> str:
    since = f"{row['path']}, fetched {row['fetched_at'] or 'unknown'}"
    return f"{since}, refused: {row['refused']}" if row["refused"] else since
