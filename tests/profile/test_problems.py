"""What is refused, as the sentences that an operator reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from csctl.errors import ProfileError
from csctl.profile.load import parse

GUID = "5f3a0c1e-7d2b-4c57-9d0e-2f6a8b1c4d3e"
KEYS = {
    "name": "contoso",
    "image": "example.com/speech:4.12.0-amd64",
    "mode": "disconnected",
    "model": f"{{id: {GUID}}}",
    "data": "/srv/stt",
}
FORMS = "{env: NAME}, {file: path} or {command: [program, argument]}"
NO_KEY = f"a key is never written into a profile; use {FORMS}"
SECRET = "S3CRETS3CRETS3CRETS3CRETS3CRETS3"


def sentences(text: str | bytes) -> list[str]:
    """The problems of a profile, without the file."""
    with pytest.raises(ProfileError) as caught:
        parse(text, file="p", base=Path("/profiles"), environ={})
    found = [str(problem) for problem in caught.value.problems]
    assert SECRET not in "\n".join(found)
    assert len({problem for problem in found}) == len(found)
    return [problem.removeprefix("p:").removeprefix(" ") for problem in found]


def written(change: str) -> str:
    """A good profile, with the lines of `change` in place of its own."""
    changed = {line.partition(":")[0] for line in change.splitlines()}
    kept = [f"{key}: {text}\n" for key, text in KEYS.items() if key not in changed]
    return change + "\n" + "".join(kept)


ONE_PROBLEM = {
    # names and words
    "name: x": "1:7: name: 'x' is no name for a container: write 2 to 63 letters,"
    " digits, '_', '.' and '-', the first a letter or digit",
    "name: a.csctl-old": "1:7: name: 'a.csctl-old': csctl keeps names with '.csctl-'",
    "name: 3.12": "1:7: name: 3.12 is read as a number, not as text: quote it",
    "name: 12": "1:7: name: 12 is read as a number, not as text: quote it",
    "name: 2027-01-31": "1:7: name: 2027-01-31 is read as a date, not as text: quote"
    " it",
    "name: [a]": "1:1: name: is a list, where a name is wanted",
    "name: {a: b}": "1:1: name: is a mapping, where a name is wanted",
    "name:": "1:1: name: required",
    "image: a/B": "1:8: image: 'a/B' is no repository name; write it in lower case",
    "image: 3.12": "1:8: image: 3.12 is read as a number, not as text: quote it",
    "mode: offline": "1:7: mode: offline is not one of connected, disconnected",
    "mode: off": "1:7: mode: off is read as a boolean, not as text: quote it",
    "restart: no": "1:10: restart: no is read as a boolean, not as text: quote it",
    "restart: never": "1:10: restart: 'never' is no restart policy: write no, always,"
    " unless-stopped, on-failure or on-failure:5",
    "restart: on-failure:0": "1:10: restart: 'on-failure:0' is no restart policy:"
    " write no, always, unless-stopped, on-failure or on-failure:5",
    "api_key_as: env": "1:13: api_key_as: env is not one of environment, argument",
    # unknown keys
    "prot: 5000": "1:1: prot: unknown key; did you mean 'port'?",
    "api-key-as: argument": "1:1: api-key-as: unknown key; did you mean 'api_key_as'?",
    "source: x": "1:1: source: unknown key; did you mean 'resources'?",
    "resources: {cpu: 1}": "1:13: resources.cpu: unknown key; did you mean 'cpus'?",
    "<<: {a: 1}": "1:1: <<: unknown key",
    # models
    "model: {}": "1:1: model: write exactly one of id and base",
    f"model: {{id: {GUID}, base: {{locale: en-US}}}}": "1:1: model: write exactly one"
    " of id and base",
    "model: {id: 5f3a}": "1:13: model.id: '5f3a' is no model id: write its GUID, such"
    " as 5f3a0c1e-7d2b-4c57-9d0e-2f6a8b1c4d3e",
    "model: {base: en-US}": "1:15: model.base: is text, where a mapping with keys of"
    " its own is wanted",
    "model: {base: {}}": "1:9: model.base.locale: required",
    "model: {base: {locale: english}}": "1:24: model.base.locale: 'english' is no"
    " locale such as en-US",
    "display: {}": "1:1: display: write either locale with types, or ids",
    "display: {locale: en-US}": "1:1: display.types: required: locale and types stand"
    " together",
    "display: {types: full}": "1:1: display.locale: required: locale and types stand"
    " together",
    f"display: {{locale: en-US, ids: {{punct: {'A' * 64}}}}}": "1:1: display: write"
    " either locale with types, or ids",
    "display: {ids: {}}": "1:11: display.ids: is empty: leave the section out instead",
    "display: {ids: {punct: AB}}": "1:24: display.ids.punct: 'AB' is no id of a"
    " display model: write its 64 hexadecimal digits",
    f"display: {{ids: {{dots: {'A' * 64}}}}}": "1:17: display.ids.dots: is not one of"
    " punct, rescore, resegment, wfstitn",
    "display: {locale: en-US, types: [punct, dots]}": "1:41: display.types[1]: dots is"
    " not one of punct, rescore, resegment, wfstitn, full",
    "display: {locale: en-US, types: [punct, punct]}": "1:41: display.types[1]:"
    " 'punct' again",
    "display: {locale: en-US, types: []}": "1:26: display.types: is an empty list:"
    " leave the section out instead",
    "display: {locale: en-US, types: punct}": "1:33: display.types: is text, where a"
    " list such as [punct] or full is wanted",
    "display: {locale: no, types: full}": "1:19: display.locale: no is read as a"
    " boolean, not as text: quote it",
    # endpoints and keys
    "mode: connected": "1:1: billing: required, as the mode is connected",
    "mode: connected\nbilling: {endpoint: 'https://c.test'}": "2:1:"
    " billing.api_key: required, as the mode is connected",
    "mode: connected\nbilling: {endpoint: 'https://c.test', api_key: {env: K}}"
    "\nlicense: {endpoint: 'https://c.test'}": "3:1: license: is for mode"
    " disconnected only",
    "billing: {}": "1:1: billing.endpoint: required",
    f"billing: {{endpoint: {SECRET}}}": "1:21: billing.endpoint: this is no URL such as"
    " https://contoso.cognitiveservices.azure.com",
    "billing: {endpoint: 'http://c.example.com'}": "1:21: billing.endpoint: http is for"
    " loopback only: write https://",
    f"billing: {{endpoint: 'https://u:{SECRET}@c.example.com'}}": "1:21:"
    " billing.endpoint: credentials do not belong into the URL: use api_key",
    f"billing: {{endpoint: 'https://c.test/?key={SECRET}'}}": "1:21:"
    " billing.endpoint: write the URL without what follows ? or #",
    "billing: {endpoint: 'https://[::1'}": "1:21: billing.endpoint: this is no URL such"
    " as https://contoso.cognitiveservices.azure.com",
    "billing: {endpoint: 'https://c d'}": "1:21: billing.endpoint: this is no URL such"
    " as https://contoso.cognitiveservices.azure.com",
    "license: {endpoint: 'https://c.test', valid_for: 1d, expires: 2027-01-31}": "1:63:"
    " license.expires: write only one of valid_for and expires",
    "license: {endpoint: 'https://c.test', valid_for: 30}": "1:50:"
    " license.valid_for: 30 is read as a number, not as text: quote it",
    "license: {endpoint: 'https://c.test', valid_for: soon}": "1:50:"
    " license.valid_for: 'soon' is no duration: write 30s, 10m, 1h30m or 30d",
    "license: {endpoint: 'https://c.test', expires: soon}": "1:48:"
    " license.expires: soon is no date such as 2027-01-31",
    "license: {endpoint: 'https://c.test', expires: 2027-01-31 10:00:00}": "1:48:"
    " license.expires: 2027-01-31 10:00:00 is no date such as 2027-01-31",
    "ready: {timeout: 0s}": "1:18: ready.timeout: '0s' is no time at all",
    # directories
    "data:": "1:1: data: required; or write mounts.models and mounts.license and"
    " mounts.output",
    "data:\nmounts: {models: /m}": "1:1: data: required; or write mounts.license and"
    " mounts.output",
    "mounts: {models: /m, license: /m}": "1:31: mounts.license: is the directory for"
    " models already",
    "mounts: {output: /srv/stt/models}": "1:18: mounts.output: is the directory for"
    " models already",
    "data: ''": "1:7: data: a path is one line of printable characters",
    "data: ~": "1:1: data: required; or write mounts.models and mounts.license and"
    " mounts.output",
    "data: ~/x": "1:7: data: ~ has no meaning here, as HOME is not set",
    "data: ~root/x": "1:7: data: `~` is followed by a name: write the path itself",
    "data: ${DATA}": "1:7: data: variable DATA is not set: set it, or write"
    " ${DATA:-default}",
    "data: ${DATA": "1:7: data: a variable is written ${NAME} or ${NAME:-default},"
    " without braces in the default; write $${ where ${ itself is meant",
    # numbers
    "resources: {cpus: 0}": "1:19: resources.cpus: 0 is another number, where a number"
    " of at least 0.01 is wanted",
    "resources: {cpus: .inf}": "1:19: resources.cpus: .inf is another number, where a"
    " number of at least 0.01 is wanted",
    "resources: {cpus: .nan}": "1:19: resources.cpus: .nan is another number, where a"
    " number of at least 0.01 is wanted",
    "resources: {cpus: eight}": "1:19: resources.cpus: eight is text, where a number"
    " of at least 0.01 is wanted",
    "resources: {decoders: yes}": "1:23: resources.decoders: yes is a boolean, where a"
    " whole number of at least 1 is wanted",
    "resources: {decoders: 1.5}": "1:23: resources.decoders: 1.5 is another number,"
    " where a whole number of at least 1 is wanted",
    "resources: {memory: 5m}": "1:21: resources.memory: '5m' is too small: the Engine"
    " takes 6m or more; write a unit, as in 16g",
    "resources: {memory: 16}": "1:21: resources.memory: '16' is too small: the Engine"
    " takes 6m or more; write a unit, as in 16g",
    "resources: {memory: 1.5}": "1:21: resources.memory: 1.5 is read as a number, not"
    " as text: quote it",
    "resources: {memory: much}": "1:21: resources.memory: 'much' is no size: write"
    " 16g, 512m or a count of bytes",
    "resources: {memory: 99999999t}": "1:21: resources.memory: '99999999t' is no size"
    " that the Engine takes",
    "logging: {max_size: 0}": "1:21: logging.max_size: '0' is no size that the Engine"
    " takes",
    "logging: {max_file: 0}": "1:21: logging.max_file: 0 is another number, where a"
    " whole number of at least 1 is wanted",
    "port: true": "1:7: port: true is read as a boolean, not as text: quote it",
    "port: 70000": "1:7: port: '70000' is no port: write 5000, 127.0.0.1:5000 or"
    " [::1]:5000",
    "port: localhost:5000": "1:7: port: 'localhost:5000' does not start with an IP"
    " address of this host, such as 127.0.0.1, 0.0.0.0 or [::1]",
    "port: '::1:5000'": "1:7: port: '::1:5000': write IPv6 addresses, and only those,"
    " in brackets",
    # the environment and labels
    "environment: {A: yes}": "1:18: environment.A: this is read as a boolean, not as"
    " text: quote it",
    "environment: {A: 1.5}": "1:18: environment.A: this is read as a number, not as"
    " text: quote it",
    "environment: {A: }": "1:18: environment.A: is empty, where text is wanted",
    "environment: {A: [x]}": f"1:15: environment.A: {NO_KEY}",
    "environment: {A=B: x}": "1:15: environment.A=B: this is no name of an environment"
    " variable",
    "environment: {APIKEY: x}": "1:23: environment.APIKEY: csctl sets this variable"
    " itself: use billing.api_key",
    "environment: {billing: x}": "1:24: environment.billing: csctl sets this variable"
    " itself: use billing.endpoint",
    "environment: {Eula: accept}": "1:21: environment.Eula: csctl sets this variable"
    " itself: leave it out",
    "environment: {ModelId: x}": "1:24: environment.ModelId: csctl sets this variable"
    " itself: use model.id",
    "environment: {BaseModelLocale: x}": "1:32: environment.BaseModelLocale: csctl sets"
    " this variable itself: use model.base.locale",
    "environment: {DisplayLocale: x}": "1:30: environment.DisplayLocale: csctl sets"
    " this variable itself: use display.locale",
    "environment: {DownloadLicense: x}": "1:32: environment.DownloadLicense: csctl sets"
    " this variable itself: use license",
    "environment: {Mounts__License: x}": "1:32: environment.Mounts__License: csctl sets"
    " this variable itself: use mounts.license",
    "environment: {'Mounts:Input': x}": "1:31: environment.Mounts:Input: csctl sets"
    " this variable itself: use mounts",
    "environment: {decoder_max_count: 2}\nresources: {decoders: 2}": "1:34:"
    " environment.decoder_max_count: csctl sets this variable itself: use"
    " resources.decoders",
    "environment: {HTTP_PROXY: x}\nproxy: http://p:1": "1:27: environment.HTTP_PROXY:"
    " csctl sets this variable itself: use proxy",
    "labels: {csctl.x: y}": "1:10: labels.csctl.x: labels that start with csctl. are"
    " csctl's own",
    "labels: {x: yes}": "1:13: labels.x: yes is read as a boolean, not as text: quote"
    " it",
    "labels: x": "1:9: labels: is text, where a mapping of names to values is wanted",
    # YAML itself
    "no: x": "1:1: no is read as a boolean, not as a key: quote it",
    "labels: {1: x}": "1:10: labels: 1 is read as a number, not as a key: quote it",
    "? [a]\n: x": "1:3: this is read as a list, not as a key: quote it",
    "port: 1\nport: 2": "2:1: port: this key is written twice",
    "labels: {a: 1, a: 2}": "1:16: labels.a: this key is written twice",
    "name: !!str contoso": "1:7: name: tags are refused: write the value without one",
    "labels: !!python/object/apply:os.system [id]": "1:9: labels: tags are refused:"
    " write the value without one",
    "name: &n contoso": "1:7: name: anchors and aliases are refused: write the value"
    " itself",
    "name: *n": "1:7: name: anchors and aliases are refused: write the value itself",
    "license: {endpoint: 'https://c.test', expires: 2027-02-31}": "1:48:"
    " license.expires: looks like a number or a date, and is none: quote it",
    'name: "a\\0b"': "1:7: name: holds the control character U+0000",
}


@pytest.mark.parametrize("change", ONE_PROBLEM)
def test_one_fault_gives_one_sentence(change: str) -> None:
    found = sentences(written(change))
    assert found == [ONE_PROBLEM[change]]


HIDDEN = {
    f"api_key: {SECRET}": NO_KEY,
    f"api_key: [{SECRET}]": NO_KEY,
    f"api_key: {{env: A, {SECRET}: B}}": f"write exactly one of {FORMS}",
    f"api_key: {{{SECRET}: x}}": f"write exactly one of {FORMS}",
    "api_key: {env: A, file: B}": f"write exactly one of {FORMS}",
    "api_key: {}": f"write exactly one of {FORMS}",
    f"api_key: {{env: '{SECRET} '}}": "this is no name of an environment variable",
    "api_key: {env: 0123456789abcdef0123456789abcdef}": "this looks like a key, not"
    " like the name of a variable",
    f"api_key: {{command: {SECRET}}}": "write the command as a list of words",
    "api_key: {command: []}": "write the command as a list of words",
    "api_key: {command: ['']}": "the first word is the program to run",
    f"api_key: {{file: ~{SECRET}}}": "`~` is followed by a name: write the path itself",
}


@pytest.mark.parametrize("change", HIDDEN)
def test_a_message_about_a_key_never_quotes_it(change: str) -> None:
    found = sentences(written(f"billing: {{endpoint: 'https://c.test', {change}}}"))
    assert [problem.rpartition(": ")[2] for problem in found] == [
        HIDDEN[change].rpartition(": ")[2]
    ]
    assert ": billing.api_key" in found[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (f"http://u:{SECRET}@proxy:1", "a URL with credentials is never written"),
        (SECRET, "this is no URL such as http://proxy:8888"),
        (f"http://proxy:{SECRET}", "this is no URL such as http://proxy:8888"),
        (f"http://proxy/{SECRET}", "write scheme, host and port only"),
        (f"socks5://{SECRET}:1", "this is no URL such as http://proxy:8888"),
    ],
)
def test_a_message_about_a_proxy_never_quotes_it(change: str, message: str) -> None:
    [found] = sentences(written(f"proxy: {change}"))
    assert found.startswith(f"1:8: proxy: {message}")


def test_all_problems_of_a_file_come_at_once_in_its_order() -> None:
    text = "prot: 1\nname: 3.12\nresources:\n  cpus: x\n  mem: 1\n---\nmode: x\n"
    assert sentences(text) == [
        "1:1: prot: unknown key; did you mean 'port'?",
        "1:1: image: required",
        "1:1: mode: required",
        "1:1: model: required",
        "1:1: data: required; or write mounts.models",
        "2:7: name: 3.12 is read as a number, not as text: quote it",
        "4:9: resources.cpus: x is text, where a number of at least 0.01 is wanted",
        "5:3: resources.mem: unknown key; did you mean 'memory'?",
        "7:1: name: required",
        "7:1: image: required",
        "7:1: model: required",
        "7:1: data: required; or write mounts.models",
        "7:7: mode: x is not one of connected, disconnected",
    ]


def test_the_documents_before_a_fault_of_syntax_are_read_too() -> None:
    assert sentences(f"{written('name: x y')}---\na: [\n")[1:] == [
        "8:1: a[0]: no valid YAML: did not find expected node content while parsing a"
        " flow node"
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "holds no profile", id="empty"),
        pytest.param("---\n---\n", "holds no profile", id="empty documents"),
        pytest.param("text", "is text, where a mapping with keys", id="text"),
        pytest.param("- a", "is a list, where a mapping with keys", id="a list"),
        pytest.param(b"name: \xff", "is not UTF-8 text", id="no UTF-8"),
        pytest.param("name: x".encode("utf-16"), "is not UTF-8 text", id="UTF-16"),
        pytest.param("a: \0", "the control character U+0000", id="NUL"),
        pytest.param("a: \x1b[2J", "the control character U+001B", id="escape"),
        pytest.param("a: \ud800", "the control character U+D800", id="surrogate"),
        pytest.param("a: \ufffe", "no valid YAML", id="no character"),
        pytest.param("a: b: c", "no valid YAML", id="no YAML"),
        pytest.param("a" * (1 << 20 | 1), "is larger than 1 MiB", id="large text"),
        pytest.param(b"a" * (1 << 20 | 1), "is larger than 1 MiB", id="large bytes"),
        pytest.param(
            "é".encode() * (1 << 19 | 1), "is larger than 1", id="few letters"
        ),
        pytest.param("[" * 500_000, "nested deeper than 50", id="nested lists"),
        pytest.param("{a: " * 200_000, "nested deeper than 50", id="nested mappings"),
        pytest.param("- " * 400_000, "nested deeper than 50", id="nested blocks"),
        pytest.param("? " * 400_000, "nested deeper than 50", id="nested keys"),
        pytest.param("[" + "1," * 500_000, "more than 20,000 values", id="wide"),
        pytest.param("--- a\n" * 100_000, "more than 20,000 values", id="documents"),
        pytest.param("- &a x\n" * 15_000, "anchors and aliases", id="anchors"),
        pytest.param(
            "a: &a [x, x]\n" + "".join(f"a{i}: [*a, *a]\n" for i in range(99)),
            "anchors and aliases",
            id="aliases that explode",
        ),
        pytest.param("a: 1" + ":1" * 500_000, "unknown key", id="base 60"),
        pytest.param("a: " + "1" * 1_000_000, "unknown key", id="many digits"),
        pytest.param('data: "' + "${A:-" * 200_000 + '"', "without braces", id="$"),
        pytest.param("name: 0b_", "looks like a number", id="no digits"),
        pytest.param("name: 2000-01-01 00:00:00 +99:99", "looks like", id="no zone"),
        pytest.param(
            "labels: {"
            + ",".join(f'k{i}: "${{A:-{"x" * 90}}}"' for i in range(9_000))
            + "}",
            "required",
            id="many variables",
        ),
    ],
)
def test_hostile_yaml_is_refused(text: str | bytes, message: str) -> None:
    assert message in "\n".join(sentences(text))


def test_variables_cannot_fill_the_memory() -> None:
    text = "labels: {" + ",".join(f'k{i}: "${{A}}"' for i in range(99)) + "}"
    with pytest.raises(ProfileError, match="expand to more than 1 MiB in this file"):
        parse(text, file="p", base=Path("/p"), environ={"A": "x" * 100_000})


def test_a_variable_that_is_no_text_is_refused_by_name() -> None:
    with pytest.raises(ProfileError, match="variable A does not hold text"):
        parse("data: ${A}", file="p", base=Path("/p"), environ={"A": "\udcff"})
