"""Keys are changed in the text, and all the rest of it stays as it was."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from csctl.errors import ProfileError, UsageError
from csctl.profile import document
from csctl.profile.edit import difference, edit
from csctl.profile.node import Node

GUID = "5f3a0c1e-7d2b-4c57-9d0e-2f6a8b1c4d3e"
SHIPPED = sorted(Path(__file__).parents[2].glob("profiles/*.yaml"))

CASES = {
    "a value": (
        "name: a  # who\nport: 1\n",
        {"name": "b"},
        "name: b  # who\nport: 1\n",
    ),
    "nested": (
        "model:\n    id: a\nport: 1\n",
        {"model.id": "b"},
        "model:\n    id: b\nport: 1\n",
    ),
    "quotes stay": ("name: 'a'\n", {"name": "it's"}, "name: 'it''s'\n"),
    "double quotes stay": (
        'data: "a"\n',
        {"data": 'C:\\"b"'},
        'data: "C:\\\\\\"b\\""\n',
    ),
    "a boolean's word is quoted": (
        "restart: always\n",
        {"restart": "no"},
        'restart: "no"\n',
    ),
    "a number's word is quoted": ("name: a\n", {"name": "3.12"}, 'name: "3.12"\n'),
    "a date's word is quoted": (
        "name: a\n",
        {"name": "2027-01-31"},
        'name: "2027-01-31"\n',
    ),
    "a comment's sign is quoted": ("name: a\n", {"name": "a #b"}, 'name: "a #b"\n'),
    "line breaks are escaped": ("name: 'a'\n", {"name": "b\nc"}, 'name: "b\\nc"\n'),
    "a number is none where text is": (
        "resources: {cpus: '${CPUS}'}\n",
        {"resources.cpus": "8"},
        "resources: {cpus: 8}\n",
    ),
    "braces of a variable are quoted in braces": (
        "resources: {cpus: 8}\n",
        {"resources.cpus": "${CPUS}"},
        'resources: {cpus: "${CPUS}"}\n',
    ),
    "a question mark is quoted in braces": (
        "resources: {cpus: '8'}\n",
        {"resources.memory": "a?"},
        "resources: {cpus: '8', memory: \"a?\"}\n",
    ),
    "a port stays plain": ("port: 5000\n", {"port": "5001"}, "port: 5001\n"),
    "a date stays plain": (
        "license: {expires: 2027-01-31}\n",
        {"license.expires": "2028-01-31"},
        "license: {expires: 2028-01-31}\n",
    ),
    "a value over lines": (
        "data: a\n  b\nport: 1\n",
        {"data": "c"},
        "data: c\nport: 1\n",
    ),
    "an empty value": (
        "name:   # who\nport: 1\n",
        {"name": "b"},
        "name: b   # who\nport: 1\n",
    ),
    "an empty value in braces": (
        "{name: , port: 1}\n",
        {"name": "b"},
        "{name: b , port: 1}\n",
    ),
    "a bare key in braces": (
        "{name, port: 1}\n",
        {"name": "b"},
        "{name: b, port: 1}\n",
    ),
    "a short list becomes a word": (
        "display: {types: [punct]}\n",
        {"display.types": "full"},
        "display: {types: full}\n",
    ),
    "a key is added below the last": (
        "model:\n   id: a  # it\n\n# then\nport: 1\n",
        {"model.base": "b"},
        "model:\n   id: a  # it\n   base: b\n\n# then\nport: 1\n",
    ),
    "a key is added below its comment": (
        "# proxy: none\nname: a\n# proxy: http://p\nport: 1\n# restart: no\n# more\n",
        {"restart": "always", "proxy": "http://q"},
        (
            "# proxy: none\nname: a\n# proxy: http://p\nproxy: http://q\nport: 1\n"
            "# restart: no\nrestart: always\n# more\n"
        ),
    ),
    "a section is added below its comment": (
        "name: a\n# mounts:\n#   models: /m\n# Port.\n",
        {"mounts.models": "/n"},
        "name: a\n# mounts:\n#   models: /m\nmounts:\n  models: /n\n# Port.\n",
    ),
    "a section gets the indentation of others": (
        "model:\n    id: a\n",
        {"ready.timeout": "1m"},
        "model:\n    id: a\nready:\n    timeout: 1m\n",
    ),
    "a key of an empty section": (
        "resources:\n  # cpus: 4\n  # memory: 8g\nport: 1\n",
        {"resources.cpus": "8"},
        "resources:\n  # cpus: 4\n  cpus: 8\n  # memory: 8g\nport: 1\n",
    ),
    "a key of an empty section in braces": (
        "{ready: }\n",
        {"ready.timeout": "1m"},
        "{ready: {timeout: 1m} }\n",
    ),
    "a key of null": ("ready: ~\n", {"ready.timeout": "1m"}, "ready: {timeout: 1m}\n"),
    "text becomes a secret's source": (
        "proxy: http://p\n",
        {"proxy.env": "P"},
        "proxy: {env: P}\n",
    ),
    "a new secret's source": (
        "billing:\n  endpoint: https://c\n",
        {"billing.api_key.env": "K"},
        "billing:\n  endpoint: https://c\n  api_key: {env: K}\n",
    ),
    "another secret's source": (
        "billing: {api_key: {command: [a, b]}}\n",
        {"billing.api_key.file": "k", "billing.api_key.command": None},
        "billing: {api_key: {file: k}}\n",
    ),
    "a key in braces": (
        "resources: {cpus: 8 }\n",
        {"resources.memory": "8g"},
        "resources: {cpus: 8, memory: 8g }\n",
    ),
    "a key in empty braces": (
        "resources: {}\n",
        {"resources.memory": "8g"},
        "resources: {memory: 8g}\n",
    ),
    "a key behind an empty one in braces": (
        "{name: , }\n",
        {"port": "1"},
        "{name: , port: 1 , }\n",
    ),
    "a key of JSON": (
        '{\n "name": "a",\n "port": 1\n}\n',
        {"restart": "always", "port": "0.0.0.0:1"},
        '{\n "name": "a",\n "port": "0.0.0.0:1",\n "restart": "always"\n}\n',
    ),
    "a section of JSON": (
        '{"name": "a"}',
        {"ready.timeout": "1m"},
        '{"name": "a", "ready": {"timeout": "1m"}}',
    ),
    "no line end at the end": ("name: a", {"port": "1"}, "name: a\nport: 1"),
    "line ends of Windows": (
        "name: a\r\nmodel:\r\n  id: b\r\n",
        {"model.x": "c"},
        "name: a\r\nmodel:\r\n  id: b\r\n  x: c\r\n",
    ),
    "a byte order mark": ("\ufeffname: a\n", {"name": "b"}, "\ufeffname: b\n"),
    "a block of lines before": (
        "labels:\n  a: |\n    b\n\nport: 1\n",
        {"labels.c": "d", "port": "2"},
        "labels:\n  a: |\n    b\n\n  c: d\nport: 2\n",
    ),
    "a key is removed with its line": (
        "name: a\nport: 1  # p\n# end\n",
        {"port": None},
        "name: a\n# end\n",
    ),
    "a section is removed": (
        "name: a\nmodel:\n  base:\n    locale: b\nport: 1\n",
        {"model": None},
        "name: a\nport: 1\n",
    ),
    "a section goes with its last key": (
        "name: a\nmodel:\n  base:\n    locale: b\nport: 1\n",
        {"model.base.locale": None},
        "name: a\nport: 1\n",
    ),
    "the last key in braces": (
        "name: a\nmodel: {base: {locale: b}}\n",
        {"model.base.locale": None},
        "name: a\n",
    ),
    "the first in braces": (
        "resources: {cpus: 8, memory: 8g}\n",
        {"resources.cpus": None},
        "resources: {memory: 8g}\n",
    ),
    "one of JSON": (
        '{\n "a": 1,\n "b": [2],\n "c": 3\n}',
        {"b": None},
        '{\n "a": 1,\n "c": 3\n}',
    ),
    "a list is removed": (
        "display:\n  locale: b\n  types:\n  - punct\n  - rescore\nport: 1\n",
        {"display.types": None},
        "display:\n  locale: b\nport: 1\n",
    ),
    "what is not there": ("name: a\n", {"model.id": None, "name.x": None}, "name: a\n"),
    "an id instead of a locale": (
        "model: {base: {locale: en-US}}\n",
        {"model.base": None, "model.id": GUID},
        f"model: {{id: {GUID}}}\n",
    ),
    "an id instead of a locale, with comments": (
        "model:\n  # A.\n  base:\n    locale: en-US\n  # B.\n  # id: x\nport: 1\n",
        {"model.id": GUID, "model.base": None},
        f"model:\n  # A.\n  # B.\n  # id: x\n  id: {GUID}\nport: 1\n",
    ),
    "a label's dots": (
        "labels:\n  com.x.y: a\n",
        {"labels.com.x.y": "b", "labels.com.x": "1.5"},
        'labels:\n  com.x.y: b\n  com.x: "1.5"\n',
    ),
    "a variable's source": (
        "environment: {A.b: c}\n",
        {"environment.A.b.env": "D"},
        "environment: {A.b: {env: D}}\n",
    ),
    "a name that needs quotes": (
        "labels:\n  a: b\n",
        {"labels.no": "c"},
        'labels:\n  a: b\n  "no": c\n',
    ),
}


@pytest.mark.parametrize(("before", "changes", "after"), CASES.values(), ids=CASES)
def test_a_change_is_one_of_characters(
    before: str, changes: Mapping[str, str | None], after: str
) -> None:
    assert edit(before, changes) == after


def test_the_other_documents_stay() -> None:
    text = "name: a\n# end\n---\n# two\nname: b\n...\n---\nname: c\n"
    assert edit(text, {"port": "1"}, document=2) == text.replace(
        "name: b\n", "name: b\nport: 1\n"
    )
    assert edit(text, {"port": "1"}, document=3) == text + "port: 1\n"
    assert edit(text, {"port": "1"}) == text.replace("name: a\n", "name: a\nport: 1\n")


REFUSED = {
    "no YAML": ("name: [\n", {"name": "b"}, "p:2:1: name[0]: no valid YAML"),
    "an alias": ("name: &a b\ndata: *a\n", {"data": "b"}, "p:1:7: name: anchors"),
    "a key written twice": (
        "name: a\nname: b\n",
        {"name": "c"},
        "p:2:1: name: this key",
    ),
    "no document": ("# nothing\n", {"name": "b"}, "p: there is no document 1"),
    "an empty document": (
        "---\n...\n",
        {"name": "b"},
        "p:2:1: name: this document holds",
    ),
    "a list at the top": ("- a\n", {"name": "b"}, "p:1:1: name: this document holds"),
    "a section": ("model:\n  id: a\n", {"model": "b"}, "p:2:3: model: is a section"),
    "into a list": (
        "display:\n  types: [a]\n",
        {"display.types.a": "b"},
        "p:2:10: display.types.a: is in a list",
    ),
    "away from a list": (
        "display: [a]\n",
        {"display.a": None},
        "p:1:10: display.a: is in a list",
    ),
    "a long list": (
        "display:\n  types:\n  - a\n",
        {"display.types": "full"},
        "p:3:3: display.types: is a list over several",
    ),
    "a block of lines": ("name: |\n  a\n", {"name": "b"}, "p:1:7: name: is a block"),
    "below a block of lines": (
        "name: >\n  a\n",
        {"name.b": "b"},
        "p:1:7: name.b: is a block",
    ),
    "a question mark": (
        "? name\n: a\n? port\n: 1\n",
        {"port": None},
        "p:3:3: port: is not alone",
    ),
    "a comment in braces": (
        "{a: 1, # b\n b: 2}\n",
        {"b": None},
        "p:2:2: b: is not alone",
    ),
    "a comment's look inside of quotes": (
        'data: "x\n# port: 1\n  y"\n',
        {"port": "2"},
        "p:1:1: port: cannot be changed safely",
    ),
    "the only key": ("name: a\n", {"name": None}, "p:1:1: name: is the only key"),
    "the only section": ("{a: {b: c}}", {"a.b": None}, "p:1:2: a.b: is the only key"),
    "a control character": (
        "name: a\n",
        {"name": "b\x1b"},
        "p:1:7: name: holds the control",
    ),
    "half a character": ("name: a\n", {"name": "b\ud800"}, "U+D800"),
}


@pytest.mark.parametrize(("text", "changes", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_edited_is_said_with_its_place(
    text: str, changes: Mapping[str, str | None], message: str
) -> None:
    with pytest.raises(ProfileError) as caught:
        edit(text, changes, file="p")
    assert message in str(caught.value)


@pytest.mark.parametrize("path", ["", ".", "a..b", "model.", ".id"])
def test_what_is_no_path_is_said(path: str) -> None:
    with pytest.raises(UsageError, match="no path of a key"):
        edit("name: a\n", {path: "b"})


def test_the_difference_is_a_unified_diff() -> None:
    shown = difference("name: a\r\nport: 1\r\n", "name: b\r\nport: 1\r\n", "p.yaml")
    assert shown == (
        "--- p.yaml\n+++ p.yaml (changed)\n@@ -1,2 +1,2 @@\n"
        "-name: a\n+name: b\n port: 1\n"
    )
    assert difference("a: 1\n", "a: 1\n", "p.yaml") == ""


def scalars(node: Node, path: str = "") -> dict[str, str]:
    match node.value:
        case dict() as entries:
            found: dict[str, str] = {}
            for name, child in entries.items():
                found |= scalars(child, f"{path}.{name}" if path else name)
            return found
        case list():
            return {}
        case _:
            return {path: node.text}


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_every_key_of_the_shipped_profiles_is_changed_and_back(file: Path) -> None:
    text = file.read_text()
    [root], _ = document.read(text, file.name)
    found = scalars(root)
    assert len(found) > 10
    for path, value in found.items():
        changed = edit(text, {path: "other"})
        [root], _ = document.read(changed, file.name)
        assert scalars(root) == found | {path: "other"}
        assert edit(changed, {path: value}) == text


KEY = st.from_regex(r"x_[a-z0-9]{1,4}", fullmatch=True)
WORD = st.from_regex(r"w[a-z0-9]{1,6}", fullmatch=True)
PRINTABLE = st.text(st.characters(codec="utf-8"), max_size=12).filter(str.isprintable)
TRAPS = st.sampled_from(
    [
        "no",
        "3.12",
        "2027-01-31",
        "~",
        "",
        "- a",
        "a: b",
        "a #b",
        "[x]",
        "1:30",
        "${A}",
        "=",
        "<<",
    ]
)
TEXT = WORD | PRINTABLE | TRAPS
Data = dict[str, Any]


def mappings(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Data]:
    return st.dictionaries(KEY, values, min_size=1, max_size=4)


DATA = mappings(TEXT | mappings(TEXT | mappings(TEXT)))


class Writer:
    """Writes data as YAML in ways that people do."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._step = draw(st.integers(1, 4))
        self.line_end = draw(st.sampled_from(["\n", "\r\n"]))

    def scalar(self, value: str) -> str:
        style = self._draw(st.sampled_from(["'", '"', ""]))
        # One blank is what is left of some other white space between quoted lines.
        if style == "'" and value.isprintable():
            return "'" + value.replace("'", "''") + "'"
        if (
            style == ""
            and value.startswith("w")
            and value.isascii()
            and value.isalnum()
        ):
            return value
        return json.dumps(value, ensure_ascii=False)

    def comments(self, indent: int) -> list[str]:
        found = self._draw(st.lists(KEY, max_size=1))
        return [f"{' ' * indent}# {name}: old" for name in found]

    def block(self, data: Data, indent: int = 0) -> list[str]:
        lines = []
        for name, value in data.items():
            lines += self.comments(indent)
            head = f"{' ' * indent}{name}:"
            if isinstance(value, str):
                tail = self._draw(st.sampled_from(["", "  # why"]))
                lines.append(f"{head} {self.scalar(value)}{tail}")
            elif self._draw(st.booleans()):
                lines.append(f"{head} {self.flow(value)}")
            else:
                lines += [head, *self.block(value, indent + self._step)]
        return lines + self.comments(indent)

    def inline(self, value: Any) -> str:
        return self.scalar(value) if isinstance(value, str) else self.flow(value)

    def flow(self, data: Data) -> str:
        entries = [f"{name}: {self.inline(value)}" for name, value in data.items()]
        space = self._draw(st.sampled_from(["", " ", self.line_end + "  "]))
        return f"{{{space}{f',{space}'.join(entries)}{space}}}"


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, Data]:
    data = draw(DATA)
    writer = Writer(draw)
    form = draw(st.sampled_from(["block", "flow", "json"]))
    if form == "json":
        indent = draw(st.sampled_from([None, 1, 2]))
        return json.dumps(data, ensure_ascii=False, indent=indent), data
    lines = writer.block(data) if form == "block" else [writer.flow(data)]
    return writer.line_end.join(lines) + draw(
        st.sampled_from(["", writer.line_end])
    ), data


