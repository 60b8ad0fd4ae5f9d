"""Verbs and keys: one key each, a sentence for each, nothing dangerous in reach."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import pytest
from textual.binding import Binding
from textual.dom import DOMNode

from csctl.errors import EngineUnavailable
from csctl.lifecycle.status import Status
from csctl.tui.desk import Desk
from csctl.tui.screen import CsctlScreen
from csctl.tui.verb import BY_ACTION, VERBS, Verb
from tests.tui.every_screen import classes
from tests.tui.stage import container, row, stage

CLASSES = classes()
REMOVING = ("restart", "stop", "down")
"""Verbs that interrupt or remove what runs."""
MOVING = frozenset("hjklgGnN")
ROWS = ("1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./")


def bindings_of(node: type[DOMNode]) -> Iterable[Binding]:
    """The bindings that a class itself adds."""
    return cast("list[Binding]", node.__dict__.get("BINDINGS", []))


def keys_of(binding: Binding) -> list[str]:
    return binding.key.split(",")


def neighbours(key: str) -> set[str]:
    """The keys around one on a QWERTY keyboard, with and without Shift."""
    for above, line in enumerate(ROWS):
        if (at := line.find(key.lower())) < 0:
            continue
        # Each line is about half a key to the right of the one above it.
        around = {line[at - 1 : at], line[at + 1 : at + 2]}
        if above:
            around |= set(ROWS[above - 1][at : at + 2])
        if above + 1 < len(ROWS):
            around |= set(ROWS[above + 1][max(0, at - 1) : at + 1])
        return {one for each in around for one in (each, each.upper()) if one}
    return set()


def test_the_keyboard_of_these_tests_is_the_usual_one() -> None:
    assert {one for one in neighbours("g") if one.islower()} == set("fhtyvb")
    assert {one for one in neighbours("n") if one.islower()} == set("bmhj")


def test_each_verb_has_a_key_of_its_own() -> None:
    assert len({verb.key for verb in VERBS}) == len(VERBS)


@pytest.mark.parametrize("action", REMOVING)
def test_no_key_that_interrupts_or_removes_is_beside_one_that_moves(
    action: str,
) -> None:
    key = BY_ACTION[action].key
    assert MOVING.isdisjoint(neighbours(key))
    assert key not in MOVING


def test_every_class_of_the_terminal_ui_is_looked_at() -> None:
    names = {one.__name__ for one in CLASSES}
    assert {"CsctlApp", "FleetScreen", "LogView", "ConfirmDialog"} <= names


@pytest.mark.parametrize("node", CLASSES, ids=lambda node: node.__name__)
def test_every_key_has_a_sentence_for_the_help(node: type[DOMNode]) -> None:
    silent = [
        one.key for one in bindings_of(node) if not (one.tooltip or one.description)
    ]
    assert silent == []


@pytest.mark.parametrize("node", CLASSES, ids=lambda node: node.__name__)
def test_no_screen_or_widget_has_another_use_for_a_verbs_key(
    node: type[DOMNode],
) -> None:
    verbs = {verb.key: verb.action for verb in VERBS}
    taken = [
        (key, one.action)
        for one in bindings_of(node)
        for key in keys_of(one)
        if verbs.get(key, one.action) != one.action
    ]
    assert taken == []


@pytest.mark.parametrize("node", CLASSES, ids=lambda node: node.__name__)
def test_what_a_screen_says_that_it_changes_is_an_action_of_its_own(
    node: type[DOMNode],
) -> None:
    if issubclass(node, CsctlScreen):
        assert all(hasattr(node, f"action_{name}") for name in node.CHANGES)
        assert BY_ACTION.keys().isdisjoint(node.CHANGES)


# -- what can be done now -------------------------------------------------------------

FOREIGN = row("contoso", wanted=None)
ABSENT = row("contoso", container=None)
STOPPED = row("contoso", container=container("contoso", state="exited"), ready=False)
PAUSED = row("contoso", container=container("contoso", state="paused"), ready=False)
RUNNING = row("contoso")
CONNECTED = row(
    "contoso", wanted=None, container=container("contoso", mode="connected")
)
GONE = EngineUnavailable("gone")
ALL = frozenset(BY_ACTION)
ANYWHERE = frozenset(("images", "new"))
LOOKED_AT = frozenset(("details", "license"))
OF_A_PROFILE = frozenset(("plan", "apply", "models", "edit"))


def _desk(**changes: Any) -> Desk:
    desk = stage(read_only=changes.pop("read_only", False)).desk
    desk.engine = desk.connect()
    for name, value in changes.items():
        setattr(desk, name, value)
    return desk


@pytest.mark.parametrize(
    ("shown", "possible"),
    [
        pytest.param(None, ANYWHERE, id="no row"),
        pytest.param(RUNNING, ALL - {"start"}, id="it runs"),
        pytest.param(STOPPED, ALL - {"restart", "stop"}, id="it is stopped"),
        pytest.param(PAUSED, ALL - {"start"}, id="it is paused"),
        pytest.param(
            ABSENT, ANYWHERE | LOOKED_AT | OF_A_PROFILE, id="it has no container"
        ),
        pytest.param(
            FOREIGN,
            ANYWHERE | LOOKED_AT | {"logs", "restart", "stop"},
            id="no profile of it was given",
        ),
        pytest.param(
            CONNECTED,
            ANYWHERE | {"details", "logs", "restart", "stop"},
            id="it is connected",
        ),
    ],
)
def test_what_can_be_done_to_a_row(
    shown: Status | None, possible: frozenset[str]
) -> None:
    desk = _desk()
    assert {verb.action for verb in VERBS if not verb.why_not(desk, shown)} == possible


@pytest.mark.parametrize(
    ("changes", "possible"),
    [
        pytest.param(
            {"lost": GONE},
            LOOKED_AT | {"edit", "new"},
            id="the Engine is lost",
        ),
        pytest.param(
            {"engine": None}, LOOKED_AT | {"edit", "new"}, id="it was not reached yet"
        ),
        pytest.param(
            {"read_only": True},
            frozenset(verb.action for verb in VERBS if not verb.changes),
            id="nothing may be changed",
        ),
    ],
)
def test_what_can_be_done_on_a_desk(
    changes: dict[str, Any], possible: frozenset[str]
) -> None:
    desk = _desk(**changes)
    found = {verb.action for verb in VERBS if not verb.why_not(desk, RUNNING)}
    assert found == possible


@pytest.mark.parametrize(
    ("action", "changes", "shown", "why"),
    [
        ("details", {}, None, "no row is selected"),
        ("plan", {}, FOREIGN, "no profile of contoso was given to csctl"),
        ("plan", {"lost": GONE}, RUNNING, "the Engine does not answer"),
        ("logs", {}, ABSENT, "contoso has no container"),
        ("stop", {}, STOPPED, "contoso is exited"),
        ("start", {}, RUNNING, "contoso is running"),
        ("license", {}, CONNECTED, "contoso is connected: it needs no license"),
        ("stop", {"read_only": True}, RUNNING, "csctl was started with --read-only"),
    ],
)  # fmt: skip
def test_why_something_cannot_be_done_is_a_sentence(
    action: str, changes: dict[str, Any], shown: Status | None, why: str
) -> None:
    assert BY_ACTION[action].why_not(_desk(**changes), shown) == why


def test_the_binding_of_a_verb_is_what_its_table_says() -> None:
    for verb in VERBS:
        _check(verb, verb.binding())


def _check(verb: Verb, binding: Binding) -> None:
    assert (binding.key, binding.action, binding.show) == (
        verb.key,
        verb.action,
        verb.show,
    )
    assert binding.tooltip == verb.help
