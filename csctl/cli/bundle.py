"""`csctl bundle`: the air gap."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from csctl.cli.bundle_create import create
from csctl.cli.bundle_inventory import inventory
from csctl.cli.bundle_load import load
from csctl.cli.session import Session, json_option, pass_session, print_json

if TYPE_CHECKING:
    from csctl.bundle.archive import Bundle

_file_argument = click.argument("file", type=click.Path(path_type=Path))
_signature_option = click.option(
    "--require-signature",
    is_flag=True,
    help="Refuse a bundle that no pinned key signed, even if no key is pinned.",
)


@click.group()
def bundle() -> None:
    """Carry images, models and licenses over an air gap.

    Public keys in /etc/csctl/trusted/*.pem, or in the paths of CSCTL_TRUSTED_KEYS, are
    pinned: where there is one, a bundle that none of them signed is refused.
    """


bundle.add_command(create)
bundle.add_command(inventory)
bundle.add_command(load)


def open_bundle(session: Session, file: Path, *, require_signature: bool) -> Bundle:
    """The bundle of a command's arguments. Raises BundleError and UsageError."""
    from csctl.bundle import archive
    from csctl.bundle.signature import Trust

    trust = Trust.load(session.environ, require=require_signature)
    return archive.open_bundle(file, trust)


@bundle.command()
@_file_argument
@_signature_option
@json_option
@pass_session
def inspect(
    session: Session, file: Path, require_signature: bool, as_json: bool
) -> None:
    """Show what is in a bundle, who made it, and what it leaves out.

    Every header is checked, the data is not: `bundle verify` does that.
    """
    from datetime import UTC, datetime

    from csctl.format import bundle as words

    with open_bundle(session, file, require_signature=require_signature) as opened:
        if as_json:
            print_json(words.bundle(opened))
            return
        for line in words.bundle_lines(opened, datetime.now(UTC)):
            click.echo(line)


@bundle.command()
@_file_argument
@_signature_option
@json_option
@pass_session
def verify(session: Session, file: Path, require_signature: bool, as_json: bool) -> int:
    """Check every byte of a bundle, and its signature; exits 8 with what is wrong."""
    from csctl.bundle.verify import verify as read_all
    from csctl.cli import exit as exits
    from csctl.errors import BundleError
    from csctl.format import bundle as words

    try:
        opened = open_bundle(session, file, require_signature=require_signature)
    except BundleError as error:
        if as_json:
            problems = [words.problem(error.part, error.fault)]
            unread = {"signed": None, "signed_by": None, "problems": problems}
            print_json({"file": str(file), **unread})
        raise
    with opened:
        damage = session.follow(file.name, read_all(opened))
        if as_json:
            print_json(words.verified(opened, damage))
        elif not damage:
            click.echo(words.whole(opened))
        for one in damage:
            session.say(f"csctl: {one.part}: {one.fault}")
    return exits.CORRUPT if damage else exits.DONE


@bundle.command()
@click.argument("key", type=click.Path(path_type=Path))
@json_option
def keygen(key: Path, as_json: bool) -> None:
    """Make a key to sign bundles with: KEY, and KEY.pub.pem to pin on other hosts."""
    from csctl.bundle.signature import new_key

    public = key.with_name(f"{key.name.removesuffix('.pem')}.pub.pem")
    fingerprint = new_key(key, public)
    if as_json:
        print_json({"key": str(key), "public": str(public), "fingerprint": fingerprint})
        return
    click.echo(f"{key}: keep it secret; sign with: csctl bundle create --sign {key}")
    click.echo(f"{public}: copy it to /etc/csctl/trusted/ on the other host")
    click.echo(f"fingerprint {fingerprint}")
