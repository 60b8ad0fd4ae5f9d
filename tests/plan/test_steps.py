"""Steps: one line each, with its sign, target and reason."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from csctl.container.drift import Difference
from csctl.container.spec import ContainerSpec, UnknownSecret
from csctl.errors import UsageError
from csctl.plan import steps
from csctl.plan.steps import Plan, Step
from csctl.reference import ImageReference

SPEC = ContainerSpec(name="x", image="x", arguments=())
PORT = Difference(field="port", have="1", want="2", by="profile")
LINES: dict[str, Step] = {
    "*   pull-image x.io/y:1: r": steps.PullImage(
        reference=ImageReference.parse("x.io/y:1"), reason="r"
    ),
    "*   download-model abc: r": steps.DownloadModel(
        model_id="abc", base_locale="en-US", reason="r"
    ),
    "*   download-model newest base model of en-US (resolved during apply): r": (
        steps.DownloadModel(model_id=None, base_locale="en-US", reason="r")
    ),
    "*   download-display punct rescore of en-US: r": steps.DownloadDisplay(
        locale="en-US", types=("punct", "rescore"), ids={}, reason="r"
    ),
    "*   download-display punct=0123456789AB: r": steps.DownloadDisplay(
        locale=None, types=(), ids={"punct": "0123456789ABCDEF"}, reason="r"
    ),
    "*   fetch-license /d: r": steps.FetchLicense(root=Path("/d"), reason="r"),
    "*   set-ownership /a /b to 1:2: r": steps.SetOwnership(
        paths=(Path("/a"), Path("/b")), owner="1:2", reason="r"
    ),
    "+   create x: r": steps.Create(target="x", spec=None, reason="r"),
    "-/+ replace x: r\n        port: 1 -> 2": steps.Replace(
        target="x", spec=None, differences=(PORT,), reason="r"
    ),
    "~   update x: r\n        port: 1 -> 2": steps.Update(
        target="x", spec=SPEC, differences=(PORT,), reason="r"
    ),
    "*   start x: r": steps.Start(target="x", reason="r"),
    "-   stop x: r": steps.Stop(target="x", reason="r"),
    "-   remove x: r": steps.Remove(target="x", reason="r"),
}


@pytest.mark.parametrize(("line", "step"), LINES.items(), ids=lambda one: str(one)[:24])
def test_a_step_is_told_in_one_line_and_its_differences(line: str, step: Step) -> None:
    assert steps.describe(step) == line


def test_the_actions_are_the_ones_that_scripts_know() -> None:
    known = """pull-image download-model download-display fetch-license set-ownership
    create replace update start stop remove"""
    assert {step.action for step in LINES.values()} == set(known.split())


def test_a_plan_shows_its_steps_and_then_its_problems() -> None:
    plan = Plan(
        profile="x",
        steps=(steps.Start(target="x", reason="r"),),
        problems=(UsageError("no", remedy="yes"),),
        notes=("a note",),
    )
    assert str(plan) == "x:\n  *   start x: r\n  ! no"


def test_a_plan_without_steps_says_so() -> None:
    assert str(Plan(profile="x", steps=())) == "x:\n  nothing to do"
    blocked = Plan(profile="x", steps=(), problems=(UsageError("no"),))
    assert str(blocked) == "x:\n  ! no"


def _update(**changes: Any) -> Plan:
    step = steps.Update(target="x", spec=SPEC, differences=(PORT,), reason="r")
    return Plan(profile="x", steps=(dataclasses.replace(step, **changes),))


@pytest.mark.parametrize(
    ("other", "agree"),
    [
        pytest.param(_update(), True, id="equal"),
        pytest.param(
            dataclasses.replace(_update(), notes=("the license ends soon",)),
            True,
            id="another note",
        ),
        pytest.param(_update(reason="s"), False, id="another reason"),
        pytest.param(_update(target="y"), False, id="another target"),
        pytest.param(_update(differences=()), False, id="other differences"),
        pytest.param(
            _update(spec=dataclasses.replace(SPEC, restart="always")),
            False,
            id="another spec",
        ),
        pytest.param(
            _update(spec=dataclasses.replace(SPEC, image="y")),
            False,
            id="another image",
        ),
        pytest.param(Plan(profile="x", steps=()), False, id="nothing to do"),
    ],
)
def test_plans_are_the_same_where_they_do_the_same_for_the_same_reasons(
    other: Plan, agree: bool
) -> None:
    assert steps.same(_update(), other) is agree


def test_keys_that_cannot_be_read_are_the_same_at_every_look() -> None:
    one, two = (
        _update(spec=dataclasses.replace(SPEC, environment={"APIKEY": UnknownSecret()}))
        for _ in range(2)
    )
    assert one.steps != two.steps
    assert steps.same(one, two)
