"""Keys of a profile by their dotted path, such as `license.valid_for`."""

from __future__ import annotations

from datetime import date
from functools import cache

import msgspec

from csctl.errors import UsageError
from csctl.profile.group import Entries
from csctl.profile.kind import Day, HiddenText, Number, Text, Whole
from csctl.profile.model import Profile
from csctl.profile.reading import Kind
from csctl.profile.secret_form import SecretForm
from csctl.profile.section import Key, Section

_SCALAR_FORMS = ("env", "file")


def split(path: str) -> tuple[str, ...]:
    """The names along a path; a free name, such as a label's, keeps its dots.

    Raises UsageError.
    """
    names = tuple(path.split("."))
    for index in range(1, len(names)):
        match kind_at(names[:index]):
            case Entries(kind=SecretForm()) if names[-1] in _SCALAR_FORMS:
                inner = (".".join(names[index:-1]), names[-1])
                names = (*names[:index], *filter(None, inner))
                break
            case Entries():
                names = (*names[:index], ".".join(names[index:]))
                break
    if not all(names):
        raise UsageError(
            f"{path!r} is no path of a key",
            remedy="write names with dots between them, such as license.valid_for",
        )
    return names


def find(names: tuple[str, ...]) -> Key | None:
    """The key that a profile has there, if any."""
    struct: type = Profile
    key = None
    for name in names:
        key = _keys(struct).get(name)
        if key is None:
            return None
        struct = key.kind.struct if isinstance(key.kind, Section) else type(None)
    return key


def kind_at(names: tuple[str, ...]) -> Kind | None:
    """What stands there; that of free names as well. None where nothing is known."""
    if key := find(names):
        return key.kind
    parent = find(names[:-1])
    match parent and parent.kind:
        case Entries(kind=kind):
            return kind
        case SecretForm():
            return HiddenText() if names[-1] in _SCALAR_FORMS else None
    return None


def in_secret(names: tuple[str, ...]) -> bool:
    """Whether a secret's source stands there, or above: or, by mistake, a key."""
    above = (kind_at(names[:end]) for end in range(1, len(names) + 1))
    return any(isinstance(kind, SecretForm) for kind in above)


def described(path: str) -> str:
    """The description of a key. Raises LookupError."""
    key = find(tuple(path.split(".")))
    if key is None:
        raise LookupError(path)
    return key.description


def taken(kind: Kind | None) -> tuple[type, ...]:
    """What YAML may take a value of this kind for, besides text."""
    match kind:
        case Number() | Whole():
            return (int, float)
        case Day():
            return (date,)
        case Text(takes=types):
            return types
        case HiddenText() | SecretForm():
            return (int,)
        case _:
            return ()


@cache
def _keys(struct: type) -> dict[str, Key]:
    if not issubclass(struct, msgspec.Struct):
        return {}
    return {
        field.name: key
        for field in msgspec.structs.fields(struct)
        for key in getattr(field.type, "__metadata__", ())
        if isinstance(key, Key)
    }
