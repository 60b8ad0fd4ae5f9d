"""`kill -9` at every step: the same command again ends well."""

from __future__ import annotations

import os
import random
import uuid
from collections.abc import Iterator
from pathlib import Path
from signal import SIGKILL

import pytest

from tests.engines import remove_containers
from tests.faults.interruption import STOPS, Moment, interrupt, interrupt_after
from tests.faults.site import IMAGE, NEWER_IMAGE, Site
from tests.ports import free_port

_FRESH = (
    Moment("download-model"),
    Moment("download-model", 0.03),
    Moment("download-model", 0.1),
    Moment("download-model", 0.4),
    Moment("download-display"),
    Moment("download-display", 0.25),
    Moment("fetch-license"),
    Moment("fetch-license", 0.3),
    Moment("set-ownership"),
    Moment("create"),
    Moment("start"),
    Moment("start", 0.2),
)
_CHANGED = (
    Moment("download-model", 0.05),
    Moment("download-model", 0.5),
    Moment("download-display", 0.1),
    Moment("fetch-license", 0.1),
    Moment("set-ownership"),
    Moment("replace"),
    Moment("replace", 0.03),
    Moment("replace", 0.06),
    Moment(STOPS),
    Moment(STOPS, 0.1),
    Moment(STOPS, 0.2),
    Moment(STOPS, 0.3),
    Moment(STOPS, 0.5),
    Moment(STOPS, 0.8),
)
_SOAK_KILLS = 200
_WHOLE_RUN = 4.0
"""About how long a whole apply takes."""


@pytest.fixture
def fresh(site: Site) -> Site:
    """A profile of which nothing is there yet."""
    return _detailed(site)


@pytest.fixture(scope="module")
def serving(
    engine_host: str,
    rehearsal_image: str,  # noqa: ARG001
    run_name: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """A profile that serves, and goes on from test to test."""
    name = f"{run_name}-kills"
    port = free_port()
    site = _detailed(Site(name, port, tmp_path_factory.mktemp("kills"), engine_host))
    site.apply_well()
    yield site
    remove_containers(engine_host, name)


def _detailed(site: Site) -> Site:
    site.document["display"] = {"locale": "en-US", "types": ["punct"]}
    site.knob(LOAD_SECONDS="0.3", MODEL_BYTES="400000")
    return site


def _move_on(site: Site) -> None:
    """Another image, another model, and so another license."""
    image = site.document["image"]
    site.document |= {
        "image": NEWER_IMAGE if image == IMAGE else IMAGE,
        "model": {"id": str(uuid.uuid4())},
    }
    os.chown(site.data / "output", 0, 0)


def _ends_well(site: Site) -> None:
    site.apply_well()
    planned = site.plan()
    assert planned.code == 0, planned.err + planned.out
    site.check_whole()
    assert site.inspect()["Config"]["Image"] == site.document["image"]


@pytest.mark.parametrize("moment", _FRESH, ids=str)
def test_a_fresh_apply_killed_at_any_step_ends_well_the_next_time(
    fresh: Site, moment: Moment
) -> None:
    killed = interrupt(fresh, SIGKILL, moment)
    assert killed.code in (-SIGKILL, 0), killed.err
    _ends_well(fresh)


@pytest.mark.xdist_group("kills")
@pytest.mark.parametrize("moment", _CHANGED, ids=str)
def test_a_replacement_killed_at_any_step_ends_well_the_next_time(
    serving: Site, moment: Moment
) -> None:
    serving.apply_well()
    before = serving.identity()
    _move_on(serving)
    killed = interrupt(serving, SIGKILL, moment)
    assert killed.code in (-SIGKILL, 0), killed.err
    if moment.step not in ("replace", STOPS):
        assert serving.identity_among() == before
        assert serving.answers(), "the old container serves until it is replaced"
    _ends_well(serving)


def test_what_a_kill_left_of_a_small_file_goes_the_next_time(site: Site) -> None:
    state = site.data / ".csctl"
    state.mkdir(parents=True)
    for name in ("image-users", f"{site.name}.history"):
        (state / f".csctl-{name}.json-1-1.csctl-tmp").write_text("{")
    another = state / f".csctl-{site.name}-2.history.json-1-1.csctl-tmp"
    another.write_text("{")
    site.apply_well()
    assert site.leftovers() == [another], "whose run may be at work"
    another.unlink()
    _ends_well(site)


def test_a_download_killed_half_way_leaves_the_old_model_whole(serving: Site) -> None:
    serving.apply_well()
    old = set(serving.data.glob("models/*.csctl.json"))
    sums = {path: path.read_bytes() for path in old}
    _move_on(serving)
    interrupt(serving, SIGKILL, Moment("download-model", 0.3))
    assert {path: path.read_bytes() for path in old} == sums
    _ends_well(serving)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_two_hundred_kills_at_random_moments_all_end_well(
    serving: Site, tmp_path: Path, unique_name: str, free_port: int
) -> None:
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    for number in range(_SOAK_KILLS):
        moment = chance.uniform(0.3, _WHOLE_RUN)
        site = serving
        if number % 2:
            name = f"{unique_name}-{number}"
            site = _detailed(Site(name, free_port, tmp_path / name, serving.url))
            site.folder.mkdir()
        else:
            _move_on(serving)
        try:
            interrupt_after(site, SIGKILL, moment)
            _ends_well(site)
        except BaseException as error:
            error.add_note(f"kill {number} of seed {seed}, after {moment:.3f} s")
            raise
        if site is not serving:
            remove_containers(site.url, site.name)
