"""Whatever is written: it is read as meant, or refused with a ProfileError."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from csctl.errors import ProfileError
from csctl.profile.load import parse
from csctl.profile.model import Profile
from csctl.profile.value import DISPLAY_TYPES
from csctl.secret import FromCommand, FromEnvironment, FromFile

FOLDER = Path("/profiles")
FRAGMENTS = [
    *("name", "model", "display", "types", "api_key", "env", "port", "data", "labels"),
    *(
        ": ",
        "\n",
        "\n  ",
        "- ",
        "{",
        "}",
        "[",
        "]",
        ", ",
        "---\n",
        "? ",
        "|\n",
        "'",
        '"',
    ),
    *("full", "no", "5000", "1.5", "2027-01-31", "2027-02-30", "0b_", "~", "=", "<<"),
    *("${A}", "${", "$${", "${A:-b}", "&a ", "*a", "!!str ", "!x ", "\\0", "\t", "#"),
    *("\0", "\x85", "\ufeff", "\ud800", "%YAML 1.2\n", "...\n", "é"),
]


@given(st.text() | st.binary() | st.lists(st.sampled_from(FRAGMENTS)).map("".join))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_profile_or_a_profile_error(text: str | bytes) -> None:
    found: Sequence[object]
    try:
        found = parse(text, file="p", base=FOLDER, environ={"A": "a"})
    except ProfileError as error:
        found = error.problems
    assert found


Case = tuple[Any, Any]
"""What is written, and what is read."""


def cases(
    values: st.SearchStrategy[Any], read: Callable[[Any], Any] = lambda v: v
) -> st.SearchStrategy[Case]:
    return values.map(lambda value: (value, read(value)))


CHARACTERS = st.characters(
    codec="utf-8", exclude_categories=["Cc", "Cf", "Cn", "Co", "Cs"]
)
TEXT = st.text(CHARACTERS, max_size=30).map(
    lambda text: (text.replace("${", "$${"), text)
)
WORD = st.from_regex(r"[a-z][a-z0-9]{1,12}", fullmatch=True)
HEX = st.text("0123456789abcdef", min_size=64, max_size=64)
LOCALE = st.from_regex(r"[a-z]{2}-[A-Z]{2}", fullmatch=True)
PATH = st.lists(WORD, min_size=1, max_size=4).map("/".join)
SIZE = st.tuples(st.integers(6, 4096), st.sampled_from("mg"))
SPAN = st.tuples(st.integers(1, 500), st.sampled_from(["s", "m", "h", "d"]))
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
SECRET = (
    cases(WORD, FromEnvironment).map(lambda case: ({"env": case[0]}, case[1]))
    | PATH.map(lambda path: ({"file": path}, FromFile(FOLDER / path)))
    | st.lists(WORD, min_size=1).map(
        lambda words: ({"command": words}, FromCommand(tuple(words)))
    )
)
SIZES = SIZE.map(lambda s: (f"{s[0]}{s[1]}", s[0] << {"m": 20, "g": 30}[s[1]]))
SPANS = SPAN.map(lambda s: (f"{s[0]}{s[1]}", timedelta(seconds=s[0] * SECONDS[s[1]])))
KEYS: dict[str, st.SearchStrategy[Case]] = {
    "model.id": cases(st.uuids().map(str)),
    "display.ids": cases(
        st.dictionaries(st.sampled_from(DISPLAY_TYPES), HEX, min_size=1),
        lambda ids: {kind: one.upper() for kind, one in ids.items()},
    ),
    "billing.endpoint": cases(WORD.map(lambda word: f"https://{word}.example.com")),
    "billing.api_key": SECRET,
    "license.endpoint": cases(WORD.map(lambda word: f"https://{word}.example.com")),
    "license.expires": cases(st.dates(date(1000, 1, 1)), lambda day: day),
    "license.renew_before": SPANS,
    "license.keep": cases(st.integers(1, 99)),
    "data": cases(PATH, FOLDER.joinpath),
    "mounts.output": cases(PATH, lambda path: FOLDER / "own" / path).map(
        lambda case: (f"own/{case[0]}", case[1])
    ),
    "resources.cpus": cases(st.integers(1, 99) | st.floats(0.01, 99)),
    "resources.memory": SIZES,
    "resources.decoders": cases(st.integers(1, 99)),
    "restart": cases(st.sampled_from(["no", "always", "on-failure:3"])),
    "ready.timeout": SPANS,
    "proxy": cases(st.just("http://proxy:8888")) | SECRET,
    "environment": st.dictionaries(WORD.map("X_".__add__), TEXT | SECRET).map(
        lambda entries: (
            {name: case[0] for name, case in entries.items()},
            {name: case[1] for name, case in entries.items()},
        )
    ),
    "labels": st.dictionaries(WORD, TEXT).map(
        lambda entries: (
            {name: case[0] for name, case in entries.items()},
            {name: case[1] for name, case in entries.items()},
        )
    ),
    "logging.max_size": SIZES,
    "logging.max_file": cases(st.integers(1, 99)),
    "api_key_as": cases(st.sampled_from(["environment", "argument"])),
}
REQUIRED = {"model.id", "data"}
# A section needs its own required key.
NEEDS = {"billing.api_key": "billing.endpoint", "license.": "license.endpoint"}


@st.composite
def profiles(draw: st.DrawFn) -> dict[str, Case]:
    chosen = draw(st.sets(st.sampled_from(sorted(KEYS)))) | REQUIRED
    for prefix, needed in NEEDS.items():
        if any(key.startswith(prefix) for key in chosen):
            chosen.add(needed)
    return {key: draw(KEYS[key]) for key in sorted(chosen)}


def document(drawn: dict[str, Case]) -> dict[str, Any]:
    written: dict[str, Any] = {
        "name": "contoso",
        "image": "example.com/speech:1",
        "mode": "disconnected",
    }
    for path, (value, _) in drawn.items():
        section, _, key = path.rpartition(".")
        (written.setdefault(section, {}) if section else written)[key] = value
    return written


def value_at(profile: Profile, path: str) -> Any:
    value: Any = profile
    for name in path.split("."):
        value = getattr(value, name)
    return value


@given(profiles())
@settings(max_examples=100, deadline=None)
def test_what_is_dumped_is_read_as_meant(drawn: dict[str, Case]) -> None:
    written = document(drawn)
    texts = [
        yaml.safe_dump(written, allow_unicode=True),
        yaml.safe_dump(written, default_flow_style=True),
        json.dumps(written, ensure_ascii=False, default=str),
    ]
    for text in texts:
        [profile] = parse(text, file="p", base=FOLDER, environ={})
        for path, (_, read) in drawn.items():
            assert value_at(profile, path) == read
