"""Steps: one line each, with its sign, target and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from csctl.container.drift import Difference
from csctl.container.spec import ContainerSpec
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
