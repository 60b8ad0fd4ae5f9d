"""Questions that are asked in the background."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from csctl.lifecycle.questions import Questions


@pytest.fixture
def questions() -> Iterator[Questions[str]]:
    """Two may be asked at once."""
    made: Questions[str] = Questions(2)
    yield made
    made.close()


def _answers(questions: Questions[str], count: int) -> dict[str, str]:
    found: dict[str, str] = {}
    deadline = time.monotonic() + 60
    while len(found) < count:
        assert time.monotonic() < deadline, found
        found.update(questions.answers())
        time.sleep(0.001)
    return found


def _answered_after(event: threading.Event, answer: str) -> Callable[[], str]:
    def question() -> str:
        event.wait(60)
        return answer

    return question


def test_each_is_answered_once(questions: Questions[str]) -> None:
    for name in "abcde":
        questions.ask(name, name.upper)
    assert _answers(questions, 5) == {name: name.upper() for name in "abcde"}
    assert list(questions.answers()) == []
    assert not questions.open


def test_of_two_about_the_same_the_newer_counts(questions: Questions[str]) -> None:
    released = threading.Event()
    questions.ask("a", _answered_after(released, "old"))
    questions.ask("a", lambda: "new")
    assert _answers(questions, 1) == {"a": "new"}
    released.set()
    questions.ask("b", lambda: "last")
    assert _answers(questions, 1) == {"b": "last"}


def test_what_was_forgotten_is_not_answered(questions: Questions[str]) -> None:
    released = threading.Event()
    questions.ask("a", _answered_after(released, "late"))
    assert "a" in questions.open
    questions.forget("a")
    questions.forget("never asked")
    released.set()
    questions.ask("b", lambda: "yes")
    assert _answers(questions, 1) == {"b": "yes"}


def test_only_so_many_are_asked_side_by_side(questions: Questions[str]) -> None:
    released, begun = threading.Event(), []

    def question() -> str:
        begun.append(True)
        released.wait(60)
        return "done"

    for name in "abcd":
        questions.ask(name, question)
    deadline = time.monotonic() + 60
    while len(begun) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    time.sleep(0.05)
    assert len(begun) == 2
    questions.close()
    released.set()
    time.sleep(0.05)
    assert len(begun) == 2, "nobody wants to know any more"
    assert list(questions.answers()) == []
