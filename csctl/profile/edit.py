"""Changing keys in the text of a profile, with all the rest of it kept.

Each change looks at the text anew, and puts or takes away the characters of one value
or one key; comments, order, quotes, line ends and indentation stay.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

from csctl.errors import Problem, ProfileError
from csctl.profile import document as reader
from csctl.profile import key, layout, scalar
from csctl.profile.kind import Number, Whole
from csctl.profile.node import Node
from csctl.profile.secret_form import SecretForm
from csctl.profile.span import Entry, Items, Keys, Part, Scalar, documents

_BY_HAND = "edit the file by hand"
_BYTE_ORDER_MARK = "\ufeff"

_Names = tuple[str, ...]


def edit(
    text: str,
    changes: Mapping[str, str | None],
    *,
    document: int = 1,
    file: str = "profile",
) -> str:
    """The text with keys, by their dotted path, set to other scalars; None removes one.

    A section goes with its last key. Whether the result is a valid profile is for the
    caller to see. Raises ProfileError where the text cannot be edited, UsageError where
    a path is none.
    """
    mark = _BYTE_ORDER_MARK if text.startswith(_BYTE_ORDER_MARK) else ""
    text = text.removeprefix(mark)
    # What is removed stays until its successors are there: they may share a section.
    for path, value in sorted(changes.items(), key=lambda change: change[1] is None):
        names = key.split(path)
        before = _read(text, document, file)
        try:
            text = _changed(text, document, names, value)
            _confirm(before, _read(text, document, file), names, value)
        except _Refused as exc:
            at = layout.position(text, exc.index)
            problem = Problem(
                file=file, line=at.line, column=at.column, path=path, message=str(exc)
            )
            raise ProfileError((problem,)) from exc
    return mark + text


def difference(before: str, after: str, file: str) -> str:
    """What changed, as a unified diff; empty where nothing did."""
    lines = difflib.unified_diff(
        before.splitlines(),
        after.splitlines(),
        file,
        f"{file} (changed)",
        lineterm="",
    )
    return "".join(f"{line}\n" for line in lines)


class _Refused(Exception):
    """The text cannot be edited at that index."""

    def __init__(self, index: int, message: str) -> None:
        super().__init__(message)
        self.index = index


def _read(text: str, document: int, file: str) -> dict[_Names, str]:
    """All scalars of a document, by their names. Raises ProfileError."""
    nodes, problems = reader.read(text, file)
    if not problems and not 0 < document <= len(nodes):
        message = f"there is no document {document}; there are {len(nodes)}"
        problems = [Problem(file=file, line=0, column=0, path="", message=message)]
    if problems:
        raise ProfileError(tuple(problems))
    return dict(_scalars(nodes[document - 1], ()))


def _scalars(node: Node, names: _Names) -> Iterator[tuple[_Names, str]]:
    match node.value:
        case dict() as entries:
            for name, child in entries.items():
                yield from _scalars(child, (*names, name))
        case list() as items:
            for index, child in enumerate(items):
                yield from _scalars(child, (*names, str(index)))
        case _:
            yield names, node.text


def _confirm(
    before: Mapping[_Names, str],
    after: Mapping[_Names, str],
    names: _Names,
    value: str | None,
) -> None:
    """Refuse a result in which anything else than the wanted key reads differently."""
    others = [
        {path: text for path, text in scalars.items() if not _related(path, names)}
        for scalars in (before, after)
    ]
    if others[0] != others[1] or after.get(names) != value:
        raise _Refused(0, f"cannot be changed safely here: {_BY_HAND}")


def _related(path: _Names, names: _Names) -> bool:
    return all(one == other for one, other in zip(path, names, strict=False))


def _changed(text: str, document: int, names: _Names, value: str | None) -> str:
    try:
        part = documents(text)[document - 1]
    except (yaml.YAMLError, IndexError) as exc:
        raise _Refused(0, f"not every reader of YAML takes this: {_BY_HAND}") from exc
    if not isinstance(part, Keys):
        raise _Refused(part.start, "this document holds no keys")
    if value is None:
        return _without(text, part, names)
    return _Setting(text=text, root=part, names=names, value=value).apply()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setting:
    """One key of a document that is set. `depth` counts the names that lead to it."""

    text: str
    root: Keys
    names: _Names
    value: str

    def apply(self) -> str:
        """The text with the key set. Raises _Refused."""
        keys, since = self.root, self.root.start
        for depth, name in enumerate(self.names):
            entry = keys.find(name)
            if entry is None:
                return self._add(keys, since, depth)
            if depth == len(self.names) - 1:
                return self._replace(keys, entry)
            match entry.value:
                case Keys() as inner:
                    keys, since = inner, entry.key.end
                case Items() as items:
                    raise _Refused(items.start, f"is in a list: {_BY_HAND}")
                case Scalar() as held:
                    return self._open(keys, entry, held, depth + 1)
        raise AssertionError(self.names)

    def _replace(self, keys: Keys, entry: Entry) -> str:
        style = scalar.PLAIN
        match entry.value:
            case Keys() as section:
                raise _Refused(section.start, "is a section: name one of its keys")
            case Items(flow=False) as items:
                raise _Refused(items.start, f"is a list over several lines: {_BY_HAND}")
            case Scalar() as held:
                _refuse_block(held)
                # What is JSON stays JSON.
                style = held.style or (entry.key.style if keys.flow else style)
        inside = scalar.FLOW if keys.flow else scalar.BLOCK
        return layout.put(self.text, entry, self._written(style, inside))

    def _add(self, keys: Keys, since: int, depth: int) -> str:
        """Add the key, with the sections that lead to it, to one that is there."""
        if keys.flow:
            return self._add_inline(keys, depth)
        indent = layout.column(self.text, keys.start)
        at = layout.place(self.text, keys, since, indent, self.names[depth])
        return layout.insert(self.text, at, self._lines(depth, indent))

    def _add_inline(self, keys: Keys, depth: int) -> str:
        text, entries = self.text, keys.entries
        style = entries[-1].key.style if entries else scalar.PLAIN
        new = self._inline(depth, style)
        if not entries:
            at = keys.start + 1
            return text[:at] + new + text[at:]
        last = entries[-1]
        at = last.value.end
        # A value that is left empty would run into the comma.
        gap = " " if last.value.start == at else ""
        between = layout.line_before(text, last.key.start) or " "
        return f"{text[:at]}{gap},{between}{new}{text[at:]}"

    def _open(self, keys: Keys, entry: Entry, held: Scalar, depth: int) -> str:
        """Make a section of a scalar, which mostly is one that is left empty."""
        _refuse_block(held)
        if held.start < held.end or keys.flow:
            return layout.put(self.text, entry, f"{{{self._inline(depth)}}}")
        indent = layout.column(self.text, entry.key.start) + self._step
        at = layout.place(self.text, held, entry.key.end, indent, self.names[depth])
        return layout.insert(self.text, at, self._lines(depth, indent))

    def _lines(self, depth: int, indent: int) -> list[str]:
        """The rest of the path with the value, a line for each section."""
        lines: list[str] = []
        for end in range(depth + 1, len(self.names) + 1):
            line = f"{' ' * indent}{scalar.write_name(self.names[end - 1])}:"
            if end == len(self.names):
                line += f" {self._written(scalar.PLAIN, scalar.BLOCK)}"
            elif isinstance(key.kind_at(self.names[:end]), SecretForm):
                return [*lines, f"{line} {{{self._inline(end)}}}"]
            lines.append(line)
            indent += self._step
        return lines

    def _inline(self, depth: int, style: str = scalar.PLAIN) -> str:
        """The rest of the path with the value, as it stands in braces."""
        name = scalar.write_name(self.names[depth], style=style)
        if depth == len(self.names) - 1:
            return f"{name}: {self._written(style, scalar.FLOW)}"
        return f"{name}: {{{self._inline(depth + 1, style)}}}"

    def _written(self, style: str, inside: str) -> str:
        kind = key.kind_at(self.names)
        if isinstance(kind, Number | Whole):
            style = scalar.PLAIN
        return scalar.write(self.value, key.taken(kind), style=style, inside=inside)

    @property
    def _step(self) -> int:
        return layout.step(self.text, self.root)


def _refuse_block(held: Scalar) -> None:
    if held.is_block:
        raise _Refused(held.start, f"is a block of several lines: {_BY_HAND}")


def _without(text: str, root: Keys, names: _Names) -> str:
    """The text without a key, or without the outermost section that it would empty."""
    part: Part = root
    keys, gone = root, None
    for name in names:
        if isinstance(part, Items):
            raise _Refused(part.start, f"is in a list: {_BY_HAND}")
        entry = part.find(name) if isinstance(part, Keys) else None
        if not isinstance(part, Keys) or entry is None:
            return text
        if gone is None or len(part.entries) > 1:
            keys, gone = part, entry
        part = entry.value
    assert gone is not None
    if len(root.entries) == 1 and keys is root:
        raise _Refused(gone.key.start, "is the only key of this document")
    cut = layout.cut_inline if keys.flow else layout.cut_lines
    found = cut(text, keys.entries, keys.entries.index(gone))
    if found is None:
        raise _Refused(gone.key.start, f"is not alone on its lines: {_BY_HAND}")
    start, end = found
    return text[:start] + text[end:]
