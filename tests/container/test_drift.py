"""Drift: three-way, by field, and blamed on who moved."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csctl.container import drift
from csctl.container.drift import Difference
from csctl.container.spec import (
    BindMount,
    ContainerSpec,
    Limits,
    PublishedPort,
    UnknownSecret,
)
from csctl.secret import Secret
from tests.container.observing import running

SPEC = ContainerSpec(
    name="contoso",
    image="csctl/rehearsal:4.12.0-amd64",
    arguments=("ModelId=x", "Eula=accept"),
    environment={"ApiKey": Secret("old"), "LANG": "C"},
    mounts=(BindMount(source=Path("/d/models"), target="/usr/local/models"),),
    port=PublishedPort(address="127.0.0.1", number=5000, inside=5000),
    limits=Limits(cpus=2, memory=8 << 30),
    restart="unless-stopped",
    labels={"csctl.profile": "contoso"},
)


def _drift(wanted: dict[str, Any], live: dict[str, Any]) -> list[str]:
    found = drift.compare(
        dataclasses.replace(SPEC, **wanted).fields(),
        SPEC.fields(),
        running(SPEC, "sha256:1", **live),
    )
    return [f"{one} by {one.by}{' in place' * one.in_place}" for one in found]


OLD, NEW = Secret("old").digest, Secret("new").digest
PORT = PublishedPort(address="127.0.0.1", number=5001, inside=5000)
TABLE: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    "nothing": ({}, {}, []),
    "profile: port": (
        {"port": PORT},
        {},
        ["port: 127.0.0.1:5000 -> 127.0.0.1:5001 by profile"],
    ),
    "profile: memory": (
        {"limits": Limits(cpus=2, memory=9 << 30)},
        {},
        ["resources.memory: 8589934592 -> 9663676416 by profile in place"],
    ),
    "profile: no limit any more": (
        {"limits": Limits(cpus=2)},
        {},
        ["resources.memory: 8589934592 -> none by profile"],
    ),
    "profile: restart": (
        {"restart": "always"},
        {},
        ["restart: unless-stopped -> always by profile in place"],
    ),
    "profile: arguments": (
        {"arguments": ("ModelId=y", "Eula=accept")},
        {},
        ["arguments: ModelId=x Eula=accept -> ModelId=y Eula=accept by profile"],
    ),
    "profile: key": (
        {"environment": {"ApiKey": Secret("new"), "LANG": "C"}},
        {},
        [f"environment.ApiKey: {OLD} -> {NEW} by profile"],
    ),
    "profile: key that cannot be read": (
        {"environment": {"ApiKey": UnknownSecret(), "LANG": "C"}},
        {},
        [],
    ),
    "profile: variable added and another removed": (
        {"environment": {"ApiKey": Secret("old"), "TZ": "UTC"}},
        {},
        [
            "environment.LANG: C -> none by profile",
            "environment.TZ: none -> UTC by profile",
        ],
    ),
    "profile: a label": (
        {"labels": {"team": "speech"}},
        {},
        ["labels.team: none -> speech by profile"],
    ),
    "profile: a label of csctl's own": ({"labels": {"csctl.version": "9"}}, {}, []),
    "container: docker update": (
        {},
        {"limits": Limits(cpus=3, memory=1 << 30), "restart": "no"},
        [
            "resources.cpus: 3 -> 2 by container in place",
            "resources.memory: 1073741824 -> 8589934592 by container in place",
            "restart: no -> unless-stopped by container in place",
        ],
    ),
    "container: another mount": (
        {},
        {"mounts": (BindMount(source=Path("/x"), target="/usr/local/models"),)},
        ["mounts./usr/local/models: /x -> /d/models by container"],
    ),
    "container: one mount more": (
        {},
        {"mounts": (*SPEC.mounts, BindMount(source=Path("/x"), target="/x"))},
        ["mounts./x: /x -> none by container"],
    ),
    "container: no port": (
        {},
        {"port": None},
        ["port: none -> 127.0.0.1:5000 by container"],
    ),
    "both to the same": (
        {"limits": Limits(cpus=4, memory=8 << 30)},
        {"limits": Limits(cpus=4, memory=8 << 30)},
        [],
    ),
    "both to something else": (
        {"limits": Limits(cpus=4, memory=8 << 30)},
        {"limits": Limits(cpus=3, memory=8 << 30)},
        ["resources.cpus: 3 -> 4 by container in place"],
    ),
}


@pytest.mark.parametrize(("wanted", "live", "lines"), TABLE.values(), ids=TABLE)
def test_drift_is_told_by_field(
    wanted: dict[str, Any], live: dict[str, Any], lines: list[str]
) -> None:
    assert _drift(wanted, live) == lines


def test_without_a_profile_the_applied_fields_count() -> None:
    live = running(SPEC, "sha256:1", restart="no")
    [found] = drift.compare(None, SPEC.fields(), live)
    assert str(found) == "restart: no -> unless-stopped"
    assert found.by == "container"


def test_a_container_of_which_nothing_is_known_differs_as_a_whole() -> None:
    live = running(SPEC, "sha256:1")
    assert drift.compare(SPEC.fields(), None, live) == (
        Difference(field="spec", have="unknown", want="known", by="profile"),
    )
    assert drift.compare(None, None, live) == ()


def test_a_live_field_of_a_label_by_an_older_csctl_is_no_drift() -> None:
    applied = {k: v for k, v in SPEC.fields().items() if k != "port"}
    assert drift.compare(None, applied, running(SPEC, "sha256:1")) == ()


_LIMITS = st.builds(
    Limits,
    cpus=st.none() | st.integers(1, 1000).map(lambda hundredth: hundredth / 100),
    memory=st.none() | st.integers(6 << 20, 1 << 42),
)
_SPECS = st.builds(
    ContainerSpec,
    name=st.just("x"),
    image=st.just("x"),
    arguments=st.tuples(st.text(), st.builds(Secret, st.text())),
    environment=st.dictionaries(st.text(min_size=1), st.text()),
    limits=_LIMITS,
    labels=st.dictionaries(st.text(), st.text()),
    contents=st.dictionaries(st.sampled_from(["model.fetched"]), st.text()),
)


@given(_SPECS)
def test_a_container_does_not_differ_from_its_own_spec(spec: ContainerSpec) -> None:
    live = running(spec, "sha256:1")
    assert drift.compare(spec.fields(), spec.fields(), live) == ()


@given(_SPECS, _SPECS)
def test_what_differs_is_named_from_what_is_to_what_should_be(
    old: ContainerSpec, new: ContainerSpec
) -> None:
    found = drift.compare(new.fields(), old.fields(), running(old, "sha256:1"))
    have, want = old.fields(), new.fields()
    expected = {
        name
        for name in have | want
        if have.get(name, "none") != want.get(name, "none")
        and "unknown" not in (have.get(name), want.get(name))
    }
    assert {one.field for one in found} == expected
    assert all(one.by == "profile" for one in found)
