"""What a profile demands of its container before it counts as ready."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from csctl.errors import CsctlError, ProfileError, UsageError
from csctl.lifecycle.demand import Demand, Hearing
from csctl.lifecycle.hearing import check, hear
from csctl.probe import Address
from csctl.profile.load import parse
from csctl.profile.model import Profile
from csctl.speech.audio import SAMPLE
from tests.speech.far_end import far_end, saying

TEXT = "This container is ready, and turns speech into text."


def profile(
    ready: str, model: str = "base: {locale: de-DE}", more: str = ""
) -> Profile:
    text = (
        "name: contoso\nimage: a/b:1\nmode: disconnected\ndata: d\n"
        f"model: {{{model}}}\nready: {ready}\n{more}"
    )
    [found] = parse(text, file="p", base=Path("/profiles"), environ={})
    return found


def hearing(**changes: Any) -> Hearing:
    options: dict[str, Any] = {"sample": SAMPLE, "expect": TEXT, "locale": "en-US"}
    return Hearing(**(options | changes))


def test_without_speech_only_time_counts() -> None:
    assert Demand.of(profile("{timeout: 5m}")) == Demand(seconds=300)
    assert Demand.of(profile("{}"), timedelta(seconds=7)) == Demand(seconds=7)


@pytest.mark.parametrize(
    ("speech", "expected"),
    [
        ("sample", SAMPLE),
        ("./sample", Path("/profiles/sample")),
        ("hello.wav", Path("/profiles/hello.wav")),
        ("/srv/hello.wav", Path("/srv/hello.wav")),
    ],
)
def test_the_sample_is_a_file_or_csctls_own(speech: str, expected: Path) -> None:
    found = Demand.of(profile(f"{{speech: {speech}}}")).hearing
    assert found == Hearing(sample=expected, expect=None, locale="de-DE")


GUID = "id: 5f3a0c1e-7d2b-4c57-9d0e-2f6a8b1c4d3e"


@pytest.mark.parametrize(
    ("model", "more", "locale"),
    [
        ("base: {locale: de-DE}", "", "de-DE"),
        (GUID, "display: {locale: fr-FR, types: full}", "fr-FR"),
        (GUID, "", "en-US"),
    ],
)
def test_the_locale_is_the_models(model: str, more: str, locale: str) -> None:
    found = Demand.of(profile("{speech: sample}", model, more)).hearing
    assert found is not None
    assert found.locale == locale


@pytest.mark.parametrize(
    ("ready", "message"),
    [
        ("{expect: hello}", "ready.speech: required beside expect"),
        ("{speech: a.wav, expect: '...'}", "ready.expect: holds no word"),
        ("{speech: a.wav, expect: no}", "ready.expect: no is read as a boolean"),
        ("{speech: ''}", "ready.speech: a path is one line"),
        ("{speech: 5}", "ready.speech: 5 is read as"),
    ],
)
def test_a_wrong_demand_is_a_fault_of_the_profile(ready: str, message: str) -> None:
    with pytest.raises(ProfileError) as caught:
        profile(ready)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expect", "fault"),
    [
        (TEXT, TEXT, None),
        ("this CONTAINER is ready and turns speech into text", TEXT, None),
        ("Anything.", None, None),
        ("", None, "recognises no speech in"),
        ("...", TEXT, "recognises no speech in"),
        ("Another text.", TEXT, "recognises 'Another text.' in"),
    ],
)
def test_words_decide(text: str, expect: str | None, fault: str | None) -> None:
    found = hearing(expect=expect).fault(text)
    if fault is None:
        assert found is None
    else:
        assert found is not None
        assert found.startswith(fault)


def test_a_sample_is_looked_at_before(tmp_path: Path) -> None:
    assert check(hearing()) is None
    empty = tmp_path / "empty.wav"
    empty.touch()
    for path in (empty, tmp_path, tmp_path / "none.wav"):
        error = check(hearing(sample=path))
        assert isinstance(error, UsageError)
        assert str(path) in error.message


def test_what_a_container_recognises() -> None:
    with far_end(saying("Hello.", "World.")) as end:
        address = Address("127.0.0.1", end.port)
        assert hear("box", address, hearing(locale="de-DE"), 30) == "Hello. World."
        assert "language=de-DE" in end.calls[0].target


def test_a_container_that_says_nothing_has_its_time_and_no_more() -> None:
    def script(call: Any) -> None:
        call.hear_all()
        call.hear(10_000)

    with far_end(script) as end, pytest.raises(CsctlError, match="is not done after"):
        hear("box", Address("127.0.0.1", end.port), hearing(), 0.5)
