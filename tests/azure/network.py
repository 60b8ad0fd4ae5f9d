"""A network of its own in which Azure's names lead to stand-ins: DNS, TLS, REST API."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.azure.dns_server import CUSTOM, PICTURES, dns_server
from tests.cli.shell import Run
from tests.rest_api import ROOT

KEY_VARIABLE = "SPEECH_TEST_KEY"
PRIVATE, PROXY, GATEWAY = "172.28.0.10", "13.69.67.71", "13.93.122.1"
# That of a private endpoint knows the offerings; that of a region does not.
_API_PORTS = {"1": 5081, "0": 5082}
_RECORDS = f"""\
untrusted.{CUSTOM}. A 10.0.0.99
silent.{CUSTOM}. A 10.0.0.98
"""


@dataclass(frozen=True, slots=True)
class Network:
    """A network namespace, with files of its own for resolving names."""

    name: str
    folder: Path

    @property
    def prefix(self) -> tuple[str, ...]:
        """The words before a command that is to run there."""
        return ("ip", "netns", "exec", self.name)

    def check(self, *words: str, key: str = "rehearsal", **environ: str) -> Run:
        """`csctl endpoint check` there, with the CA of its certificates trusted."""
        command = ("endpoint", "check", "--api-key-env", KEY_VARIABLE, *words)
        trusted = {"SSL_CERT_FILE": str(self.folder / "ca.pem"), KEY_VARIABLE: key}
        done = subprocess.run(
            [*self.prefix, sys.executable, "-m", "csctl", *command],
            cwd=self.folder,
            env={**_plain(), "PYTHONPATH": str(ROOT), **trusted, **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Run(done.returncode, done.stdout, done.stderr)


@contextmanager
def network(folder: Path) -> Iterator[Network]:
    """The network while its servers run."""
    made = Network(f"csctl-{secrets.token_hex(4)}", folder)
    files = Path("/etc/netns") / made.name
    _run("ip", "netns", "add", made.name)
    try:
        files.mkdir(parents=True)
        (files / "resolv.conf").write_text("nameserver 127.0.0.1\n")
        (files / "hosts").write_text(
            f"127.0.0.1 localhost\n10.1.2.3 by-hosts-file.{CUSTOM}\n"
        )
        _run("ip", "-n", made.name, "link", "set", "lo", "up")
        for address in (PRIVATE, PROXY, GATEWAY, "10.0.0.99"):
            _run("ip", "-n", made.name, "addr", "add", f"{address}/32", "dev", "lo")
        _make_certificates(folder)
        with ExitStack() as stack:
            records = PICTURES + _RECORDS
            stack.enter_context(dns_server(folder, 53, records, made.prefix))
            for private, port in _API_PORTS.items():
                stack.enter_context(_rest_api(made, port, private))
            for address, private in ((PRIVATE, "1"), (PROXY, "1"), (GATEWAY, "0")):
                stack.enter_context(_relay(made, address, "good", _API_PORTS[private]))
            stack.enter_context(_relay(made, "10.0.0.99", "bad", _API_PORTS["0"]))
            yield made
    finally:
        _run("ip", "netns", "delete", made.name)
        shutil.rmtree(files, ignore_errors=True)


@contextmanager
def _rest_api(made: Network, port: int, private: str) -> Iterator[None]:
    words = ("csctl.rehearsal.rest", "--port", str(port))
    with _serving(made, *words, REHEARSAL_REST_PRIVATE=private):
        yield


@contextmanager
def _relay(made: Network, address: str, certificate: str, port: int) -> Iterator[None]:
    pair = [str(made.folder / f"{certificate}.{end}") for end in ("pem", "key")]
    with _serving(made, "tests.azure.tls_relay", address, *pair, str(port)):
        yield


@contextmanager
def _serving(made: Network, *words: str, **environ: str) -> Iterator[None]:
    """Run a module there; it serves as soon as it has written a line."""
    with subprocess.Popen(
        [*made.prefix, sys.executable, "-m", *words],
        cwd=ROOT,
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline(), words
            yield
        finally:
            process.kill()


def _make_certificates(folder: Path) -> None:
    """`good` of a CA that is trusted, `bad` of nobody's."""
    names = f"DNS:*.{CUSTOM},DNS:*.api.cognitive.microsoft.com"
    new = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt")
    for name in ("good", "bad"):
        _run(
            *new,
            *("ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"),
            *("-subj", f"/CN=*.{CUSTOM}", "-addext", f"subjectAltName={names}"),
            *("-keyout", str(folder / f"{name}.key")),
            *("-out", str(folder / f"{name}.pem")),
        )
    shutil.copy(folder / "good.pem", folder / "ca.pem")


def _plain() -> dict[str, str]:
    proxies = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
    return {k: v for k, v in os.environ.items() if k.lower() not in proxies}


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)
