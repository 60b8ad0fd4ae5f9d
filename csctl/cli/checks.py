"""Checks, as `doctor` and `endpoint check` print them."""

from __future__ import annotations

from collections.abc import Iterable

import click

from csctl.check import Check
from csctl.cli import exit as exits


def show(one: Check) -> Check:
    """Print a check with what to do about it; itself."""
    click.echo(f"{'ok  ' if one.ok else 'FAIL'}  {one.check}: {one.detail}")
    if one.remedy:
        click.echo(f"      -> {one.remedy}")
    return one


def code_of(checks: Iterable[Check]) -> int:
    """The exit code of all of them."""
    return exits.worst(exits.code_of(one.error) for one in checks if not one.ok)
