"""Profiles as text for a csctl elsewhere: read there as they were read here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import yaml
from hypothesis import given, settings

from csctl.profile.carried import carried
from csctl.profile.load import parse
from csctl.profile.model import Profile
from tests.profile.test_any_profile import document, profiles

FOLDER = Path("/profiles")


def read(text: str, environ: dict[str, str]) -> list[Profile]:
    return parse(text, file="p", base=FOLDER, environ=environ)


def without_host(profile: Profile, like: Profile) -> Profile:
    return msgspec.structs.replace(profile, host=None, source=like.source)


@given(profiles())
@settings(max_examples=50, deadline=None)
def test_any_profile_is_the_same_over_there(drawn: dict[str, Any]) -> None:
    text = yaml.safe_dump(document(drawn), allow_unicode=True)
    [here] = read(text, {})
    [there] = read(carried([here], {}), {})
    assert without_host(there, here) == here


TEXT = """\
# A comment that is not carried, with ${NOTHING}
name: contoso-${SITE}
image: example.com/speech:${TAG:-4.12.0-amd64}
mode: disconnected
host: ssh://${SITE}
model: {id: 5f3a0c1e-7d2b-4c57-9d0e-2f6a8b1c4d3e}
display: {locale: en-US, types: [punct, "${TYPE}"]}
data: ~/stt
billing: {endpoint: "https://c.example.com", api_key: {env: SPEECH_KEY}}
resources: {cpus: "${CPUS}", memory: "${MEMORY}"}
license: {expires: 2027-01-31}
port: ${PORT}
restart: "no"
mounts:
environment: {A: "$${NOT}", B: "${ODD}", C: 0755}
labels: {a: "${TAG_LIKE}", "b: c": "x, y]"}
"""
ENVIRON = {
    "SITE": "stt1",
    "TYPE": "rescore",
    "CPUS": "2.5",
    "MEMORY": "6442450944",
    "PORT": "5001",
    "ODD": "${SITE} # {'\"",
    "TAG_LIKE": "3.12",
    "HOME": "/home/op",
}


def test_variables_are_those_of_here_and_the_home_is_that_of_there() -> None:
    [here] = read(TEXT, ENVIRON)
    text = carried([here], ENVIRON)
    assert "host" not in text
    [there] = read(text, {"HOME": "/home/op"})
    assert without_host(there, here) == without_host(here, here)
    assert there.environment == {"A": "${NOT}", "B": ENVIRON["ODD"], "C": "0755"}
    [there] = read(text, {"HOME": "/home/other"})
    assert there.data == Path("/home/other/stt")


def test_several_are_documents_of_one_text() -> None:
    [one] = read(TEXT, ENVIRON)
    [two] = read(TEXT.replace("contoso", "fabrikam"), ENVIRON)
    found = read(carried([one, two], ENVIRON), {"HOME": "/"})
    assert [profile.name for profile in found] == ["contoso-stt1", "fabrikam-stt1"]
