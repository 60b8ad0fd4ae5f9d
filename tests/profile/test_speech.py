"""csctl.yaml: resources by name, and all its faults with their places."""

from __future__ import annotations

from pathlib import Path

import pytest

from csctl.errors import ProfileError
from csctl.profile.load import load as load_profiles
from csctl.profile.speech import load
from csctl.secret import FromFile

GOOD = """\
default: contoso
resources:
  contoso:
    custom_domain: Contoso
    api_key: {file: key.txt}
    private: true
    byos: true
  offline:
    region: WestEurope
    api_key: {env: KEY}
    api_version: v3.2
  sovereign:
    custom_domain: contoso
    cloud: 21vianet
    auth: entra
    identity: cli
"""


def _write(folder: Path, text: str) -> Path:
    path = folder / "csctl.yaml"
    path.write_text(text)
    return path


def test_resources_are_read(tmp_path: Path) -> None:
    found = load(_write(tmp_path, GOOD), {})

    contoso, offline, sovereign = found.resources.values()
    assert found.default == "contoso"
    assert (contoso.custom_domain, contoso.private, contoso.byos) == (
        *("contoso", True, True),
    )
    assert contoso.api_key == FromFile(tmp_path / "key.txt")
    assert (offline.region, offline.api_version) == ("westeurope", "v3.2")
    assert (sovereign.cloud, sovereign.auth, sovereign.identity) == (
        *("21vianet", "entra", "cli"),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "resources: required"),
        ("", "holds no resources"),
        ("a: 1\n---\nb: 2\n", "more than one document"),
        ("resources: {ab: {region: westus}}", "resources.ab.api_key: required"),
        ("resources: {ab: {api_key: {env: K}}}", "write one of endpoint, region"),
        (
            "resources: {ab: {region: westus, custom_domain: c, api_key: {env: K}}}",
            "write only one of endpoint, region and custom_domain",
        ),
        (
            "resources: {ab: {region: westus, auth: entra}}",
            "resources.ab.auth: Entra needs the custom domain",
        ),
        (
            "resources: {ab: {region: westus, private: true, api_key: {env: K}}}",
            "a private endpoint is reached by its custom domain",
        ),
        ("resources: {ab: {byos: 'yes'}}", "neither true nor false"),
        ("resources: {ab: {regoin: westus}}", "did you mean 'region'"),
        ("resources: {ab: {api_key: abc}}", "a key is never written"),
        ("resources: {'a/b': {}}", "write 2 to 63 letters"),
        ("resources: {ab: {custom_domain: a.b}}", "no custom domain name"),
        ("resources: {ab: {cloud: mars}}", "not one of public"),
        ("resources: {ab: {api_version: v3.0}}", "not one of v3.1"),
        (
            "default: cd\nresources: {ab: {region: westus, api_key: {env: K}}}",
            "default: 'cd' is not among the resources",
        ),
    ],
)
def test_a_fault_is_told_with_its_place(text: str, said: str, tmp_path: Path) -> None:
    path = _write(tmp_path, text)

    with pytest.raises(ProfileError) as caught:
        load(path, {})

    assert said in str(caught.value)
    assert str(path) in str(caught.value)
    assert "abc" not in str(caught.value)


def test_it_may_lie_beside_profiles(tmp_path: Path) -> None:
    _write(tmp_path, GOOD)
    profile = Path(__file__).parents[2] / "profiles" / "rehearsal.yaml"
    (tmp_path / "a.yaml").write_text(profile.read_text())

    assert [one.name for one in load_profiles([tmp_path], {})] == ["rehearsal"]
