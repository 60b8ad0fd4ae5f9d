"""Containers that fail, and names and ports that others have."""

from __future__ import annotations

import os
import socket
import time
from contextlib import closing

import docker
import pytest

from tests.faults.conftest import MakeForeign
from tests.faults.site import Site


def _fail(site: Site, failure: str, **knobs: str) -> None:
    """Let the serving container fail, whose downloads are there already."""
    site.fill()
    site.knob(FAIL=failure, **knobs)


def test_a_container_that_never_gets_ready_is_5_with_its_last_lines(
    site: Site,
) -> None:
    _fail(site, "never-ready")
    done = site.apply("--timeout", "1s")
    assert done.code == 5, done.err
    assert f"{site.name} is not ready after 1 s" in done.err
    assert "  | " in done.err
    assert f"-> see the rest: csctl logs {site.name}" in done.err


def test_a_container_that_crashes_at_once_is_told_of_early(site: Site) -> None:
    _fail(site, "no-model")
    site.document["restart"] = "no"
    done = site.apply("--timeout", "10m")  # longer than this test may take
    assert done.code == 5, done.err
    assert "properties.json not found" in done.err
    assert "the container found no model" in done.err


def test_a_container_that_restarts_in_a_loop_is_told_of_early(site: Site) -> None:
    _fail(site, "no-model")
    done = site.apply("--timeout", "10m")
    assert done.code == 5, done.err
    assert "restarts in a loop" in done.err or "ended with exit code" in done.err


def test_a_container_that_crashes_after_ready_is_seen_and_started_again(
    site: Site,
) -> None:
    _fail(site, "crash-after-ready")
    site.document["restart"] = "no"
    assert site.apply().code == 0, "it was ready"
    deadline = time.monotonic() + 60
    while site.inspect()["State"]["Running"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    row = site.run("status", "--json", str(site.profile)).json[0]
    assert (row["state"], row["ready"]) == ("exited", False)
    planned = site.run("plan", "--json", str(site.profile))
    assert planned.code == 6
    assert [step["action"] for step in planned.json[0]["steps"]] == ["start"]
    assert "Segmentation fault" in site.run("logs", site.name).out
    site.knob(FAIL=None)
    site.apply_well()
    site.check_whole()


def test_a_container_killed_for_memory_says_so_and_how_to_mend_it(site: Site) -> None:
    _fail(site, "out-of-memory")
    site.document |= {"restart": "no", "resources": {"cpus": 1, "memory": "64m"}}
    done = site.apply("--timeout", "30s")
    assert done.code == 5, done.err
    assert f"{site.name} was killed for memory" in done.err
    assert "raise resources.memory" in done.err


def test_a_key_that_azure_refuses_while_serving_is_4_and_told_of_early(
    site: Site,
) -> None:
    site.connect()
    site.apply_well()
    assert site.run("down", "--yes", str(site.profile)).code == 0
    site.knob(FAIL="bad-key")
    done = site.apply("--timeout", "10m")  # longer than this test may take
    assert done.code == 4, done.err
    assert f"{site.name}: Azure refused the API key" in done.err
    assert "`billing`" in done.err
    row = site.run("status", "--json", str(site.profile)).json[0]
    assert (row["ready"], row["api_status"]) == (False, "Invalid")


def test_a_port_that_a_process_has_is_said_and_nothing_is_done(site: Site) -> None:
    with socket.create_server(("127.0.0.1", site.port)):
        planned = site.plan()
        done = site.apply()
    for one in (planned, done):
        assert one.code == 1, one.err
        assert f"port 127.0.0.1:{site.port} is taken by another process" in one.err
        assert "choose another `port`" in one.err
    assert site.containers() == []
    assert not site.data.exists()


def test_a_port_that_a_foreign_container_has_is_said_with_its_name(
    site: Site, foreign: MakeForeign
) -> None:
    binding = [{"HostIp": "0.0.0.0", "HostPort": str(site.port)}]
    foreign(f"{site.name}-other", PortBindings={"5000/tcp": binding})
    done = site.apply()
    assert done.code == 1, done.err
    assert f"is taken by container {site.name}-other" in done.err
    assert site.containers() == []


def test_a_port_taken_while_the_model_downloads_is_an_error_that_can_be_mended(
    site: Site,
) -> None:
    site.knob(LOAD_SECONDS="0.5")
    with site.start("apply", "--yes", str(site.profile)) as process:
        assert process.stderr is not None
        while "download-model" not in process.stderr.readline():
            pass
        with socket.create_server(("127.0.0.1", site.port)):
            _, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert "is taken by another process" in err
    site.apply_well()
    site.check_whole()


@pytest.mark.parametrize("verb", ["plan", "apply", "down", "restart", "logs"])
def test_a_foreign_container_of_the_profiles_name_is_never_touched(
    site: Site, foreign: MakeForeign, verb: str
) -> None:
    identity = foreign(site.name)
    with closing(docker.APIClient(base_url=site.url)) as client:
        before = client.inspect_container(identity)
        words = {
            "restart": ("restart", site.name),
            "logs": ("logs", site.name),
            "plan": ("plan", str(site.profile)),
        }
        done = site.run(*words.get(verb, (verb, "--yes", str(site.profile))))
        after = client.inspect_container(identity)
    assert after["State"] == before["State"]
    assert after["Name"] == before["Name"]
    if verb == "down":
        assert done.code == 0, done.err
        return
    assert done.code == 1, done.err
    assert site.name in done.err
    assert "not manage" in done.err


def test_more_cpus_than_the_host_has_are_an_error_of_the_plan(site: Site) -> None:
    cpus = (os.cpu_count() or 1) + 7
    site.document["resources"] = {"cpus": cpus, "memory": "256m"}
    for done in (site.plan(), site.apply()):
        assert done.code == 2, done.err
        assert f"resources.cpus is {cpus}, and the host" in done.err
    assert site.containers() == []


def test_more_memory_than_the_host_has_is_an_error_of_the_plan(site: Site) -> None:
    site.document["resources"] = {"cpus": 1, "memory": "900t"}
    done = site.plan()
    assert done.code == 2, done.err
    assert "resources.memory is" in done.err
