"""A front and its replicas, on a real Engine, with people who speak meanwhile."""

from __future__ import annotations

import http.client
import json
import signal
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.cli.shell import OTHER_IMAGE, ROOT, Draft, Engine, Shell
from tests.front.sessions import Sessions
from tests.front.test_configuration import make_certificate

_SECONDS = 60
SAMPLE = ROOT / "csctl" / "speech" / "sample.wav"


@pytest.fixture
def fronted(shell: Shell, front_image: str, engine: Engine) -> Iterator[Draft]:
    """A profile with a front, before anything of it is there."""
    draft = shell.write(
        stocked=True, replicas=2, front={"image": front_image, "drain": "30s"}
    )
    yield draft
    remove_all(engine, draft)


def remove_all(engine: Engine, draft: Draft) -> None:
    client = docker.APIClient(base_url=engine.url)
    try:
        for row in client.containers(all=True, filters={"name": f"^/{draft.name}"}):
            client.remove_container(row["Id"], force=True, v=True)
        for row in client.networks(names=[f"csctl-{draft.name}"]):
            client.remove_network(row["Id"])
    finally:
        client.close()


def rows(shell: Shell, draft: Draft) -> dict[str, Any]:
    """The rows of `csctl status`, by container."""
    return {row["container"]: row for row in shell.json("status", draft.path)}


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + _SECONDS
    while not true():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.1)


def test_replicas_serve_behind_one_port(
    shell: Shell, engine: Engine, fronted: Draft
) -> None:
    name = fronted.name
    shell.apply(fronted)
    found = rows(shell, fronted)
    assert list(found) == [name, f"{name}-1", f"{name}-2"]
    assert {row["profile"] for row in found.values()} == {name}
    assert all(row["ready"] for row in found.values())
    assert [row["port"] for row in found.values()] == [fronted.address, None, None]
    assert fronted.answers()
    assert shell.json("plan", fronted.path)[0]["steps"] == []
    again = shell.json("apply", "--yes", fronted.path)
    assert again[0]["outcome"] == "unchanged"
    for number in (1, 2):
        assert list((fronted.data / "output" / f"{name}-{number}").iterdir())
        inspected = engine.inspect(f"{name}-{number}")
        assert not inspected["HostConfig"]["PortBindings"]
    with Sessions(fronted.document["port"], 4) as sessions:
        until(lambda: sessions.heard >= 8)
    assert sessions.lost == []
    parts = [shell.json("usage", f"{name}-{n}")["meters"] for n in (1, 2)]
    [[one], [other]] = parts
    [both] = shell.json("usage", name)["meters"]
    assert both["quantity"] >= one["quantity"] + other["quantity"] > 0
    quick = ("--audio", SAMPLE, "--seconds", 1, "--behind", 20, "--max", 2)
    measured = shell.json("capacity", name, *quick)
    assert [level["streams"] for level in measured["levels"]] == [1, 2]
    assert measured["streams"] == 1

    fronted.change(replicas=1)
    assert shell.actions(fronted) == ["remove", "update"]
    with Sessions(fronted.document["port"], 2) as sessions:
        shell.apply(fronted)
    assert sessions.lost == []
    assert list(rows(shell, fronted)) == [name, f"{name}-1"]

    shell.run("down", "--yes", fronted.path)
    assert all(row["state"] is None for row in shell.json("status", fronted.path))
    client = docker.APIClient(base_url=engine.url)
    assert client.networks(names=[f"csctl-{name}"]) == []
    client.close()


def test_a_replacement_drops_no_recognition(
    shell: Shell, engine: Engine, fronted: Draft
) -> None:
    shell.apply(fronted)
    before = {n: engine.inspect(n)["Id"] for n in rows(shell, fronted)}
    fronted.change(environment={"CHANGED": "1"})
    assert shell.actions(fronted) == ["replace", "replace", "update"]
    with Sessions(fronted.document["port"], 4) as sessions:
        until(lambda: sessions.heard > 0)
        shell.apply(fronted)
        heard = sessions.heard
        until(lambda: sessions.heard > heard)
    assert sessions.lost == []
    after = {n: engine.inspect(n)["Id"] for n in rows(shell, fronted)}
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {f"{fronted.name}-1", f"{fronted.name}-2"}
    assert shell.actions(fronted) == []


