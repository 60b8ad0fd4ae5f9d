"""`csctl render`: a profile as the documents of other engines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from csctl.cli.session import Session, pass_session, profile_argument

if TYPE_CHECKING:
    from csctl.ownership import Owner
    from csctl.profile.model import Profile
    from csctl.render.cluster import Store, Volume
    from csctl.render.workload import Workload

_replicas_option = click.option(
    "--replicas",
    type=click.IntRange(1),
    metavar="N",
    help="How many.  [as the profile says]",
)
_output_option = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write files into this directory, not to stdout.",
)
_health_option = click.option(
    "--health",
    metavar="COMMAND",
    help="A command that exits 0 on health, if the image has one.",
)


def _owner(_: Any, __: Any, text: str | None) -> Owner | None:
    from csctl.ownership import Owner

    if text is None:
        return None
    user, _colon, group = text.partition(":")
    if not user.isdecimal() or not (group or user).isdecimal():
        raise click.BadParameter("write numbers: UID or UID:GID")
    return Owner(int(user), int(group or user))


@click.group()
def render() -> None:
    """Write what other engines need to run a profile's container.

    They get the arguments, variables, mounts and bounds that csctl gives to Docker. No
    key is read: where one belongs stands a reference, and how to fill it in.
    """


@render.command()
@profile_argument
@_replicas_option
@click.option(
    "--max-replicas",
    type=click.IntRange(1),
    metavar="N",
    help="How many the autoscaler may start.  [twice the replicas]",
)
@click.option(
    "--volume",
    type=click.Choice(("shared", "node", "own")),
    default="shared",
    help="Where models lie: one volume for all nodes, for one node, or one per pod.",
)
@click.option(
    "--license",
    "license_",
    type=click.Choice(("secret", "volume")),
    default="secret",
    help="What holds a license's files.",
)
@click.option(
    "--user",
    "owner",
    callback=_owner,
    metavar="UID[:GID]",
    help="The image's user.  [what the downloaded model belongs to]",
)
@click.option(
    "--drain",
    default="1m",
    metavar="D",
    help="How long a pod that goes keeps its sessions.  [1m]",
)
@_output_option
@click.option(
    "--helm",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write a Helm chart for each profile into this directory.",
)
@pass_session
def kubernetes(
    session: Session,
    profile: tuple[str, ...],
    replicas: int | None,
    max_replicas: int | None,
    volume: Volume,
    license_: Store,
    owner: Owner | None,
    drain: str,
    output: Path | None,
    helm: Path | None,
) -> None:
    """Objects of a cluster, or a Helm chart.

    A Deployment or StatefulSet with probes, a Job that downloads the model, claims,
    Service, autoscaler, disruption budget and network policies. It needs Kubernetes
    1.30 or newer: the download is a sidecar of its Job.
    """
    from csctl.render import chart
    from csctl.render import kubernetes as cluster_side
    from csctl.render.cluster import Cluster
    from csctl.size import parse_duration

    workloads = _workloads(session, profile, replicas, owner)
    cluster = Cluster(
        volume=volume,
        license=license_,
        most=max_replicas or 2 * max(one.replicas for one in workloads),
        drain_seconds=max(1, int(parse_duration(drain).total_seconds())),
    )
    _tell(session, workloads, lambda one: cluster_side.notes(one, cluster))
    names = [cluster_side.names_of(one).name for one in workloads]
    _check_distinct(names, "on Kubernetes")
    if helm is not None:
        for name, one in zip(names, workloads, strict=True):
            files = chart.files(one, cluster)
            _write(session, helm / name, files.items())
    if output is not None or helm is None:
        files = {
            f"{name}.yaml": cluster_side.stream(one, cluster)
            for name, one in zip(names, workloads, strict=True)
        }
        _put(session, output, files, between="---\n")


@render.command()
@profile_argument
@_replicas_option
@_health_option
@_output_option
@pass_session
def compose(
    session: Session,
    profile: tuple[str, ...],
    replicas: int | None,
    health: str | None,
    output: Path | None,
) -> None:
    """One Compose file with all profiles.

    For docker compose, docker-compose 1.29 and podman-compose.
    """
    from csctl.render import compose as file
    from csctl.render import host

    workloads = _workloads(session, profile, replicas, None)
    _tell(session, workloads, host.notes)
    text = file.document(workloads, health=health)
    _put(session, output, {"compose.yaml": text})


@render.command()
@profile_argument
@_replicas_option
@click.option("--quadlet", is_flag=True, help="Quadlet files, for Podman.")
@_health_option
@_output_option
@pass_session
def systemd(
    session: Session,
    profile: tuple[str, ...],
    replicas: int | None,
    quadlet: bool,
    health: str | None,
    output: Path | None,
) -> None:
    """Units that run docker, or Quadlet files for Podman."""
    from csctl.errors import UsageError
    from csctl.render import host
    from csctl.render import systemd as units

    if health is not None and not quadlet:
        raise UsageError(
            "--health is for --quadlet: a plain unit has no health of its own",
            remedy="leave it out",
        )
    workloads = _workloads(session, profile, replicas, None)
    _tell(session, workloads, lambda one: (*host.notes(one), *units.notes(one)))
    made = [
        units.quadlet(one, health=health) if quadlet else units.plain(one)
        for one in workloads
    ]
    _put(session, output, {one.name: one.text for one in made}, between="\n")


def _workloads(
    session: Session, paths: tuple[str, ...], replicas: int | None, owner: Owner | None
) -> list[Workload]:
    """What the profiles want, with what lies on this host. Raises CsctlError."""
    from csctl.container.spec import UnknownSecret
    from csctl.lifecycle import keys, on_host
    from csctl.model import StoredModel
    from csctl.plan.serving import Parts
    from csctl.render.workload import workload

    def read(profile: Profile) -> Workload:
        here = on_host.look(profile)
        stored = here.model or StoredModel(
            id=here.model_id, directory=here.models, record=None, damage=()
        )
        license_ = here.license.directory if here.license else profile.license_root
        parts = Parts(
            image=str(profile.image),
            model=stored,
            license=license_,
            billing_key=UnknownSecret(),
            environment=keys.unread_environment(profile),
        )
        for note in (*profile.warnings, *on_host.lacking(profile, here)):
            session.say(f"{profile.name}: {note}")
        if profile.front is not None:
            session.say(f"{profile.name}: its front is left to the other engine")
        return workload(
            profile,
            parts,
            replicas=replicas or profile.replicas,
            owner=owner or here.owner,
        )

    # Whatever host they name: here only what lies at their paths is looked at.
    profiles = session.everywhere(paths)
    _check_distinct([one.name for one in profiles], "here")
    return [read(one) for one in profiles]


def _tell(
    session: Session,
    workloads: Iterable[Workload],
    notes: Callable[[Workload], Iterable[str]],
) -> None:
    for one in workloads:
        for note in notes(one):
            session.say(f"{one.profile.name}: {note}")


def _check_distinct(names: Sequence[str], where: str) -> None:
    from csctl.errors import UsageError

    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise UsageError(
            f"several profiles are called {min(twice)} {where}",
            remedy="give them names that differ in more than case and punctuation",
        )


def _put(
    session: Session,
    folder: Path | None,
    files: dict[str, str],
    *,
    between: str = "",
) -> None:
    if folder is None:
        click.echo(between.join(files.values()), nl=False)
        return
    _write(session, folder, files.items())


def _write(session: Session, folder: Path, files: Iterable[tuple[str, str]]) -> None:
    from csctl.lifecycle.documents import write

    for path in write(folder, files):
        session.say(f"wrote {path}")
