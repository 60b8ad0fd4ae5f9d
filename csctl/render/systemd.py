"""systemd units: plain ones that call docker, and Quadlet files for Podman.

Several replicas are one template whose instances are named by their ports.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from csctl.container.spec import BindMount, PublishedPort
from csctl.contract import arguments
from csctl.errors import UsageError
from csctl.render import host
from csctl.render.unit import Lines, continued, escape, text, word
from csctl.render.workload import (
    Workload,
    environment,
    portable,
    shell,
    words,
)

_STOP_SECONDS: Final = 30
_RESTART: Final = {
    "no": "no",
    "always": "always",
    "unless-stopped": "always",
    "on-failure": "on-failure",
}
"""Docker's restart policies in systemd's words: what is stopped stays stopped there."""
_KEYS_FOLDER: Final = "/etc/csctl"
_KeyLines = Callable[[Workload, tuple[str, ...]], Iterator[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit's file."""

    name: str
    text: str


def plain(workload: Workload) -> Unit:
    """A service that runs docker in the foreground.

    Raises UsageError for a key as an argument: it would be in the unit's command line.
    """
    _check(workload)
    name = workload.profile.name
    file = f"{name}{_at(workload)}.service"
    command = ["docker run", *_docker_words(workload), *_arguments(workload)]
    service = [
        ("Type", "exec"),
        *_environment_file(workload),
        ("ExecStart", continued(command)),
        ("ExecStop", f"docker stop --time {_STOP_SECONDS} {_container(workload)}"),
        ("TimeoutStopSec", str(2 * _STOP_SECONDS)),
        ("", "The container's end by SIGTERM is no failure."),
        ("SuccessExitStatus", "143"),
        *_restart(workload),
        ("", "Its log holds recognised text; docker keeps and bounds it: docker logs."),
        ("StandardOutput", "null"),
    ]
    unit: Lines = (
        ("Description", escape(f"Speech to text, profile {name}")),
        ("Requires", "docker.service"),
        ("After", "docker.service network-online.target"),
        ("Wants", "network-online.target"),
        *_start_limit(workload),
    )
    sections = (
        ("Unit", unit),
        ("Service", service),
        ("Install", (("WantedBy", "multi-user.target"),)),
    )
    folder = "/etc/systemd/system"
    return Unit(
        name=file, text=text(_head(workload, f"{folder}/{file}", _by_file), sections)
    )


def quadlet(workload: Workload, *, health: str | None) -> Unit:
    """A `.container` file, which Podman's generator makes a service of.

    `health` is a command that the image is known to have; none is documented (facts,
    section 12). Raises UsageError as `plain` does.
    """
    _check(workload)
    name, spec = workload.profile.name, workload.spec
    file = f"{name}{_at(workload)}.container"
    known, secret = environment(spec.environment)
    container = [
        ("Image", escape(spec.image)),
        ("Exec", continued(_arguments(workload))),
        *(("Environment", word(f"{n}={v}")) for n, v in known.items()),
        *(("Secret", f"{_secret(workload, n)},type=env,target={n}") for n in secret),
        *(("Mount", word(_mount(one))) for one in spec.mounts),
        ("PublishPort", f"{_published(workload)}:{host.INSIDE}"),
        *(("PodmanArgs", one) for one in _limits(workload)),
        *(("Label", word(f"{n}={v}")) for n, v in workload.labels.items()),
    ]
    if spec.log is not None:
        size = f"--log-opt=max-size={spec.log.max_size}"
        container += [("LogDriver", "k8s-file"), ("PodmanArgs", size)]
    if health is not None:
        container += [("HealthCmd", _health(health)), ("HealthInterval", "10s")]
    else:
        container.append(("", "No HealthCmd: which tools the image has is not known."))
    unit: Lines = (
        ("Description", escape(f"Speech to text, profile {name}")),
        ("After", "network-online.target"),
        ("Wants", "network-online.target"),
        *_start_limit(workload),
    )
    sections = (
        ("Unit", unit),
        ("Container", container),
        ("Service", (*_restart(workload), ("TimeoutStartSec", "900"))),
        ("Install", (("WantedBy", "multi-user.target default.target"),)),
    )
    folder = "/etc/containers/systemd"
    return Unit(
        name=file,
        text=text(_head(workload, f"{folder}/{file}", _by_podman), sections),
    )


def notes(workload: Workload) -> Iterator[str]:
    """What an operator should know of these units."""
    if workload.replicas > 1:
        ports = " ".join(
            f"{workload.profile.name}@{number}" for number in _numbers(workload)
        )
        yield f"the unit is a template: systemctl enable --now {ports}"


def _health(command: str) -> str:
    # Podman's generator takes quotes at the end of this value away.
    if '"' in command:
        raise UsageError(
            "--health: a Quadlet file takes no double quotes in a health command",
            remedy="write single quotes",
        )
    return escape(command).replace("$", "$$")


