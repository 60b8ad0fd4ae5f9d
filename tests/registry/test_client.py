"""What a registry has: pages of tags, digests, manifests."""

from __future__ import annotations

import subprocess

import pytest

from csctl.errors import (
    DownloadError,
    InvalidReference,
    PlatformMissing,
    RegistryUnavailable,
    RepositoryNotFound,
)
from csctl.registry.client import Registry
from csctl.registry.manifest import sha256
from tests.registry.real import DockerRegistry
from tests.registry.server import NO_TRUST, Reply, Server, json_reply

TAGS = "/v2/a/b/tags/list"
MANIFEST = "/v2/a/b/manifests/1"


def _page(*tags: str, link: str | None = None) -> Reply:
    headers = {} if link is None else {"Link": link}
    return json_reply({"name": "a/b", "tags": list(tags)}, headers=headers)


def test_a_real_registry_lists_its_tags(real: DockerRegistry) -> None:
    for tag in ("1.0.0-amd64", "1.1.0-amd64", "latest"):
        real.push("listed", tag)
    with Registry(real.host, tls=NO_TRUST) as registry:
        assert sorted(registry.tags("listed")) == [
            "1.0.0-amd64",
            "1.1.0-amd64",
            "latest",
        ]


def test_what_a_real_registry_does_not_have_is_told(real: DockerRegistry) -> None:
    real.push("present", "1.0.0")
    with Registry(real.host, tls=NO_TRUST) as registry:
        with pytest.raises(RepositoryNotFound, match="NAME_UNKNOWN"):
            registry.tags("absent")
        with pytest.raises(RepositoryNotFound, match="no image present:2"):
            registry.digest("present", "2")
        with pytest.raises(RepositoryNotFound, match="MANIFEST_UNKNOWN"):
            registry.manifest("present", "2")


def test_a_digest_is_the_one_that_skopeo_sees(real: DockerRegistry) -> None:
    pushed = real.push("seen", "1.0.0")
    seen = subprocess.run(
        [
            *("skopeo", "inspect", "--tls-verify=false", "--format", "{{.Digest}}"),
            f"docker://{real.host}/seen:1.0.0",
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    with Registry(real.host, tls=NO_TRUST) as registry:
        assert registry.digest("seen", "1.0.0") == seen == pushed


def test_a_manifest_tells_what_there_is_to_download(real: DockerRegistry) -> None:
    digest = real.push("sized", "1.0.0", layers=(b"one", b"three", b"one"))
    with Registry(real.host, tls=NO_TRUST) as registry:
        manifest = registry.manifest("sized", "1.0.0")
        assert registry.manifest("sized", digest) == manifest
    assert manifest.digest == digest
    assert [layer.size for layer in manifest.layers] == [3, 5, 3]
    assert manifest.layers[1].digest == sha256(b"three")
    assert manifest.size == 8


def test_an_index_is_followed_to_the_wanted_platform(real: DockerRegistry) -> None:
    amd64 = real.push("both", "amd64", layers=(b"amd64",))
    arm64 = real.push("both", "arm64", layers=(b"arm64",))
    images = {"linux/arm64": arm64, "linux/amd64": amd64}
    index = real.push_index("both", "1.0.0", images)
    with Registry(real.host, tls=NO_TRUST) as registry:
        assert registry.digest("both", "1.0.0") == index
        assert registry.manifest("both", "1.0.0").digest == amd64
        assert registry.manifest("both", index, "linux/arm64").digest == arm64
        with pytest.raises(PlatformMissing, match="only for linux/amd64, linux/arm64"):
            registry.manifest("both", "1.0.0", "linux/s390x")


@pytest.mark.parametrize("absolute", [False, True], ids=["relative", "absolute"])
def test_pages_are_followed_to_the_last(
    server: Server, registry: Registry, absolute: bool
) -> None:
    base = server.url if absolute else ""
    server.on(TAGS, _page("1", "2", link=f'<{base}{TAGS}?last=2&n=2>; rel="next"'))
    server.on(
        f"{TAGS}?last=2&n=2",
        _page("3", "2", link=f"<{base}/first>; rel=first, <?last=3>; rel=NEXT"),
    )
    server.on(f"{TAGS}?last=3", _page("4"))
    assert registry.tags("a/b") == ["1", "2", "3", "4"]


def test_a_link_to_another_host_is_followed_without_credentials(
    server: Server, other: Server, registry: Registry
) -> None:
    asks = {"WWW-Authenticate": f'Bearer realm="{server.url}/token"'}
    link = f'<{other.url}/next>; rel="next"'
    server.on(TAGS, Reply(401, headers=asks), _page("1", link=link))
    server.on("/token", json_reply({"token": "t0k"}))
    other.on("/next", _page("2"))
    assert registry.tags("a/b") == ["1", "2"]
    assert server.authorizations()[-1] == "Bearer t0k"
    assert other.authorizations() == [None]


def test_pages_that_lead_back_are_an_error(server: Server, registry: Registry) -> None:
    server.on(TAGS, _page("1", link=f'<{TAGS}?last=1>; rel="next"'))
    server.on(f"{TAGS}?last=1", _page("1", link=f'<{TAGS}>; rel="next"'))
    with pytest.raises(RegistryUnavailable, match="lists the tags of a/b without end"):
        registry.tags("a/b")
    assert len(server.asked) == 2


@pytest.mark.parametrize("link", ["http://a:port/", "file:///etc/passwd"])
def test_a_link_that_leads_nowhere_is_an_error(
    server: Server, registry: Registry, link: str
) -> None:
    server.on(TAGS, _page("1", link=f'<{link}>; rel="next"'))
    with pytest.raises(RegistryUnavailable):
        registry.tags("a/b")


def test_a_repository_may_have_no_tags(server: Server, registry: Registry) -> None:
    server.on(TAGS, json_reply({"name": "a/b", "tags": None}))
    assert registry.tags("a/b") == []


def _manifest(size: int = 3) -> Reply:
    blob = {"digest": f"sha256:{0:064}", "size": size}
    return json_reply({"schemaVersion": 2, "config": blob, "layers": [blob]})


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(Reply(405), id="no-head"),
        pytest.param(Reply(200), id="no-digest"),
        pytest.param(
            Reply(200, headers={"Docker-Content-Digest": "md5:1"}), id="strange-digest"
        ),
    ],
)
def test_a_digest_is_counted_where_the_registry_gives_none(
    server: Server, registry: Registry, head: Reply
) -> None:
    server.on(MANIFEST, head, _manifest())
    assert registry.digest("a/b", "1") == sha256(_manifest().body)
    assert server.paths() == [f"HEAD {MANIFEST}", f"GET {MANIFEST}"]


