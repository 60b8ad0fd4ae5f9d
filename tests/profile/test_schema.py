"""The JSON Schema, and the profiles that come with csctl."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from csctl.profile import document
from csctl.profile.load import load
from csctl.profile.model import Profile
from csctl.profile.schema import schema
from csctl.profile.section import Struct
from csctl.secret import FromCommand, read

PROFILES = sorted((Path(__file__).parents[2] / "profiles").glob("*.yaml"))
TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "number": (int, float),
    "integer": int,
}
KNOWN = {
    *("$schema", "$defs", "$ref", "title", "description", "default", "format"),
    *("type", "properties", "required", "additionalProperties", "minProperties"),
    *("items", "minItems", "uniqueItems", "minLength", "pattern", "minimum", "maximum"),
    *("anyOf", "oneOf", "enum", "const"),
}


def accepts(rule: dict[str, Any] | bool, value: Any, root: dict[str, Any]) -> bool:
    """Whether a value fits, by the part of JSON Schema that csctl uses."""
    if isinstance(rule, bool):
        return rule
    assert rule.keys() <= KNOWN
    if "$ref" in rule:
        name = rule["$ref"].removeprefix("#/$defs/")
        if not accepts(root["$defs"][name], value, root):
            return False
    return all(_checks(rule, value, root))


def _checks(rule: dict[str, Any], value: Any, root: dict[str, Any]) -> Iterator[bool]:
    if "type" in rule:
        names = [rule["type"]] if isinstance(rule["type"], str) else rule["type"]
        fits = any(isinstance(value, TYPES[name]) for name in names)
        yield fits and not isinstance(value, bool)
    if "anyOf" in rule:
        yield any(accepts(one, value, root) for one in rule["anyOf"])
    if "oneOf" in rule:
        yield sum(accepts(one, value, root) for one in rule["oneOf"]) == 1
    yield value in rule.get("enum", [value])
    yield value == rule.get("const", value)
    if isinstance(value, dict):
        named, rest = rule.get("properties", {}), rule.get("additionalProperties", True)
        yield len(value) >= rule.get("minProperties", 0)
        yield value.keys() >= set(rule.get("required", ()))
        for key, child in value.items():
            yield accepts(named.get(key, rest), child, root)
    elif isinstance(value, list):
        yield len(value) >= rule.get("minItems", 0)
        yield not rule.get("uniqueItems") or len(set(map(str, value))) == len(value)
        for child in value:
            yield accepts(rule.get("items", True), child, root)
    elif isinstance(value, str):
        yield len(value) >= rule.get("minLength", 0)
        yield re.search(rule.get("pattern", ""), value) is not None
    elif isinstance(value, int | float):
        yield rule.get("minimum", value) <= value <= rule.get("maximum", value)


def keys_of(part: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, child in part.get("properties", {}).items():
        yield path + name, child
        yield from keys_of(child, f"{path}{name}.")


def fields_of(struct: type[Struct], path: str = "") -> Iterator[str]:
    for field in msgspec.structs.fields(struct):
        if field.name in ("source", "seat"):
            continue
        yield path + field.name
        for part in _structs(field.type):
            yield from fields_of(part, f"{path}{field.name}.")


def _structs(hint: Any) -> Iterator[type[Struct]]:
    if isinstance(hint, type) and issubclass(hint, Struct):
        yield hint
    for part in getattr(hint, "__args__", ()):
        yield from _structs(part)


def test_every_key_is_described() -> None:
    described = dict(keys_of(schema()))
    fields = set(fields_of(Profile))
    assert {"logging.max_size", "model.base.locale", "license.expires"} <= fields
    types = {f"display.ids.{kind}" for kind in ("punct", "rescore")}
    assert types <= described.keys()
    assert {key for key in described if not key.startswith("display.ids.")} == fields
    for key in fields:
        assert described[key]["description"].endswith("."), key


def test_the_defaults_are_those_of_the_profile() -> None:
    found = {key: part.get("default") for key, part in keys_of(schema())}
    assert {key: value for key, value in found.items() if value is not None} == {
        "port": "127.0.0.1:5000",
        "replicas": 1,
        "front.image": "haproxy:lts",
        "front.drain": "10m",
        "deploy.update.order": "start-first",
        "deploy.update.failure": "rollback",
        "deploy.update.watch": "1m",
        "deploy.keys": "secret",
        "restart": "unless-stopped",
        "ready.timeout": "10m",
        "license.renew_before": "7d",
        "license.keep": 2,
        "logging.max_size": 10 << 20,
        "logging.max_file": 5,
        "api_key_as": "environment",
    }


def test_the_schema_is_json() -> None:
    assert json.loads(json.dumps(schema())) == schema()


@pytest.mark.parametrize("file", PROFILES, ids=lambda file: file.name)
def test_the_schema_accepts_the_profiles_that_come_with_csctl(file: Path) -> None:
    assert accepts(schema(), yaml.safe_load(file.read_text()), schema())


@pytest.mark.parametrize(
    "change",
    [
        {"prot": 5000},
        {"name": None},
        {"mode": "offline"},
        {"restart": False},
        {"resources": {"cpus": "eight"}},
        {"resources": {"memory": 1.5}},
        {"model": {"id": "5f3a"}},
        {"display": {"locale": "en-US", "types": ["dots"]}},
        {"billing": {"endpoint": "https://c.test", "api_key": "key"}},
        {
            "billing": {
                "endpoint": "https://c.test",
                "api_key": {"env": "A", "file": "b"},
            }
        },
        {"environment": {"A": True}},
        {"ready": {"timeout": "soon"}},
    ],
    ids=str,
)
def test_the_schema_refuses_what_a_profile_refuses(change: dict[str, Any]) -> None:
    good = yaml.safe_load(PROFILES[0].read_text())
    assert not accepts(schema(), good | change, schema())


def test_the_schema_accepts_variables_in_place_of_words_and_numbers() -> None:
    good = yaml.safe_load(PROFILES[0].read_text())
    change = {
        "mode": "${MODE}",
        "port": "${PORT:-5000}",
        "resources": {"cpus": "${CPUS}", "memory": "${MEMORY}", "decoders": "${D}"},
    }
    assert accepts(schema(), good | change, schema())


def test_the_profiles_that_come_with_csctl_load_together() -> None:
    profiles = load(PROFILES, {})
    assert [profile.name for profile in profiles] == [
        "contoso-en-us",
        "contoso-offline-en-us",
        "rehearsal",
    ]
    assert profiles[0].warnings == profiles[1].warnings == ()


def test_the_same_is_read_without_the_c_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    profiles = load(PROFILES, {})
    monkeypatch.setattr(document, "_LOADER", yaml.SafeLoader)
    assert load(PROFILES, {}) == profiles


@pytest.mark.parametrize("name", ["connected.yaml", "disconnected.yaml"])
def test_a_commented_profile_mentions_every_key(name: str) -> None:
    [text] = [file.read_text() for file in PROFILES if file.name == name]
    mentioned = set(re.findall(r"^[# ]*(\w+):", text, re.MULTILINE))
    wanted = {key.rpartition(".")[2] for key in fields_of(Profile)}
    if name == "connected.yaml":
        wanted -= {"license", "output"}
        wanted -= {"valid_for", "expires", "renew_before", "keep", "commitment_hours"}
    assert wanted <= mentioned


def test_the_rehearsal_needs_no_environment_and_may_lie_anywhere(
    tmp_path: Path,
) -> None:
    [source] = [file for file in PROFILES if file.name == "rehearsal.yaml"]
    copy = tmp_path / "copy.yaml"
    copy.write_bytes(source.read_bytes())
    [profile] = load([copy], {})
    assert profile.data == Path("/var/tmp/csctl-rehearsal")
    assert str(profile.port) == "127.0.0.1:5000"
    for resource in (profile.billing, profile.license):
        assert resource
        assert isinstance(resource.api_key, FromCommand)
        assert read(resource.api_key, {}).reveal() == "rehearsal"
    environ = {"CSCTL_REHEARSAL_DATA": "/d", "CSCTL_REHEARSAL_PORT": "5099"}
    [moved] = load([copy], environ)
    assert (moved.data, str(moved.port)) == (Path("/d"), "127.0.0.1:5099")
