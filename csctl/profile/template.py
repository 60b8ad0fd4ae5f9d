"""A new profile as commented YAML, from the answers to a few questions.

The comments are the keys' own descriptions. What is not answered stands there as a
comment, or, where it is required, as a key without a value.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from csctl.errors import ProfileError, UsageError
from csctl.profile import comment, scalar
from csctl.profile.load import parse
from csctl.secret import MASK

KEY_FORMS: Final = ("env", "file", "command")
REQUIRED: Final = "required"
_KEY_LIKE = re.compile(r"[0-9A-Fa-f]{32}|[0-9A-Za-z]{64,}")
_HEAD = """\
# What you want of one speech container. Look first, then do it: `csctl validate`,
# `csctl plan` and `csctl apply` take this file.
#
# ${VAR} stands for an environment variable of csctl, ${VAR:-default} has a default.
# Relative paths start at the folder of this file, and ~ is your home.
"""
_SECRET = (
    "Its key: {env: NAME}, {file: path} or {command: [program, word]}. The key itself"
    " is never written into a profile."
)
_NO_DISPLAY = """\
# display:
#   locale: en-US
#   types: [punct, rescore]   # or: full
"""
_NO_BILLING = """\
# billing:
#   endpoint: https://contoso.cognitiveservices.azure.com
#   api_key: {env: SPEECH_KEY}
"""
_NO_LICENSE = """\
# license:
#   endpoint: https://contoso-dc0.cognitiveservices.azure.com
#   api_key: {env: SPEECH_DC0_KEY}
#   valid_for: 30d
"""
_NO_RESOURCES = """\
# resources:
#   cpus: 8
#   memory: 16g
#   decoders: 4
"""
_NO_READY = """\
# ready:
#   timeout: 10m
#   speech: sample
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What was answered, as it was typed; empty is not answered."""

    name: str = ""
    image: str = ""
    mode: str = ""
    model: str = ""
    """A model's id; or `base_locale` instead."""
    base_locale: str = ""
    display_locale: str = ""
    display_types: str = ""
    """`full`, or types with commas or spaces between them."""
    billing_endpoint: str = ""
    billing_key_form: str = ""
    """One of KEY_FORMS, `env` if unanswered; alone it asks for nothing."""
    billing_key: str = ""
    """The variable's name, SPEECH_KEY if unanswered; the path; or the command."""
    license_endpoint: str = ""
    license_key_form: str = ""
    license_key: str = ""
    """As `billing_key`, with SPEECH_DC0_KEY."""
    valid_for: str = ""
    data: str = ""
    cpus: str = ""
    memory: str = ""
    decoders: str = ""
    port: str = ""


_SECTIONS: Final = ("billing", "license")
"""Keys with faults of their own, whatever was answered first in them."""
_FIELDS: Final[Mapping[str, str]] = {
    **{name: name for name in ("name", "image", "mode", "model", "data", "port")},
    "model.id": "model",
    "model.base": "base_locale",
    "display": "display_types",
    "display.locale": "display_locale",
    **{name: f"{name}_endpoint" for name in _SECTIONS},
    **{f"{name}.api_key": f"{name}_key_form" for name in _SECTIONS},
    **{f"{name}.api_key.{f}": f"{name}_key" for name in _SECTIONS for f in KEY_FORMS},
    "license.valid_for": "valid_for",
    **{f"resources.{name}": name for name in ("cpus", "memory", "decoders")},
}
"""The answer that a key, with all below it, comes from."""


def problems(
    answers: Answers, environ: Mapping[str, str], base: Path
) -> Mapping[str, str]:
    """The first fault of each answer, by its name; empty if the profile is valid.

    They have the order of the answers. One that is missing has the fault `required`.
    `base` is the profile's folder.
    """
    found = dict(_unfit(answers))
    if not found:
        found |= _faults(answers, environ, base)
    return {
        item.name: found[item.name] for item in fields(answers) if item.name in found
    }


def _unfit(answers: Answers) -> Iterator[tuple[str, str]]:
    """Answers that are not even to be written."""
    for item in fields(answers):
        answer = getattr(answers, item.name)
        if not answer.strip().isprintable():
            yield item.name, "holds characters that cannot be printed"
        elif item.name in ("billing_key", "license_key") and _holds_key(answer):
            yield item.name, "looks like a key, which is never written into a profile"


def _faults(
    answers: Answers, environ: Mapping[str, str], base: Path
) -> Mapping[str, str]:
    found: dict[str, str] = {}
    try:
        parse(commented(answers), file="profile", base=base, environ=environ)
    except ProfileError as error:
        for problem in error.problems:
            name = _field(problem.path)
            missing = problem.message.startswith(REQUIRED) or (
                not getattr(answers, name).strip() and problem.path not in _SECTIONS
            )
            found.setdefault(name, REQUIRED if missing else problem.message)
    return found


def _field(path: str) -> str:
    while path not in _FIELDS:
        path = path.rpartition(".")[0] if "." in path else "name"
    return _FIELDS[path]


