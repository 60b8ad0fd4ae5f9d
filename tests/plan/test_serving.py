"""The serving container: all that a profile says, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import csctl
from csctl.container.spec import (
    BindMount,
    ContainerSpec,
    Limits,
    LogRotation,
    PublishedPort,
    UnknownSecret,
    Value,
)
from csctl.plan import serving
from csctl.plan.serving import Parts
from csctl.profile.model import Profile
from csctl.secret import Secret
from tests.plan.situation import CONNECTED, DISCONNECTED, KEY, MODEL, model, profile

ENDPOINT = "https://contoso.cognitiveservices.azure.com"
LICENSE = Path("/d/license/20260502T120000Z")
DISPLAYS = [
    {"type": "rescore", "locale": "en-US", "id": None},
    {"type": "punct", "locale": None, "id": "4A"},
]


def _spec(
    wanted: Profile,
    key: Secret | UnknownSecret | None = KEY,
    environment: dict[str, Value] | None = None,
    **details: Any,
) -> ContainerSpec:
    return serving.serving_spec(
        wanted,
        Parts(
            image="csctl/rehearsal:4.12.0-amd64",
            model=model(**details),
            license=LICENSE,
            billing_key=key,
            environment=environment or {},
        ),
    )


def test_a_disconnected_container_is_all_of_this() -> None:
    wanted = profile(
        DISCONNECTED,
        port="0.0.0.0:5007",
        labels={"team": "speech"},
        resources={"cpus": 6.5, "memory": "16g", "decoders": 4},
        restart="always",
        logging={"max_size": "5m", "max_file": 2},
        environment={"LANG": "C"},
    )
    assert _spec(wanted, environment={"LANG": "C"}, display=DISPLAYS) == ContainerSpec(
        name="contoso",
        image="csctl/rehearsal:4.12.0-amd64",
        arguments=("Eula=accept", "Mounts:License=/license", "Mounts:Output=/output"),
        environment={"LANG": "C", "DECODER_MAX_COUNT": "4"},
        mounts=(
            BindMount(source=LICENSE, target="/license"),
            BindMount(source=Path("/d/output"), target="/output"),
            BindMount(source=Path("/d/models", MODEL), target="/usr/local/models"),
        ),
        port=PublishedPort(address="0.0.0.0", number=5007, inside=5000),
        limits=Limits(cpus=6.5, memory=16 << 30),
        restart="always",
        log=LogRotation(max_size=5 << 20, max_file=2),
        labels={
            "team": "speech",
            "csctl.profile": "contoso",
            "csctl.role": "serve",
            "csctl.version": csctl.__version__,
            "csctl.mode": "disconnected",
            "csctl.model": MODEL,
            "csctl.license": str(LICENSE),
            "csctl.state": "/d/.csctl",
        },
        contents={
            "model.fetched": "2026-05-02T12:00:00+00:00",
            "model.display": "punct:4A rescore:en-US",
        },
    )


def test_a_disconnected_container_gets_no_key_even_if_there_is_one() -> None:
    spec = _spec(profile(DISCONNECTED))
    assert not any(isinstance(value, Secret) for value in spec.environment.values())
    assert spec.environment == {}
    assert "contoso.cognitiveservices" not in repr(spec)


def test_a_connected_container_has_its_key_once_and_no_license() -> None:
    spec = _spec(profile(CONNECTED))
    assert spec.arguments == (f"ModelId={MODEL}", "Eula=accept")
    assert spec.environment == {"Billing": ENDPOINT, "ApiKey": KEY}
    assert [mount.target for mount in spec.mounts] == ["/usr/local/models"]
    assert "csctl.license" not in spec.labels


def test_a_key_as_an_argument_is_not_in_the_environment() -> None:
    spec = _spec(profile(CONNECTED, api_key_as="argument"))
    assert spec.arguments[:3] == (
        f"ModelId={MODEL}",
        "Eula=accept",
        f"Billing={ENDPOINT}",
    )
    [key] = spec.arguments[3:]
    assert isinstance(key, Secret)
    assert key.reveal() == "ApiKey=s3cret"
    assert spec.environment == {}


@pytest.mark.parametrize("way", ["environment", "argument"])
def test_a_key_that_cannot_be_read_changes_only_its_own_field(way: str) -> None:
    wanted = profile(CONNECTED, api_key_as=way)
    known, unknown = _spec(wanted).fields(), _spec(wanted, UnknownSecret()).fields()
    [name] = [name for name in known if known[name] != unknown[name]]
    assert unknown[name] == "unknown"
    assert known.keys() == unknown.keys()


def test_csctls_own_variables_and_labels_win() -> None:
    wanted = profile(CONNECTED, labels={"team": "speech"})
    spec = _spec(wanted, environment={"ApiKey": "mine", "LANG": "C"})
    assert spec.environment == {"ApiKey": KEY, "Billing": ENDPOINT, "LANG": "C"}


def test_without_limits_there_are_none() -> None:
    assert serving.limits(profile(CONNECTED, resources=None)) == Limits()
