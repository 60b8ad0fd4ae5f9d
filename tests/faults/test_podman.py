"""Podman's Docker-compatible socket goes through the same lifecycle."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from signal import SIGKILL

import docker
import pytest

from tests.engines import load_image, remove_containers
from tests.faults.interruption import STOPS, Moment, interrupt
from tests.faults.podman import running_podman
from tests.faults.site import IMAGE, NEWER_IMAGE, OTHER_MODEL, Site
from tests.front import image as front_image
from tests.front.sessions import Sessions

pytestmark = [
    pytest.mark.skipif(shutil.which("podman") is None, reason="podman is missing"),
    # One Podman for all of them: it is started once.
    pytest.mark.xdist_group("podman"),
]


@pytest.fixture(scope="module")
def podman(rehearsal_archive: Path) -> Iterator[str]:
    """The DOCKER_HOST of a Podman that has the stand-in's images."""
    with running_podman() as url:
        load_image(url, rehearsal_archive)
        yield url


@pytest.fixture
def on_podman(
    podman: str, unique_name: str, free_port: int, tmp_path: Path
) -> Iterator[Site]:
    """A profile on Podman."""
    yield Site(unique_name, free_port, tmp_path, podman)
    remove_containers(podman, unique_name)


def test_podman_goes_through_the_whole_lifecycle(on_podman: Site) -> None:
    site = on_podman
    site.document["display"] = {"locale": "en-US", "types": ["punct"]}
    assert site.plan().code == 6
    site.apply_well()
    assert site.plan().code == 0, site.plan().out
    site.check_whole()
    first = site.identity()

    [row] = site.run("status", "--json", str(site.profile)).json
    assert (row["state"], row["ready"], row["drift"]) == ("running", True, [])
    assert row["port"] == f"127.0.0.1:{site.port}"
    assert "Application started" in site.run("logs", site.name).out
    assert site.run("usage", site.name).code == 0

    site.document |= {
        "image": NEWER_IMAGE,
        "model": {"id": OTHER_MODEL},
        "port": f"127.0.0.2:{site.port}",
    }
    site.apply_well()
    assert site.identity() != first
    [row] = site.run("status", "--json", str(site.profile)).json
    assert (row["ready"], row["port"]) == (True, f"127.0.0.2:{site.port}")
    assert site.plan().code == 0, site.plan().out

    done = site.run("down", "--yes", str(site.profile))
    assert done.code == 0, done.err
    assert site.containers() == []


def test_podman_lists_base_models_newest_first(on_podman: Site) -> None:
    listed = on_podman.run(
        "model", "list", "--locale", "en-US", "--json", str(on_podman.profile)
    )
    assert listed.code == 0, listed.err
    created = [row["created"] for row in listed.json]
    assert len(created) == 4
    assert created == sorted(created, reverse=True)


@pytest.mark.parametrize("restart", ["always", "unless-stopped"])
def test_podman_cannot_update_a_container_so_it_is_replaced(
    on_podman: Site, restart: str
) -> None:
    site = on_podman
    site.document["restart"] = restart
    site.apply_well()
    before = site.identity()
    site.document["resources"] = {"cpus": 1, "memory": "300m"}
    planned = site.run("plan", "--json", str(site.profile)).json[0]
    assert [step["action"] for step in planned["steps"]] == ["replace"]
    site.apply_well()
    assert site.identity() != before
    assert site.inspect()["HostConfig"]["Memory"] == 300 << 20
    assert site.plan().code == 0


def test_on_podman_a_failed_replacement_brings_the_old_container_back(
    on_podman: Site,
) -> None:
    site = on_podman
    site.apply_well()
    before = site.identity()
    site.knob(FAIL="never-ready")
    done = site.apply("--timeout", "1s")
    assert done.code == 1, done.err
    assert "the old one serves again" in done.err
    assert site.identity() == before
    site.wait_until_it_answers()


@pytest.mark.parametrize("moment", [Moment(STOPS), Moment(STOPS, 0.3)], ids=str)
def test_on_podman_a_killed_replacement_ends_well_the_next_time(
    on_podman: Site, moment: Moment
) -> None:
    site = on_podman
    site.apply_well()
    site.knob(LOAD_SECONDS="0.2")
    interrupt(site, SIGKILL, moment)
    site.apply_well()
    assert site.plan().code == 0
    site.check_whole()


def test_on_podman_a_foreign_container_of_the_name_is_not_touched(
    on_podman: Site,
) -> None:
    site = on_podman
    with closing(docker.APIClient(base_url=site.url)) as client:
        made = client.create_container(IMAGE, name=site.name)
        try:
            done = site.apply()
            assert done.code == 1, done.err
            assert "that csctl does not manage" in done.err
            assert client.inspect_container(site.name)["Id"] == made["Id"]
        finally:
            client.remove_container(made["Id"], force=True)


@pytest.mark.parametrize("image", [IMAGE, f"localhost/{IMAGE}"])
def test_podmans_own_name_of_a_local_image_means_the_same(
    on_podman: Site, image: str
) -> None:
    site = on_podman
    site.document["image"] = image
    planned = site.run("plan", "--json", str(site.profile)).json[0]
    actions = [step["action"] for step in planned["steps"]]
    assert "pull-image" not in actions


def test_newest_means_the_newest_image_that_podman_has(on_podman: Site) -> None:
    site = on_podman
    site.document["image"] = "csctl/rehearsal:newest"
    planned = site.run("plan", "--json", str(site.profile))
    assert planned.code == 6, planned.err
    actions = [step["action"] for step in planned.json[0]["steps"]]
    assert "pull-image" not in actions, planned.err


def test_a_front_on_podman_finds_its_replicas(podman: str, on_podman: Site) -> None:
    site = on_podman
    site.document["front"] = {"image": front_image.load(podman), "drain": "20s"}
    site.document["replicas"] = 2
    site.apply_well()
    assert site.plan().code == 0, site.plan().out
    rows = site.run("status", "--json", str(site.profile)).json
    assert [row["ready"] for row in rows] == [True, True, True]
    site.document["environment"] = {"CHANGED": "1"}
    with Sessions(site.port, 2) as sessions:
        site.apply_well()
    assert sessions.heard > 0
    assert sessions.lost == []
    assert site.run("down", "--yes", str(site.profile)).code == 0
