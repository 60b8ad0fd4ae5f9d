"""`csctl endpoint url` as a user types it; `endpoint check` is in tests/azure."""

from __future__ import annotations

import json

import pytest

from csctl.cli.main import run

REGIONAL = "wss://westeurope.stt.speech.microsoft.com/speech/x?language=en-US"
CUSTOM = "wss://contoso.cognitiveservices.azure.com/stt/speech/x?language=en-US"


def test_the_url_alone_is_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--custom-domain", "Contoso", "--private"]
    assert run(["endpoint", "url", REGIONAL, *words]) == 0
    assert tuple(capsys.readouterr()) == (f"{CUSTOM}\n", "")


def test_json_tells_what_the_url_is_made_of(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["endpoint", "url", CUSTOM, "--region", "westeurope", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "url": REGIONAL,
        "cloud": "public",
        "region": "westeurope",
        "custom_domain": None,
        "offering": "stt",
    }


def test_what_is_not_documented_is_warned_of(
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = "https://contoso.cognitiveservices.azure.cn/s2s/x"
    assert run(["endpoint", "url", url, "--region", "chinaeast2"]) == 0
    out, err = capsys.readouterr()
    assert out == "https://chinaeast2.s2s.speech.azure.cn/x\n"
    assert err.startswith("warning: ")


@pytest.mark.parametrize(
    "words",
    [
        ["https://example.com/"],
        [CUSTOM],
        [REGIONAL, "--private"],
        [REGIONAL, "--custom-domain", "a.b"],
        [CUSTOM, "--region", "west europe"],
    ],
    ids=["foreign", "no-region", "no-domain", "bad-domain", "bad-region"],
)
def test_a_wrong_call_is_explained(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["endpoint", "url", *words]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("csctl: ")
