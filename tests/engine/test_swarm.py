"""What is sent to Swarm, and how its answers read."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from csctl.engine import decode_swarm, encode
from tests.plan.situation import CONNECTED, profile
from tests.plan.swarm_situation import P, spec

WITH_ALL = profile(
    CONNECTED,
    port="0.0.0.0:5000",
    replicas=2,
    restart="on-failure:3",
    labels={"team": "speech"},
    deploy={
        "engine": "swarm",
        "placement": ["node.role==worker"],
        "health": ["curl", "x"],
    },
)


def test_a_service_reads_as_it_was_sent() -> None:
    sent = spec(WITH_ALL).with_reason("because")
    ids = {secret.name: "secret-id" for secret in sent.secrets}
    parts = encode.service(sent, ids)
    told = {
        "ID": "service-id",
        "Version": {"Index": 7},
        "Spec": {
            "Name": parts["name"],
            "Labels": parts["labels"],
            "TaskTemplate": parts["task_template"],
            "Mode": parts["mode"],
            "EndpointSpec": parts["endpoint_spec"],
        },
    }
    read = decode_swarm.service(json.loads(json.dumps(told)))
    live = read.live_fields()
    assert live == {name: sent.fields()[name] for name in live}
    assert read.profile == "contoso"
    assert read.image == sent.container.image
    assert read.update is None
    one = {"ID": "t", "Spec": parts["task_template"], "Status": {"State": "running"}}
    assert decode_swarm.task(one).template == read.template


def test_keys_go_as_secrets_and_only_the_service_has_labels_of_csctl() -> None:
    sent = spec(WITH_ALL).with_reason("because")
    [key] = sent.secrets
    parts = encode.service(sent, {key.name: "secret-id"})
    assert "s3cret" not in json.dumps(parts)
    container = parts["task_template"]["ContainerSpec"]
    assert container["Labels"] == {"team": "speech"}
    [reference] = container["Secrets"]
    assert reference["SecretID"] == "secret-id"
    assert reference["File"]["Name"] == "csctl/ApiKey"
    [port] = parts["endpoint_spec"]["Ports"]
    assert port["PublishMode"] == "host"


def test_keys_stand_in_the_environment_where_the_profile_says_so() -> None:
    deploy = {"engine": "swarm", "keys": "environment"}
    wanted = profile(CONNECTED, port="0.0.0.0:5000", deploy=deploy)
    container = encode.service(spec(wanted), {})["task_template"]["ContainerSpec"]
    assert "ApiKey=s3cret" in container["Env"]
    assert "Command" not in container
    assert "Secrets" not in container


@pytest.mark.parametrize(
    "value", ["k3y+of/contoso==", "$(false) `x` \"'\\ *", " a  b "]
)
def test_the_entry_step_reads_keys_as_they_are(tmp_path: Path, value: str) -> None:
    container = encode.service(spec(P), {s.name: "i" for s in spec(P).secrets})[
        "task_template"
    ]["ContainerSpec"]
    shell, option, script, *name = container["Command"]
    (tmp_path / "ApiKey").write_text(value)
    (tmp_path / "B").write_text("other")
    moved = script.replace("/run/secrets/csctl", str(tmp_path))
    program = ("sh", "-c", 'printf "%s|%s|%s" "$ApiKey" "$B" "$1"', "x", "the word")
    done = subprocess.run(
        [shell, option, moved, *name, *program],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert done.stdout == f"{value}|other|the word"


@pytest.mark.parametrize(
    ("line", "read"),
    [
        (
            "com.docker.swarm.node.id=abc1,com.docker.swarm.service.id=d,"
            "com.docker.swarm.task.id=e the text, a=b",
            ("abc1", "the text, a=b"),
        ),
        (
            "a=b,com.docker.swarm.node.id=abc1,com.docker.swarm.task.id=e ",
            ("abc1", ""),
        ),
        ("no details", ("", "no details")),
        ("", ("", "")),
    ],
)
def test_lines_of_a_log_tell_their_node(line: str, read: tuple[str, str]) -> None:
    assert decode_swarm.log_line(line) == read
