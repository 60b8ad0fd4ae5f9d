"""The forms of text that occur in a profile, each with the function that reads it."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import SplitResult, urlsplit

from csctl.errors import InvalidValue
from csctl.profile.host import Host
from csctl.profile.kind import HiddenText, Text
from csctl.reference import ImageReference
from csctl.size import parse_duration, parse_size

LOOPBACK: Final = "127.0.0.1"
DISPLAY_TYPES: Final = ("punct", "rescore", "resegment", "wfstitn")
_SIZE_DIGITS = 24
_LEAST_MEMORY: Final = 6 << 20
_RESERVED_NAME = ".csctl-"
_LABEL_PREFIX = "csctl."

_NAME = r"[a-zA-Z0-9][a-zA-Z0-9_.-]{1,62}"
_GUID = r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
_DISPLAY_ID = r"[0-9A-Fa-f]{64}"
_LOCALE = r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,10}){1,3}"
_RESTART = r"no|always|unless-stopped|on-failure(?::[1-9][0-9]{0,8})?"
_SIZE = r"[0-9]+(?:\.[0-9]+)? *(?:[kKmMgGtT][iI]?)?[bB]?"
_CONSTRAINT = (
    r"(?:node\.(?:id|hostname|role|platform\.(?:os|arch)|labels\.[\w.-]+)"
    r"|engine\.labels\.[\w.-]+) *[=!]= *[\w.:/+-]+(?: [\w.:/+-]+)*"
)
_DURATION = r"(?:[0-9]+(?:\.[0-9]+)?(?:ms|[smhdw]))+"
_REGION = r"[a-z][a-z0-9]{2,40}"
_CUSTOM_DOMAIN = r"[A-Za-z0-9][A-Za-z0-9-]{0,62}[A-Za-z0-9]"
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Port:
    """The host address and port that lead to the container."""

    address: str
    number: int

    @classmethod
    def parse(cls, text: str) -> Port:
        """Read `5000`, `0.0.0.0:5000` or `[::1]:5000`. Raises InvalidValue."""
        address, _, number = text.rpartition(":")
        if not re.fullmatch(r"[0-9]{1,5}", number) or not 0 < int(number) < 65536:
            raise InvalidValue(
                f"{text!r} is no port: write 5000, {LOOPBACK}:5000 or [::1]:5000"
            )
        if text == number:
            return cls(LOOPBACK, int(number))
        bracketed = address.startswith("[") and address.endswith("]")
        try:
            ip = ipaddress.ip_address(address[1:-1] if bracketed else address)
        except ValueError:
            raise InvalidValue(
                f"{text!r} does not start with an IP address of this host, such as"
                f" {LOOPBACK}, 0.0.0.0 or [::1]"
            ) from None
        if bracketed != (ip.version == 6):
            raise InvalidValue(
                f"{text!r}: write IPv6 addresses, and only those, in brackets"
            )
        return cls(str(ip), int(number))

    @property
    def is_loopback(self) -> bool:
        """Whether only this host reaches it."""
        return ipaddress.ip_address(self.address).is_loopback

    def __str__(self) -> str:
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{address}:{self.number}"


def _name(text: str) -> str:
    if not re.fullmatch(_NAME, text):
        raise InvalidValue(
            f"{text!r} is no name for a container: write 2 to 63 letters, digits, '_',"
            " '.' and '-', the first a letter or digit"
        )
    if _RESERVED_NAME in text:
        raise InvalidValue(f"{text!r}: csctl keeps names with {_RESERVED_NAME!r}")
    return text


def _guid(text: str) -> str:
    if not re.fullmatch(_GUID, text):
        raise InvalidValue(
            f"{text!r} is no model id: write its GUID, such as"
            " 5f3a0c1e-7d2b-4c57-9d0e-2f6a8b1c4d3e"
        )
    return text.lower()


def _display_id(text: str) -> str:
    if not re.fullmatch(_DISPLAY_ID, text):
        raise InvalidValue(
            f"{text!r} is no id of a display model: write its 64 hexadecimal digits"
        )
    return text.upper()


def _locale(text: str) -> str:
    if not re.fullmatch(_LOCALE, text):
        raise InvalidValue(f"{text!r} is no locale such as en-US")
    return text


def _restart(text: str) -> str:
    if not re.fullmatch(_RESTART, text):
        raise InvalidValue(
            f"{text!r} is no restart policy: write no, always, unless-stopped,"
            " on-failure or on-failure:5"
        )
    return text


def _size(text: str) -> int:
    if len(text) > _SIZE_DIGITS:
        raise InvalidValue(f"{text[:_SIZE_DIGITS] + '...'!r} is too long a size")
    size = parse_size(text)
    if not 0 < size < 1 << 63:
        raise InvalidValue(f"{text!r} is no size that the Engine takes")
    return size


def _memory(text: str) -> int:
    size = _size(text)
    if size < _LEAST_MEMORY:
        raise InvalidValue(
            f"{text!r} is too small: the Engine takes 6m or more; write a unit, as"
            " in 16g"
        )
    return size


def _span(text: str) -> timedelta:
    span = parse_duration(text)
    if not span:
        raise InvalidValue(f"{text!r} is no time at all")
    return span


def _words(text: str) -> str:
    if not any(map(str.isalnum, text)):
        raise InvalidValue("holds no word")
    return text


def _split(text: str, example: str) -> tuple[SplitResult, str]:
    """A URL's parts and its host. Never quotes the URL: a key may stand in its place.

    Raises InvalidValue.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise InvalidValue(f"this is no URL such as {example}") from None
    literal = ":" in host and "[" in parts.netloc
    if (
        parts.scheme not in ("http", "https")
        or not (literal or _HOST.fullmatch(host))
        or port == 0
        or re.search(r"[^\x21-\x7e]", text)
    ):
        raise InvalidValue(f"this is no URL such as {example}")
    return parts, host


