"""A replacement that fails leaves the old container serving."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from signal import SIGKILL

import docker
import pytest

from tests.faults.interruption import STOPS, Moment, interrupt
from tests.faults.site import NEWER_IMAGE, OTHER_MODEL, Site


def _never_ready(site: Site) -> None:
    site.knob(FAIL="never-ready")


def _crash(site: Site) -> None:
    site.knob(FAIL="no-model")


def _crash_without_restart(site: Site) -> None:
    site.knob(FAIL="no-model")
    site.document["restart"] = "no"


def _unknown_address(site: Site) -> None:
    # No interface has this address: the Engine refuses to start the container.
    site.document["port"] = f"192.0.2.1:{site.port}"


def _out_of_memory(site: Site) -> None:
    site.knob(FAIL="out-of-memory")
    site.document["resources"] = {"cpus": 1, "memory": "64m"}


def _newer_and_never_ready(site: Site) -> None:
    site.document |= {"image": NEWER_IMAGE, "model": {"id": OTHER_MODEL}}
    assert site.run("model", "pull", str(site.profile)).code == 0
    assert site.run("license", "pull", str(site.profile)).code == 0
    site.knob(FAIL="never-ready")


_BREAKS: dict[str, tuple[Callable[[Site], None], str]] = {
    "never-ready": (_never_ready, "is not ready after"),
    "crashes": (_crash, "properties.json not found"),
    "crashes-once": (_crash_without_restart, "properties.json not found"),
    "refused-by-the-engine": (_unknown_address, "starting container"),
    "out-of-memory": (_out_of_memory, "killed for memory"),
    "another-image-and-model": (_newer_and_never_ready, "is not ready after"),
}


@contextmanager
def _watching(site: Site) -> Iterator[list[tuple[float, bool]]]:
    """Ask `/ready` all the time: when, and whether it answered."""
    seen: list[tuple[float, bool]] = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.02):
            answered = site.answers()
            seen.append((time.time(), answered))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("what", _BREAKS)
def test_a_replacement_that_fails_brings_the_old_container_back(
    site: Site, what: str
) -> None:
    site.serve()
    before = site.identity()
    good = dict(site.document), dict(site.document["environment"])
    break_, words = _BREAKS[what]
    break_(site)
    # What ends by itself may take its time on a busy machine.
    seconds = "2s" if "not ready" in words else "30s"
    done = site.apply("--timeout", seconds)
    assert done.code == 1, done.err
    assert "the new container failed, and the old one serves again" in done.err
    assert words in done.err
    assert site.identity() == before, "nothing half-made stays beside it"
    site.wait_until_it_answers()
    assert site.leftovers() == []

    site.document = good[0] | {"environment": good[1]}
    assert site.plan().code == 0, "with the old profile there is nothing to do"
    site.knob(LOAD_SECONDS="0.1")
    site.apply_well()
    site.check_whole()
    assert site.identity() != before


def test_a_profile_mended_after_a_kill_undoes_the_broken_off_replacement(
    site: Site,
) -> None:
    site.serve()
    before = site.identity()
    site.knob(FAIL="never-ready")
    interrupt(site, SIGKILL, Moment(STOPS, 0.6))
    site.knob(FAIL=None)
    site.apply_well()
    assert site.identity() == before, "the old profile has its old container back"

    site.knob(FAIL="never-ready")
    interrupt(site, SIGKILL, Moment(STOPS, 0.6))
    site.knob(FAIL=None, LOAD_SECONDS="0.1")
    # What is not wanted is not waited for: this test may not take so long.
    done = site.apply("--timeout", "10m")
    assert done.code == 0, done.err
    site.check_whole()
    assert site.plan().code == 0


def _stopped_at(site: Site, identity: str, since: float) -> float:
    """When the Engine was told to stop a container."""
    with closing(docker.APIClient(base_url=site.url)) as client:
        events = client.events(
            since=int(since),
            until=int(time.time()) + 1,
            filters={"container": identity, "event": "kill"},
            decode=True,
        )
        return min(float(event["timeNano"]) / 1e9 for event in events)


def test_the_old_container_answers_until_the_new_one_is_created(site: Site) -> None:
    site.serve()
    before, began = site.identity(), time.time()
    site.document |= {"image": NEWER_IMAGE, "model": {"id": OTHER_MODEL}}
    with _watching(site) as seen:
        site.apply_well()
    stopped = _stopped_at(site, before, began)
    asked = [answered for moment, answered in seen if moment < stopped]
    assert len(asked) > 5
    assert all(asked), "it serves while all that can fail is done"


def test_a_failed_replacement_is_retried_and_fails_again_without_harm(
    site: Site,
) -> None:
    site.serve()
    before = site.identity()
    site.knob(FAIL="never-ready")
    for _ in range(2):
        assert site.apply("--timeout", "0.5s").code == 1
        assert site.identity() == before


def test_the_restart_policy_of_a_container_that_came_back_is_what_it_was(
    site: Site,
) -> None:
    site.document["restart"] = "always"
    site.serve()
    site.knob(FAIL="never-ready")
    assert site.apply("--timeout", "0.5s").code == 1
    assert site.inspect()["HostConfig"]["RestartPolicy"]["Name"] == "always"
    site.knob(FAIL=None)
    assert site.plan().code == 0


def test_json_says_rolled_back(site: Site) -> None:
    site.serve()
    site.knob(FAIL="never-ready")
    done = site.apply("--timeout", "0.5s", "--json")
    assert done.code == 1
    assert done.json[0]["outcome"] == "rolled-back"
    assert "the old one serves again" in done.json[0]["error"]
