"""`csctl validate` and `csctl schema`."""

from __future__ import annotations

import click

from csctl.cli.session import (
    Session,
    json_option,
    pass_session,
    print_json,
    profile_argument,
)


@click.command()
@profile_argument
@json_option
@pass_session
def validate(session: Session, profile: tuple[str, ...], as_json: bool) -> int:
    """Check profiles: every fault of every file, with its line and column."""
    from csctl.cli import exit as exits
    from csctl.errors import ProfileError

    try:
        profiles = session.everywhere(profile)
    except ProfileError as error:
        if not as_json:
            raise
        print_json(
            [
                {
                    "file": fault.file,
                    "line": fault.line,
                    "column": fault.column,
                    "path": fault.path,
                    "message": fault.message,
                }
                for fault in error.problems
            ]
        )
        return exits.USAGE
    if as_json:
        print_json([])
        return exits.DONE
    for one in profiles:
        click.echo(f"{one.source.file}: {one.name}: valid")
        for warning in one.warnings:
            session.say(f"  warning: {warning}")
    return exits.DONE


@click.command()
def schema() -> None:
    """Print the JSON Schema of a profile, for editors."""
    from csctl.profile.schema import schema as profile_schema

    print_json(profile_schema())