def _endpoint(text: str) -> str:
    parts, host = _split(text, "https://contoso.cognitiveservices.azure.com")
    if "@" in parts.netloc:
        raise InvalidValue("credentials do not belong into the URL: use api_key")
    if parts.query or parts.fragment:
        raise InvalidValue("write the URL without what follows ? or #")
    if parts.scheme == "http" and not _is_loopback(host):
        raise InvalidValue("http is for loopback only: write https://")
    return text


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _proxy(text: str) -> str:
    parts, _ = _split(text, "http://proxy:8888")
    if "@" in parts.netloc:
        raise InvalidValue(
            "a URL with credentials is never written into a profile; use {env: NAME},"
            " {file: path} or {command: [program, argument]}"
        )
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise InvalidValue("write scheme, host and port only: http://proxy:8888")
    return text


def region(text: str) -> str:
    """A region's name in lower case. Raises InvalidValue."""
    if not re.fullmatch(_REGION, text.lower()):
        raise InvalidValue(f"{text!r} is no region such as westeurope")
    return text.lower()


def custom_domain(text: str) -> str:
    """A custom domain's name. Facts: rest-api.md section 12. Raises InvalidValue."""
    if not re.fullmatch(_CUSTOM_DOMAIN, text):
        raise InvalidValue(
            f"{text!r} is no custom domain name: write its 2 to 64 letters, digits and"
            " '-', without a dot"
        )
    return text.lower()


def resource_name(name: str) -> None:
    """Refuse what is no name for a resource. Raises InvalidValue."""
    if not re.fullmatch(_NAME, name):
        raise InvalidValue("write 2 to 63 letters, digits, '_', '.' and '-'")


def _constraint(text: str) -> str:
    if not re.fullmatch(_CONSTRAINT, text, re.ASCII):
        raise InvalidValue(
            f"{text!r} is no constraint: write node.id, node.hostname, node.role,"
            " node.platform.os, node.platform.arch, node.labels.NAME or"
            " engine.labels.NAME, then == or !=, and a value"
        )
    return text


def _word(text: str) -> str:
    if not text or not text.isprintable():
        raise InvalidValue("a word is printable characters, one at least")
    return text


def environment_name(name: str) -> None:
    """Refuse what is no name of an environment variable. Raises InvalidValue."""
    if not name or "=" in name or not name.isprintable():
        raise InvalidValue("this is no name of an environment variable")


def label_name(name: str) -> None:
    """Refuse a label that is csctl's own. Raises InvalidValue."""
    if not name or name.startswith(_LABEL_PREFIX):
        raise InvalidValue(f"labels that start with {_LABEL_PREFIX} are csctl's own")


def display_type(name: str) -> None:
    """Refuse what is no type of display model. Raises InvalidValue."""
    if name not in DISPLAY_TYPES:
        raise InvalidValue(f"is not one of {', '.join(DISPLAY_TYPES)}")


NAME: Final = Text(expected="a name", parse=_name, pattern=_NAME)
IMAGE: Final = Text(expected="an image reference", parse=ImageReference.parse)
GUID: Final = Text(expected="a model's GUID", parse=_guid, pattern=_GUID)
DISPLAY_ID: Final = Text(
    expected="64 hexadecimal digits", parse=_display_id, pattern=_DISPLAY_ID
)
LOCALE: Final = Text(expected="a locale such as en-US", parse=_locale, pattern=_LOCALE)
RESTART: Final = Text(expected="a restart policy", parse=_restart, pattern=_RESTART)
SIZE: Final = Text(
    expected="a size such as 10m", parse=_size, pattern=_SIZE, takes=(str, int)
)
MEMORY: Final = Text(
    expected="a size such as 16g", parse=_memory, pattern=_SIZE, takes=(str, int)
)
SPAN: Final = Text(expected="a duration such as 10m", parse=_span, pattern=_DURATION)
NOTICE: Final = Text(
    expected="a duration such as 7d", parse=parse_duration, pattern=_DURATION
)
PORT: Final = Text(
    expected=f"a port such as {LOOPBACK}:5000", parse=Port.parse, takes=(str, int)
)
HOST: Final = Text(expected="a host", parse=Host.parse)
WORDS: Final = Text(expected="words", parse=_words)
CONSTRAINT: Final = Text(
    expected="a constraint such as node.role==worker",
    parse=_constraint,
    pattern=_CONSTRAINT,
)
WORD: Final = Text(expected="a word", parse=_word)
LABEL: Final = Text(expected="text", takes=(str, int))
ENDPOINT: Final = Text(expected="a URL", parse=_endpoint)
PROXY: Final = HiddenText(expected="a URL", parse=_proxy)
