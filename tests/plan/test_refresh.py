"""What a refresh and a rollback are decided to be, as plans read."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from csctl.license import StoredLicense
from csctl.plan import refresh as decide
from csctl.plan.observed import Observed
from csctl.plan.refusals import Allowed
from csctl.plan.steps import Plan
from csctl.profile.model import Profile
from csctl.reference import ImageReference
from tests.plan import situation

PROFILE = situation.profile(situation.DISCONNECTED)
GIB = 1 << 30
OTHER_MODEL = "0b6e4a52-9d1f-4f0c-8a57-3c9e1d2f4b6a"
OTHER_IMAGE_ID = "sha256:" + "2b" * 32
FETCH = "  *   fetch-license /d/license: a new one is asked for"


def _seen(**changes: Any) -> Observed:
    return situation.settled(PROFILE, **changes)


def _in_state(state: str, **changes: Any) -> Observed:
    seen = _seen(**changes)
    assert seen.serving is not None
    serving = dataclasses.replace(seen.serving, state=state)
    return dataclasses.replace(seen, serving=serving)


def _replaced() -> Observed:
    seen = _in_state("exited")
    return dataclasses.replace(seen, replaced=seen.serving)


def _refresh(
    seen: Observed,
    *,
    profile: Profile = PROFILE,
    used: StoredLicense | None = None,
    free: int = 64 * GIB,
    allowed: Allowed = Allowed(),  # noqa: B008 - a frozen value
) -> Plan:
    return decide.refresh(profile, seen, used=used, free=free, allowed=allowed)


def _replace_line(used: Path) -> str:
    return (
        "  -/+ replace contoso: it gets the new license\n"
        f"        mounts./license: {used} -> resolved during apply"
    )


USED = situation.license_().directory
REPLACE = _replace_line(USED)


@pytest.mark.parametrize(
    ("seen", "lines"),
    [
        pytest.param(_seen(), (FETCH, REPLACE), id="one that runs is replaced"),
        pytest.param(
            _in_state("restarting"), (FETCH, REPLACE), id="one that crashes is, too"
        ),
        pytest.param(_in_state("exited"), (FETCH,), id="one that was stopped stays"),
        pytest.param(_seen(serving=None), (FETCH,), id="without one it is only proven"),
        pytest.param(
            _seen(leftovers=("contoso.csctl-proof",)),
            (
                "  -   remove contoso.csctl-proof: a run that was broken off left it",
                FETCH,
                REPLACE,
            ),
            id="what a killed run left goes first",
        ),
        pytest.param(
            _in_state("exited", leftovers=("contoso.csctl-next",)),
            (
                "  *   start contoso: a replacement was broken off; it is undone",
                "  -   remove contoso.csctl-next: a run that was broken off left it",
                FETCH,
                REPLACE,
            ),
            id="one that a replacement stopped starts again",
        ),
        pytest.param(
            _replaced(),
            (
                "  -/+ replace contoso: a replacement was broken off; it is undone",
                FETCH,
                REPLACE,
            ),
            id="one that waits comes back",
        ),
    ],
)
def test_a_refresh_reads_as_what_it_does(
    seen: Observed, lines: tuple[str, ...]
) -> None:
    assert str(_refresh(seen)) == "\n".join(("contoso:", *lines))


def test_what_else_differs_is_shown() -> None:
    moved = situation.profile(situation.DISCONNECTED, port=5001)
    [_, step] = _refresh(_seen(), profile=moved).steps
    assert "port: 127.0.0.1:5000 -> 127.0.0.1:5001" in str(
        _refresh(_seen(), profile=moved)
    )
    assert step.action == "replace"


@pytest.mark.parametrize(
    ("seen", "message"),
    [
        pytest.param(
            _seen(image=situation.image(OTHER_IMAGE_ID)),
            "contoso: the profile says image csctl/rehearsal:4.12.0-amd64, and"
            " csctl/rehearsal:4.12.0-amd64 serves: the new license would not fit it",
            id="another build of the image",
        ),
        pytest.param(
            _seen(image=None, reference=ImageReference.parse("csctl/rehearsal:5.0.1")),
            "contoso: the profile says image csctl/rehearsal:5.0.1, and"
            " csctl/rehearsal:4.12.0-amd64 serves: the new license would not fit it",
            id="an image that is not here yet",
        ),
        pytest.param(
            _seen(model_id=OTHER_MODEL, model=situation.model(OTHER_MODEL)),
            f"contoso: the profile says model {OTHER_MODEL}, and {situation.MODEL}"
            " serves: the new license would not fit it",
            id="another model",
        ),
    ],
)
def test_a_license_for_another_set_than_serves_takes_force(
    seen: Observed, message: str
) -> None:
    [problem] = _refresh(seen).problems
    assert problem.message == message
    assert "--force" in str(problem.remedy)
    assert _refresh(seen, allowed=Allowed(mismatch=True)).problems == ()


def test_an_older_license_than_the_one_in_use_takes_force() -> None:
    used = situation.license_()
    assert used.fetched_at is not None
    early = _seen(now=used.fetched_at - timedelta(hours=1))
    [problem] = _refresh(early, used=used).problems
    assert "would be older than the one in use" in problem.message
    assert _refresh(early, used=used, allowed=Allowed(mismatch=True)).problems == ()
    assert _refresh(_seen(), used=used).problems == ()


def test_memory_for_two_containers_is_asked_for() -> None:
    seen, little = _seen(), 7 * GIB
    [problem] = _refresh(seen, free=little).problems
    assert problem.message == (
        "contoso: a second container, to prove the license, may take 8.0 GiB of memory,"
        " and 7.0 GiB is free"
    )
    assert "--allow-interruption" in str(problem.remedy)
    direct = _refresh(seen, free=little, allowed=Allowed(interruption=True))
    assert direct.problems == ()
    assert any("the replacement itself is the proof" in note for note in direct.notes)


def test_without_a_container_nothing_but_a_second_one_is_a_proof() -> None:
    alone = _seen(serving=None)
    [problem] = _refresh(alone, free=GIB, allowed=Allowed(interruption=True)).problems
    assert "--allow-interruption" not in str(problem.remedy)


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (_seen(model=None), "is not on this host"),
        (_seen(model=situation.model(damage="cut")), "is damaged: cut"),
    ],
    ids=["absent", "damaged"],
)
def test_the_license_step_needs_the_model(seen: Observed, words: str) -> None:
    [problem] = _refresh(seen).problems
    assert words in problem.message
    assert problem.remedy == "download it first: csctl model pull"


def test_a_key_is_needed() -> None:
    keyless = situation.profile(situation.DISCONNECTED, license={"valid_for": "9d"})
    [problem] = _refresh(_seen(), profile=keyless).problems
    assert "no `license` with a key" in problem.message
    [gone] = _refresh(_seen(license_problem=situation.LICENSE_KEY_GONE)).problems
    assert gone is situation.LICENSE_KEY_GONE


def test_a_connected_profile_needs_no_license() -> None:
    connected = situation.profile(situation.CONNECTED)
    [problem] = _refresh(situation.settled(connected), profile=connected).problems
    assert problem.message == "contoso is connected, and needs no license"


def _rollback(back: Observed, *left: StoredLicense) -> Plan:
    return decide.rollback(PROFILE, _seen(), back, left=left, free=64 * GIB)


def _earlier(**changes: Any) -> Observed:
    older = dataclasses.replace(situation.license_(), directory=Path("/d/license/old"))
    return dataclasses.replace(_seen(), license=older, **changes)


def test_going_back_changes_the_license_alone() -> None:
    fetched = situation.license_().fetched_at
    assert str(_rollback(_earlier())) == (
        "contoso:\n"
        "  -/+ replace contoso: back to the license fetched on"
        f" {fetched:%Y-%m-%d at %H:%M:%S} UTC\n"
        f"        mounts./license: {USED} -> /d/license/old"
    )


def test_what_the_profile_will_want_again_is_noted() -> None:
    back = _earlier(
        image=dataclasses.replace(situation.image(OTHER_IMAGE_ID), tags=()),
        model_id=OTHER_MODEL,
        model=situation.model(OTHER_MODEL),
    )
    plan = _rollback(back)
    assert [note for note in plan.notes if "apply would go there again" in note] == [
        "the profile says image csctl/rehearsal:4.12.0-amd64, and apply would go there"
        " again: write csctl/rehearsal:4.12.0-amd64 into it",
        f"the profile says model {situation.MODEL}, and apply would go there again:"
        f" write {OTHER_MODEL} into it",
    ]
    # Its tag means another image by now: the id is what leads to it.
    assert decide.spec_of(PROFILE, back).image == OTHER_IMAGE_ID


def test_what_cannot_be_marked_cannot_be_left() -> None:
    by_hand = dataclasses.replace(situation.license_(), record=None)
    [problem] = _rollback(_earlier(), by_hand).problems
    assert "has no record" in problem.message
