"""A license refreshed behind the gap, and a run of csctl that is killed there."""

from __future__ import annotations

import dataclasses
import os
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from signal import SIGKILL
from subprocess import TimeoutExpired

import pytest

from tests.bundle import freight as freights
from tests.bundle.far_side import (
    FarSide,
    all_but_licenses,
    leftovers,
    names,
    outcomes,
    text_with,
    tree,
)
from tests.bundle.freight import Freight
from tests.bundle.island import Island, images
from tests.faults.site import OTHER_MODEL, check_record

# They share the host behind the gap.
pytestmark = pytest.mark.xdist_group("bundle-gap")

THERE = dict.fromkeys(("image", "model", "license", "profile"), "there already")
HOUR = timedelta(hours=1)


def _newer(far: FarSide) -> Freight:
    later = far.freight.fetched_at + HOUR
    return dataclasses.replace(far.freight, fetched_at=later)


def test_a_new_license_is_proven_before_it_serves(serving: FarSide) -> None:
    old, before = serving.used_license(), serving.site.identity()
    usage = set(tree(serving.data / "output"))
    serving.write(_newer(serving), all_but_licenses)

    loaded = serving.load("--json")
    assert loaded.code == 0, loaded.err
    assert outcomes(loaded) == THERE | {"license": "loaded"}
    assert serving.site.identity() == before, "that is for apply to do"

    done = serving.load("--apply", "--yes")
    assert done.code == 0, done.err
    assert "a second container proves license" in done.err
    assert serving.used_license() == serving.licenses[0] != old
    assert usage <= set(tree(serving.data / "output"))
    assert serving.ready()


def test_a_license_that_fails_its_proof_is_refused_and_the_old_one_serves(
    serving: FarSide,
) -> None:
    old, before = serving.used_license(), serving.site.identity()
    garbage = dataclasses.replace(_newer(serving), license={"license": b"garbage"})
    serving.write(garbage, all_but_licenses)
    done = serving.load("--apply", "--yes")
    assert done.code == 1, done.err
    assert "failed its proof" in done.err
    assert (serving.used_license(), serving.site.identity()) == (old, before)
    assert serving.ready()

    again = serving.load()
    assert again.code == 7, "it stays refused"
    assert "refused" in again.out


def test_a_license_for_another_model_than_serves_is_refused_unless_forced(
    serving: FarSide,
) -> None:
    other = dataclasses.replace(
        _newer(serving),
        model_id=OTHER_MODEL,
        text=text_with(serving.freight, model={"id": OTHER_MODEL}),
    )
    # A whole new set is none: it moves as one.
    serving.write(other)
    assert serving.load_well("--force")["license"] == "loaded"
    later = dataclasses.replace(other, fetched_at=other.fetched_at + HOUR)
    serving.write(later, all_but_licenses)
    done = serving.load("--json")
    assert done.code == 7, done.err
    assert OTHER_MODEL in done.err
    assert serving.load_well("--force")["license"] == "loaded"


def test_killed_at_any_moment_the_next_run_goes_on(
    serving: FarSide, behind: Island, rehearsal_archive: Path
) -> None:
    """A whole new set is loaded, while the old one serves."""
    before, old = serving.site.identity(), tree(serving.model, serving.licenses[0])
    newer = dataclasses.replace(
        _newer(serving),
        packed=freights.standin(
            rehearsal_archive, freights.layer("extra", os.urandom(1 << 20))
        ),
        model=serving.freight.model | {"large.bin": os.urandom(1 << 20)},
        model_id=OTHER_MODEL,
        text=text_with(serving.freight, model={"id": OTHER_MODEL}),
    )
    serving.write(newer)
    killed = 0
    for moment in (0.5, 0.6, 0.7, 0.85, 1.0, 1.2):
        process = serving.site.start(*serving.words("--force"))
        with suppress(TimeoutExpired):
            process.wait(moment)
        process.send_signal(SIGKILL)
        process.communicate()
        killed += process.returncode == -SIGKILL
        assert serving.site.identity_among() == before
        assert tree(serving.model, serving.licenses[-1]) == old
    assert killed >= 2, "it was killed at work"
    assert set(serving.load_well("--force").values()) <= {"loaded", "there already"}
    assert serving.load_well() == THERE
    assert list(leftovers(serving.folder)) == []
    assert not any("csctl-" in name for name in names(images(behind.url)))
    for record in serving.data.glob("*/*.csctl.json"):
        check_record(record)
    assert serving.site.identity() == before
