"""How work goes and how it ended, in words."""

from __future__ import annotations

import dataclasses

import pytest

from csctl.container.observed import Container
from csctl.container.spec import ContainerSpec
from csctl.errors import UsageError
from csctl.format import progress
from csctl.lifecycle.events import Transfer
from csctl.lifecycle.outcome import Outcome
from csctl.lifecycle.status import Status
from csctl.plan.steps import Create, Plan, Replace, Start, Step
from tests.container.observing import running

START = Start(target="contoso", reason="it is exited")
CREATE = Create(target="contoso", spec=None, reason="there is no such container")
REPLACE = Replace(target="contoso", spec=None, reason="the profile changed")
MIB = 1 << 20
SEEN = running(ContainerSpec(name="contoso", image="x", arguments=()), "sha256:1")
EXITED = dataclasses.replace(SEEN, state="exited")


@pytest.mark.parametrize(
    ("done", "total", "speed", "text"),
    [
        (0, None, None, "0 B"),
        (3 * MIB, None, 1.5 * MIB, "3.0 MiB  1.5 MiB/s"),
        (MIB, 4 * MIB, None, " 25 %  1.0 MiB of 4.0 MiB"),
        (MIB, 4 * MIB, MIB, " 25 %  1.0 MiB of 4.0 MiB  1.0 MiB/s  3.0s left"),
        (MIB, 4 * MIB, 0.0, " 25 %  1.0 MiB of 4.0 MiB  0 B/s"),
        (4 * MIB, 4 * MIB, MIB, "100 %  4.0 MiB of 4.0 MiB  1.0 MiB/s"),
        (5 * MIB, 4 * MIB, None, "100 %  5.0 MiB of 4.0 MiB"),
        (0, 0, None, "100 %  0 B of 0 B"),
    ],
)
def test_a_transfer_tells_what_is_known_of_it(
    done: int, total: int | None, speed: float | None, text: str
) -> None:
    told = Transfer(what="pulling x", done=done, total=total)
    assert progress.transfer(told, speed) == text


@pytest.mark.parametrize(
    ("done", "begun", "during", "text"),
    [
        ((), None, None, "cancelled: nothing was changed"),
        (
            (),
            CREATE,
            None,
            "cancelled during create contoso: nothing half-made is kept",
        ),
        ((), None, "pulling x", "cancelled while pulling x"),
        (
            (CREATE,),
            REPLACE,
            "waiting for contoso",
            "cancelled during replace contoso: the old container is put back;"
            " what was done before stays",
        ),
        (
            (CREATE, START),
            None,
            "waiting for contoso",
            "cancelled while waiting for contoso; what was done before stays",
        ),
        ((CREATE,), None, None, "cancelled; what was done before stays"),
    ],
)
def test_what_was_cancelled_says_what_it_leaves(
    done: tuple[Step, ...], begun: Step | None, during: str | None, text: str
) -> None:
    assert progress.cancelled(done, begun, during) == text


def _row(container: Container | None, *, ready: bool = False) -> Status:
    return Status(
        profile="contoso",
        container=container,
        ready=ready,
        api_status=None,
        license=None,
        drift=(),
        wanted=None,
    )


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (_row(None), "contoso has no container"),
        (_row(SEEN, ready=True), "contoso is running and ready"),
        (_row(SEEN), "contoso is running, and not ready"),
        (_row(EXITED), "contoso is exited"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_row_says_what_its_container_is_at(row: Status, text: str) -> None:
    assert progress.standing(row) == text


@pytest.mark.parametrize(
    ("plan", "text"),
    [
        (Plan(profile="x", steps=()), "nothing to do"),
        (Plan(profile="x", steps=(START,)), "1 step"),
        (Plan(profile="x", steps=(CREATE, START)), "2 steps"),
        (
            Plan(profile="x", steps=(START,), problems=(UsageError("no"),)),
            "cannot be applied",
        ),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_plan_in_brief(plan: Plan, text: str) -> None:
    assert progress.plan(plan) == text


def test_an_outcome_and_an_error_as_sentences() -> None:
    outcome = Outcome(profile="x", steps=(), outcome="ready", seconds=12.34)
    assert progress.outcome(outcome) == "ready (12.3 s)"
    assert progress.error(UsageError("it is off")) == "it is off"
    assert progress.error(UsageError("it is off", remedy="turn it on")) == (
        "it is off\n→ turn it on"
    )
