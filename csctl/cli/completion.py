"""`csctl completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell.

    For bash: csctl completion bash > /etc/bash_completion.d/csctl
    """
    from csctl.cli.main import cli

    kind = get_completion_class(shell)
    assert kind is not None, "click knows the three shells above"
    click.echo(kind(cli, {}, "csctl", "_CSCTL_COMPLETE").source())
