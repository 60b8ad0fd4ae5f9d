"""`ready: {speech}`: a container counts as ready once it recognised speech."""

from __future__ import annotations

import shutil

from csctl.speech.audio import SAMPLE
from tests.cli.shell import Engine, Shell

_TEXT = "The words of a rehearsal."
_SAID = {"REHEARSAL_TEXT": _TEXT}


def test_an_apply_ends_once_the_words_came(shell: Shell) -> None:
    shutil.copy(SAMPLE, shell.folder / "hello.wav")
    ready = {
        "timeout": "60s",
        "speech": "hello.wav",
        "expect": "the WORDS of a rehearsal",
    }
    draft = shell.write(stocked=True, ready=ready, environment=_SAID)
    assert ": ready (" in shell.apply(draft).out
    assert shell.actions(draft) == []
    assert "unchanged" in shell.apply(draft).out


def test_other_words_are_not_ready_at_once(shell: Shell) -> None:
    ready = {"timeout": "10m", "speech": "sample", "expect": "Something else"}
    draft = shell.write(stocked=True, ready=ready, environment=_SAID)
    done = shell.run("apply", "--yes", draft.path, code=5)
    assert f"{draft.name} recognises '{_TEXT}' in" in done.err
    assert "'Something else' is expected" in done.err
    assert draft.answers(), "it is left for a look"
    # What is there already has to prove itself just as well.
    shell.run("apply", "--yes", draft.path, code=5)
    draft.change(ready={"timeout": "60s", "speech": "sample"})
    assert "unchanged" in shell.apply(draft).out


def test_a_replacement_that_hears_wrong_is_rolled_back(
    shell: Shell, engine: Engine
) -> None:
    ready = {"timeout": "60s", "speech": "sample", "expect": _TEXT}
    draft = shell.write(stocked=True, ready=ready, environment=_SAID)
    shell.apply(draft)
    before = engine.identity(draft)
    draft.change(environment={"REHEARSAL_TEXT": "Nonsense."})
    done = shell.run("apply", "--yes", draft.path, code=1)
    assert "the new container failed, and the old one serves again" in done.err
    assert "recognises 'Nonsense.'" in done.err
    assert engine.identity(draft) == before
    assert draft.answers()


def test_a_license_is_proven_with_speech(shell: Shell, engine: Engine) -> None:
    ready = {"timeout": "60s", "speech": "sample", "expect": _TEXT}
    draft = shell.write(stocked=True, ready=ready, environment=_SAID)
    shell.apply(draft)
    before = engine.identity(draft)
    draft.change(ready=ready | {"expect": "Something else"})
    done = shell.run("license", "refresh", "--yes", draft.path, code=1)
    assert "failed its proof" in done.err
    assert "'Something else' is expected" in done.err
    assert engine.identity(draft) == before
    draft.change(ready=ready)
    shell.run("license", "refresh", "--yes", draft.path)
    assert engine.identity(draft) != before


def test_a_container_that_refuses_speech_has_its_time(shell: Shell) -> None:
    ready = {"timeout": "4s", "speech": "sample"}
    refusing = {"REHEARSAL_SPEECH_FAULT": "http-503"}
    draft = shell.write(stocked=True, ready=ready, environment=refusing)
    done = shell.run("apply", "--yes", draft.path, code=5)
    assert "answers, and recognises no speech in time" in done.err
    assert "HTTP 503" in done.err


def test_a_sample_that_is_none_is_a_problem_of_the_plan(shell: Shell) -> None:
    draft = shell.write(stocked=True, ready={"speech": "nowhere.wav"})
    [plan] = shell.json("plan", draft.path, code=2)
    [problem] = plan["problems"]
    assert "nowhere.wav cannot be read" in problem
    shell.run("apply", "--yes", draft.path, code=2)