def test_a_new_container_that_fails_leaves_the_old_ones_serving(
    shell: Shell, engine: Engine, fronted: Draft
) -> None:
    shell.apply(fronted)
    before = {n: engine.inspect(n)["Id"] for n in rows(shell, fronted)}
    fronted.change(
        environment={"REHEARSAL_FAIL": "never-ready"}, ready={"timeout": "3s"}
    )
    with Sessions(fronted.document["port"], 2) as sessions:
        failed = shell.run("apply", "--yes", fronted.path, code=1)
    assert f"{fronted.name}-1: the new container failed" in failed.err
    assert sessions.lost == []
    assert {n: engine.inspect(n)["Id"] for n in rows(shell, fronted)} == before


@pytest.mark.parametrize(
    "seconds",
    [
        3.0,
        *(pytest.param(n / 4, marks=pytest.mark.soak) for n in range(2, 28)),
    ],
)
def test_a_killed_apply_is_brought_to_its_end_by_the_next_one(
    shell: Shell, fronted: Draft, seconds: float
) -> None:
    shell.apply(fronted)
    fronted.change(environment={"CHANGED": "1"})
    with Sessions(fronted.document["port"], 2) as sessions:
        with shell.start("apply", "--yes", fronted.path) as process:
            time.sleep(seconds)
            process.kill()
        time.sleep(1)
        shell.apply(fronted)
    assert sessions.lost == []
    assert shell.actions(fronted) == []
    assert len(rows(shell, fronted)) == 3


def test_an_interrupted_apply_leaves_all_serving(shell: Shell, fronted: Draft) -> None:
    shell.apply(fronted)
    fronted.change(environment={"CHANGED": "1"})
    with Sessions(fronted.document["port"], 2) as sessions:
        with shell.start("apply", "--yes", fronted.path) as process:
            time.sleep(2)
            process.send_signal(signal.SIGINT)
            process.communicate()
        assert process.returncode == 130
        until(lambda: sessions.heard > 4)
    assert sessions.lost == []
    shell.apply(fronted)
    assert shell.actions(fronted) == []


def test_a_killed_replica_takes_only_its_own_sessions_along(
    shell: Shell, engine: Engine, fronted: Draft
) -> None:
    shell.apply(fronted)
    client = docker.APIClient(base_url=engine.url)
    with Sessions(fronted.document["port"], 6) as sessions:
        until(lambda: sessions.heard >= 6)
        client.kill(f"{fronted.name}-1")
        heard = sessions.heard
        until(lambda: sessions.heard >= heard + 12)
    client.close()
    # Half of those who spoke, and those who came before the front noticed.
    assert 0 < len(sessions.lost) <= 6, sessions.lost
    shell.apply(fronted)
    assert all(row["ready"] for row in rows(shell, fronted).values())


