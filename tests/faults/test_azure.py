"""Keys, endpoints and locales that Azure, or the host, does not take."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.site import MODEL, Site

_NO_MODEL = "00000000-1111-4222-8333-444455556666"


@pytest.mark.parametrize("verb", ["model", "license"])
def test_a_wrong_key_is_4_and_leaves_nothing_half_made(site: Site, verb: str) -> None:
    if verb == "license":
        assert site.run("model", "pull", str(site.profile)).code == 0
    site.environ["STAND_IN_KEY"] = "not-the-key-at-all"
    done = site.run(verb, "pull", str(site.profile))
    assert done.code == 4, done.err
    assert "Azure refused the API key" in done.err
    assert "check that key and endpoint belong to one and the same" in done.err
    assert "not-the-key-at-all" not in done.err + done.out
    assert site.leftovers() == []
    assert site.containers() == []
    [log] = (site.data / ".csctl" / "logs").iterdir()
    assert str(log) in done.err
    assert "not-the-key-at-all" not in log.read_text()


def test_a_wrong_key_leaves_the_serving_container_alone(site: Site) -> None:
    site.apply_well()
    before = site.identity()
    site.document["model"] = {"id": "7c1d5a20-93be-4e4f-8a11-5f0e2d6b9c74"}
    site.environ["STAND_IN_KEY"] = "not-the-key"
    assert site.apply().code == 4
    assert site.identity() == before
    assert site.answers()


def _variable(site: Site) -> None:
    del site.environ["STAND_IN_KEY"]


def _empty_variable(site: Site) -> None:
    site.environ["STAND_IN_KEY"] = ""


def _file(site: Site) -> None:
    site.document["billing"]["api_key"] = {"file": str(site.folder / "no-such")}


def _command(site: Site) -> None:
    site.document["billing"]["api_key"] = {"command": ["false"]}


@pytest.mark.parametrize(
    ("take_away", "named"),
    [
        pytest.param(_variable, "STAND_IN_KEY", id="unset-variable"),
        pytest.param(_empty_variable, "STAND_IN_KEY", id="empty-variable"),
        pytest.param(_file, "no-such", id="no-file"),
        pytest.param(_command, "false", id="failing-command"),
    ],
)
def test_a_key_that_gives_nothing_is_2_before_anything_is_done(
    site: Site, take_away: Any, named: str
) -> None:
    take_away(site)
    done = site.apply()
    assert done.code == 2, done.err
    assert site.name in done.err
    assert named in done.err
    assert site.containers() == []
    assert not (site.data / "models").exists()


@pytest.mark.parametrize(
    "endpoint", ["contoso", "ftp://contoso.example", "https://", 7]
)
def test_an_endpoint_that_is_no_url_is_2(site: Site, endpoint: object) -> None:
    site.document["billing"] = dict(site.document["billing"], endpoint=endpoint)
    for done in (site.plan(), site.apply()):
        assert done.code == 2, done.err
        assert "billing.endpoint" in done.err


def test_a_model_id_that_is_no_guid_is_2(site: Site) -> None:
    site.document["model"] = {"id": "my-model"}
    done = site.plan()
    assert done.code == 2, done.err
    assert "model.id" in done.err


def test_a_model_that_azure_does_not_have_is_4(site: Site) -> None:
    site.document["model"] = {"id": _NO_MODEL}
    done = site.apply()
    assert done.code == 4, done.err
    assert _NO_MODEL in done.err
    assert "gave no manifest for this model" in done.err
    assert site.leftovers() == []


@pytest.mark.parametrize("exit_code", ["0", "1"])
def test_a_locale_without_base_models_is_an_error_that_names_it(
    site: Site, exit_code: str
) -> None:
    site.document["model"] = {"base": {"locale": "xx-YY"}}
    site.knob(LIST_EXIT_CODE=exit_code)
    for done in (site.run("model", "list", str(site.profile)), site.apply()):
        assert done.code == 1, done.err
        assert "the image lists no base model for xx-YY" in done.err
        assert "check the locale" in done.err
    assert site.containers() == []


def test_a_display_locale_without_models_is_an_error_that_names_it(site: Site) -> None:
    site.document["display"] = {"locale": "xx-YY", "types": ["punct"]}
    done = site.apply()
    assert done.code in (1, 4, 8), done.err
    assert "xx-YY" in done.err
    assert site.leftovers() == []
    site.document.pop("display")
    site.apply_well()
    site.check_whole()


def test_display_models_are_refused_for_an_image_that_has_none(site: Site) -> None:
    site.document |= {
        "image": "csctl/rehearsal:3.0.0-amd64",
        "display": {"locale": "en-US", "types": ["punct"]},
    }
    done = site.plan()
    assert done.code == 2, done.err
    assert "3.1.0" in done.err


def test_a_download_that_takes_too_long_is_5_and_leaves_nothing(site: Site) -> None:
    site.knob(LOAD_SECONDS="30")
    done = site.run("model", "pull", "--timeout", "1s", str(site.profile))
    assert done.code == 5, done.err
    assert f"downloading model {MODEL}: not done after" in done.err
    assert site.leftovers() == []
    assert site.containers() == []
