"""Signatures: Ed25519 that openssl makes and checks as well, failing closed."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from csctl.bundle import path, signature
from csctl.bundle.archive import open_bundle
from csctl.bundle.signature import Trust, check, fingerprint, new_key, sign
from csctl.errors import BundleError, UsageError
from tests.bundle.maker import archive, keys, make

DATA = make().data


def _openssl(*words: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = ["openssl", *map(str, words)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def _verify_by_openssl(directory: Path) -> subprocess.CompletedProcess[str]:
    words = "pkeyutl -verify -pubin -inkey key.pub.pem -rawin -in data -sigfile sig"
    return _openssl(*words.split(), cwd=directory)


def test_openssl_accepts_our_signature_and_no_other(tmp_path: Path) -> None:
    private, _ = keys(tmp_path)
    (tmp_path / "data").write_bytes(DATA)
    (tmp_path / "sig").write_bytes(sign(private, DATA))
    done = _verify_by_openssl(tmp_path)
    assert (done.returncode, done.stdout) == (0, "Signature Verified Successfully\n")
    (tmp_path / "data").write_bytes(DATA + b" ")
    assert _verify_by_openssl(tmp_path).returncode == 1


def test_we_accept_keys_and_signatures_of_openssl(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(DATA)
    for words in (
        "genpkey -algorithm ed25519 -out key.pem",
        "pkey -in key.pem -pubout -out key.pub.pem",
        "pkey -pubin -in key.pub.pem -outform DER -out key.der",
        "pkeyutl -sign -inkey key.pem -rawin -in data -out sig",
    ):
        assert _openssl(*words.split(), cwd=tmp_path).returncode == 0
    public = (tmp_path / "key.pub.pem").read_bytes()
    found = check([public], DATA, (tmp_path / "sig").read_bytes())
    summed = subprocess.run(
        ["sha256sum", tmp_path / "key.der"], capture_output=True, text=True, check=True
    )
    assert found == fingerprint(public) == f"sha256:{summed.stdout.split()[0]}"
    assert (
        sign((tmp_path / "key.pem").read_bytes(), DATA)
        == (tmp_path / "sig").read_bytes()
    )


@pytest.mark.parametrize(
    "wrong",
    [b"", bytes(64), b"x" * 63, b"x" * 65, b"-----BEGIN"],
    ids=["empty", "zeros", "short", "long", "text"],
)
def test_what_is_no_signature_is_refused(tmp_path: Path, wrong: bytes) -> None:
    _, public = keys(tmp_path)
    with pytest.raises(BundleError, match="none of the pinned keys"):
        check([public], DATA, wrong)


def test_a_signature_over_other_bytes_is_refused(tmp_path: Path) -> None:
    private, public = keys(tmp_path)
    with pytest.raises(BundleError):
        check([public], DATA, sign(private, DATA + b"\n"))


def test_one_of_several_keys_is_enough_and_tells_which(tmp_path: Path) -> None:
    _, first = keys(tmp_path, "a")
    private, second = keys(tmp_path, "b")
    assert check([first, second], DATA, sign(private, DATA)) == fingerprint(second)


@pytest.mark.parametrize("pinned", [False, True], ids=["no-key", "pinned"])
@pytest.mark.parametrize("require", [False, True], ids=["", "required"])
@pytest.mark.parametrize("kind", ["unsigned", "signed", "stranger", "other", "empty"])
def test_a_bundle_is_trusted_only_where_that_is_proven(
    tmp_path: Path, kind: str, pinned: bool, require: bool
) -> None:
    private, public = keys(tmp_path)
    stranger, _ = keys(tmp_path, "stranger")
    made = make()
    signatures = {
        "unsigned": None,
        "signed": sign(private, made.data),
        "stranger": sign(stranger, made.data),
        "other": sign(private, made.data.replace(b"contoso", b"another")),
        "empty": bytes(64),
    }
    file = tmp_path / "bundle"
    file.write_bytes(archive(made.manifest, made.data, signatures[kind], made.files))
    trust = Trust((public,) if pinned else (), require)
    if (pinned and kind == "signed") or not (pinned or require):
        with open_bundle(file, trust) as bundle:
            assert bundle.signed == (kind != "unsigned")
            assert bundle.signed_by == (fingerprint(public) if pinned else None)
    else:
        with pytest.raises(BundleError) as caught:
            open_bundle(file, trust)
        assert caught.value.part == path.SIGNATURE


def test_a_signature_is_checked_before_the_manifest_is_parsed(tmp_path: Path) -> None:
    private, public = keys(tmp_path)
    made = make()
    nonsense = made.data.replace(b'"version": 1', b'"version": 9')
    file = tmp_path / "bundle"
    signed = sign(private, made.data)
    file.write_bytes(archive(made.manifest, nonsense, signed, made.files))
    with pytest.raises(BundleError) as caught:
        open_bundle(file, Trust((public,)))
    assert caught.value.part == path.SIGNATURE


class TestPinning:
    """Where keys come from."""

    def test_without_any_there_is_none(self, pinned: Path) -> None:
        assert Trust.load({}) == Trust()
        pinned.mkdir()
        assert Trust.load({}) == Trust()

    def test_every_pem_file_of_the_directory_counts(self, pinned: Path) -> None:
        pinned.mkdir()
        publics = [keys(pinned.parent, name)[1] for name in ("a", "b")]
        for number, public in enumerate(publics):
            (pinned / f"{number}.pem").write_bytes(public)
        (pinned / "README").write_text("no key")
        assert Trust.load({}, require=True) == Trust(tuple(publics), True)

    def test_the_variable_takes_the_place_of_the_directory(self, pinned: Path) -> None:
        pinned.mkdir()
        (pinned / "a.pem").write_bytes(keys(pinned.parent, "a")[1])
        _, public = keys(pinned.parent, "b")
        file = pinned.parent / "b.pub.pem"
        assert Trust.load({signature.VARIABLE: f":{file}:"}) == Trust((public,))

    def test_the_variable_may_name_directories(self, pinned: Path) -> None:
        directory = pinned.parent / "keys"
        directory.mkdir()
        _, public = keys(pinned.parent)
        (directory / "a.pem").write_bytes(public)
        assert Trust.load({signature.VARIABLE: str(directory)}) == Trust((public,))

    @pytest.mark.parametrize("kind", ["absent", "empty", "nonsense", "private", "rsa"])
    def test_a_key_that_cannot_be_read_is_never_left_out(
        self, pinned: Path, kind: str
    ) -> None:
        base = pinned.parent
        place = base / "place.pem"
        match kind:
            case "empty":
                place.mkdir()
            case "nonsense":
                place.write_bytes(b"\0")
            case "private":
                place.write_bytes(keys(base)[0])
            case "rsa":
                words = "genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:1024 -out rsa"
                assert _openssl(*words.split(), cwd=base).returncode == 0
                words = "pkey -in rsa -pubout -out place.pem"
                assert _openssl(*words.split(), cwd=base).returncode == 0
        with pytest.raises(UsageError) as caught:
            Trust.load({signature.VARIABLE: str(place)})
        assert caught.value.remedy

    @pytest.fixture
    def pinned(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        place = tmp_path / "trusted"
        monkeypatch.setattr(signature, "PINNED", place)
        return place


def test_a_new_private_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    private, public = tmp_path / "a.pem", tmp_path / "a.pub.pem"
    made = new_key(private, public)
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert made == fingerprint(public.read_bytes())


@pytest.mark.parametrize("taken", ["a.pem", "a.pub.pem"])
def test_a_new_key_replaces_nothing(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_text("precious")
    with pytest.raises(UsageError):
        new_key(tmp_path / "a.pem", tmp_path / "a.pub.pem")
    assert (tmp_path / taken).read_text() == "precious"
    assert [file.name for file in tmp_path.iterdir()] == [taken]


@pytest.mark.parametrize("kind", ["nonsense", "public", "encrypted"])
def test_what_is_no_private_key_cannot_sign(tmp_path: Path, kind: str) -> None:
    _, public = keys(tmp_path)
    pem = public if kind == "public" else b"nonsense"
    if kind == "encrypted":
        words = "pkcs8 -topk8 -in key.pem -out locked.pem -passout pass:x"
        assert _openssl(*words.split(), cwd=tmp_path).returncode == 0
        pem = (tmp_path / "locked.pem").read_bytes()
    with pytest.raises(UsageError, match="Ed25519 private key"):
        sign(pem, DATA)
