"""`csctl model use`: a model of the REST API into a profile, by its name or id."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.speech.conftest import KEY_VARIABLE, Speech, named
from tests.rest_api import RestApi

FIT = "Contoso calls en-US"
UNFIT = "Contoso dictation en-US"
GUID = "5f3a0c1e-7d2b-4c57-9d0e-2f6a8b1c4d3e"
MODEL = "model: {base: {locale: en-US}}   # ours"
TEXT = f"""\
name: contoso
image: a/b:1
mode: disconnected
{MODEL}
data: /srv/stt
"""


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """A profile without billing, in a folder of its own."""
    (tmp_path / "profiles").mkdir()
    path = tmp_path / "profiles" / "a.yaml"
    path.write_text(TEXT)
    return path


def _with(id_: str) -> str:
    """The profile once it wants this model."""
    return TEXT.replace(MODEL, f"model: {{id: {id_}}}   # ours")


def _account(api: RestApi) -> str:
    """The stand-in as a profile or csctl.yaml names it."""
    return f"{{endpoint: '{api.url}', api_key: {{env: {KEY_VARIABLE}}}}}"


def _id(api: RestApi, name: str) -> str:
    models = api.get("/models")["values"]
    [id_] = (one["self"][-36:] for one in models if one["displayName"] == name)
    return str(id_)


def test_the_id_is_written_for_a_name_once_the_difference_was_shown(
    csctl: Speech, api: RestApi, profile: Path
) -> None:
    id_ = _id(api, FIT)

    done = csctl("model", "use", profile, FIT, "--yes", *named(api))

    assert (done.code, done.out) == (0, f"{profile}: changed\n")
    assert f"custom model '{FIT}' of en-US, {id_}" in done.err
    assert f"-{MODEL}\n+model: {{id: {id_}}}   # ours\n" in done.err
    assert "warning" not in done.err
    assert profile.read_text() == _with(id_)
    again = csctl("model", "use", profile, id_, "--yes", *named(api))
    assert (again.code, again.out) == (0, "")
    assert "nothing to change" in again.err


@pytest.mark.parametrize("version", ["v3.2", "2024-11-15"])
def test_every_version_of_the_api_tells_of_models(
    version: str, csctl: Speech, api: RestApi, profile: Path
) -> None:
    words = ("model", "use", profile, FIT, "--yes", "--api-version", version)
    assert csctl(*words, *named(api)).code == 0
    assert profile.read_text() == _with(_id(api, FIT))


def test_without_a_terminal_it_wants_yes(
    csctl: Speech, api: RestApi, profile: Path
) -> None:
    done = csctl("model", "use", profile, FIT, *named(api))
    assert (done.code, done.out) == (2, "")
    assert "add --yes" in done.err
    assert profile.read_text() == TEXT


def test_that_containers_may_not_serve_it_is_said(
    csctl: Speech, api: RestApi, profile: Path
) -> None:
    done = csctl("model", "use", profile, UNFIT, "--yes", *named(api))
    assert done.code == 0
    assert "warning: the API says that containers may not serve it" in done.err
    assert profile.read_text() == _with(_id(api, UNFIT))


@pytest.mark.parametrize("written", ["{id}", "{link}", "{name}"])
def test_a_base_model_is_meant_by_id_link_or_name(
    written: str, csctl: Speech, api: RestApi, profile: Path
) -> None:
    listed = api.get("/models/base")["values"]
    names = [one["displayName"] for one in listed]
    one = next(m for m in listed if names.count(m["displayName"]) == 1)
    id_ = one["self"][-36:]
    text = written.format(id=id_, link=one["self"], name=one["displayName"])

    done = csctl("model", "use", profile, text, "--yes", *named(api))

    assert done.code == 0, done.err
    assert f"base model {one['displayName']!r}" in done.err
    assert profile.read_text() == _with(id_)


def test_a_name_of_several_custom_models_is_refused_with_their_ids(
    csctl: Speech, api: RestApi, profile: Path
) -> None:
    twins = {"displayName": "Twins", "locale": "en-US"}
    base = {"self": api.get("/models/base")["values"][0]["self"]}
    ids = {
        api.create("/models", baseModel=base, **twins)["self"][-36:] for _ in range(2)
    }

    done = csctl("model", "use", profile, "Twins", "--yes", *named(api))

    assert done.code == 2
    assert "'Twins' is the name of 2 of models" in done.err
    assert all(id_ in done.err for id_ in ids)
    assert profile.read_text() == TEXT


@pytest.mark.parametrize(("text", "code"), [("nonsense", 2), (GUID, 4)])
def test_what_the_api_does_not_have_changes_nothing(
    text: str, code: int, csctl: Speech, api: RestApi, profile: Path
) -> None:
    done = csctl("model", "use", profile, text, "--yes", *named(api))
    assert done.code == code
    assert text in done.err
    assert profile.read_text() == TEXT


def test_a_csctl_yaml_beside_the_profile_says_who_is_asked(
    csctl: Speech, api: RestApi, profile: Path
) -> None:
    config = profile.with_name("csctl.yaml")
    one = _account(api)
    config.write_text(f"resources: {{one: {one}, two: {one}}}\n")

    unclear = csctl("model", "use", profile, FIT, "--yes")
    assert unclear.code == 2
    assert "name one as its `default`, or choose with --resource: one, two" in (
        unclear.err
    )
    assert csctl("model", "use", profile, FIT, "--yes", "--resource", "two").code == 0
    assert profile.read_text() == _with(_id(api, FIT))


def test_else_the_profiles_billing_is_asked(
    csctl: Speech, api: RestApi, profile: Path
) -> None:
    nobody = csctl("model", "use", profile, FIT, "--yes")
    assert nobody.code == 2
    assert "`billing`" in nobody.err
    billing = f"billing: {_account(api)}\n"
    # Where the container runs is no matter.
    more = f"{billing}host: ssh://ops@elsewhere.example\n"
    profile.write_text(TEXT + more)
    assert csctl("model", "use", profile, FIT, "--yes").code == 0
    assert profile.read_text() == _with(_id(api, FIT)) + more


def test_of_several_profiles_in_a_file_one_is_named(
    csctl: Speech, api: RestApi, profile: Path
) -> None:
    other = TEXT.replace("contoso", "fabrikam").replace("/srv/stt", "/srv/fab")
    profile.write_text(f"{TEXT}---\n{other}")
    unclear = csctl("model", "use", profile, FIT, "--yes", *named(api))
    assert unclear.code == 2
    assert "--document 1 to 2" in unclear.err
    words = ("model", "use", profile, FIT, "--document", "1", "--yes", *named(api))
    assert csctl(*words).code == 0
    assert profile.read_text() == f"{_with(_id(api, FIT))}---\n{other}"
