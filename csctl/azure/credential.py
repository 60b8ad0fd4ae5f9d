"""As whom Azure is asked: a key of the resource, or an Entra identity.

The one importer of azure-identity, which is an optional part (`csctl[entra]`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from csctl import secret
from csctl.azure.resource import Resource
from csctl.errors import AzureError, UsageError
from csctl.secret import Secret

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

STORAGE_SCOPE: Final = "https://storage.azure.com/.default"
KEY_HEADER: Final = "Ocp-Apim-Subscription-Key"
_EARLY_SECONDS = 120.0
_Say = Callable[[str], None]


class Identity:
    """An Entra identity. Its tokens are kept until shortly before their end."""

    def __init__(self, kind: str, environ: Mapping[str, str], say: _Say) -> None:
        self._kind = kind
        self._environ = environ
        self._say = say
        self._lock = threading.Lock()
        self._credential: TokenCredential | None = None
        self._tokens: dict[str, tuple[Secret, float]] = {}

    def token(self, scope: str) -> Secret:
        """A token for a scope. Raises UsageError and AzureError."""
        with self._lock:
            kept = self._tokens.get(scope)
            if kept is not None and kept[1] - time.time() > _EARLY_SECONDS:
                return kept[0]
            token = self._ask(scope)
            self._tokens[scope] = token
            return token[0]

    def forget(self) -> None:
        """Ask anew next time: what was kept is refused."""
        with self._lock:
            self._tokens.clear()

    def _ask(self, scope: str) -> tuple[Secret, float]:
        try:
            from azure.core.exceptions import ClientAuthenticationError
        except ImportError:
            raise _not_installed() from None
        try:
            self._credential = self._credential or self._open()
            found = self._credential.get_token(scope)
        except (ClientAuthenticationError, ValueError) as exc:
            # `from None`: what the identity library was told may be quoted there.
            reason = str(exc).strip().partition("\n")[0][:300]
            raise AzureError(
                f"no Entra token for {scope}: {reason}",
                remedy="log in (`az login`), or choose another identity: cli,"
                " managed-identity or device-code",
            ) from None
        return Secret(found.token), float(found.expires_on)

    def _open(self) -> TokenCredential:
        from azure import identity

        environ = self._environ
        match self._kind:
            case "cli":
                return identity.AzureCliCredential()
            case "managed-identity":
                return identity.ManagedIdentityCredential(
                    client_id=environ.get("AZURE_CLIENT_ID")
                )
            case "device-code":
                return identity.DeviceCodeCredential(
                    tenant_id=environ.get("AZURE_TENANT_ID"),
                    prompt_callback=lambda url, code, _: self._say(
                        f"open {url} and enter the code {code}"
                    ),
                )
            case _:
                return identity.DefaultAzureCredential()


class Caller:
    """Who asks the API of one resource."""

    def __init__(
        self, resource: Resource, environ: Mapping[str, str], identity: Identity
    ) -> None:
        self._resource = resource
        self._environ = environ
        self._identity = identity
        self._key: Secret | None = None

    @property
    def entra(self) -> bool:
        """Whether it is an Entra identity, whose token may have to be renewed."""
        return self._resource.api_key is None

    def header(self) -> tuple[str, Secret]:
        """The header that says so. Raises CsctlError."""
        source = self._resource.api_key
        if source is None:
            token = self._identity.token(self._resource.cloud.scope)
            return "Authorization", Secret(f"Bearer {token.reveal()}")
        if self._key is None:
            self._key = secret.read(source, self._environ)
        return KEY_HEADER, self._key

    def forget(self) -> None:
        """Take another token next time."""
        self._identity.forget()


def _not_installed() -> UsageError:
    return UsageError(
        "an Entra identity needs azure-identity, which is not installed",
        remedy="pip install 'csctl[entra]'",
    )