def test_a_front_asks_for_a_secret_over_tls(
    shell: Shell, engine: Engine, fronted: Draft, tmp_path: Path
) -> None:
    pem = make_certificate(tmp_path)
    shell.environ["FRONT_KEY"] = "open 'sesame'"
    front = fronted.document["front"]
    fronted.change(
        replicas=1, front=front | {"tls": str(pem), "secret": {"env": "FRONT_KEY"}}
    )
    shell.apply(fronted)

    def ask(**headers: str) -> int:
        context = ssl.create_default_context(cafile=str(pem))
        connection = http.client.HTTPSConnection(
            "127.0.0.1", fronted.document["port"], timeout=10, context=context
        )
        connection.request("GET", "/ready", headers=headers)
        try:
            return connection.getresponse().status
        finally:
            connection.close()

    assert ask() == 401
    assert ask(**{"Ocp-Apim-Subscription-Key": "wrong"}) == 401
    assert ask(**{"Ocp-Apim-Subscription-Key": "open 'sesame'"}) == 200
    assert rows(shell, fronted)[fronted.name]["ready"]
    [heard] = shell.json("transcribe", fronted.name, SAMPLE)
    assert heard["text"]
    make_certificate(tmp_path)
    assert shell.actions(fronted) == ["update"]
    shell.apply(fronted)
    assert shell.actions(fronted) == []
    assert ask(**{"Ocp-Apim-Subscription-Key": "open 'sesame'"}) == 200
    labels = json.dumps(engine.inspect(fronted.name)["Config"]["Labels"])
    written = "".join(
        one.read_text() for one in fronted.data.rglob(".csctl/**/*") if one.is_file()
    )
    assert "sesame" not in labels + written


def test_a_profile_gets_a_front_and_loses_it_again(
    shell: Shell, fronted: Draft
) -> None:
    front = fronted.document["front"]
    fronted.change(front=None, replicas=None)
    shell.apply(fronted)
    fronted.change(front=front)
    assert shell.actions(fronted)[-1] == "replace"
    shell.apply(fronted)
    assert list(rows(shell, fronted)) == [fronted.name, f"{fronted.name}-1"]
    fronted.change(front=None)
    assert shell.actions(fronted)[-2:] == ["replace", "remove"]
    shell.apply(fronted)
    assert list(rows(shell, fronted)) == [fronted.name]
    assert fronted.answers()


def test_a_license_is_refreshed_behind_a_front(shell: Shell, fronted: Draft) -> None:
    shell.apply(fronted)

    def licenses() -> set[str]:
        found = rows(shell, fronted).values()
        return {row["license"]["path"] for row in found if row["license"]}

    [before] = licenses()
    with Sessions(fronted.document["port"], 2) as sessions:
        shell.run("license", "refresh", "--yes", fronted.path)
        [after] = licenses()
        assert after != before
        shell.run("license", "rollback", "--yes", fronted.path)
        assert licenses() == {before}
    assert sessions.lost == []
    assert shell.actions(fronted) == []


def test_memory_that_is_short_for_both_is_said(
    shell: Shell, engine: Engine, fronted: Draft
) -> None:
    client = docker.APIClient(base_url=engine.url)
    total = client.info()["MemTotal"]
    client.close()
    shell.apply(fronted)
    fronted.change(resources={"cpus": 1, "memory": str(total - (64 << 20))})
    fronted.change(environment={"CHANGED": "1"})
    refused = shell.run("apply", "--yes", fronted.path, code=2)
    assert "--allow-interruption" in refused.err
    shell.run("apply", "--yes", "--allow-interruption", fronted.path)
    assert shell.actions(fronted) == []


@pytest.mark.soak
def test_image_model_and_license_are_replaced_under_twenty_speakers(
    shell: Shell, engine: Engine, fronted: Draft
) -> None:
    fronted.change(resources={"cpus": 1, "memory": "256m", "decoders": 8})
    shell.apply(fronted)
    with Sessions(fronted.document["port"], 20) as sessions:
        until(lambda: sessions.heard >= 20)
        shell.run("license", "refresh", "--yes", fronted.path)
        fronted.change(image=OTHER_IMAGE)
        shell.apply(fronted)
        fronted.change(model={"id": "0b6d2f94-1c7e-4a35-8f20-9d3e5a71c846"})
        shell.apply(fronted)
        assert sessions.lost == []
        client = docker.APIClient(base_url=engine.url)
        client.kill(f"{fronted.name}-1")
        killed = time.monotonic()
        heard = sessions.heard
        until(lambda: sessions.heard >= heard + 40)
        client.close()
    # Those who spoke to it, and those who came until the front noticed: at once.
    assert 0 < len(sessions.lost) <= 20, sessions.lost
    assert sessions.last_loss - killed < 10
