"""Reconciling: situations, and the plan for each as its text in `situations.txt`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from csctl.container.spec import Limits, UnknownSecret
from csctl.errors import LicenseError, UsageError
from csctl.plan.observed import Observed
from csctl.plan.reconcile import keys_needed, reconcile
from csctl.plan.steps import Plan
from csctl.profile.model import Profile
from csctl.reference import ImageReference
from csctl.secret import Secret
from tests.plan.situation import (
    CONNECTED,
    DISCONNECTED,
    IMAGE_ID,
    KEY_GONE,
    LICENSE_KEY_GONE,
    MODEL,
    NOW,
    changed,
    fresh,
    image,
    license_,
    model,
    profile,
    settled,
)

C, D = profile(CONNECTED), profile(DISCONNECTED)
OTHER_IMAGE = "sha256:" + "2b" * 32
OTHER_MODEL = "0b6e4a52-9d1f-4f0c-8a57-3c9e1d2f4b6a"
PUNCT = {"locale": "en-US", "types": ["punct"]}
NEXT = ImageReference.parse("csctl/rehearsal:5.0.1-preview-amd64")


def _golden() -> dict[str, str]:
    """The plans by the names of their situations."""
    text = (Path(__file__).parent / "situations.txt").read_text()
    sections = (section.partition("\n") for section in text.split("# ")[1:])
    return {name: plan.strip("\n") for name, _, plan in sections}


Case = tuple[Profile, Callable[[], Observed]]

FRESH: dict[str, Case] = {
    "disconnected": (
        D,
        lambda: fresh(D),
    ),
    "connected": (
        C,
        lambda: fresh(C),
    ),
    "display models by type": (
        profile(CONNECTED, display={"locale": "en-US", "types": "full"}),
        lambda: fresh(C, image=image()),
    ),
    "display models by id": (
        profile(CONNECTED, display={"ids": {"punct": "4A" * 32}}),
        lambda: fresh(C, image=image(), model=model()),
    ),
    "the newest base model": (
        profile(CONNECTED, model={"base": {"locale": "de-DE"}}),
        lambda: fresh(C, image=image(), model_id=None),
    ),
    "everything there but the container": (
        D,
        lambda: settled(D, serving=None, applied=None),
    ),
}

SETTLED: dict[str, Case] = {
    "disconnected": (D, lambda: settled(D)),
    "connected": (C, lambda: settled(C)),
    "restarting by itself": (
        C,
        lambda: changed(settled(C), state="restarting"),
    ),
    "key that cannot be read": (
        C,
        lambda: settled(C, billing_key=UnknownSecret(), billing_problem=KEY_GONE),
    ),
    "key as an argument that cannot be read": (
        profile(CONNECTED, api_key_as="argument"),
        lambda: settled(
            profile(CONNECTED, api_key_as="argument"),
            billing_key=UnknownSecret(),
            billing_problem=KEY_GONE,
        ),
    ),
    "keys that nothing needs": (
        D,
        lambda: settled(
            D,
            billing_key=None,
            billing_problem=KEY_GONE,
            license_problem=LICENSE_KEY_GONE,
            environment_problems=(KEY_GONE,),
        ),
    ),
    "port taken by the container itself": (
        C,
        lambda: settled(C, port_taken_by="container contoso"),
    ),
    "license that is due": (
        D,
        lambda: settled(D, license=license_(at=NOW - timedelta(days=89))),
    ),
    "license that ended by a day in the profile": (
        profile(DISCONNECTED, license={"expires": date(2026, 5, 1)}),
        lambda: settled(D),
    ),
    "base model found by its record": (
        profile(DISCONNECTED, model={"base": {"locale": "en-US"}}),
        lambda: settled(D),
    ),
}

NEW_KEY = Secret("other")
DRIFT: dict[str, Case] = {
    "changed port": (
        profile(CONNECTED, port=5001),
        lambda: settled(C),
    ),
    "changed memory": (
        profile(CONNECTED, resources={"cpus": 4, "memory": "9g"}),
        lambda: settled(C),
    ),
    "changed memory and port": (
        profile(CONNECTED, resources={"cpus": 4, "memory": "9g"}, port=5001),
        lambda: settled(C),
    ),
    "removed limit": (
        profile(CONNECTED, resources={"memory": "8g"}),
        lambda: settled(C),
    ),
    "added limit": (
        C,
        lambda: settled(profile(CONNECTED, resources={"memory": "8g"})),
    ),
    "changed decoders": (
        profile(CONNECTED, resources={"cpus": 4, "memory": "8g", "decoders": 2}),
        lambda: settled(C),
    ),
    "docker update behind the back": (
        C,
        lambda: changed(settled(C), limits=Limits(cpus=2, memory=8 << 30)),
    ),
    "docker update of a stopped container": (
        C,
        lambda: changed(settled(C), restart="no", state="exited"),
    ),
    "stopped": (
        C,
        lambda: changed(settled(C), state="exited"),
    ),
    "never started": (
        C,
        lambda: changed(settled(C), state="created"),
    ),
    "rotated key": (
        C,
        lambda: settled(C, billing_key=NEW_KEY),
    ),
    "rotated key as an argument": (
        profile(CONNECTED, api_key_as="argument"),
        lambda: settled(profile(CONNECTED, api_key_as="argument"), billing_key=NEW_KEY),
    ),
    "image moved": (
        C,
        lambda: settled(C, image=image(OTHER_IMAGE)),
    ),
    "another image, not here yet": (
        profile(CONNECTED, image=str(NEXT)),
        lambda: settled(C, image=None, reference=NEXT),
    ),
    "image removed under the container": (
        C,
        lambda: settled(C, image=None),
    ),
    "another image needs another license": (
        profile(DISCONNECTED, image=str(NEXT)),
        lambda: settled(D, image=image(OTHER_IMAGE), reference=NEXT),
    ),
    "another model": (
        profile(CONNECTED, model={"id": OTHER_MODEL}),
        lambda: settled(C, model=None, model_id=OTHER_MODEL),
    ),
    "another model that is here": (
        profile(CONNECTED, model={"id": OTHER_MODEL}),
        lambda: settled(C, model=model(OTHER_MODEL), model_id=OTHER_MODEL),
    ),
    "damaged model": (
        C,
        lambda: settled(C, model=model(damage="a.lms: 0 bytes instead of 9")),
    ),
    "display model missing": (
        profile(CONNECTED, display=PUNCT),
        lambda: settled(C),
    ),
    "display model downloaded since": (
        profile(CONNECTED, display=PUNCT),
        lambda: settled(
            C, model=model(display=[{"type": "punct", "locale": "en-US", "id": None}])
        ),
    ),
    "a container that nothing is known of": (
        C,
        lambda: settled(C, applied=None),
    ),
    "ownership": (
        D,
        lambda: settled(D, not_owned=(Path("/d/models", MODEL), Path("/d/output"))),
    ),
    "leftovers": (
        C,
        lambda: settled(C, leftovers=("contoso.csctl-next", "quick_wing")),
    ),
    "replacement broken off after the renames": (
        C,
        lambda: settled(C, replaced=settled(C).serving),
    ),
    "replacement broken off and no longer wanted": (
        profile(CONNECTED, port=5001),
        lambda: settled(C, replaced=settled(C).serving),
    ),
    "replacement broken off between the renames": (
        profile(CONNECTED, port=5001),
        lambda: settled(
            C,
            replaced=settled(C).serving,
            serving=None,
            applied=None,
            leftovers=("contoso.csctl-next",),
        ),
    ),
}

GONE = Path("/d/license/20260502T120000Z")
LICENSE: dict[str, Case] = {
    "missing": (
        D,
        lambda: settled(D, license=None),
    ),
    "of another model": (
        D,
        lambda: settled(D, license=license_(model=OTHER_MODEL)),
    ),
    "damaged": (
        D,
        lambda: settled(D, license=license_(damage=("x: gone",))),
    ),
    "empty": (
        D,
        lambda: settled(D, license=license_(files=())),
    ),
    "expired": (
        D,
        lambda: settled(D, license=license_(at=NOW - timedelta(days=90))),
    ),
    "renewed": (
        D,
        lambda: settled(D, license=license_(directory=Path("/d/license/new"))),
    ),
    "missing, and no section to fetch it by": (
        profile(DISCONNECTED, license=None),
        lambda: settled(D, license=None),
    ),
    "mismatched, and no section to fetch it by": (
        profile(DISCONNECTED, license=None),
        lambda: settled(D, license=license_(image_id=OTHER_IMAGE)),
    ),
    "expired, and no section to fetch it by": (
        profile(DISCONNECTED, license=None),
        lambda: settled(
            D,
            license=license_(details={"declared_expiry": "2026-05-01T00:00:00+00:00"}),
        ),
    ),
    "put there by hand": (
        profile(DISCONNECTED, license=None),
        lambda: settled(D, license=license_(record=None)),
    ),
}


PROBLEMS: dict[str, Case] = {
    "name taken": (
        C,
        lambda: settled(C, serving=None, applied=None, name_taken_by="nginx:1.27"),
    ),
    "port taken": (
        C,
        lambda: settled(C, serving=None, applied=None, port_taken_by="container x"),
    ),
    "port taken while it is stopped": (
        C,
        lambda: changed(
            settled(C, port_taken_by="another process of this host"), state="exited"
        ),
    ),
    "too many CPUs": (
        profile(CONNECTED, resources={"cpus": 9, "memory": "8g"}),
        lambda: settled(C),
    ),
    "too much memory": (
        profile(CONNECTED, resources={"cpus": 4, "memory": "64g"}),
        lambda: settled(C),
    ),
    "display models of an old image": (
        profile(CONNECTED, image="csctl/rehearsal:3.0.0-amd64", display=PUNCT),
        lambda: settled(
            C,
            reference=ImageReference.parse("csctl/rehearsal:3.0.0-amd64"),
            serving=None,
            applied=None,
        ),
    ),
    "a model and no account to download it by": (
        profile(DISCONNECTED, billing=None),
        lambda: settled(D, model=None, billing_key=None, serving=None, applied=None),
    ),
    "a key that a download needs": (
        D,
        lambda: settled(
            D,
            model=None,
            serving=None,
            applied=None,
            billing_key=UnknownSecret(),
            billing_problem=KEY_GONE,
            license_problem=LICENSE_KEY_GONE,
        ),
    ),
    "a key that the license needs": (
        D,
        lambda: settled(
            D,
            license=None,
            serving=None,
            applied=None,
            billing_problem=KEY_GONE,
            license_problem=LICENSE_KEY_GONE,
        ),
    ),
    "a key that a new connected container needs": (
        profile(CONNECTED, port=5001),
        lambda: settled(C, billing_key=UnknownSecret(), billing_problem=KEY_GONE),
    ),
    "a key that an update in place does not need": (
        profile(CONNECTED, resources={"cpus": 2, "memory": "8g"}),
        lambda: settled(C, billing_key=UnknownSecret(), billing_problem=KEY_GONE),
    ),
    "a key that a new disconnected container does not need": (
        profile(DISCONNECTED, port=5001),
        lambda: settled(D, billing_problem=KEY_GONE, license_problem=LICENSE_KEY_GONE),
    ),
    "a variable that a new container needs": (
        profile(DISCONNECTED, port=5001),
        lambda: settled(D, environment_problems=(KEY_GONE,)),
    ),
    "an image of another platform": (
        C,
        lambda: settled(C, problems=(UsageError("image x is made for arm64"),)),
    ),
}

ALL = {
    f"{group}: {name}": case
    for group, cases in (
        ("fresh", FRESH),
        ("settled", SETTLED),
        ("drift", DRIFT),
        ("license", LICENSE),
        ("problem", PROBLEMS),
    )
    for name, case in cases.items()
}


@pytest.mark.parametrize("name", ALL)
def test_a_situation_has_its_plan(name: str) -> None:
    wanted, observe = ALL[name]
    assert str(reconcile(wanted, observe())) == _golden()[name]


def test_every_written_plan_has_its_situation() -> None:
    assert list(_golden()) == list(ALL)


@pytest.mark.parametrize("name", ALL)
def test_no_plan_shows_a_key(name: str) -> None:
    wanted, observe = ALL[name]
    assert "s3cret" not in repr(reconcile(wanted, observe()))


@pytest.mark.parametrize("name", ALL)
def test_every_problem_has_a_remedy_or_comes_from_observing(name: str) -> None:
    wanted, observe = ALL[name]
    seen = observe()
    given = {
        seen.billing_problem,
        seen.license_problem,
        *seen.environment_problems,
        *seen.problems,
    }
    for problem in reconcile(wanted, seen).problems:
        assert problem.remedy or problem in given


def _notes(wanted: Profile, **changes: Any) -> tuple[str, ...]:
    plan: Plan = reconcile(wanted, settled(D, **changes))
    return plan.notes[len(wanted.warnings) :]


@pytest.mark.parametrize(
    ("seconds", "took"),
    [(None, ""), (252.4, ", some 4m 12s as at its last start")],
    ids=["unknown", "known"],
)
def test_a_replacement_tells_for_how_long_nothing_serves(
    seconds: float | None, took: str
) -> None:
    seen = settled(C, image=image(OTHER_IMAGE), ready_seconds=seconds)
    plan = reconcile(C, seen)
    assert "replace" in [step.action for step in plan.steps]
    assert plan.notes[-1] == (
        "it does not serve from the stop of the old container until the new one is"
        f" ready{took}; what is being recognised is cut off"
    )


def test_what_is_not_replaced_goes_on_serving() -> None:
    for seen in (settled(D, ready_seconds=4.0), fresh(D)):
        assert not any("does not serve" in one for one in reconcile(D, seen).notes)


def test_a_license_that_is_due_is_noted() -> None:
    assert _notes(D, license=license_(at=NOW - timedelta(days=84))) == (
        "the license ends on 2026-06-07 (declared): renew it",
    )
    assert _notes(D, license=license_(at=NOW - timedelta(days=82))) == ()


def test_a_license_that_ended_by_a_day_in_the_profile_is_noted() -> None:
    wanted = profile(DISCONNECTED, license={"expires": date(2026, 5, 1)})
    assert _notes(wanted) == ("the license ended on 2026-05-01 (declared)",)


def test_a_license_that_ended_without_a_section_is_noted() -> None:
    details = {"declared_expiry": "2026-05-01T00:00:00+00:00"}
    wanted = profile(DISCONNECTED, license=None)
    assert _notes(wanted, license=license_(details=details)) == (
        "the license ended on 2026-05-01 (declared)",
    )


def test_a_license_that_was_put_there_by_hand_is_noted() -> None:
    wanted = profile(DISCONNECTED, license=None)
    assert _notes(wanted, license=license_(record=None)) == (
        f"license {GONE} was not fetched by csctl: whether it fits this image and"
        " model is unknown",
    )


def test_warnings_and_what_was_seen_come_first() -> None:
    wanted = profile(CONNECTED, port="0.0.0.0:5000")
    plan = reconcile(wanted, settled(C, notes=("newest is 4.12.0-amd64",)))
    assert plan.notes[: len(wanted.warnings) + 1] == (
        *wanted.warnings,
        "newest is 4.12.0-amd64",
    )
    assert any(note.startswith("port: ") for note in plan.notes)


@pytest.mark.parametrize(
    ("wanted", "observe", "needed"),
    [
        (C, lambda: settled(C), {"billing"}),
        (D, lambda: settled(D), set()),
        (D, lambda: fresh(D), {"billing", "license"}),
        (D, lambda: settled(D, license=None), {"license"}),
        (D, lambda: settled(D, model=None), {"billing"}),
        (profile(DISCONNECTED, display=PUNCT), lambda: settled(D), {"billing"}),
    ],
    ids=[
        "connected",
        "disconnected",
        "fresh",
        "no-license",
        "no-model",
        "no-display",
    ],
)
def test_only_keys_that_a_plan_needs_are_asked_for(
    wanted: Profile, observe: Callable[[], Observed], needed: set[str]
) -> None:
    assert keys_needed(wanted, observe()) == needed


def test_a_missing_license_is_an_error_of_the_license() -> None:
    wanted = profile(DISCONNECTED, license=None)
    [problem] = reconcile(wanted, settled(D, license=None)).problems
    assert isinstance(problem, LicenseError)
    assert problem.remedy == "add `license`, or bring one into /d/license"


def test_reconciling_changes_nothing_that_it_looks_at() -> None:
    seen = settled(D)
    before = repr(seen)
    reconcile(profile(DISCONNECTED, port=5001), seen)
    assert repr(seen) == before
    assert dataclasses.replace(seen) == seen
    assert IMAGE_ID in before
