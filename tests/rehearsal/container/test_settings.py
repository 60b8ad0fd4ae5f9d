from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csctl.rehearsal.container.settings import InvalidKnob, Knobs, Settings


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (["ModelId=a-B"], {}),
        (["MODELID=a-B"], {}),
        (["modelid=a-B"], {}),
        ([], {"ModelId": "a-B"}),
        ([], {"MODELID": "a-B"}),
    ],
    ids=["as-documented", "capitals", "lower-case", "variable", "capital-variable"],
)
def test_names_count_in_any_case_and_values_as_given(
    arguments: list[str], environment: dict[str, str]
) -> None:
    assert Settings.read(arguments, environment).model_id == "a-B"


@pytest.mark.parametrize("name", ["Mounts:License", "Mounts__License"])
def test_a_variable_may_hold_underscores_in_place_of_a_colon(name: str) -> None:
    assert Settings.read([], {name: "/elsewhere"}).license == "/elsewhere"


def test_a_value_may_hold_an_equals_sign() -> None:
    assert Settings.read(["ApiKey=a=b=="], {}).api_key == "a=b=="


def test_nothing_given_is_the_documented_defaults() -> None:
    settings = Settings.read([], {})
    assert (settings.license, settings.output) == ("/license", "/output")
    assert settings.decoders == "10"
    assert not settings.wants_display
    assert not settings.download_license


@pytest.mark.parametrize(
    ("words", "types"),
    [
        (["Punct"], ("Punct",)),
        (["rescore", "PUNCT"], ("Punct", "Rescore")),
        (["FullDisplay"], ("Punct", "Rescore", "Resegment", "Wfstitn")),
        (["FullDisplay", "Punct"], ("Punct", "Rescore", "Resegment", "Wfstitn")),
        ([], ()),
    ],
    ids=["one", "any-case", "full", "full-and-one", "none"],
)
def test_bare_words_name_display_types(
    words: list[str], types: tuple[str, ...]
) -> None:
    assert Settings.read(words, {}).display_types == types


def test_the_environment_goes_before_an_argument_and_the_conflict_is_kept() -> None:
    settings = Settings.read(["apikey=one", "Billing=b"], {"ApiKey": "two"})
    assert settings.api_key == "two"
    assert settings.conflicts == ("ApiKey",)


def test_the_same_value_both_ways_is_no_conflict() -> None:
    assert Settings.read(["ApiKey=one"], {"APIKEY": "one"}).conflicts == ()


@given(st.lists(st.text()), st.dictionaries(st.text(), st.text()))
def test_no_arguments_and_no_variables_are_too_odd_to_read(
    arguments: list[str], environment: dict[str, str]
) -> None:
    settings = Settings.read(arguments, environment)
    assert set(settings.display_types) <= {"Punct", "Rescore", "Resegment", "Wfstitn"}


def test_knobs_are_at_rest_by_default() -> None:
    knobs = Knobs.read({})
    assert knobs.load_seconds == pytest.approx(0.3)
    assert (knobs.model_bytes, knobs.list_exit_code) == (1 << 20, 1)
    assert knobs.license_exits
    assert not knobs.echo_key
    assert (knobs.streams, knobs.capacity, knobs.speech_fault) == (0, 0, "")
    assert "nothing was recognised" in knobs.text
    assert knobs.failures == frozenset()


def test_several_failures_are_parted_by_commas() -> None:
    knobs = Knobs.read({"REHEARSAL_FAIL": "bad-key, never-ready"})
    assert knobs.fails("bad-key")
    assert knobs.fails("never-ready")
    assert not knobs.fails("no-model")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REHEARSAL_FAIL", "bad-kye"),
        ("REHEARSAL_LOAD_SECONDS", "soon"),
        ("REHEARSAL_MODEL_BYTES", "1g"),
        ("REHEARSAL_LICENSE_EXITS", "yes"),
        ("REHEARSAL_LICENSE_DAYS", ""),
        ("REHEARSAL_LIST_EXIT_CODE", "one"),
        ("REHEARSAL_ECHO_KEY", "2"),
        ("REHEARSAL_STREAMS", "many"),
        ("REHEARSAL_CAPACITY", "all"),
        ("REHEARSAL_SPEECH_FAULT", "http-418"),
    ],
)
def test_a_knob_that_means_nothing_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(InvalidKnob, match=name):
        Knobs.read({name: value})