def test_a_digest_costs_one_request_where_the_registry_gives_it(
    server: Server, registry: Registry
) -> None:
    digest = sha256(b"anything")
    server.on(MANIFEST, Reply(200, headers={"Docker-Content-Digest": digest}))
    assert registry.digest("a/b", "1") == digest
    assert server.paths() == [f"HEAD {MANIFEST}"]


def test_a_web_page_has_no_digest(server: Server, registry: Registry) -> None:
    server.on(MANIFEST, Reply(200, b"<html>", {"Content-Type": "text/html"}))
    with pytest.raises(RegistryUnavailable, match="answers like a web page"):
        registry.digest("a/b", "1")


def test_something_else_under_a_digest_is_refused(
    server: Server, registry: Registry
) -> None:
    wanted = sha256(_manifest(3).body)
    server.on(f"/v2/a/b/manifests/{wanted}", _manifest(4))
    with pytest.raises(DownloadError, match=f"in place of a/b@{wanted}"):
        registry.manifest("a/b", wanted)


def test_something_else_under_an_index_is_refused(
    server: Server, registry: Registry
) -> None:
    wanted = sha256(_manifest(3).body)
    platform = {"os": "linux", "architecture": "amd64"}
    entry = {"digest": wanted, "size": 3, "platform": platform}
    server.on(MANIFEST, json_reply({"manifests": [entry]}))
    server.on(f"/v2/a/b/manifests/{wanted}", _manifest(4))
    with pytest.raises(DownloadError, match="in place of"):
        registry.manifest("a/b", "1")


@pytest.mark.parametrize(
    ("repository", "reference"),
    [("../../etc", "1"), ("A/b", "1"), ("a/b", "../1"), ("a/b", "md5:1"), ("a?b", "1")],
)
def test_a_name_that_leads_elsewhere_is_never_sent(
    server: Server, registry: Registry, repository: str, reference: str
) -> None:
    for ask in (registry.digest, registry.manifest):
        with pytest.raises(InvalidReference):
            ask(repository, reference)
    assert server.asked == []


def test_a_repository_that_is_none_is_never_sent(
    server: Server, registry: Registry
) -> None:
    with pytest.raises(InvalidReference):
        registry.tags("a/b/../../../token")
    assert server.asked == []
