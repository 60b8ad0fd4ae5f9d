"""Asking: the answer is no unless somebody says yes."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.widgets import Button, Input

from csctl.tui.confirm_dialog import ConfirmDialog, TypedDialog
from csctl.tui.fleet_screen import FleetScreen
from tests.tui.stage import (
    Stage,
    notices_of,
    row,
    run,
    stage,
    text_of,
    until,
    until_notice,
    until_text,
)

pytestmark = pytest.mark.anyio

LONG = "\n".join(f"step {number}" for number in range(1, 31))


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


async def _ask(
    app: Stage, pilot: Pilot[int], dialog: ModalScreen[bool]
) -> list[bool | None]:
    """Ask; the list holds the answer once there is one."""
    answers: list[bool | None] = []
    await app.push_screen(dialog, answers.append)
    await pilot.pause()
    return answers


async def _answered(pilot: Pilot[int], answers: list[bool | None]) -> bool | None:
    await until(pilot, lambda: answers)
    assert isinstance(pilot.app.screen, FleetScreen)
    [answer] = answers
    return answer


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        (["enter"], False),
        (["n"], False),
        (["q"], False),
        (["escape"], False),
        (["ctrl+c"], False),
        (["y"], True),
        (["right", "enter"], True),
        (["left", "enter"], True),
        (["tab", "enter"], True),
        (["right", "left", "enter"], False),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
async def test_only_yes_is_yes_and_enter_is_no(keys: list[str], answer: bool) -> None:
    app = stage(row())
    async with run(app) as pilot:
        answers = await _ask(app, pilot, ConfirmDialog("Stop contoso?", yes="Stop"))
        await pilot.press(*keys)
        assert await _answered(pilot, answers) is answer


@pytest.mark.parametrize(("label", "answer"), [("#yes", True), ("#no", False)])
async def test_the_answers_can_be_clicked(label: str, answer: bool) -> None:
    app = stage(row())
    async with run(app) as pilot:
        answers = await _ask(app, pilot, ConfirmDialog("Stop contoso?"))
        await pilot.click(label)
        assert await _answered(pilot, answers) is answer


@pytest.mark.parametrize("size", [(40, 10), (80, 24)], ids=str)
async def test_the_answers_are_in_sight_however_much_is_asked(
    size: tuple[int, int],
) -> None:
    app = stage(row())
    question = "Apply to contoso-en-us-production on box (unix:///var/run/docker.sock)?"
    async with run(app, size) as pilot:
        await _ask(app, pilot, ConfirmDialog(question, detail=LONG, yes="Apply"))
        assert app.focused is app.screen.query_one("#no", Button)
        shown = text_of(app)
        assert all(text in shown for text in ("Apply to", "step 1", "Cancel"))
        assert "step 30" not in shown
        await pilot.press("j", "j", "pagedown", "down", *["pagedown"] * 9)
        await until_text(pilot, "step 30")
        await pilot.press("k", "up", *["pageup"] * 12)
        await until_text(pilot, "step 2")
        assert "step 30" not in text_of(app)


async def test_what_is_asked_is_shown_word_for_word() -> None:
    app = stage(row())
    async with run(app) as pilot:
        dialog = ConfirmDialog("Stop [b]it[/b]?", detail="- a: [1, 2]\n+ a: [/x]")
        await _ask(app, pilot, dialog)
        for text in ("Stop [b]it[/b]?", "- a: [1, 2]", "+ a: [/x]"):
            assert text in text_of(app)


# -- what cannot be undone ------------------------------------------------------------


async def test_only_the_word_in_full_is_yes() -> None:
    app = stage(row())
    async with run(app) as pilot:
        dialog = TypedDialog("Remove contoso?", word="contoso", detail="For good.")
        answers = await _ask(app, pilot, dialog)
        assert isinstance(app.focused, Input)
        await pilot.press("enter")
        await until_notice(pilot, "that is not contoso")
        await pilot.press(*"contos", "enter", *"y", "enter")
        assert answers == []
        await pilot.press("backspace", "o", "enter")
        assert await _answered(pilot, answers) is True


@pytest.mark.parametrize("key", ["escape", "ctrl+c"])
async def test_a_word_that_is_not_typed_to_its_end_is_no(key: str) -> None:
    app = stage(row())
    async with run(app) as pilot:
        answers = await _ask(app, pilot, TypedDialog("Remove?", word="contoso"))
        await pilot.press(*"contoso", key)
        assert await _answered(pilot, answers) is False


@pytest.mark.parametrize("size", [(40, 10), (80, 24)], ids=str)
async def test_where_to_type_is_in_sight(size: tuple[int, int]) -> None:
    app = stage(row("contoso-en-us-production"))
    async with run(app, size) as pilot:
        await pilot.press("X")
        await until_text(pilot, "Esc to cancel:")
        await pilot.press(*"typed here")
        await until_text(pilot, "typed here")
        assert notices_of(app) == ""
