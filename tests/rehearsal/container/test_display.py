from __future__ import annotations

from pathlib import Path

import pytest

from tests.rehearsal.stand_in import (
    ACCOUNT,
    BILLING,
    MODEL_ID,
    MODELS,
    StandIn,
    run_program,
    writable,
)

PUNCT_ID = "454A83811F13927E403DC693B8E51FB87DD37F518A38B66B8B63E1106C4A281F"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return writable(tmp_path / "models")


def test_the_newest_of_each_type_are_downloaded_by_locale(
    stand_in: StandIn, models: Path
) -> None:
    ended = stand_in.run(
        "FullDisplay", "DisplayLocale=sv-SE", *ACCOUNT, mounts={MODELS: models}
    )
    assert ended.code == 0
    assert {path.parts[-3] for path in models.glob("*/*/model.bin")} == {
        *("punct", "rescore", "resegment", "wfstitn")
    }
    assert ended.log.count("[Info] Downloading display model") == 4
    assert "Now listening" not in ended.log


def test_one_is_downloaded_by_id_which_goes_before_a_locale(
    stand_in: StandIn, models: Path
) -> None:
    ended = stand_in.run(
        *(f"PUNCTID={PUNCT_ID}", "Rescore", "DisplayLocale=en-us", *ACCOUNT),
        mounts={MODELS: models},
    )
    assert ended.code == 0
    assert [str(path.relative_to(models)) for path in models.glob("*/*/*")] == [
        f"punct/{PUNCT_ID}/model.bin"
    ]


def test_with_a_speech_model_it_serves_after_the_download(
    stand_in: StandIn, models: Path
) -> None:
    stand_in.start(
        *(f"PunctId={PUNCT_ID}", f"ModelId={MODEL_ID}", *ACCOUNT),
        mounts={MODELS: models},
    ).wait_until_ready()
    assert (models / "punct" / PUNCT_ID / "model.bin").stat().st_size > 0
    assert (models / "properties.json").exists()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["Punct"], "must be specified together"),
        (["DisplayLocale=en-us"], "must be specified together"),
        (["Punct", "DisplayLocale=xx-xx"], "no available display model for xx-xx"),
        (["PunctId=short"], "Status: 404"),
        ([f"PunctId={'0' * 64}"], "Status: 404"),
    ],
    ids=["no-locale", "no-types", "unknown-locale", "no-id", "unknown-id"],
)
def test_what_cannot_be_downloaded_is_said(words: list[str], line: str) -> None:
    ended = run_program(*words, *ACCOUNT)
    assert ended.code == 1
    assert line in ended.lines[-1]


def test_a_wrong_key_is_refused() -> None:
    words = (f"PunctId={PUNCT_ID}", "Eula=accept", BILLING, "ApiKey=wrong")
    ended = run_program(*words)
    assert ended.code == 1
    assert "Status: 401 Unauthorized" in ended.log


def test_an_image_older_than_display_models_downloads_none() -> None:
    ended = run_program(
        f"PunctId={PUNCT_ID}", *ACCOUNT, REHEARSAL_VERSION="3.0.0-amd64"
    )
    assert ended.code == 1
    assert "not supported by version 3.0.0" in ended.log
