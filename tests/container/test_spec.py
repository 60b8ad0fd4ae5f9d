"""Specs: flat fields that hold no secret, and names of containers in passing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from csctl.container import spec
from csctl.container.spec import (
    BindMount,
    ContainerSpec,
    Limits,
    LogRotation,
    PublishedPort,
    UnknownSecret,
)
from csctl.secret import Secret

KEY = Secret("s3cret")
FULL = ContainerSpec(
    name="contoso",
    image="csctl/rehearsal:4.12.0-amd64",
    arguments=("ModelId=x", "Eula=accept", KEY),
    environment={"Billing": "https://x", "ApiKey": KEY, "Later": UnknownSecret()},
    mounts=(
        BindMount(source=Path("/d/models"), target="/usr/local/models"),
        BindMount(source=Path("/d/license"), target="/license", read_only=True),
    ),
    port=PublishedPort(address="127.0.0.1", number=5000, inside=5000),
    limits=Limits(cpus=1.5, memory=16 << 30),
    restart="always",
    log=LogRotation(max_size=10 << 20, max_file=5),
    labels={"team": "speech", "csctl.profile": "contoso", "csctl.version": "1"},
    contents={"model.fetched": "2026-06-01"},
)


def test_a_spec_becomes_flat_fields_with_digests_for_secrets() -> None:
    assert FULL.fields() == {
        "arguments": "ModelId=x Eula=accept",
        "arguments.key": KEY.digest,
        "environment.ApiKey": KEY.digest,
        "environment.Billing": "https://x",
        "environment.Later": "unknown",
        "labels.team": "speech",
        "logging.max_file": "5",
        "logging.max_size": "10485760",
        "model.fetched": "2026-06-01",
        "mounts./license": "/d/license:ro",
        "mounts./usr/local/models": "/d/models",
        "port": "127.0.0.1:5000",
        "resources.cpus": "1.5",
        "resources.memory": "17179869184",
        "restart": "always",
    }


def test_a_spec_without_bounds_says_none() -> None:
    assert ContainerSpec(name="x", image="x", arguments=()).fields() == {
        "arguments": "",
        "port": "none",
        "resources.cpus": "none",
        "resources.memory": "none",
        "restart": "no",
    }


def test_neither_a_label_nor_a_shown_spec_holds_the_key() -> None:
    assert "s3cret" not in FULL.label()
    assert "s3cret" not in repr(FULL)


def test_a_label_reads_back_as_the_fields() -> None:
    assert spec.applied_fields({"csctl.spec": FULL.label()}) == FULL.fields()


@pytest.mark.parametrize(
    "labels",
    [{}, {"csctl.spec": ""}, {"csctl.spec": "{"}, {"csctl.spec": "[1]"}],
    ids=str,
)
def test_a_label_that_tells_nothing_is_none(labels: dict[str, str]) -> None:
    assert spec.applied_fields(labels) is None


def test_a_label_of_another_hand_gives_text_only() -> None:
    label = json.dumps({"port": 5000, "restart": None})
    assert spec.applied_fields({"csctl.spec": label}) == {
        "port": "5000",
        "restart": "None",
    }


def test_an_ipv6_address_stands_in_brackets() -> None:
    assert str(PublishedPort(address="::1", number=5000, inside=5000)) == "[::1]:5000"


def test_names_in_passing_are_told_apart() -> None:
    assert spec.is_passing_name(spec.next_name("contoso"))
    assert spec.is_passing_name(spec.old_name("contoso"))
    assert spec.next_name("contoso") != spec.old_name("contoso")
    assert not spec.is_passing_name("contoso")
