"""The words, variables and mounts of each of the image's modes, exactly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from csctl.container.spec import BindMount
from csctl.contract import arguments
from csctl.contract.arguments import Account, Invocation
from csctl.errors import UsageError
from csctl.secret import Secret

ENDPOINT = "https://contoso.cognitiveservices.azure.com"
ID = "5f3a0c1e-7d2b-4c57-9d0e-2f6a8b1c4d3e"
RESCORE = "790614EB2E4DDC2711B91F51FD008EC6290963770564C795C956EC663BD3C855"
MODELS, LICENSE, OUTPUT = Path("/d/models"), Path("/d/license"), Path("/d/output")
EVERY = ("punct", "rescore", "resegment", "wfstitn")

Call = Callable[[Account], Invocation]
CALLS: dict[str, tuple[Call, str, str]] = {
    "connected serving": (
        lambda account: arguments.serve_connected(ID, MODELS, account),
        f"ModelId={ID} Eula=accept {{account}}",
        "/d/models:/usr/local/models",
    ),
    "base model listing": (
        lambda account: arguments.list_base_models("en-US", account),
        "BaseModelLocale=en-US Eula=accept {account}",
        "",
    ),
    "listing some display models": (
        lambda account: arguments.list_display_models(
            ("punct", "wfstitn"), "en-US", account
        ),
        "Punct Wfstitn BaseModelLocale=en-US Eula=accept {account}",
        "",
    ),
    "listing all display models": (
        lambda account: arguments.list_display_models(EVERY, "en-US", account),
        "FullDisplay BaseModelLocale=en-US Eula=accept {account}",
        "",
    ),
    "some display models": (
        lambda account: arguments.download_display_by_locale(
            ("rescore", "resegment"), "en-US", MODELS, account
        ),
        "Rescore Resegment DisplayLocale=en-US Eula=accept {account}",
        "/d/models:/usr/local/models",
    ),
    "all display models": (
        lambda account: arguments.download_display_by_locale(
            EVERY[::-1], "en-US", MODELS, account
        ),
        "FullDisplay DisplayLocale=en-US Eula=accept {account}",
        "/d/models:/usr/local/models",
    ),
    "one display model": (
        lambda account: arguments.download_display_by_id(
            "rescore", RESCORE, MODELS, account
        ),
        f"RescoreId={RESCORE} Eula=accept {{account}}",
        "/d/models:/usr/local/models",
    ),
    "license download": (
        lambda account: arguments.download_license(LICENSE, MODELS, account),
        "Eula=accept {account} DownloadLicense=True Mounts:License=/license",
        "/d/license:/license /d/models:/usr/local/models",
    ),
}


def _words(invocation: Invocation) -> str:
    return " ".join(
        word.reveal() if isinstance(word, Secret) else str(word)
        for word in invocation.arguments
    )


def _mounts(invocation: Invocation) -> str:
    assert not any(mount.read_only for mount in invocation.mounts)
    return " ".join(f"{mount.source}:{mount.target}" for mount in invocation.mounts)


@pytest.mark.parametrize(("call", "words", "mounts"), CALLS.values(), ids=CALLS)
def test_a_key_in_the_environment_is_nowhere_else(
    call: Call, words: str, mounts: str
) -> None:
    key = Secret("s3cret")
    found = call(Account(endpoint=ENDPOINT, api_key=key))
    assert _words(found) == words.format(account="").replace("  ", " ").strip()
    assert found.environment == {"Billing": ENDPOINT, "ApiKey": key}
    assert _mounts(found) == mounts


@pytest.mark.parametrize(("call", "words", "mounts"), CALLS.values(), ids=CALLS)
def test_a_key_as_an_argument_is_nowhere_else_and_stays_a_secret(
    call: Call, words: str, mounts: str
) -> None:
    account = Account(endpoint=ENDPOINT, api_key=Secret("s3cret"), as_argument=True)
    found = call(account)
    assert _words(found) == words.format(account=f"Billing={ENDPOINT} ApiKey=s3cret")
    assert found.environment == {}
    assert _mounts(found) == mounts
    assert "s3cret" not in str(found)


def test_disconnected_serving_gets_no_key_no_billing_and_no_model() -> None:
    found = arguments.serve_disconnected(MODELS, LICENSE, OUTPUT)
    assert found == Invocation(
        arguments=(
            "Eula=accept",
            "Mounts:License=/license",
            "Mounts:Output=/output",
        ),
        mounts=(
            BindMount(source=LICENSE, target="/license"),
            BindMount(source=OUTPUT, target="/output"),
            BindMount(source=MODELS, target="/usr/local/models"),
        ),
    )


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("punct", "PunctId"),
        ("rescore", "RescoreId"),
        ("resegment", "ResegmentId"),
        ("wfstitn", "WfstitnId"),
    ],
)
def test_a_display_model_is_asked_for_by_its_own_name(kind: str, word: str) -> None:
    account = Account(endpoint=ENDPOINT, api_key=Secret("s3cret"))
    found = arguments.download_display_by_id(kind, RESCORE, MODELS, account)
    assert found.arguments[0] == f"{word}={RESCORE}"


@pytest.mark.parametrize("types", [(kind,) for kind in EVERY] + [EVERY[:3]], ids=str)
def test_full_display_stands_for_all_four_only(types: tuple[str, ...]) -> None:
    account = Account(endpoint=ENDPOINT, api_key=Secret("s3cret"))
    found = arguments.list_display_models(types, "en-US", account)
    assert "FullDisplay" not in found.arguments


@pytest.mark.parametrize(
    ("count", "variables"), [(None, {}), (4, {"DECODER_MAX_COUNT": "4"})]
)
def test_decoders_are_a_variable(count: int | None, variables: dict[str, Any]) -> None:
    assert arguments.decoders(count) == variables


@pytest.mark.parametrize(
    "tag",
    [
        "3.0.0-amd64",
        "2.18.0-amd64",
        "2.2.0-amd64-preview",
        "3.0.9-preview-amd64",
        "3.0",
    ],
)
def test_display_models_are_refused_below_3_1_0(tag: str) -> None:
    with pytest.raises(UsageError) as caught:
        arguments.check_display_support(tag)
    assert str(caught.value) == (
        f"image {tag} has no display models; they came with 3.1.0"
    )
    assert caught.value.remedy


@pytest.mark.parametrize(
    "tag",
    ["3.1.0-amd64", "3.1", "3.10.0-amd64", "4.12.0-amd64", "5.0.1-preview-amd64"],
)
def test_display_models_are_there_from_3_1_0_on(tag: str) -> None:
    arguments.check_display_support(tag)


@pytest.mark.parametrize("tag", [None, "latest", "newest", "main"])
def test_a_tag_that_is_no_version_may_have_display_models(tag: str | None) -> None:
    arguments.check_display_support(tag)
