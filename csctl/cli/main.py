"""The command line's root: finds the command, maps what goes wrong to exit codes.

Nothing here imports more than click: each command's module is loaded when it is
asked for, and loads what it needs itself.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn

import click

import csctl
from csctl.cli import exit as exits
from csctl.errors import CsctlError

# Name -> (module, one line for --help). Loading a module for its help text would
# make `csctl --help` as slow as the slowest of them.
_COMMANDS: dict[str, tuple[str, str]] = {
    "image": ("image", "List the image's tags; pull it."),
    "model": ("model", "List base models; download the speech model."),
    "display": ("display", "List and download display models."),
    "license": ("license", "Fetch, show, check and refresh disconnected licenses."),
    "mount": ("mount", "Check and set the ownership of mounts."),
    "validate": ("validate", "Check profiles, all faults at once."),
    "schema": ("validate", "Print the JSON Schema of a profile."),
    "init": ("init", "Write a commented profile."),
    "set": ("set", "Change keys of a profile, its comments kept."),
    "plan": ("plan", "Say what apply would do."),
    "prepare": ("prepare", "Do what interrupts nothing: pull, download, fetch."),
    "apply": ("apply", "Do it, and wait until ready."),
    "down": ("apply", "Stop and remove containers; keep all data."),
    "status": ("status", "Show every managed container and profile."),
    "show": ("show", "Show one profile and its container in full."),
    "logs": ("logs", "Show a container's log, redacted."),
    "usage": ("usage", "Show a container's usage records."),
    "transcribe": ("transcribe", "Print what a container recognises in audio."),
    "capacity": ("capacity", "Measure how many streams a container sustains."),
    "top": ("top", "Show what containers use of CPU and memory."),
    "start": ("power", "Start a container."),
    "stop": ("power", "Stop a container."),
    "restart": ("power", "Restart a container."),
    "doctor": ("doctor", "Check this host."),
    "adopt": ("adopt", "Take over a container that was started by hand."),
    "bundle": ("bundle", "Carry images, models and licenses over an air gap."),
    "render": ("render", "Write what Kubernetes, Compose and systemd need."),
    "size": ("size", "Compute containers, cores, memory and nodes for streams."),
    "speech": ("speech", "Use the Speech to text REST API."),
    "endpoint": ("endpoint", "Rewrite URLs for custom domains; check the way there."),
    "units": ("units", "Print systemd units for licenses and metrics."),
    "metrics": ("metrics", "Print metrics for Prometheus."),
    "prune": ("prune", "Remove what nothing needs any more."),
    "support": ("support", "Write one redacted archive for a colleague."),
    "tui": ("tui", "Watch and run it all in the terminal."),
    "rehearse": ("rehearse", "Build or serve the stand-ins, to run without Azure."),
    "completion": ("completion", "Print the completion script of a shell."),
}


class _Terminated(SystemExit):
    """It is to end. An event loop lets only this and KeyboardInterrupt through."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"csctl.cli.{_COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_paragraph()
        formatter.write(exits.TABLE + "\n")

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            near = difflib.get_close_matches(args[0], _COMMANDS, n=1)
            if not near:
                raise
            raise click.UsageError(
                f"{error.message} Did you mean '{near[0]}'?", ctx
            ) from error


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    invoke_without_command=True,
)
@click.option(
    "-H", "--host", metavar="URL", help="The Engine, as DOCKER_HOST names it."
)
@click.option("--context", metavar="NAME", help="The docker context to use.")
@click.option("--no-color", is_flag=True, help="No colour; NO_COLOR does the same.")
@click.option(
    "--here",
    metavar="HOST",
    help="What profiles call this host; others are left out.",
)
# How one csctl starts another, here or on another host; see csctl.lifecycle.far.
@click.option("--leash", nargs=2, type=(str, click.IntRange(0)), hidden=True)
@click.version_option(
    csctl.__version__, prog_name="csctl", message="%(prog)s %(version)s"
)
@click.pass_context
def cli(
    ctx: click.Context,
    host: str | None,
    context: str | None,
    no_color: bool,
    here: str | None,
    leash: tuple[str, int] | None,
) -> int | None:
    """Lifecycle manager for custom speech to text containers.

    Alone on a terminal it opens the terminal UI.
    """
    from csctl.cli.session import Session

    session = ctx.obj = Session(
        host=host, context=context, color=not no_color, here=_checked(here)
    )
    if leash is not None:
        from csctl.cli.leash import take

        if note := take(*leash):
            session.say(note)
        session.announced = leash[1]
    if ctx.invoked_subcommand is not None:
        return None
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.exceptions.NoArgsIsHelpError(ctx)
    from csctl.cli.tui import open_tui

    return open_tui(session, (), read_only=False)


def _checked(here: str | None) -> str | None:
    from csctl.profile.host import NAMELESS, Host

    return here if here in (None, NAMELESS) else str(Host.parse(here))


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run csctl and exit with its code."""
    # Profiles say what csctl runs, records what it trusts: never everybody's to write.
    os.umask(os.umask(0o022) | 0o002)
    signal.signal(signal.SIGTERM, _terminate)
    # A closed terminal ends it as well, but for nohup.
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, _terminate)
    code = run(argv)
    reason = _lost()
    # Whoever read our output and went away had what they wanted.
    if reason is not None and not isinstance(reason, BrokenPipeError):
        code = code or _give_up(reason)
    sys.exit(code)


def _terminate(number: int, _: object) -> None:
    signal.signal(number, signal.SIG_DFL)
    raise _Terminated


def run(argv: Sequence[str] | None = None) -> int:
    """Run csctl; its exit code."""
    try:
        result: Any = cli.main(
            args=None if argv is None else list(argv),
            prog_name="csctl",
            standalone_mode=False,
        )
    except CsctlError as error:
        report(error)
        return exits.code_of(type(error))
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help(), err=True)
        return exits.USAGE
    except click.ClickException as error:
        error.show()
        return exits.USAGE
    except (KeyboardInterrupt, click.Abort):
        click.echo("csctl: interrupted", err=True)
        return exits.INTERRUPTED
    except _Terminated:
        click.echo("csctl: terminated", err=True)
        return exits.TERMINATED
    except BrokenPipeError:
        _lost()
        return exits.FAILED
    except OSError as error:
        if not _was_said(error):
            raise
        _lost()
        return _give_up(error)
    return result if isinstance(result, int) else exits.DONE


def _was_said(error: OSError) -> bool:
    """Whether it came of saying something, and not of doing something."""
    frames = traceback.walk_tb(error.__traceback__)
    return any(frame.f_code is click.echo.__code__ for frame, _ in frames)


def _lost() -> OSError | None:
    """Why what stands on stdout is not taken; it is forgotten then."""
    try:
        # It is None where whoever started csctl closed it.
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        # Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return error
    return None


def _give_up(reason: OSError) -> int:
    click.echo(f"csctl: stdout takes nothing more: {reason.strerror}", err=True)
    return exits.FAILED


def report(error: CsctlError) -> None:
    """Say on stderr what failed and what to do next."""
    click.echo(f"csctl: {error.message}", err=True)
    if error.remedy:
        click.echo(f"  -> {error.remedy}", err=True)
