"""Reading the image's log: three dialects in one stream (facts, section 4).

The download tool writes `2020/10/30 21:54:21 [Info] ...`, the decoder
`05-13-2020 08:22:48.377 SR 68 info ...`, the ASP.NET host `warn: Category[id]` and an
indented line. Everything here is pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

_BASE_MODEL = re.compile(
    r"\[Base model\] Locale: (?P<locale>\S+), CreatedDate: (?P<created>\S+),"
    r" Id: (?P<id>[0-9a-fA-F-]{36})\s*$"
)
_DISPLAY_TYPE = re.compile(r"\b(rescore|punct|resegment|wfstitn)", re.IGNORECASE)
_DISPLAY_ID = re.compile(r"\b([0-9A-Fa-f]{64})\b")
_LOCALE = re.compile(r"Locale: ([^\s,]+)")
_CREATED = re.compile(r"CreatedDate: ([^\s,]+)")
_LISTING_END = re.compile(r"\[Fatal\] Please run this tool again")


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseModel:
    """A base model that the image listed."""

    id: str
    locale: str
    created: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayModel:
    """A display model that the image listed; what its line did not tell is None."""

    id: str
    type: str | None
    locale: str | None
    created: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What a line of the log means: a sentence, what to do, whose fault it is."""

    line: str
    meaning: str
    remedy: str
    azure: bool = False
    """Azure refused, or was not reached."""
    license: bool = False


def base_models(lines: Iterable[str]) -> tuple[BaseModel, ...]:
    """The listed base models, newest first; the order of the log is not trusted."""
    found = {
        match["id"].lower(): BaseModel(
            id=match["id"].lower(), locale=match["locale"], created=match["created"]
        )
        for line in lines
        if (match := _BASE_MODEL.search(line))
    }
    return tuple(sorted(found.values(), key=_age, reverse=True))


def _age(model: BaseModel) -> tuple[str, str]:
    try:
        moment = datetime.fromisoformat(model.created).isoformat()
    except ValueError:
        moment = model.created
    return moment, model.id


def display_models(lines: Iterable[str]) -> tuple[DisplayModel, ...]:
    """The listed display models, in the log's order.

    No sample of this listing is known (facts, section 4.1): a line counts if it holds
    an id of 64 hex digits; type, locale and date are taken where they stand on it.
    """
    found = []
    for line in lines:
        if (identity := _DISPLAY_ID.search(line)) is None:
            continue
        kind, locale = _DISPLAY_TYPE.search(line), _LOCALE.search(line)
        created = _CREATED.search(line)
        found.append(
            DisplayModel(
                id=identity[1].upper(),
                type=kind[1].lower() if kind else None,
                locale=locale[1] if locale else None,
                created=created[1] if created else None,
            )
        )
    return tuple(found)


def listing_ended(lines: Iterable[str]) -> bool:
    """Whether the `[Fatal]` line with which every whole listing ends is there."""
    return any(_LISTING_END.search(line) for line in lines)


@dataclass(frozen=True, slots=True)
class _Known:
    pattern: re.Pattern[str]
    meaning: str
    remedy: str
    azure: bool = False
    license: bool = False


def _known(pattern: str, meaning: str, remedy: str, owner: str = "") -> _Known:
    return _Known(
        re.compile(pattern, re.IGNORECASE),
        meaning,
        remedy,
        azure=owner == "azure",
        license=owner == "license",
    )


