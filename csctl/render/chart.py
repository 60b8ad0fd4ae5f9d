"""The same Kubernetes objects as a Helm chart.

A value of the chart is a place in the objects: what stands there becomes the value's
default, so that a chart without values renders to what `kubernetes` writes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from csctl.render import howto, kubernetes
from csctl.render.block import Comment, Verbatim, comment, text
from csctl.render.cluster import Cluster, Names
from csctl.render.kubernetes import Document
from csctl.render.setting import SETTINGS, SWITCH, SWITCHES, Path
from csctl.render.workload import Workload

_VERSION: Final = "0.1.0"
_RELEASE: Final = "{{ .Release.Name }}"
_LEAST_KUBERNETES: Final = ">=1.30.0-0"
"""The first with sidecars, and with sleeping before the end, on by default."""


def files(workload: Workload, cluster: Cluster) -> dict[str, str]:
    """The chart's files by their paths. Raises UsageError."""
    named = kubernetes.names_of(workload)
    names = kubernetes.names_of(workload, _RELEASE)
    documents = kubernetes.documents(workload, cluster, names)
    values = dict(_values(documents))
    made = {
        "Chart.yaml": _chart(workload, named.name),
        "values.yaml": _values_text(values, documents),
        "values.schema.json": _schema(values),
        "README.md": _readme(workload, cluster, named),
    }
    for one in documents:
        made[f"templates/{one.name}.yaml"] = _template(one)
    return made


def _chart(workload: Workload, name: str) -> str:
    return text(
        {
            "apiVersion": "v2",
            "name": name,
            "description": f"Custom speech to text, profile {workload.profile.name}",
            "type": "application",
            "version": _VERSION,
            "appVersion": workload.profile.image.tag or str(workload.profile.image),
            "kubeVersion": _LEAST_KUBERNETES,
        }
    )


def _values(documents: tuple[Document, ...]) -> Iterator[tuple[str, Any]]:
    """Each value with its default, where there is a place for it."""
    bodies = {one.name: one.body for one in documents}
    for setting in SETTINGS:
        for name, path in setting.places:
            if name in bodies and _has(bodies[name], path):
                yield setting.name, _plain(_get(bodies[name], path))
                break
    for name, (switch, _) in SWITCHES.items():
        if name in bodies:
            yield switch, True


def _values_text(values: Mapping[str, Any], documents: tuple[Document, ...]) -> str:
    about = {one.name: one.about for one in SETTINGS}
    about |= {switch: words for switch, words in reversed(SWITCHES.values())}
    written: dict[Any, Any] = {}
    for name, value in values.items():
        written |= {Comment(about[name]): None, name: value}
    kinds = ", ".join(dict.fromkeys(one.kind for one in documents))
    return comment((f"Values of {kinds}.",)) + text(written)


def _schema(values: Mapping[str, Any]) -> str:
    schemas = {one.name: one.schema for one in SETTINGS}
    properties = {name: schemas.get(name, SWITCH) for name in values}
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "additionalProperties": False,
        "properties": properties | {"global": {"type": "object"}},
    }
    return json.dumps(schema, indent=2) + "\n"


def _readme(workload: Workload, cluster: Cluster, names: Names) -> str:
    lines = "\n".join(howto.kubernetes(workload, cluster, names))
    return (
        f"# {names.name}\n\n"
        f"Written by `csctl render kubernetes --helm` for the profile"
        f" {workload.profile.name}; written anew it is the same, so keep your values in"
        f" a file of your own. The names below are those of a release that is called"
        f" {names.name}.\n\n```\n{lines}\n```\n"
    )


def _template(document: Document) -> str:
    body = _escaped(document.body)
    for setting in SETTINGS:
        for name, path in setting.places:
            if name == document.name and _has(body, path):
                body = _with(body, path, _action(f"toJson .Values.{setting.name}"))
    checksum = ("spec", "template", "metadata", "annotations", "checksum/environment")
    if document.name == "serve":
        digest = _action("toJson .Values.environment | sha256sum | quote")
        body = _with(body, checksum, digest)
    if document.name == "download":
        # Jobs cannot be changed: other values make it another one, too.
        known = _get(body, ("metadata", "name"))
        name = f"{known}{{{{ toJson .Values | sha256sum | trunc 4 }}}}"
        body = _with(body, ("metadata", "name"), name)
    written = text(body)
    if document.name not in SWITCHES:
        return written
    switch, _ = SWITCHES[document.name]
    return f"{{{{- if .Values.{switch} }}}}\n{written}{{{{- end }}}}\n"


def _escaped(value: Any) -> Any:
    """The value with text that Helm would take for an action as text."""
    if isinstance(value, Mapping):
        return {key: _escaped(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_escaped(item) for item in value]
    if isinstance(value, str) and _RELEASE not in value:
        return value.replace("{{", '{{ "{{" }}')
    return value


def _action(words: str) -> Verbatim:
    return Verbatim(f"{{{{ {words} }}}}")


def _has(body: Any, path: Path) -> bool:
    try:
        _get(body, path)
    except (KeyError, IndexError):
        return False
    return True


def _get(body: Any, path: Path) -> Any:
    for step in path:
        body = body[step]
    return body


def _with(body: Any, path: Path, value: Any) -> Any:
    """The body with another value at a place."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    changed: Any = dict(body) if isinstance(body, Mapping) else list(body)
    changed[step] = _with(body[step], rest, value)
    return changed


def _plain(value: Any) -> Any:
    """A value without comments."""
    if not isinstance(value, Mapping):
        return value
    return {k: _plain(v) for k, v in value.items() if not isinstance(k, Comment)}
