"""Files, directories, documents, variables, paths, and what becomes of each key."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import pytest

from csctl.errors import ProfileError
from csctl.profile.load import load, parse
from csctl.profile.model import Profile
from csctl.profile.value import Port
from csctl.reference import ImageReference
from csctl.secret import FromCommand, FromEnvironment, FromFile

GUID = "5f3a0c1e-7d2b-4c57-9d0e-2f6a8b1c4d3e"
LEAST = f"""\
name: contoso
image: example.com/speech:4.12.0-amd64
mode: disconnected
model: {{id: {GUID}}}
data: /srv/stt
"""
CONNECTED = f"""\
name: contoso
image: example.com/speech:4.12.0-amd64
mode: connected
model: {{id: {GUID}}}
billing: {{endpoint: "https://c.example.com", api_key: {{env: K}}}}
data: /srv/stt
"""
FOLDER = Path("/profiles")


def one(text: str, environ: Mapping[str, str] | None = None) -> Profile:
    [profile] = parse(text, file="p.yaml", base=FOLDER, environ=environ or {})
    return profile


def problems(text: str | bytes, environ: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(ProfileError) as caught:
        parse(text, file="p.yaml", base=FOLDER, environ=environ or {})
    return [str(problem) for problem in caught.value.problems]


def test_the_required_keys_are_enough_and_the_rest_has_its_defaults() -> None:
    profile = one(LEAST)
    assert profile.name == "contoso"
    assert profile.image == ImageReference.parse("example.com/speech:4.12.0-amd64")
    assert (profile.model.id, profile.model.base) == (GUID, None)
    assert profile.display is None
    assert profile.billing is None
    assert profile.license is None
    assert profile.mounts is None
    resources = profile.resources
    assert (resources.cpus, resources.memory, resources.decoders) == (None, None, None)
    assert str(profile.port) == "127.0.0.1:5000"
    assert profile.restart == "unless-stopped"
    assert profile.ready.timeout == timedelta(minutes=10)
    assert profile.proxy is None
    assert profile.environment == {}
    assert profile.labels == {}
    assert (profile.logging.max_size, profile.logging.max_file) == (10 << 20, 5)
    assert profile.api_key_as == "environment"
    assert profile.helper_image is None


def test_every_key_is_read() -> None:
    profile = one(
        f"""\
name: contoso
image: example.com/speech@sha256:{"a" * 64}
mode: disconnected
model: {{base: {{locale: en-US}}}}
display: {{ids: {{punct: {"ab" * 32}}}}}
billing: {{endpoint: "https://c.example.com/sts", api_key: {{file: key}}}}
license:
  endpoint: http://127.0.0.1:8080
  api_key: {{command: [vault, read, -n, 3]}}
  expires: 2027-01-31
  renew_before: 36h
  keep: 3
