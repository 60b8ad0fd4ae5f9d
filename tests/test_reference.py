"""Image references: Docker's grammar, its familiar form, and the errors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csctl.errors import InvalidReference
from csctl.reference import ImageReference

DIGEST = "sha256:" + "7eff5d76" * 8
MCR = "mcr.microsoft.com/azure-cognitive-services/speechservices/custom-speech-to-text"


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag", "digest"),
    [
        pytest.param("alpine", "docker.io", "library/alpine", "latest", None, id="hub"),
        pytest.param("a:5000", "docker.io", "library/a", "5000", None, id="number-tag"),
        pytest.param(
            "csctl/rehearsal:4.12.0-amd64",
            "docker.io",
            "csctl/rehearsal",
            "4.12.0-amd64",
            None,
            id="hub-user",
        ),
        pytest.param(
            "index.docker.io/csctl/x:1", "docker.io", "csctl/x", "1", None, id="old-hub"
        ),
        pytest.param(
            f"{MCR}:4.12.0-amd64",
            "mcr.microsoft.com",
            MCR.partition("/")[2],
            "4.12.0-amd64",
            None,
            id="mcr",
        ),
        pytest.param("localhost/a", "localhost", "a", "latest", None, id="localhost"),
        pytest.param("localhost:5000/a:1", "localhost:5000", "a", "1", None, id="port"),
        pytest.param("host:5000/a", "host:5000", "a", "latest", None, id="colon-host"),
        pytest.param("[::1]:5000/a:1", "[::1]:5000", "a", "1", None, id="ipv6"),
        pytest.param("r.io/a/b/c:1", "r.io", "a/b/c", "1", None, id="nested"),
        pytest.param("R.io/a:V1", "R.io", "a", "V1", None, id="upper-host-and-tag"),
        pytest.param(f"r.io/a@{DIGEST}", "r.io", "a", None, DIGEST, id="digest"),
        pytest.param(f"r.io/a:1@{DIGEST}", "r.io", "a", "1", DIGEST, id="both"),
        pytest.param(f"a@{DIGEST}", "docker.io", "library/a", None, DIGEST, id="hub@"),
        pytest.param("r.io/a__b/c--d.e_f", "r.io", "a__b/c--d.e_f", "latest", None),
    ],
)
def test_a_reference_is_read_as_docker_reads_it(
    text: str, registry: str, repository: str, tag: str | None, digest: str | None
) -> None:
    expected = ImageReference(registry, repository, tag, digest)
    assert ImageReference.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "familiar"),
    [
        ("ubuntu", "ubuntu:latest"),
        ("docker.io/library/ubuntu:22.04", "ubuntu:22.04"),
        ("docker.io/csctl/rehearsal:4.12.0-amd64", "csctl/rehearsal:4.12.0-amd64"),
        ("docker.io/a.b/c:1", "docker.io/a.b/c:1"),
        ("docker.io/library/a/b:1", "library/a/b:1"),
        (f"{MCR}:4.12.0-amd64", f"{MCR}:4.12.0-amd64"),
        (f"localhost:5000/a:1@{DIGEST}", f"localhost:5000/a:1@{DIGEST}"),
    ],
)
def test_a_reference_is_written_in_the_familiar_form(text: str, familiar: str) -> None:
    assert str(ImageReference.parse(text)) == familiar


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("", "'library/' is no repository name", id="empty"),
        pytest.param("Csctl/Rehearsal", "is no repository name", id="upper-case"),
        pytest.param("r.io/A", "'A' is no repository name", id="upper-repository"),
        pytest.param(" ubuntu", "is no repository name", id="space"),
        pytest.param("ubuntu\n", "is no repository name", id="newline"),
        pytest.param("r.io/a//b", "is no repository name", id="double-slash"),
        pytest.param("r.io/a/", "is no repository name", id="last-slash"),
        pytest.param("r.io/../a", "is no repository name", id="dots"),
        pytest.param("r.io/a___b", "is no repository name", id="three-underscores"),
        pytest.param("r.io/ä", "is no repository name", id="letter-beyond-ascii"),
        pytest.param("r.io/a:", "'' is no tag", id="empty-tag"),
        pytest.param("r.io/a:1:2", "'1:2' is no tag", id="two-tags"),
        pytest.param("r.io/a:.1", "'.1' is no tag", id="dot-tag"),
        pytest.param("r.io/a:" + "1" * 129, "is no tag", id="long-tag"),
        pytest.param("r.io/a:٣", "is no tag", id="digit-beyond-ascii"),
        pytest.param("r.io/a@", "'' is no digest", id="empty-digest"),
        pytest.param("r.io/a@sha256:abc", "is no digest", id="short-digest"),
        pytest.param(f"r.io/a@{DIGEST.upper()}", "is no digest", id="upper-digest"),
        pytest.param(f"r.io/a@{DIGEST}@{DIGEST}", "is no digest", id="two-digests"),
        pytest.param("-r.io/a", "'-r.io' in '-r.io/a' is no registry", id="dash-host"),
        pytest.param("r.io:port/a", "is no registry host", id="port-of-letters"),
        pytest.param("[::1/a", "is no registry host", id="open-bracket"),
        pytest.param("r.io/" + "a" * 251, "is 256 characters long", id="long-name"),
        pytest.param("https://r.io/a", "is a URL", id="url"),
        pytest.param("7eff5d76" * 8, "is an image's id", id="image-id"),
    ],
)
def test_what_is_no_reference_is_refused(text: str, says: str) -> None:
    with pytest.raises(InvalidReference) as caught:
        ImageReference.parse(text)
    assert says in caught.value.message


def test_upper_case_is_answered_with_what_to_do() -> None:
    with pytest.raises(InvalidReference) as caught:
        ImageReference.parse("r.io/Speech")
    assert caught.value.remedy == "write it in lower case"


def test_a_refused_reference_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="is no tag"):
        ImageReference.parse("a:-")


def test_the_longest_names_are_accepted() -> None:
    reference = ImageReference.parse("r.io/" + "a" * 250 + ":" + "1" * 128)
    assert len(reference.repository) == 250


def test_a_reference_without_tag_and_digest_cannot_be_made() -> None:
    with pytest.raises(InvalidReference, match="neither a tag nor a digest"):
        ImageReference("r.io", "a")


def test_another_tag_takes_the_place_of_tag_and_digest() -> None:
    reference = ImageReference.parse(f"r.io/a:1@{DIGEST}")
    assert str(reference.with_tag("2")) == "r.io/a:2"


def test_a_digest_takes_the_place_of_the_tag() -> None:
    reference = ImageReference.parse("r.io/a:1")
    assert str(reference.with_digest(DIGEST)) == f"r.io/a@{DIGEST}"


def test_the_name_has_neither_tag_nor_digest() -> None:
    assert ImageReference.parse(f"ubuntu:1@{DIGEST}").name == "ubuntu"


COMPONENT = r"\A[a-z0-9]{1,6}((\.|_|__|-{1,3})[a-z0-9]{1,4}){0,2}\Z"
REGISTRIES = st.one_of(
    st.sampled_from(["docker.io", "localhost", "[::1]:5000", "h:80", "localhost:1"]),
    st.from_regex(r"\A[A-Za-z0-9]{1,8}\.[a-z]{2,3}(:[0-9]{1,5})?\Z"),
)
REPOSITORIES = st.lists(st.from_regex(COMPONENT), min_size=1, max_size=4).map("/".join)
TAGS = st.from_regex(r"\A[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}\Z")
DIGESTS = st.binary(min_size=32, max_size=32).map(lambda raw: f"sha256:{raw.hex()}")


@given(
    REGISTRIES,
    REPOSITORIES,
    st.one_of(
        st.tuples(TAGS, st.none()),
        st.tuples(st.none(), DIGESTS),
        st.tuples(TAGS, DIGESTS),
    ),
)
def test_what_is_written_is_read_back(
    registry: str, repository: str, version: tuple[str | None, str | None]
) -> None:
    if registry == "docker.io" and "/" not in repository:
        repository = f"library/{repository}"
    reference = ImageReference(registry, repository, *version)
    assert ImageReference.parse(str(reference)) == reference


@given(st.text(max_size=40))
def test_any_text_is_a_reference_or_an_invalid_reference(text: str) -> None:
    try:
        reference = ImageReference.parse(text)
    except InvalidReference:
        return
    assert ImageReference.parse(str(reference)) == reference