def leaves(data: Data, names: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for name, value in data.items():
        if isinstance(value, str):
            found.append((*names, name))
        else:
            found += leaves(value, (*names, name))
    return found


def same(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def unchanged(before: str, after: str) -> int:
    """How many characters are the same at the start and at the end."""
    start = same(before, after)
    end = same(before[start:][::-1], after[start:][::-1])
    return start + end


def put(data: Data, names: tuple[str, ...], value: str) -> Data:
    changed = copy.deepcopy(data)
    inner = changed
    for name in names[:-1]:
        if not isinstance(inner.get(name), dict):
            inner[name] = {}
        inner = inner[name]
    inner[names[-1]] = value
    return changed


@given(texts(), st.data(), TEXT, WORD)
@settings(max_examples=60, deadline=None)
def test_a_replaced_value_is_read_and_goes_back(
    written: tuple[str, Data], pick: st.DataObject, value: str, word: str
) -> None:
    text, data = written
    names = pick.draw(st.sampled_from(leaves(data)))
    path = ".".join(names)
    changed = edit(text, {path: value})
    assert yaml.safe_load(changed) == put(data, names, value)
    old: Any = data
    for name in names:
        old = old[name]
    # Quotes, and each of their signs at most twice.
    assert len(text) - unchanged(text, changed) <= 2 * len(old) + 2
    assert edit(edit(text, {path: word}), {path: old}) == text


@given(texts(), st.data(), st.lists(KEY, min_size=1, max_size=3), TEXT)
@settings(max_examples=60, deadline=None)
def test_an_added_key_is_read_and_only_adds(
    written: tuple[str, Data], pick: st.DataObject, new: list[str], value: str
) -> None:
    text, data = written
    inside = pick.draw(st.sampled_from([(), *{n[:-1] for n in leaves(data)}]))
    inner: Any = data
    for name in inside:
        inner = inner[name]
    assume(new[0] not in inner)
    names = (*inside, *new)
    changed = edit(text, {".".join(names): value})
    assert yaml.safe_load(changed) == put(data, names, value)
    assert unchanged(text, changed) == len(text)


@given(texts(), st.data())
@settings(max_examples=60, deadline=None)
def test_a_removed_key_is_gone_and_nothing_is_added(
    written: tuple[str, Data], pick: st.DataObject
) -> None:
    text, data = written
    names = pick.draw(st.sampled_from(leaves(data)))
    expected = copy.deepcopy(data)
    for end in range(len(names), 0, -1):
        inner = expected
        for name in names[: end - 1]:
            inner = inner[name]
        del inner[names[end - 1]]
        if inner:
            break
    assume(expected)
    changed = edit(text, {".".join(names): None})
    assert yaml.safe_load(changed) == expected
    assert unchanged(text, changed) == len(changed)


@given(texts(), texts(), TEXT)
@settings(max_examples=30, deadline=None)
def test_an_edited_document_leaves_the_others_as_they_are(
    first: tuple[str, Data], second: tuple[str, Data], value: str
) -> None:
    start, end = f"{first[0]}\n---\n", f"\n---\n{first[0]}"
    names = leaves(second[1])[0]
    changed = edit(start + second[0] + end, {".".join(names): value}, document=2)
    assert changed.startswith(start)
    assert changed.endswith(end)
    documents = list(yaml.safe_load_all(changed))
    assert documents == [first[1], put(second[1], names, value), first[1]]
