"""As whom Azure is asked: tokens are kept, renewed, and never shown."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from csctl.azure.credential import KEY_HEADER, STORAGE_SCOPE, Caller, Identity
from csctl.errors import AzureError, UsageError
from csctl.secret import Secret
from tests.azure.conftest import ENVIRON, KEY, resource


@dataclass
class Az:
    """An Azure CLI that counts how often it is asked."""

    folder: Path

    def logged_in(self, token: str, expires_on: int) -> None:
        self._write(
            f"echo x >>{self.folder}/asked\n"
            f'printf \'{{"accessToken": "{token}", "expires_on": {expires_on},'
            ' "expiresOn": "2126-01-01 00:00:00.000000", "tokenType": "Bearer"}\'\n'
        )

    def broken(self, said: str) -> None:
        self._write(f"echo '{said}' >&2\nexit 1\n")

    def asked(self) -> int:
        return len((self.folder / "asked").read_text().splitlines())

    def _write(self, script: str) -> None:
        path = self.folder / "az"
        path.write_text(f"#!/bin/sh\n{script}")
        path.chmod(0o755)


@pytest.fixture
def az(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Az:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return Az(tmp_path)


@pytest.fixture
def identity() -> Identity:
    return Identity("cli", {}, print)


def test_a_token_is_kept_until_it_is_refused(az: Az, identity: Identity) -> None:
    az.logged_in("t1", 4922553600)

    assert identity.token(STORAGE_SCOPE) == Secret("t1")
    assert identity.token(STORAGE_SCOPE) == Secret("t1")
    assert az.asked() == 1
    identity.forget()
    az.logged_in("t2", 4922553600)
    assert identity.token(STORAGE_SCOPE) == Secret("t2")


def test_a_token_that_ends_soon_is_renewed(az: Az, identity: Identity) -> None:
    az.logged_in("t1", 1)

    identity.token(STORAGE_SCOPE)
    identity.token(STORAGE_SCOPE)

    assert az.asked() == 2


def test_each_scope_has_a_token_of_its_own(az: Az, identity: Identity) -> None:
    az.logged_in("t1", 4922553600)

    identity.token(STORAGE_SCOPE)
    identity.token("https://cognitiveservices.azure.com/.default")

    assert az.asked() == 2


def test_who_is_not_logged_in_is_told_so(az: Az, identity: Identity) -> None:
    az.broken("Please run az login to setup account.")

    with pytest.raises(AzureError, match="no Entra token") as caught:
        identity.token(STORAGE_SCOPE)
    assert "az login" in (caught.value.remedy or "")


def test_without_azure_identity_it_is_told_what_to_install(
    identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "azure.core.exceptions", None)

    with pytest.raises(UsageError, match="not installed") as caught:
        identity.token(STORAGE_SCOPE)
    assert caught.value.remedy == "pip install 'csctl[entra]'"


def test_a_caller_shows_a_key_or_a_token(az: Az, identity: Identity) -> None:
    az.logged_in("t1", 4922553600)
    by_key = Caller(resource("https://x.example"), ENVIRON, identity)
    by_token = Caller(resource("https://x.example", auth="entra"), {}, identity)

    assert by_key.header() == (KEY_HEADER, Secret(KEY))
    assert by_token.header() == ("Authorization", Secret("Bearer t1"))
    assert (by_key.entra, by_token.entra) == (False, True)
