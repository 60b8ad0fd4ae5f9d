"""The rules between the keys of a profile.

A rule sees the values of all keys that are written, BROKEN where a value was refused
on its own, and says nothing where such a value decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from csctl.profile.node import BROKEN
from csctl.profile.reading import below
from csctl.secret import SecretSource

_DIRECTORIES: Final = ("models", "license", "output")
_EVERY_ADDRESS: Final = "0.0.0.0"
_SERVICE_NAME: Final = r"[a-zA-Z0-9](?:[-_]*[a-zA-Z0-9])*"
_VARIABLE: Final = r"[a-zA-Z_][a-zA-Z0-9_]*"
_OWN_VARIABLES: Final = {
    "apikey": "use billing.api_key",
    "billing": "use billing.endpoint",
    "eula": "leave it out",
    "modelid": "use model.id",
    "basemodellocale": "use model.base.locale",
    "displaylocale": "use display.locale",
    "downloadlicense": "use license",
}
"""Variables, in lower case, that csctl sets, and what to write instead."""


def faults(written: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The path and the message of each rule that is broken."""
    yield from _mode(written)
    yield from _directories(written)
    yield from _environment(written)
    yield from _deploy(written)


def _deploy(written: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    deploy = written.get("deploy")
    if deploy is None or deploy is BROKEN:
        return
    name, port = written.get("name", BROKEN), written.get("port")
    if name is not BROKEN and not re.fullmatch(_SERVICE_NAME, name):
        yield "name", "a service is named with letters, digits, '-' and '_' only"
    if "front" in written:
        yield "front", "stands before containers of one host: Swarm publishes the port"
    if port is not BROKEN and (port is None or port.address != _EVERY_ADDRESS):
        number = 5000 if port is None else port.number
        yield (
            "port",
            f"write {_EVERY_ADDRESS}:{number}: Swarm publishes on every address of a"
            " node",
        )
    if written.get("api_key_as") == "argument":
        yield "api_key_as", "arguments of a service are read by all who may ask Swarm"
    if getattr(written.get("ready"), "speech", None) is not None:
        yield "ready.speech", "is not asked of a service's tasks: leave it out"
    if deploy.keys == "secret":
        yield from _unset_by_a_shell(written.get("environment", {}))


def _unset_by_a_shell(environment: Any) -> Iterator[tuple[str, str]]:
    if environment is BROKEN:
        return
    for name, value in environment.items():
        if isinstance(value, SecretSource) and not re.fullmatch(_VARIABLE, name):
            message = "no shell sets this name: write deploy.keys: environment"
            yield below("environment", name), message


def _mode(written: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if written.get("mode") != "connected":
        return
    billing = written.get("billing")
    if billing is None:
        yield "billing", "required, as the mode is connected"
    elif billing is not BROKEN and billing.api_key is None:
        yield "billing.api_key", "required, as the mode is connected"
    if "license" in written:
        yield "license", "is for mode disconnected only"


def _directories(written: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    data, mounts = written.get("data"), written.get("mounts")
    if data is BROKEN or mounts is BROKEN:
        return
    own = {name: getattr(mounts, name, None) for name in _DIRECTORIES}
    disconnected = written.get("mode") == "disconnected"
    needed = _DIRECTORIES if disconnected else _DIRECTORIES[:1]
    missing = [f"mounts.{name}" for name in needed if own[name] is None]
    if data is None and missing:
        yield "data", f"required; or write {' and '.join(missing)}"
    used: dict[Path, str] = {}
    for name in _DIRECTORIES:
        path = own[name] or (data and data / name)
        if path is not None and used.setdefault(path, name) != name:
            yield f"mounts.{name}", f"is the directory for {used[path]} already"


def _environment(written: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    environment = written.get("environment", BROKEN)
    if environment is BROKEN:
        return
    own: dict[str, str] = dict(_OWN_VARIABLES)
    if getattr(written.get("resources"), "decoders", None) is not None:
        own["decoder_max_count"] = "use resources.decoders"
    if "proxy" in written:
        own |= dict.fromkeys(("http_proxy", "http_proxy_creds"), "use proxy")
    for name in environment:
        plain = name.lower().replace("__", ":")
        instead = own.get(plain)
        if plain.startswith("mounts:"):
            place = plain.removeprefix("mounts:")
            instead = f"use mounts.{place}" if place in _DIRECTORIES else "use mounts"
        if instead is not None:
            message = f"csctl sets this variable itself: {instead}"
            yield below("environment", name), message
