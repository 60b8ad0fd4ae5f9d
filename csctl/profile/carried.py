"""A profile as text for a csctl that reads it elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from csctl.profile import key, scalar
from csctl.profile.model import Profile
from csctl.profile.node import Node
from csctl.profile.variables import Variables


def carried(profiles: Iterable[Profile], environ: Mapping[str, str]) -> str:
    """Profiles as YAML documents without their hosts, one on a line.

    Variables are replaced by what this environment holds, as they were when the
    profile was read; where secrets come from stays as it is written.
    """
    return "".join(f"---\n{_document(profile, environ)}\n" for profile in profiles)


def _document(profile: Profile, environ: Mapping[str, str]) -> str:
    root = profile.source.node
    assert isinstance(root.value, dict), "a profile is read from a mapping"
    rest = {name: node for name, node in root.value.items() if name != "host"}
    return _mapping(rest, (), Variables(environ))


def _mapping(
    nodes: Mapping[str, Node], names: tuple[str, ...], variables: Variables
) -> str:
    # A key without a value counts as not written.
    entries = (
        f"{scalar.write_name(name)}: {_written(node, (*names, name), variables)}"
        for name, node in nodes.items()
        if node.value is not None
    )
    return f"{{{', '.join(entries)}}}"


def _written(node: Node, names: tuple[str, ...], variables: Variables) -> str:
    match node.value:
        case dict():
            return _mapping(node.value, names, variables)
        case list():
            items = (_written(item, (*names, ""), variables) for item in node.value)
            return f"[{', '.join(items)}]"
        case str() if "${" in node.value:
            # What a variable holds is no variable.
            text = variables.replace(node.value).replace("${", "$${")
        case _:
            text = node.text
    return scalar.write(text, key.taken(key.kind_at(names)), inside=scalar.FLOW)
