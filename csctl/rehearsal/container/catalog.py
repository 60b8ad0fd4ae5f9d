"""What Azure offers: base models and display models, the same on every day."""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

LOCALES = (
    *("de-de", "en-gb", "en-us", "es-es", "fr-fr", "it-it", "ja-jp", "ko-kr"),
    *("nl-nl", "pt-br", "sv-se", "zh-cn"),
)
_DATES = (
    "2016-11-04T08:23:42Z",
    "2019-03-03T17:34:10Z",
    "2021-06-10T09:02:25Z",
    "2023-08-15T11:41:07Z",
)
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DISPLAY_ID = re.compile(r"[0-9A-F]{64}")


class Model(NamedTuple):
    """A model on offer."""

    id: str
    locale: str
    created: str


def base_models(locale: str) -> tuple[Model, ...]:
    """The base models of a locale, the oldest first; none of an unknown one."""
    known = locale.lower()
    if known not in LOCALES:
        return ()
    return tuple(Model(_guid(f"{known} {date}"), known, date) for date in _DATES)


def display_model(kind: str, locale: str) -> Model | None:
    """The newest display model of a type and locale."""
    known = locale.lower()
    if known not in LOCALES:
        return None
    digest = hashlib.sha256(f"{kind} {known}".encode()).hexdigest()
    return Model(digest.upper(), known, _DATES[-1])


def speech_model(model_id: str) -> Model | None:
    """The base or custom model of that id: every GUID is one, save 00000000-...

    A custom model is one of en-us.
    """
    wanted = model_id.lower()
    if not _GUID.fullmatch(wanted) or wanted.startswith("00000000"):
        return None
    for locale in LOCALES:
        for model in base_models(locale):
            if model.id == wanted:
                return model
    return Model(wanted, "en-us", _DATES[-1])


def has_display_model(display_id: str) -> bool:
    """Whether the id is one of a display model: 64 hex digits, save 00000000..."""
    wanted = display_id.upper()
    return bool(_DISPLAY_ID.fullmatch(wanted)) and not wanted.startswith("00000000")


def _guid(text: str) -> str:
    digits = hashlib.sha256(text.encode()).hexdigest()
    widths = ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32))
    return "-".join(digits[start:end] for start, end in widths)