data: stt
mounts: {{models: ../models, output: ~/out}}
resources: {{cpus: 2.5, memory: 16g, decoders: 4}}
port: "[::1]:6000"
restart: on-failure:3
ready: {{timeout: 1m30s}}
proxy: {{env: PROXY}}
environment: {{WORD: text, NUMBER: 0755, SECRET: {{env: S}}}}
labels: {{team: speech, floor: 7}}
logging: {{max_size: 1m, max_file: 2}}
api_key_as: argument
helper_image: debian:12
""",
        {"HOME": "/home/op"},
    )
    assert profile.image.digest == "sha256:" + "a" * 64
    assert profile.model.base
    assert profile.model.base.locale == "en-US"
    assert profile.display
    assert profile.display.ids == {"punct": "AB" * 32}
    assert profile.billing
    assert profile.billing.endpoint == "https://c.example.com/sts"
    assert profile.billing.api_key == FromFile(Path("/profiles/key"))
    assert profile.license
    assert profile.license.endpoint == "http://127.0.0.1:8080"
    assert profile.license.api_key == FromCommand(("vault", "read", "-n", "3"))
    assert profile.license.expires == date(2027, 1, 31)
    assert profile.license.valid_for is None
    assert profile.license.renew_before == timedelta(hours=36)
    assert profile.license.keep == 3
    assert profile.data == Path("/profiles/stt")
    assert profile.models_root == Path("/models")
    assert profile.license_root == Path("/profiles/stt/license")
    assert profile.output_dir == Path("/home/op/out")
    assert profile.state_dir == Path("/profiles/stt/.csctl")
    resources = profile.resources
    assert (resources.cpus, resources.memory, resources.decoders) == (2.5, 16 << 30, 4)
    assert profile.port == Port("::1", 6000)
    assert str(profile.port) == "[::1]:6000"
    assert profile.restart == "on-failure:3"
    assert profile.ready.timeout == timedelta(seconds=90)
    assert profile.proxy == FromEnvironment("PROXY")
    assert profile.environment == {
        "WORD": "text",
        "NUMBER": "0755",
        "SECRET": FromEnvironment("S"),
    }
    assert profile.labels == {"team": "speech", "floor": "7"}
    assert (profile.logging.max_size, profile.logging.max_file) == (1 << 20, 2)
    assert profile.api_key_as == "argument"
    assert str(profile.helper_image) == "debian:12"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("5000", "127.0.0.1:5000"),
        ('"5000"', "127.0.0.1:5000"),
        ("0.0.0.0:5001", "0.0.0.0:5001"),
        ('"[0:0::1]:65535"', "[::1]:65535"),
    ],
)
def test_a_port_has_an_address(written: str, read: str) -> None:
    assert str(one(f"{LEAST}port: {written}\n").port) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("full", ("punct", "rescore", "resegment", "wfstitn")),
        ("[full]", ("punct", "rescore", "resegment", "wfstitn")),
        ("[wfstitn, punct]", ("punct", "wfstitn")),
        ('"${T:-full}"', ("punct", "rescore", "resegment", "wfstitn")),
    ],
)
def test_display_types_come_in_one_order(written: str, read: tuple[str, ...]) -> None:
    display = one(f"{LEAST}display: {{locale: de-DE, types: {written}}}\n").display
    assert display
    assert display.types == read


def test_a_model_id_is_read_in_lower_case() -> None:
    assert one(LEAST.replace(GUID, GUID.upper())).model.id == GUID


def test_a_key_without_a_value_counts_as_not_written() -> None:
    assert one(f"{LEAST}display:\nrestart:\n") == one_with_source(
        LEAST, f"{LEAST}display:\nrestart:\n"
    )


def one_with_source(text: str, other: str) -> Profile:
    profile = one(text)
    fields = {name: getattr(profile, name) for name in profile.__struct_fields__}
    return Profile(**fields | {"source": one(other).source})


def test_without_data_a_connected_profile_needs_only_its_models() -> None:
    profile = one(CONNECTED.replace("data: /srv/stt", "mounts: {models: /m}"))
    assert profile.models_root == Path("/m")
    assert profile.state_dir == Path("/m/.csctl")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("/srv/stt/", "/srv/stt"),
        ("stt", "/profiles/stt"),
        ("./a/../b", "/profiles/b"),
        ("~", "/home/op"),
        ("~/stt", "/home/op/stt"),
        ("${DATA}/x", "/data/x"),
        ("/a$${b}", "/a${b}"),
        ("${EMPTY:-/d}", "/d"),
        ("/${EMPTY}x", "/x"),
        ("/a$b", "/a$b"),
    ],
)
def test_paths_end_up_absolute(written: str, read: str) -> None:
    environ = {"HOME": "/home/op", "DATA": "/data", "EMPTY": ""}
    text = LEAST.replace("/srv/stt", f'"{written}"')
    assert one(text, environ).data == Path(read)


def test_a_program_with_a_relative_path_starts_at_the_profiles_folder() -> None:
    text = f"{LEAST}proxy: {{command: [./key.sh, ./x, '${{WORD}}']}}\n"
    assert one(text, {"WORD": "w"}).proxy == FromCommand(
        ("/profiles/key.sh", "./x", "w")
    )


def test_a_variable_serves_as_a_number_quoted_or_not() -> None:
    text = f"{LEAST}port: ${{P:-6000}}\nlogging: {{max_file: '${{D}}'}}\n"
    text += "resources:\n  cpus: ${C}\n  decoders: ${D}\n"
    profile = one(text, {"C": "1.5", "D": "3"})
    assert (profile.port.number, profile.logging.max_file) == (6000, 3)
    assert (profile.resources.cpus, profile.resources.decoders) == (1.5, 3)


def test_a_quoted_number_stays_text() -> None:
    assert problems(f"{LEAST}resources: {{decoders: '3'}}") == [
        "p.yaml:6:23: resources.decoders: '3' is text, where a whole number of at"
        " least 1 is wanted"
    ]


def test_no_message_holds_what_a_variable_held() -> None:
    text = """\
