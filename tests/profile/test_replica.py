"""The profiles of the single containers behind a front."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from csctl.errors import ProfileError
from csctl.profile.load import parse
from csctl.profile.model import Front, Profile, Seat
from csctl.profile.replica import replicas_of

LEAST = """\
name: contoso
image: example.com/speech:4.12.0-amd64
mode: disconnected
model: {id: 5f3a0c1e-7d2b-4c57-9d0e-2f6a8b1c4d3e}
data: /srv/stt
"""


def read(more: str = "") -> list[Profile]:
    return parse(LEAST + more, file="p.yaml", base=Path("/profiles"), environ={})


def test_without_a_front_a_profile_is_its_own_replica() -> None:
    [profile] = read()
    assert profile.fronted_by is None
    assert replicas_of(profile) == (profile,)


def test_several_replicas_have_a_front_by_themselves() -> None:
    [profile] = read("replicas: 2\n")
    assert profile.fronted_by == Front()
    assert str(Front().image) == "haproxy:lts"


def test_a_replica_differs_in_its_name_its_seat_and_its_usage_records() -> None:
    [profile] = read("replicas: 3\nfront: {drain: 5m}\n")
    replicas = replicas_of(profile)
    assert [one.name for one in replicas] == ["contoso-1", "contoso-2", "contoso-3"]
    for one in replicas:
        assert one.seat == Seat(
            front="contoso", network="csctl-contoso", drain=timedelta(minutes=5)
        )
        assert one.models_root == profile.models_root
        assert one.license_root == profile.license_root
        assert one.output_dir == profile.output_dir / one.name
        assert one.state_dir == profile.state_dir
        assert replicas_of(one) == (one,)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ("replicas: 0\n", "p.yaml:6:11: replicas: 0 is another number"),
        ("replicas: 33\n", "p.yaml:6:11: replicas: 33 is more than the most, 32"),
        ("front: {drain: 0s}\n", "p.yaml:6:16: front.drain: '0s' is no time at all"),
        ("front: {secret: hush}\n", "p.yaml:6:17: front.secret: a key is never"),
        (
            "replicas: 2\n---\n" + LEAST.replace("contoso", "contoso-2"),
            "p.yaml:8:7: name: 'contoso-2' is the name at p.yaml:1:7 already",
        ),
    ],
    ids=["none", "too-many", "no-time", "secret-in-clear", "name-of-a-replica"],
)
def test_what_is_refused(more: str, sentence: str) -> None:
    with pytest.raises(ProfileError) as caught:
        read(more)
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(
    ("more", "warnings"),
    [
        (
            "port: 0.0.0.0:5000\nreplicas: 2\n",
            [
                "port: 0.0.0.0:5000 is open to others, and the container has no access"
                " control; front.secret asks for one"
            ],
        ),
        (
            "port: 0.0.0.0:5000\nfront: {secret: {env: S}, tls: x.pem}\n",
            [],
        ),
        (
            "front: {secret: {env: S}}\n",
            ["front.secret: it goes over the network in clear; write front.tls"],
        ),
    ],
    ids=["open", "guarded", "secret-in-clear-text"],
)
def test_what_is_worth_a_look(more: str, warnings: list[str]) -> None:
    [profile] = read(more)
    found = [w for w in profile.warnings if w.startswith(("port", "front"))]
    assert found == warnings