_KEY_REMEDY = (
    "check that key and endpoint belong to one and the same Speech resource, of the"
    " tier that this step needs (S0 or Speech to Text (Custom) for models, DC0 for"
    " licenses)"
)
# Exact strings: facts, section 4.4. Earlier entries win.
_KNOWN = (
    _known(
        r"no space left on device",
        "the disk is full",
        "free space, then run the same command again",
    ),
    _known(
        r"license path was not found",
        "the container found no license",
        "fetch one: csctl license pull",
        "license",
    ),
    _known(
        r"does not have a valid disconnected container license",
        "the license does not fit this image and model, or has expired",
        "fetch a new one: csctl license pull",
        "license",
    ),
    _known(
        r"context deadline exceeded",
        "the model download took longer than the image allows (one hour)",
        "check the line to Azure, then run the same command again",
        "azure",
    ),
    _known(
        r"InvalidProductId",
        "the key is one of a multi-service resource; a Speech resource is needed",
        _KEY_REMEDY,
        "azure",
    ),
    _known(
        r"not supported for endpoint manifests|\"InvalidModel\"",
        "this image cannot load this model",
        "models trained on base models of 2023 or later need image 5.0 or newer",
        "azure",
    ),
    _known(
        r"status 'Invalid'|Api Key is invalid|\b401\b.*Unauthorized|\bUnauthorized\b",
        "Azure refused the API key",
        _KEY_REMEDY,
        "azure",
    ),
    _known(
        r"\b403\b.*Forbidden|ContainerUseUnauthorized",
        "Azure forbids this resource to do this",
        _KEY_REMEDY,
        "azure",
    ),
    _known(
        r"\b429\b|TooManyRequests|OutOfQuota",
        "Azure throttles this resource",
        "wait a minute, then run the same command again",
        "azure",
    ),
    _known(
        r"failed to fetch manifest",
        "Azure gave no manifest for this model",
        "check the model's id and that the resource can see the model",
        "azure",
    ),
    _known(
        r"invalid billing endpoint|billing endpoint.*validation failed",
        "the billing endpoint is no endpoint of a Speech resource",
        "copy it from the resource's page `Keys and Endpoint`",
        "azure",
    ),
    _known(
        r"no such host|name resolution|connection refused|network is unreachable",
        "the container could not reach Azure",
        "check DNS, firewall and proxy: csctl doctor",
        "azure",
    ),
    _known(
        r"properties\.json not found",
        "the container found no model under /usr/local/models",
        "download it: csctl model pull",
    ),
    _known(
        r"permission denied|PermissionError|read-only file system",
        "the container's user may not write to a mount",
        "give the mounts to it: csctl mount fix",
    ),
    _known(
        r"eula must be accepted|missing eula|eula=accept exited 126",
        "the image did not see Eula=accept",
        "report this image: its arguments changed",
    ),
    _known(
        r"rassert",
        "the decoder stopped on an internal assertion",
        "give it more memory, or try a newer image",
    ),
    _known(
        r"out of memory|oom-kill",
        "the container ran out of memory",
        "raise resources.memory in the profile",
    ),
)
_BAD = re.compile(
    r"\[(?:error|fatal)\]|^\s*(?:fail|crit):|\bSR \d+ error\b|exception|\berror\b",
    re.IGNORECASE,
)


def explain(lines: Sequence[str]) -> Explanation | None:
    """What a failed run's log says, by the first known string in the list above."""
    for known in _KNOWN:
        for line in reversed(lines):
            if known.pattern.search(line):
                return Explanation(
                    line=line.strip(),
                    meaning=known.meaning,
                    remedy=known.remedy,
                    azure=known.azure,
                    license=known.license,
                )
    return None


def has_error(lines: Iterable[str]) -> bool:
    """Whether any line reads like an error in one of the three dialects."""
    return any(_BAD.search(line) for line in lines)


_PHASES = (
    ("download", re.compile(r"model download|downloading file|preparing file", re.I)),
    ("load", re.compile(r"\bSR \d+ info\b|model .*loading", re.I)),
    ("warm", re.compile(r"application started|now listening", re.I)),
)


def phase(line: str) -> str | None:
    """The phase of a start that a line belongs to: download, load, warm; or None."""
    return next((name for name, pattern in _PHASES if pattern.search(line)), None)


_CONTROL = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
)


def printable(line: str) -> str:
    """A log line without what a terminal would obey."""
    return line if line.isprintable() else _CONTROL.sub("", line)