def commented(answers: Answers, *, schema: str | None = None) -> str:
    """The profile as text. It is valid if there are no problems with the answers.

    `schema` is where an editor finds the JSON Schema. What looks like a key is masked.
    Raises UsageError.
    """
    return _hint(schema) + "\n".join((_HEAD, *_sections(_stripped(answers))))


def _hint(schema: str | None) -> str:
    if schema is None:
        return ""
    if not schema.isprintable():
        raise UsageError(
            "the schema's place holds unprintable characters",
            remedy="name a path or a URL on one line",
        )
    return f"# yaml-language-server: $schema={schema}\n"


def _stripped(answers: Answers) -> Answers:
    values = {item.name: getattr(answers, item.name) for item in fields(answers)}
    return Answers(**{name: value.strip() for name, value in values.items()})


def _sections(answers: Answers) -> Iterator[str]:
    yield comment.required("name", answers.name)
    yield comment.required("image", answers.image)
    yield comment.described("mode", "connected or disconnected") + comment.line(
        "mode", answers.mode
    )
    yield _model(answers)
    yield _display(answers)
    yield _billing(answers)
    yield _license(answers)
    yield comment.required("data", answers.data)
    yield _resources(answers)
    yield comment.described("port") + (
        comment.line("port", answers.port)
        if answers.port
        else "# port: 127.0.0.1:5000\n"
    )
    yield comment.described("ready") + _NO_READY


def _model(answers: Answers) -> str:
    id_ = comment.optional(
        "model.id", answers.model, "5f3a0c1e-7d2b-4c57-9d0e-2f6a8b1c4d3e"
    )
    base = comment.described("model.base") + (
        "  base:\n" + comment.line("model.base.locale", answers.base_locale)
        if answers.base_locale
        else "  # base:\n  #   locale: en-US\n"
    )
    return comment.described("model") + "model:\n" + id_ + base


def _display(answers: Answers) -> str:
    head = comment.described("display")
    if not (answers.display_locale or answers.display_types):
        return head + _NO_DISPLAY
    words = [word for word in re.split(r"[\s,]+", answers.display_types) if word]
    types = words[0] if words == ["full"] else _list(words) if words else ""
    return (
        f"{head}display:\n"
        + comment.required("display.locale", answers.display_locale)
        + comment.described("display.types")
        + f"  types: {types}".rstrip()
        + "\n"
    )


def _billing(answers: Answers) -> str:
    head = comment.described("billing")
    needed = answers.mode == "connected"
    if not (needed or answers.billing_endpoint or answers.billing_key):
        return head + _NO_BILLING
    return (
        f"{head}billing:\n"
        + comment.required("billing.endpoint", answers.billing_endpoint)
        + _secret(answers.billing_key_form, answers.billing_key, "SPEECH_KEY")
    )


def _license(answers: Answers) -> str:
    head = comment.described("license")
    fetched = answers.license_endpoint or answers.license_key
    if not (fetched or answers.valid_for):
        return head + _NO_LICENSE
    text = f"{head}license:\n"
    if fetched:
        text += comment.required("license.endpoint", answers.license_endpoint)
        text += _secret(answers.license_key_form, answers.license_key, "SPEECH_DC0_KEY")
    return text + comment.optional("license.valid_for", answers.valid_for, "30d")


def _resources(answers: Answers) -> str:
    head = comment.described("resources")
    if not (answers.cpus or answers.memory or answers.decoders):
        return head + _NO_RESOURCES
    return (
        f"{head}resources:\n"
        + comment.optional("resources.cpus", answers.cpus, "8")
        + comment.optional("resources.memory", answers.memory, "16g")
        + comment.optional("resources.decoders", answers.decoders, "4")
    )


def _secret(form: str, answer: str, variable: str) -> str:
    """Where a key comes from, with what looks like a key itself masked."""
    form = form or "env"
    if form == "env":
        answer = answer or variable
    words = _words(answer) if form == "command" else None
    if words:
        written = _list([_masked(word) for word in words])
    elif answer:
        # Also a command whose quotes do not match, which is refused as it is.
        written = scalar.write(_masked(answer), (int,), inside=scalar.FLOW)
    else:
        written = ""
    return (
        comment.wrapped(_SECRET, 1)
        + f"  api_key: {{{scalar.write_name(form)}: {written}}}\n"
    )


def _words(command: str) -> list[str]:
    """The words of a command; none where its quotes do not match."""
    try:
        return shlex.split(command)
    except ValueError:
        return []


def _list(words: list[str]) -> str:
    written = (scalar.write(word, (int,), inside=scalar.FLOW) for word in words)
    return f"[{', '.join(written)}]"


def _holds_key(answer: str) -> bool:
    return any(map(_KEY_LIKE.fullmatch, (answer.strip(), *answer.split())))


def _masked(answer: str) -> str:
    return MASK if _holds_key(answer) else answer
