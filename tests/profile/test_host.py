"""How a profile names another host."""

from __future__ import annotations

from pathlib import Path

import pytest

from csctl.errors import InvalidValue, ProfileError
from csctl.profile.host import Host
from csctl.profile.load import parse
from csctl.profile.model import Profile

LEAST = """\
name: contoso
image: example.com/speech:4.12.0-amd64
mode: disconnected
model: {id: 5f3a0c1e-7d2b-4c57-9d0e-2f6a8b1c4d3e}
"""
RELATIVE = "a relative path has no meaning on another host: write it from / on"


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("ssh://stt1", "ssh"),
        ("ssh://op@stt1.contoso.example:2222", "ssh"),
        ("ssh://op@[fd00::1]:22", "ssh"),
        ("tcp://stt1:2376", "tcp"),
        ("tcp://[::1]:2376", "tcp"),
        ("stt1", "context"),
        ("desktop-linux", "context"),
    ],
)
def test_a_host_is_read(text: str, way: str) -> None:
    host = Host.parse(text)
    assert (str(host), host.way) == (text, way)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-oProxyCommand=x",
        "ssh://",
        "ssh://-oProxyCommand=x",
        "ssh://-l@stt1",
        "ssh://op:word@stt1",
        "ssh://stt1:0",
        "ssh://stt1:70000",
        "ssh://stt1/run/docker.sock",
        "ssh://stt1 rm",
        "tcp://stt1",
        "unix:///var/run/docker.sock",
        "http://stt1:2375",
        "op@stt1",
        "stt1\n",
    ],
)
def test_what_is_no_host_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        Host.parse(text)
    assert "word" not in caught.value.message


def read(text: str) -> list[Profile]:
    environ = {"HOME": "/home/op", "SITE": "stt2"}
    return parse(text, file="p", base=Path("/profiles"), environ=environ)


def test_a_name_is_taken_once_on_each_host() -> None:
    one = f"{LEAST}data: /srv/stt\n"
    texts = [one, f"{one}host: ssh://stt1\n", f"{one}host: ssh://${{SITE}}\n"]
    found = read("---\n".join(texts))
    assert [str(profile.host) for profile in found] == [
        "None",
        "ssh://stt1",
        "ssh://stt2",
    ]
    with pytest.raises(ProfileError, match="'contoso' is the name at p:7:7 already"):
        read("---\n".join([*texts[:2], texts[1]]))


@pytest.mark.parametrize(
    "keys",
    [
        "data: stt",
        "data: /srv\nmounts: {output: ../out}",
        "data: /srv\nlicense: {endpoint: 'https://c', api_key: {file: key}}",
        "data: /srv\nbilling: {endpoint: 'https://c', api_key: {command: [./key]}}",
        "data: /srv\nready: {speech: hello.wav}",
        "data: /srv\nfront: {tls: front.pem}",
    ],
)
def test_a_relative_path_is_refused_beside_a_host(keys: str) -> None:
    read(f"{LEAST}{keys}\n")
    read(f"{LEAST}{keys}\nhost:\n")
    with pytest.raises(ProfileError) as caught:
        read(f"{LEAST}{keys}\nhost: ssh://stt1\n")
    assert [one.message for one in caught.value.problems] == [RELATIVE]


def test_the_home_is_that_of_the_other_host() -> None:
    [profile] = read(f"{LEAST}data: ~/stt\nhost: ssh://stt1\nready: {{speech: sample}}")
    assert profile.data == Path("/home/op/stt")
