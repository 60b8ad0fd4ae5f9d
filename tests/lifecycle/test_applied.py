"""What a container was last applied with: its label, and updates in place since."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from csctl.container.spec import LABEL_STATE, ContainerSpec, Limits, UnknownSecret
from csctl.lifecycle import applied
from csctl.secret import Secret
from tests.container.observing import running


@pytest.fixture
def spec(tmp_path: Path) -> ContainerSpec:
    return ContainerSpec(
        name="contoso",
        image="csctl/rehearsal:4.12.0-amd64",
        arguments=("Eula=accept",),
        environment={"ApiKey": Secret("s3cret")},
        limits=Limits(cpus=2),
        labels={LABEL_STATE: str(tmp_path)},
    )


def test_without_an_update_the_label_counts(spec: ContainerSpec) -> None:
    assert applied.fields_of(running(spec, "sha256:1")) == spec.fields()


def test_an_update_in_place_is_remembered(spec: ContainerSpec, tmp_path: Path) -> None:
    container = running(spec, "sha256:1")
    updated = dataclasses.replace(spec, limits=Limits(cpus=3))
    applied.remember(tmp_path, container, updated)
    assert applied.fields_of(container) == updated.fields()
    assert "s3cret" not in "".join(path.read_text() for path in tmp_path.iterdir())


def test_an_update_of_another_container_does_not_count(
    spec: ContainerSpec, tmp_path: Path
) -> None:
    container = running(spec, "sha256:1")
    updated = dataclasses.replace(spec, limits=Limits(cpus=3))
    applied.remember(tmp_path, container, updated)
    recreated = dataclasses.replace(container, id="d" * 64)
    assert applied.fields_of(recreated) == spec.fields()


def test_an_update_while_a_key_cannot_be_read_does_not_forget_it(
    spec: ContainerSpec, tmp_path: Path
) -> None:
    container = running(spec, "sha256:1")
    without_key = dataclasses.replace(
        spec, limits=Limits(cpus=3), environment={"ApiKey": UnknownSecret()}
    )
    applied.remember(tmp_path, container, without_key)
    fields = applied.fields_of(container)
    assert fields is not None
    assert fields["environment.ApiKey"] == Secret("s3cret").digest
    assert fields["resources.cpus"] == "3"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"container": 1}', "\udcff"])
def test_a_damaged_note_leaves_the_label(
    text: str, spec: ContainerSpec, tmp_path: Path
) -> None:
    path = tmp_path / "contoso.updated.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    assert applied.fields_of(running(spec, "sha256:1")) == spec.fields()
