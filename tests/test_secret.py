"""Secrets: never shown, fetched from three kinds of source, taken out of any text."""

from __future__ import annotations

import base64
import copy
import logging
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csctl import secret
from csctl.errors import SecretUnavailable
from csctl.secret import (
    FromCommand,
    FromEnvironment,
    FromFile,
    Redactor,
    Secret,
    SecretSource,
)

KEY = "k3y+of/contoso=="
PYTHON = sys.executable


def _command(code: str) -> FromCommand:
    return FromCommand((PYTHON, "-c", code))


@pytest.mark.parametrize(
    "show",
    [str, repr, "{}".format, "{!r}".format, lambda one: f"{[one]} {dict(a=one)}"],
    ids=["str", "repr", "format", "format-repr", "nested"],
)
def test_a_secret_is_masked_wherever_it_is_shown(show: Callable[[Secret], str]) -> None:
    shown = show(Secret(KEY))
    assert KEY not in shown
    assert "***" in shown


def test_a_secret_has_no_attributes_to_show() -> None:
    assert not hasattr(Secret(KEY), "__dict__")


def test_a_secret_is_masked_in_logs(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        logging.info("key %s %r", Secret(KEY), {"key": Secret(KEY)})
    assert caplog.messages == ["key Secret(***) {'key': Secret(***)}"]


def test_a_secret_is_masked_in_a_traceback_with_local_variables() -> None:
    def fail(key: Secret) -> None:
        raise ValueError(f"{key} of {[key]}")

    try:
        fail(Secret(KEY))
    except ValueError as error:
        shown = "".join(
            traceback.TracebackException.from_exception(
                error, capture_locals=True
            ).format()
        )
    assert "Secret(***)" in shown
    assert KEY not in shown


def test_secrets_are_equal_by_value() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), copy.copy(Secret("a"))}) == 1


def test_a_digest_tells_values_apart_and_holds_none() -> None:
    assert Secret("a").digest == "sha256:ca978112ca1bbdca"
    assert Secret(KEY).digest != Secret(KEY + "x").digest


@pytest.mark.parametrize(
    "source",
    [
        FromEnvironment("SPEECH_KEY"),
        FromFile(Path("key")),
        _command(f"print({KEY!r})"),
    ],
    ids=lambda source: type(source).__name__,
)
def test_every_source_gives_its_value_without_white_space(
    source: SecretSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("key").write_text(f"\n {KEY}\t\n")
    found = secret.read(source, {"SPEECH_KEY": f" {KEY}\n"})
    assert found.reveal() == KEY


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "environment variable SPEECH_KEY is unset or empty"),
        ("", "environment variable SPEECH_KEY is unset or empty"),
        (" \n", "environment variable SPEECH_KEY is unset or empty"),
        (
            f"{KEY}\n{KEY}",
            "environment variable SPEECH_KEY gives more than one line, or control"
            " characters",
        ),
        (
            f"{KEY}\udcff",
            "environment variable SPEECH_KEY gives more than one line, or control"
            " characters",
        ),
    ],
    ids=["unset", "empty", "blank", "two-lines", "no-text"],
)
def test_a_variable_that_gives_no_key_says_so(value: str | None, message: str) -> None:
    environ = {} if value is None else {"SPEECH_KEY": value}
    with pytest.raises(SecretUnavailable) as caught:
        secret.read(FromEnvironment("SPEECH_KEY"), environ)
    assert str(caught.value) == message
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "file {path} cannot be read: No such file or directory"),
        (b"", "file {path} is unset or empty"),
        (b"\xff\xfe" + KEY.encode(), "file {path} cannot be read: not text"),
        (b"a\0b", "file {path} gives more than one line, or control characters"),
        (b"a\nb", "file {path} gives more than one line, or control characters"),
    ],
    ids=["missing", "empty", "binary", "nul", "two-lines"],
)
def test_a_file_that_gives_no_key_says_so(
    content: bytes | None, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SecretUnavailable) as caught:
        secret.read(FromFile(path), {})
    assert str(caught.value) == message.format(path=path)
    assert caught.value.remedy


def test_a_directory_in_place_of_a_key_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(SecretUnavailable, match="cannot be read: Is a directory"):
        secret.read(FromFile(tmp_path), {})


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            FromCommand(("/nowhere/vault", KEY)),
            "command /nowhere/vault gave no key: FileNotFoundError",
        ),
        (_command("raise SystemExit(3)"), f"command {PYTHON} failed with exit code 3"),
        (_command(""), f"command {PYTHON} is unset or empty"),
        (
            _command(f"print({KEY!r}); print('more')"),
            f"command {PYTHON} gives more than one line, or control characters",
        ),
        (
            _command(f"import os; os.write(1, {KEY.encode()!r} + b'\\xff')"),
            f"command {PYTHON} gave no key: UnicodeDecodeError",
        ),
    ],
    ids=["no-such-program", "exit-code", "silent", "two-lines", "no-text"],
)
def test_a_command_that_gives_no_key_says_so_and_shows_nothing(
    source: FromCommand, message: str
) -> None:
    with pytest.raises(SecretUnavailable) as caught:
        secret.read(source, {})
    assert str(caught.value) == message
    assert caught.value.remedy
    assert KEY not in f"{caught.value} {caught.value.remedy}"


