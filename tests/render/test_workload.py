"""What another engine is told is what Docker is told, without its secrets."""

from __future__ import annotations

import dataclasses

import pytest

from csctl.container.spec import UnknownSecret
from csctl.errors import UsageError
from csctl.plan.serving import Parts, serving_spec
from csctl.render.workload import Workload, environment, shell, source_variable
from csctl.secret import Secret
from tests.plan.situation import CONNECTED, DISCONNECTED, MODEL, model, profile
from tests.render.making import DISPLAY, LICENSE, made


@pytest.mark.parametrize("mode", ["connected", "disconnected"])
def test_the_spec_is_that_of_docker_but_for_the_key(mode: str) -> None:
    written = {"connected": CONNECTED, "disconnected": DISCONNECTED}[mode]
    parts = Parts(
        image="csctl/rehearsal:4.12.0-amd64",
        model=model(),
        license=LICENSE,
        billing_key=Secret("x"),
        environment={},
    )
    docker = serving_spec(profile(written), parts).fields()
    told = made(written).spec.fields()
    differing = {name for name in docker if docker[name] != told[name]}
    assert differing == ({"environment.ApiKey"} if mode == "connected" else set())


def test_a_key_as_an_argument_is_withheld_too() -> None:
    told = made(CONNECTED, api_key_as="argument")
    assert told.key_is_argument
    secrets = (*told.spec.arguments, *told.downloads[0].invocation.arguments)
    assert not any(isinstance(word, Secret) for word in secrets)
    assert sum(isinstance(word, UnknownSecret) for word in secrets) == 2


def _words(told: Workload) -> list[tuple[str, list[str]]]:
    return [
        (one.name, [word for word in one.invocation.arguments if isinstance(word, str)])
        for one in told.downloads
    ]


def test_model_and_display_models_are_downloaded_one_after_the_other() -> None:
    assert _words(made(DISCONNECTED, display=DISPLAY)) == [
        ("model", [f"ModelId={MODEL}", "Eula=accept"]),
        ("display", ["Punct", "Rescore", "DisplayLocale=en-US", "Eula=accept"]),
    ]
    ids = {"rescore": "B" * 64, "punct": "A" * 64}
    assert _words(made(DISCONNECTED, display={"ids": ids}))[1:] == [
        ("punct", [f"PunctId={'A' * 64}", "Eula=accept"]),
        ("rescore", [f"RescoreId={'B' * 64}", "Eula=accept"]),
    ]


def test_without_a_key_nothing_is_downloaded() -> None:
    assert made(DISCONNECTED, billing=None).downloads == ()


def test_an_image_that_moves_is_refused() -> None:
    with pytest.raises(UsageError, match="another image tomorrow"):
        made(CONNECTED, image="csctl/rehearsal:newest")


def test_an_image_without_display_models_is_refused_them() -> None:
    with pytest.raises(UsageError, match="no display models"):
        made(DISCONNECTED, display=DISPLAY, image="csctl/rehearsal:3.0.0-amd64")


def test_csctls_own_labels_stay_behind() -> None:
    told = made(CONNECTED, labels={"team": "speech"})
    assert told.labels == {"team": "speech"}


def test_variables_have_names_that_every_engine_takes() -> None:
    told = made(
        CONNECTED,
        environment={"Logging:Disk:Format": "json", "A:B": {"env": "TOKEN"}},
        proxy={"env": "PROXY"},
    )
    known, secret = environment(told.spec.environment)
    assert known["Logging__Disk__Format"] == "json"
    assert set(secret) == {"ApiKey", "A__B", "HTTP_PROXY", "HTTP_PROXY_CREDS"}
    assert set(told.keys) == set(secret)


@pytest.mark.parametrize(
    ("form", "command"),
    [
        ({"env": "SPEECH_KEY"}, 'printf %s "$SPEECH_KEY"'),
        ({"file": "/run/my key"}, "tr -d '\\n' < '/run/my key'"),
        ({"command": ["vault", "read", "a b"]}, "vault read 'a b' | tr -d '\\n'"),
    ],
    ids=["env", "file", "command"],
)
def test_a_source_is_a_command_that_prints_it(
    form: dict[str, object], command: str
) -> None:
    billing = {**CONNECTED["billing"], "api_key": form}
    told = made(CONNECTED, billing=billing)
    assert shell("ApiKey", told.keys["ApiKey"]) == command


def test_a_proxys_parts_are_a_persons_to_take_apart() -> None:
    told = made(CONNECTED, proxy={"env": "PROXY"})
    for name in ("HTTP_PROXY", "HTTP_PROXY_CREDS"):
        assert shell(name, told.keys[name]).startswith("cat FILE-WITH-")
        assert source_variable(told, name) == f"CONTOSO_{name}"


def test_a_workload_is_a_value() -> None:
    told = made(CONNECTED)
    assert dataclasses.replace(told, replicas=2) != told
    assert made(CONNECTED).spec.fields() == told.spec.fields()
