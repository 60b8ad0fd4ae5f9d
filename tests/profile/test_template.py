"""Answers become a commented profile that reads back as what was answered."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csctl.errors import UsageError
from csctl.profile.edit import edit
from csctl.profile.load import parse
from csctl.profile.model import Profile
from csctl.profile.template import KEY_FORMS, REQUIRED, Answers, commented, problems
from csctl.profile.value import DISPLAY_TYPES
from csctl.reference import ImageReference
from csctl.secret import FromCommand, FromEnvironment, FromFile, SecretSource
from csctl.size import parse_duration, parse_size

GUID = "5f3a0c1e-7d2b-4c57-9d0e-2f6a8b1c4d3e"
FOLDER = Path("/profiles")
KEY = "0123456789abcdef0123456789abcdef"
LEAST = Answers(
    name="contoso", image="a/b:1", mode="disconnected", model=GUID, data="stt"
)
CONNECTED = replace(LEAST, mode="connected", billing_endpoint="https://c.example.com")


def read(answers: Answers) -> Profile:
    text = commented(answers)
    [profile] = parse(text, file="p", base=FOLDER, environ={})
    return profile


def test_the_least_answers_make_a_profile_with_all_defaults() -> None:
    assert problems(LEAST, {}, FOLDER) == {}
    profile = read(LEAST)
    assert (profile.name, profile.mode, profile.model.id) == (
        "contoso",
        "disconnected",
        GUID,
    )
    assert profile.data == FOLDER / "stt"
    assert (profile.billing, profile.license, profile.display) == (None, None, None)
    assert str(profile.port) == "127.0.0.1:5000"


def test_the_keys_come_from_variables_unless_answered() -> None:
    profile = read(CONNECTED)
    assert profile.billing is not None
    assert profile.billing.api_key == FromEnvironment("SPEECH_KEY")
    profile = read(replace(LEAST, license_endpoint="https://d.example.com"))
    assert profile.license is not None
    assert profile.license.api_key == FromEnvironment("SPEECH_DC0_KEY")


def test_a_license_may_be_declared_without_a_resource() -> None:
    profile = read(replace(LEAST, valid_for="30d"))
    assert profile.license is not None
    assert (profile.license.endpoint, profile.license.api_key) == (None, None)


def test_the_form_of_a_key_alone_answers_nothing() -> None:
    formed = replace(LEAST, billing_key_form="env", license_key_form="command")
    assert commented(formed) == commented(LEAST)


def test_every_line_fits_and_every_key_is_described() -> None:
    lines = commented(LEAST).splitlines()
    assert max(map(len, lines)) <= 88
    top = ["name", "image", "mode", "model", "data"]
    for above, line in pairwise(lines):
        if line.partition(":")[0] in top:
            top.remove(line.partition(":")[0])
            assert above.startswith("# "), line
    assert top == []


def test_what_is_not_answered_is_shown_where_an_edit_puts_it() -> None:
    text = commented(replace(LEAST, cpus="8"))
    changes = {"port": "5001", "resources.memory": "16g", "license.valid_for": "30d"}
    lines = edit(text, changes).splitlines()
    for line, above in {
        "port: 5001": "# port: 127.0.0.1:5000",
        "  memory: 16g": "  # memory: 16g",
        "license:": "#   valid_for: 30d",
    }.items():
        assert lines[lines.index(line) - 1] == above


def test_an_editor_is_told_the_schema_on_the_first_line() -> None:
    text = commented(LEAST, schema="../schema.json")
    assert text == (
        "# yaml-language-server: $schema=../schema.json\n" + commented(LEAST)
    )
    with pytest.raises(UsageError):
        commented(LEAST, schema="a\nname: b")


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        pytest.param(
            Answers(),
            dict.fromkeys(("name", "image", "mode", "model", "data"), REQUIRED),
            id="nothing answered",
        ),
        pytest.param(
            replace(LEAST, mode="connected"),
            {"billing_endpoint": REQUIRED},
            id="connected without billing",
        ),
        pytest.param(
            replace(CONNECTED, billing_key_form="file"),
            {"billing_key": REQUIRED},
            id="a file without a path",
        ),
        pytest.param(
            replace(CONNECTED, billing_key_form="command"),
            {"billing_key": REQUIRED},
            id="a command without words",
        ),
        pytest.param(
            replace(LEAST, display_types="full"),
            {"display_locale": REQUIRED},
            id="display models of no locale",
        ),
        pytest.param(
            replace(LEAST, display_locale="en-US"),
            {"display_types": REQUIRED},
            id="no display models of a locale",
        ),
        pytest.param(
            replace(LEAST, license_key="K"),
            {"license_endpoint": REQUIRED},
            id="a key of no resource",
        ),
        pytest.param(
            replace(LEAST, base_locale="en-US"),
            {"model": "write exactly one of id and base"},
            id="two models",
        ),
        pytest.param(
            replace(CONNECTED, valid_for="30d"),
            {"license_endpoint": "is for mode disconnected only"},
            id="a license for connected",
        ),
        pytest.param(
            replace(LEAST, name="a b", cpus="many", decoders="0.5"),
            {
                "name": "'a b' is no name",
                "cpus": "many is text",
                "decoders": "0.5 is another",
            },
            id="wrong values",
        ),
        pytest.param(
            replace(LEAST, display_locale="en-US", display_types="punct, full, x, y"),
            {"display_types": "x is not one of"},
            id="wrong words of a list",
        ),
        pytest.param(
            replace(CONNECTED, billing_key_form="vault", billing_key="k"),
            {"billing_key_form": "write exactly one of {env: NAME}"},
            id="an unknown form",
        ),
        pytest.param(
            replace(CONNECTED, billing_key_form="command", billing_key="vault 'read"),
            {"billing_key": "write the command as a list of words"},
            id="quotes that do not match",
        ),
        pytest.param(
            replace(LEAST, data="${HERE}"),
            {"data": "variable HERE is not set"},
            id="a variable that is not set",
        ),
        pytest.param(
            replace(LEAST, name="a\x1b", data="\ud800"),
            dict.fromkeys(("name", "data"), "holds characters that cannot be printed"),
            id="unprintable",
        ),
    ],
)
def test_each_fault_is_told_at_its_answer(
    answers: Answers, expected: dict[str, str]
) -> None:
    found = problems(answers, {}, FOLDER)
    assert found.keys() == expected.keys()
    for name, message in expected.items():
        assert found[name].startswith(message), found[name]


@pytest.mark.parametrize("form", ["", *KEY_FORMS])
@pytest.mark.parametrize("field", ["billing_key", "license_key"])
@pytest.mark.parametrize("key", [KEY, KEY.upper() * 2, f"echo {KEY}"], ids=len)
def test_a_key_in_clear_is_refused_and_reaches_no_text(
    form: str, field: str, key: str
) -> None:
    answers = replace(LEAST, **{field: key, f"{field}_form": form})
    found = problems(answers, {}, FOLDER)
    assert "looks like a key" in found[field]
    shown = commented(answers) + "".join(found.values())
    assert KEY not in shown.lower()


WORD = st.from_regex(r"[a-z][a-z0-9]{1,10}", fullmatch=True)
TRAPS = st.sampled_from(["no", "3.12", "0755", "1e3", "2027-01-31", "null", "a-b_c"])
LOCALE = st.from_regex(r"[a-z]{2}-[A-Z]{2}", fullmatch=True)
SIGNS = st.characters(codec="utf-8", exclude_characters="$~/")
PATH = st.text(SIGNS, min_size=1, max_size=12).filter(str.isprintable)
SPACES = st.sampled_from(["", " ", "  "])


@st.composite
def secrets(draw: st.DrawFn) -> tuple[str, str, SecretSource]:
    form = draw(st.sampled_from(KEY_FORMS))
    if form == "env":
        name = draw(WORD)
        return draw(st.sampled_from(["", "env"])), name, FromEnvironment(name)
    if form == "file":
        path = draw(PATH.map(str.strip).filter(bool))
        return form, path, FromFile(FOLDER / path)
    words = draw(st.lists(WORD | TRAPS, min_size=1, max_size=4))
    return form, " ".join(words), FromCommand(tuple(words))


@given(st.data(), st.booleans(), SPACES)
@settings(max_examples=60, deadline=None)
def test_what_is_answered_is_read_back(
    pick: st.DataObject, connected: bool, space: str
) -> None:
    draw: Any = pick.draw
    name, data = draw(WORD | TRAPS), draw(PATH.map(str.strip).filter(bool))
    locale, cpus = draw(LOCALE), draw(st.integers(1, 99) | st.floats(0.01, 99))
    memory, decoders = f"{draw(st.integers(6, 99))}m", draw(st.integers(1, 99))
    types = draw(st.sets(st.sampled_from(DISPLAY_TYPES), min_size=1))
    billing, license_ = draw(secrets()), draw(secrets())
    port, span = draw(st.integers(1, 65535)), f"{draw(st.integers(1, 99))}d"
    disconnected = {
        "license_endpoint": "https://d.example.com",
        "license_key_form": license_[0],
        "license_key": license_[1],
        "valid_for": span,
    }
    answers = Answers(
        name=f"{space}{name}{space}",
        image="example.com/speech:newest",
        mode="connected" if connected else "disconnected",
        base_locale=locale,
        display_locale=locale,
        display_types=draw(st.sampled_from([", ", ",", " "])).join(sorted(types)),
        billing_endpoint="https://c.example.com",
        billing_key_form=billing[0],
        billing_key=billing[1] + space,
        data=data,
        cpus=str(cpus),
        memory=memory,
        decoders=str(decoders),
        port=str(port),
        **({} if connected else disconnected),
    )
    assert problems(answers, {}, FOLDER) == {}
    profile = read(answers)
    assert profile.name == name
    assert profile.image == ImageReference.parse("example.com/speech:newest")
    assert profile.model.base is not None
    assert (profile.model.id, profile.model.base.locale) == (None, locale)
    assert profile.display is not None
    assert (profile.display.locale, set(profile.display.types)) == (locale, types)
    assert profile.billing is not None
    assert profile.billing.api_key == billing[2]
    assert (profile.data, profile.port.number) == (FOLDER / data, port)
    limits = profile.resources
    assert (limits.cpus, limits.decoders) == (cpus, decoders)
    assert limits.memory == parse_size(memory)
    if connected:
        assert profile.license is None
    else:
        assert profile.license is not None
        assert profile.license.api_key == license_[2]
        assert profile.license.valid_for == parse_duration(span)


ANY = st.text(max_size=12) | st.sampled_from(["{a: b", "- x", "#", "'", '"', "full"])


@given(st.lists(ANY, min_size=18, max_size=18))
@settings(max_examples=60, deadline=None)
def test_any_answers_give_a_text_or_say_what_is_wrong(values: list[str]) -> None:
    names = Answers.__dataclass_fields__
    answers = Answers(**dict(zip(names, values, strict=False)))
    found = problems(answers, {}, FOLDER)
    assert found.keys() <= names.keys()
    if not found:
        read(answers)