def test_a_command_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret, "_COMMAND_SECONDS", 0.5)
    code = f"import time; print({KEY!r}, flush=True); time.sleep(60)"
    with pytest.raises(SecretUnavailable, match="gave no key: TimeoutExpired") as found:
        secret.read(_command(code), {})
    # The exception that is hidden behind this one holds what was printed.
    assert found.value.__suppress_context__
    assert KEY not in f"{found.value} {found.value.remedy}"


def test_a_command_gets_no_terminal_to_ask_at() -> None:
    code = "import sys; print(repr(sys.stdin.read()))"
    assert secret.read(_command(code), {}).reveal() == "''"


ENCODINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "percent": lambda text: quote(text, safe=""),
    "percent-plus": quote_plus,
    "percent-in-lower-case": lambda text: "".join(
        c if c.isalnum() and c.isascii() else "".join(f"%{b:02x}" for b in c.encode())
        for c in text
    ),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64-without-padding": lambda text: (
        base64.b64encode(text.encode()).decode().rstrip("=")
    ),
    "base64-of-urls": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
}


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
def test_a_known_secret_is_taken_out_in_every_form(
    encode: Callable[[str], str],
) -> None:
    value = (
        "a+b/c=?>\u00fc~&" if encode is not ENCODINGS["percent-in-lower-case"] else KEY
    )
    written = encode(value)
    shown = Redactor([Secret(value)])(f"before {written} after")
    assert shown.replace("=", "") == "before *** after"


_VALUES = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters="*"),
    min_size=4,
)


@given(
    values=st.lists(_VALUES, min_size=1, max_size=4),
    before=st.text(max_size=20),
    after=st.text(max_size=20),
    form=st.sampled_from(sorted(set(ENCODINGS) - {"percent-in-lower-case"})),
)
def test_no_known_secret_stays_in_any_text(
    values: list[str], before: str, after: str, form: str
) -> None:
    redact = Redactor(map(Secret, values))
    for value in values:
        shown = redact(before + ENCODINGS[form](value) + after)
        assert value not in shown
        assert ENCODINGS[form](value).rstrip("=") not in shown


@given(st.text())
def test_a_redactor_without_secrets_leaves_other_text_alone(text: str) -> None:
    words = ("key", "creds", "sig")
    if not any(word in text.lower() for word in words):
        assert Redactor()(text) == text
        assert Redactor([Secret("")])(text) == text


def test_the_longer_of_two_secrets_is_taken_out_whole() -> None:
    redact = Redactor([Secret("abcd"), Secret("abcdefgh")])
    assert redact("x abcdefgh y abcd") == "x *** y ***"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            "dotnet x.dll ApiKey=s3cret Eula=accept",
            "dotnet x.dll ApiKey=*** Eula=accept",
        ),
        ("apikey=s3cret", "apikey=***"),
        ("APIKEY: s3cret", "APIKEY: ***"),
        ('{"apiKey": "s3cret", "a": 1}', '{"apiKey": "***", "a": 1}'),
        ("api-key=s3cret;x", "api-key=***;x"),
        ("Ocp-Apim-Subscription-Key: s3cret", "Ocp-Apim-Subscription-Key: ***"),
        ("Billing__SubscriptionKey=s3cret", "Billing__SubscriptionKey=***"),
        ("HTTP_PROXY_CREDS=user:s3cret", "HTTP_PROXY_CREDS=***"),
        (
            "GET https://x/y?sv=1&sig=s3cret%3D&se=2",
            "GET https://x/y?sv=1&sig=***&se=2",
        ),
        ("https://x/y?sig=s3cret", "https://x/y?sig=***"),
        (
            '"https://a.blob.core.windows.net/c/f?sv=1&skoid=s3cret" x?y=1',
            '"https://a.blob.core.windows.net/c/f?***" x?y=1',
        ),
        (
            r'{"u": "https://x?a\u0026sig=s3cret\u0026b"}',
            r'{"u": "https://x?a\u0026sig=***\u0026b"}',
        ),
        ("<a href='https://x?a&amp;sig=s3cret'>", "<a href='https://x?a&amp;sig=***"),
        ("Api Key is valid, no action needed.", "Api Key is valid, no action needed."),
        ("design=blue", "design=blue"),
    ],
    ids=lambda text: text[:24],
)
def test_what_is_written_like_a_secret_goes_though_nobody_knows_it(
    line: str, shown: str
) -> None:
    assert Redactor()(line) == shown
    assert Redactor()(shown) == shown


@pytest.mark.parametrize(
    "name", ["api\u212aey", "API-KEY", "\u017fubscription_key", "\u017fig", "SIG"]
)
def test_letters_that_case_makes_alike_hide_nothing(name: str) -> None:
    assert Redactor()(f"{name}=canary") == f"{name}=***"


@pytest.mark.parametrize(
    ("line", "redacted"),
    [
        ("key s3cret.", "key s3cret."),
        ("a s3cret b", "a *** b"),
        ("a=s3cret,b", "a=***,b"),
        ('{"x": "s3cret"}', '{"x": "***"}'),
        ("nothing", "nothing"),
    ],
)
def test_a_secret_of_which_only_the_digest_is_known_goes_as_a_word(
    line: str, redacted: str
) -> None:
    assert Redactor(digests=[Secret("s3cret").digest])(line) == redacted