def _check(workload: Workload) -> None:
    name = workload.profile.name
    if workload.key_is_argument:
        raise UsageError(
            f"{name}: api_key_as is argument, and a unit's command line is no place for"
            " a key: every user of the host can read it",
            remedy="write api_key_as: environment",
        )


def _head(workload: Workload, place: str, keys: _KeyLines) -> Iterator[str]:
    yield f"Profile {workload.profile.name}, written by csctl render systemd, for"
    yield f"{place}."
    yield "Written anew it is the same: change the profile, not this."
    yield ""
    yield from host.head((workload,))
    _, secret = environment(workload.spec.environment)
    if secret:
        yield ""
        yield from keys(workload, secret)


def _by_file(workload: Workload, secret: tuple[str, ...]) -> Iterator[str]:
    yield f"Keys lie in {_file(workload)}, for root alone (bash):"
    yield f"  install -D -m 0600 /dev/null {_file(workload)}"
    for name in secret:
        command = shell(name, workload.keys[name])
        yield f'  echo "{name}=$({command})" >> {_file(workload)}'


def _by_podman(workload: Workload, secret: tuple[str, ...]) -> Iterator[str]:
    yield "Keys are secrets of Podman:"
    for name in secret:
        command = shell(name, workload.keys[name])
        yield f"  {command} | podman secret create {_secret(workload, name)} -"


def _file(workload: Workload) -> str:
    return f"{_KEYS_FOLDER}/{workload.profile.name}.env"


def _secret(workload: Workload, name: str) -> str:
    return f"{workload.profile.name}-{name}"


def _environment_file(workload: Workload) -> Lines:
    _, secret = environment(workload.spec.environment)
    return (("EnvironmentFile", _file(workload)),) if secret else ()


def _docker_words(workload: Workload) -> Iterator[str]:
    spec = workload.spec
    yield "--rm"
    yield f"--name={_container(workload)}"
    yield f"--publish={_published(workload)}:{arguments.PORT}"
    yield from (word(f"--mount={_mount(one)}") for one in spec.mounts)
    for name, value in spec.environment.items():
        # A name alone takes the value from docker's own environment.
        plain_name = portable(name)
        yield word(
            f"--env={plain_name}={value}"
            if isinstance(value, str)
            else f"--env={plain_name}"
        )
    yield from _limits(workload)
    if spec.log is not None:
        yield "--log-driver=json-file"
        yield f"--log-opt=max-size={spec.log.max_size}"
        yield f"--log-opt=max-file={spec.log.max_file}"
    yield from (word(f"--label={n}={v}") for n, v in workload.labels.items())
    yield word(spec.image)


def _arguments(workload: Workload) -> list[str]:
    return [word(one) for one in words(workload.spec.arguments, "")]


def _limits(workload: Workload) -> Iterator[str]:
    limits = workload.spec.limits
    if limits.cpus is not None:
        yield f"--cpus={limits.cpus:g}"
    if limits.memory is not None:
        yield f"--memory={limits.memory}"


def _mount(mount: BindMount) -> str:
    """As docker and podman read `--mount`: a line of CSV."""
    fields = ["type=bind", f"source={mount.source}", f"target={mount.target}"]
    if mount.read_only:
        fields.append("readonly")
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(fields)
    return line.getvalue()


def _several(workload: Workload) -> bool:
    return workload.replicas > 1


def _at(workload: Workload) -> str:
    return "@" if _several(workload) else ""


def _container(workload: Workload) -> str:
    # Not the name that csctl gives: stopping the unit stops no container of csctl.
    name = f"systemd-{workload.profile.name}"
    return f"{name}-%i" if _several(workload) else name


def _numbers(workload: Workload) -> range:
    first = workload.profile.port.number
    return range(first, first + workload.replicas)


def _published(workload: Workload) -> str:
    if not _several(workload):
        return str(workload.spec.port)
    port = workload.profile.port
    one = PublishedPort(address=port.address, number=0, inside=arguments.PORT)
    return f"{str(one).removesuffix('0')}%i"


def _restart(workload: Workload) -> Lines:
    policy, _, _ = workload.spec.restart.partition(":")
    if policy == "no":
        return (("Restart", "no"),)
    return (("Restart", _RESTART[policy]), ("RestartSec", "5"))


def _start_limit(workload: Workload) -> Lines:
    """How often it is started again; `on-failure:3` is three times in an hour."""
    policy, _, count = workload.spec.restart.partition(":")
    if policy == "on-failure" and count:
        return (("StartLimitIntervalSec", "1h"), ("StartLimitBurst", count))
    return (("StartLimitIntervalSec", "0"),)
