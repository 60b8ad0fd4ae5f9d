"""Profiles that are services of Docker Swarm."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from csctl.errors import ProfileError
from csctl.profile.load import parse
from csctl.profile.model import Deploy, Profile, Update
from csctl.profile.replica import replicas_of

LEAST = """\
image: example.com/speech:4.12.0-amd64
mode: disconnected
model: {id: 5f3a0c1e-7d2b-4c57-9d0e-2f6a8b1c4d3e}
data: /srv/stt
"""
SERVICE = "name: contoso\nport: 0.0.0.0:5000\ndeploy: {engine: swarm}\n"


def read(text: str) -> Profile:
    [profile] = parse(LEAST + text, file="p.yaml", base=Path("/profiles"), environ={})
    return profile


def test_what_is_not_written_has_the_defaults() -> None:
    deploy = read(SERVICE).deploy
    assert deploy == Deploy(
        engine="swarm",
        placement=(),
        update=Update(
            order="start-first", failure="rollback", watch=timedelta(minutes=1)
        ),
        health=(),
        keys="secret",
    )


def test_several_replicas_of_a_service_have_no_front() -> None:
    profile = read(SERVICE + "replicas: 3\n")
    assert profile.fronted_by is None
    assert replicas_of(profile) == (profile,)


def test_constraints_and_words_are_lists() -> None:
    profile = read(
        "name: a1\nport: 0.0.0.0:5000\ndeploy:\n  engine: swarm\n"
        "  placement: [node.role==worker, node.labels.rack != 2 b]\n"
        "  health: [curl, -fsS]\n"
    )
    assert profile.deploy is not None
    assert profile.deploy.placement == ("node.role==worker", "node.labels.rack != 2 b")
    assert profile.deploy.health == ("curl", "-fsS")


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        (SERVICE + "front: {}\n", "front", "Swarm publishes the port"),
        ("name: a1\ndeploy: {engine: swarm}\n", "port", "write 0.0.0.0:5000"),
        (
            "name: a1\nport: 127.0.0.1:5001\ndeploy: {engine: swarm}\n",
            "port",
            "write 0.0.0.0:5001: Swarm publishes on every address",
        ),
        (SERVICE.replace("contoso", "con.toso"), "name", "letters, digits"),
        (SERVICE.replace("contoso", "contoso-"), "name", "letters, digits"),
        (SERVICE + "api_key_as: argument\n", "api_key_as", "all who may ask Swarm"),
        (SERVICE + "ready: {speech: sample}\n", "ready.speech", "leave it out"),
        (
            SERVICE + "environment: {'a:b': {env: A}}\n",
            "environment.a:b",
            "no shell sets this name",
        ),
        (SERVICE.replace("swarm", "nomad"), "deploy.engine", "not one of swarm"),
        (
            SERVICE.replace("swarm", "swarm, placement: node.role==worker"),
            "deploy.placement",
            "where a list is wanted",
        ),
        (
            SERVICE.replace("swarm", "swarm, placement: [node.ip==1]"),
            "deploy.placement[0]",
            "is no constraint",
        ),
        (
            SERVICE.replace("swarm", "swarm, health: ['']"),
            "deploy.health[0]",
            "one at least",
        ),
    ],
)
def test_what_a_service_cannot_be_is_refused(text: str, path: str, words: str) -> None:
    with pytest.raises(ProfileError) as raised:
        read(text)
    [problem] = raised.value.problems
    assert problem.path == path
    assert words in problem.message


def test_a_name_that_no_shell_sets_is_one_of_the_environment() -> None:
    text = SERVICE.replace("swarm", "swarm, keys: environment, health: [x]")
    profile = read(text + "environment: {'a:b': {env: A}}\n")
    assert "deploy.keys: all who may ask Swarm read keys in the environment" in (
        profile.warnings
    )
    assert not [one for one in profile.warnings if one.startswith("deploy.health")]