name: ${A}
image: ${A}
mode: ${A}
model: {id: "${A}"}
data: ${A}
port: ${A}
restart: ${A}
ready: {timeout: "${A}"}
labels: {x: "${A}"}
resources: {cpus: "${A}", memory: "${A}", decoders: "${A}"}
display: {locale: "${A}", types: ["${A}"]}
logging: {max_size: "${A}", max_file: "${A}"}
billing: {endpoint: "${A}", api_key: "${A}"}
license: {endpoint: "${A}", expires: "${A}", api_key: {env: "${A}"}}
proxy: ${A}
"""
    found = problems(text, {"A": "!S3CRET\tS3CRET!"})
    assert len(found) == text.count("${A}") - len(["labels.x"])
    assert "S3CRET" not in "\n".join(found)


def test_one_file_holds_several_profiles() -> None:
    text = f"{LEAST}---\n{LEAST.replace('contoso', 'fabrikam')}---\n"
    first, second = parse(text, file="p.yaml", base=FOLDER, environ={})
    assert [first.name, second.name] == ["contoso", "fabrikam"]
    assert [first.source.document, second.source.document] == [1, 2]
    assert second.source.positions["name"] == (7, 7)


def test_a_source_knows_where_each_key_stands() -> None:
    source = one(f"{LEAST}resources:\n  cpus: 2\n").source
    assert source.file == Path("p.yaml")
    assert source.positions["resources"] == (6, 1)
    assert source.positions["resources.cpus"] == (7, 9)
    assert source.positions["model.id"] == (4, 13)


def test_a_byte_order_mark_and_windows_line_ends_are_fine() -> None:
    data = b"\xef\xbb\xbf" + LEAST.replace("\n", "\r\n").encode()
    [profile] = parse(data, file="p.yaml", base=FOLDER, environ={})
    assert profile.data == Path("/srv/stt")


def test_a_directory_gives_its_profiles_in_order(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yml", ".hidden.yaml", "c.txt"):
        text = LEAST.replace("contoso", f"from-{name}")
        (tmp_path / name).write_text(text.replace("/srv/stt", "here"))
    (tmp_path / "d.yaml").mkdir()
    profiles = load([tmp_path, tmp_path / "b.yaml"], {})
    assert [profile.name for profile in profiles] == ["from-a.yml", "from-b.yaml"]
    assert profiles[0].data == tmp_path / "here"
    assert profiles[0].source.file == tmp_path / "a.yml"


def test_all_problems_of_all_files_come_at_once(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.yaml").write_text(LEAST.replace("contoso", "x y"))
    (tmp_path / "good.yaml").write_text(LEAST)
    (tmp_path / "nothing.yaml").write_text("# only a comment\n")
    (tmp_path / "twice.yaml").write_text(LEAST)
    with pytest.raises(ProfileError) as caught:
        load([tmp_path / "gone.yaml", tmp_path, tmp_path / "empty"], {})
    assert str(caught.value).replace(f"{tmp_path}/", "").splitlines() == [
        "gone.yaml: cannot be read: No such file or directory",
        "bad.yaml:1:7: name: 'x y' is no name for a container: write 2 to 63 letters,"
        " digits, '_', '.' and '-', the first a letter or digit",
        "nothing.yaml: holds no profile",
        "twice.yaml:1:7: name: 'contoso' is the name at good.yaml:1:7 already",
        "empty: holds no *.yaml and no *.yml file",
    ]


def test_a_name_stands_once_in_a_file() -> None:
    assert problems(f"{LEAST}---\n{LEAST}") == [
        "p.yaml:7:7: name: 'contoso' is the name at p.yaml:1:7 already"
    ]


def test_a_file_of_any_size_is_read_only_up_to_the_limit(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").symlink_to("/dev/zero")
    with pytest.raises(ProfileError, match=r"p\.yaml: is larger than 1 MiB"):
        load([tmp_path / "p.yaml"], {})


def test_no_more_than_a_hundred_problems_are_told() -> None:
    found = problems("".join(f"key{index}: 1\n" for index in range(200)))
    assert len(found) == 101
    assert found[-1] == "p.yaml: has more problems than these"


WARNED_CPUS = "the documented minimum is 4 cores"
WARNED_MEMORY = "the documented minimum is 4 GB, and 4 to 8 GB more for the model"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            CONNECTED,
            (
                f"resources.cpus: no limit is set; {WARNED_CPUS}",
                f"resources.memory: no limit is set; {WARNED_MEMORY}",
            ),
            id="no limits",
        ),
        pytest.param(
            CONNECTED + "resources: {cpus: 3.5, memory: 7g}\n",
            (
                f"resources.cpus: 3.5 is too few; {WARNED_CPUS}",
                f"resources.memory: 7.0 GiB is too little; {WARNED_MEMORY}",
            ),
            id="limits too low",
        ),
        pytest.param(
            CONNECTED + "resources: {cpus: 4, memory: 8g}\n", (), id="the documented"
        ),
        pytest.param(
            CONNECTED + "resources: {cpus: 4, memory: 8g}\nport: 0.0.0.0:80\n"
            "api_key_as: argument\n",
            (
                "port: 0.0.0.0:80 is open to others, and the container has no access"
                " control",
                "api_key_as: every user of the host can read an argument in ps",
            ),
            id="open to others",
        ),
        pytest.param(
            LEAST + "resources: {cpus: 4, memory: 8g}\n",
            ("license: no expiry is declared; write valid_for or expires, if known",),
            id="no expiry",
        ),
        pytest.param(
            LEAST + "resources: {cpus: 4, memory: 8g}\n"
            "license: {endpoint: 'https://l.example.com', valid_for: 30d}\n",
            (),
            id="expiry declared",
        ),
    ],
)
def test_warnings_name_the_key_and_the_figure(
    text: str, expected: tuple[str, ...]
) -> None:
    assert one(text).warnings == expected


def test_the_model_needs_no_yaml() -> None:
    code = (
        "import sys, csctl.profile.model as _;"
        "heavy = {'yaml', 'docker', 'httpx', 'rich', 'textual', 'packaging', 'click'};"
        "print(*heavy & sys.modules.keys())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("\n", "")


def test_a_dash_is_stdin_beside_files(tmp_path: Path) -> None:
    text = (
        "name: {}\nimage: example.com/speech:1\nmode: disconnected\n"
        "model: {{base: {{locale: en-US}}}}\ndata: stt\n"
    )
    file = tmp_path / "a.yaml"
    file.write_text(text.format("contoso"))
    found = load([file, Path("-")], {}, lambda: text.format("fabrikam").encode())
    assert [(one.name, one.data) for one in found] == [
        ("contoso", tmp_path / "stt"),
        ("fabrikam", Path.cwd() / "stt"),
    ]
    with pytest.raises(ProfileError, match=r"stdin: holds no profile"):
        load([Path("-")], {}, lambda: b"")
