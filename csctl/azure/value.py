"""Texts of a command line as the values that a request carries."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csctl import secret
from csctl.azure.operation import Kind, Parameter
from csctl.errors import InvalidValue, UsageError
from csctl.secret import FromEnvironment, FromFile, Secret

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TRUTH = {"true": True, "yes": True, "false": False, "no": False}


def is_guid(text: str) -> bool:
    """Whether this is an id of the service."""
    return _GUID.fullmatch(text) is not None


def read(parameter: Parameter, texts: Sequence[str], environ: Mapping[str, str]) -> Any:
    """The value that texts mean; several only where the parameter takes several.

    Ids stay text: what they name is for the service to tell. Raises UsageError and
    SecretUnavailable.
    """
    kind, name = parameter.kind, parameter.name
    if len(texts) > 1 and not kind.repeated:
        raise UsageError(f"{name} is given more than once")
    try:
        if kind.name == "map":
            return dict(_pair(text) for text in texts)
        values = [_one(kind, text, environ) for text in texts]
    except InvalidValue as exc:
        raise UsageError(f"{name}: {exc.message}", remedy=exc.remedy) from exc
    if kind.switches:
        return {word: True for word in values}
    return values if kind.many else values[0]


def _one(kind: Kind, text: str, environ: Mapping[str, str]) -> Any:
    if kind.words:
        return _word(kind, text)
    if kind.name in _SOURCED:
        return _SOURCED[kind.name](text, environ)
    return _READERS.get(kind.name, str)(text)


def moment(text: str) -> str:
    """A point in time as the API writes it, of an ISO date with or without a time.

    One without a time zone is UTC. Raises InvalidValue.
    """
    try:
        value = datetime.fromisoformat(text)
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat().replace("+00:00", "Z")
    except (ValueError, OverflowError):
        raise InvalidValue(
            f"{text!r} is no time such as 2026-11-28 or 2026-11-28T12:00:00Z"
        ) from None


def _word(kind: Kind, text: str) -> str:
    known = {word.lower(): word for word in kind.words}
    if found := known.get(text.lower()):
        return found
    if kind.closed or not text.isalnum():
        raise InvalidValue(f"{text!r} is not one of {', '.join(kind.words)}")
    return text


def _int(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InvalidValue(f"{text!r} is no whole number") from None


def _bool(text: str) -> bool:
    if text.lower() not in _TRUTH:
        raise InvalidValue(f"{text!r} is neither true nor false")
    return _TRUTH[text.lower()]


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise InvalidValue(f"{text!r} is no name=value")
    return name, value


def _secret(text: str, environ: Mapping[str, str]) -> Secret:
    if found := _source(text, environ):
        return found
    # Nothing is quoted: it may be the secret itself.
    raise InvalidValue(
        "a secret is never written on a command line, where all users of the host see"
        " it",
        remedy="write env:NAME or file:PATH",
    )


def _uri(text: str, environ: Mapping[str, str]) -> str | Secret:
    if found := _source(text, environ):
        return found
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if not parts.scheme or not parts.netloc:
        raise InvalidValue(
            "this is no URL; one with a signature is best named by env:NAME or"
            " file:PATH, as all users of the host see a command line"
        )
    return text


def _source(text: str, environ: Mapping[str, str]) -> Secret | None:
    match text.partition(":"):
        case ("env", ":", name):
            return secret.read(FromEnvironment(name), environ)
        case ("file", ":", path) if not path.startswith("//"):
            return secret.read(FromFile(Path(path)), environ)
        case _:
            return None


def _path(text: str) -> Path:
    if not text.startswith("@"):
        raise InvalidValue(f"{text!r} is no file: write @PATH")
    path = Path(text[1:])
    if not path.is_file():
        raise InvalidValue(f"there is no file {path}")
    return path


def _content(text: str) -> str:
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text()
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "is not UTF-8 text"
        raise InvalidValue(f"file {text[1:]}: {reason}") from exc


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise InvalidValue(f"this is no JSON: {exc}") from exc


_READERS: Mapping[str, Callable[[str], Any]] = {
    "int": _int,
    "bool": _bool,
    "time": moment,
    "guid": str.strip,
    "file": _path,
    "json": lambda text: _json(_content(text)),
    "content": _content,
}
_SOURCED: Mapping[str, Callable[[str, Mapping[str, str]], Any]] = {
    "secret": _secret,
    "uri": _uri,
}


def revealed(value: Any) -> Any:
    """A value with its secrets in the clear, for the one place that sends it."""
    match value:
        case Secret():
            return value.reveal()
        case dict():
            return {name: revealed(inner) for name, inner in value.items()}
        case list():
            return [revealed(inner) for inner in value]
        case _:
            return value


def secrets(value: Any) -> Iterator[Secret]:
    """All secrets in a value."""
    match value:
        case Secret():
            yield value
        case dict():
            for inner in value.values():
                yield from secrets(inner)
        case list():
            for inner in value:
                yield from secrets(inner)
