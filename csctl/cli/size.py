"""`csctl size`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from csctl.cli.session import Session, json_option, pass_session, print_json

if TYPE_CHECKING:
    from csctl.contract.sizing import Rule


_Cores = click.FloatRange(0, min_open=True)


@click.command()
@click.option(
    "--streams",
    type=click.IntRange(1),
    required=True,
    metavar="N",
    help="Recognitions at the same time, at the busiest hour.",
)
@click.option("--file", "files", is_flag=True, help="Files, not live streams.")
@click.option(
    "--per-container",
    type=click.IntRange(1),
    metavar="N",
    help="How many one container was measured to sustain.",
)
@click.option("--cores", type=_Cores, metavar="N", help="Its cores.  [8]")
@click.option("--memory", metavar="SIZE", help="Its memory.  [16g]")
@click.option(
    "--capacity",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="All three from a JSON object with `streams`, `cpus` and `memory`.",
)
@click.option("--node-cores", type=_Cores, metavar="N", help="Of one host.  [16]")
@click.option("--node-memory", metavar="SIZE", help="Of it.  [64g]")
@json_option
@pass_session
def size(
    session: Session,
    streams: int,
    files: bool,
    per_container: int | None,
    cores: float | None,
    memory: str | None,
    capacity: Path | None,
    node_cores: float | None,
    node_memory: str | None,
    as_json: bool,
) -> None:
    """Compute containers, cores, memory and nodes for a number of streams.

    By the documented figures, which do not agree, and by a measured one where you have
    it. docs/scaling.md says what they mean, and where each stops.
    """
    from csctl.contract import sizing
    from csctl.format import sizing as words
    from csctl.format import table
    from csctl.size import parse_size

    kind: sizing.Kind = "file" if files else "live"
    node = sizing.Node(
        cpus=node_cores or sizing.NODE_CPUS,
        memory=parse_size(node_memory) if node_memory else sizing.NODE_MEMORY,
    )
    found = _measured(
        per_container, cores, parse_size(memory) if memory else None, capacity
    )
    rules = (*sizing.documented(kind), *((found,) if found else ()))
    sizes = [sizing.size(streams, rule, node) for rule in rules]
    if as_json:
        print_json([words.row(one) for one in sizes])
        return
    click.echo(table(words.HEADERS, [words.cells(one) for one in sizes]))
    for one in sizes:
        session.say(f"{one.rule.name}: {one.rule.about}")
    hours = sizing.audio_hours(streams, kind)
    session.say(f"never idle, that is {hours} hours of audio a day")
    if found is None:
        session.say("the rules do not agree: measure one container of yours")


def _measured(
    streams: int | None, cores: float | None, memory: int | None, file: Path | None
) -> Rule | None:
    """The measured rule, where one is given. Raises UsageError."""
    from csctl.contract import sizing
    from csctl.errors import UsageError

    if file is not None and streams is not None:
        raise UsageError(
            "--capacity and --per-container say the same",
            remedy="give one of them",
        )
    if file is not None:
        streams, known_cores, known_memory = _read(file)
        cores, memory = cores or known_cores, memory or known_memory
    if streams is not None:
        largest = sizing.BEST_CONTAINER + sizing.LARGEST_MODEL
        return sizing.measured(streams, cores or sizing.BEST_CPUS, memory or largest)
    if cores is not None or memory is not None:
        raise UsageError(
            "--cores and --memory are those of a measured container",
            remedy="add --per-container, or use --node-cores and --node-memory",
        )
    return None


def _read(file: Path) -> tuple[int, float | None, int | None]:
    """Streams, cores and bytes of a file. Raises UsageError."""
    import msgspec

    from csctl.errors import UsageError

    class Capacity(msgspec.Struct):
        streams: int
        cpus: float | None = None
        memory: int | None = None

    try:
        read = msgspec.json.decode(file.read_bytes(), type=Capacity)
    except OSError as exc:
        raise UsageError(
            f"{file} cannot be read: {exc.strerror}", remedy="name another file"
        ) from exc
    except msgspec.DecodeError as exc:
        raise UsageError(
            f"{file} is no measured capacity: {exc}",
            remedy="it is a JSON object with `streams`, and `cpus` and `memory` where"
            " known",
        ) from exc
    return read.streams, read.cpus, read.memory
