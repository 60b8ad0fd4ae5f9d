"""The configuration of a front: HAProxy's file, made of a profile. Pure.

Written for HAProxy 2.6 and newer. Everything that changes while a front runs is changed
through its runtime API; the file says the same, for the front's next start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from csctl.front.server import PLACES, VACANT, place

FOLDER: Final = "/etc/csctl"
FILE: Final = "haproxy.cfg"
RUN_FOLDER: Final = "/run/csctl"
SOCKET: Final = "runtime.sock"
CERTIFICATE: Final = "/etc/csctl-tls"
"""The folder with the certificate."""
PORT: Final = 5000
INNER_PORT: Final = 5001
"""Asks for neither TLS nor secret, and is never published: for csctl on the host, which
reaches the replicas themselves all the same."""
SECRET_VARIABLE: Final = "FRONT_SECRET"
BACKEND: Final = "replicas"

_NOBODY = 65534
_SECRET_HEADER = "Ocp-Apim-Subscription-Key"
"""What every Speech SDK sends where it is given a key (facts: speech-protocol.md 2.2).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a front is told of its profile."""

    sessions: int | None
    """How many a replica takes at once; None is no bound."""
    certificate: str | None
    """The name of the PEM file, where the port is TLS."""
    secret: bool
    """Whether clients have to send one."""
    root: bool
    """Whether it starts as root, and is to drop that."""


def render(settings: Settings, hosts: Mapping[str, str]) -> str:
    """The file for a front whose places have these hosts."""
    lines = (
        _GLOBAL,
        _drop() if settings.root else "",
        _DEFAULTS,
        _frontends(settings),
        _backend(settings.sessions),
        *(_server(place(n), hosts.get(place(n))) for n in range(1, PLACES + 1)),
    )
    return "".join(lines)


_GLOBAL = f"""\
global
  log stdout format raw local0 notice
  stats socket {RUN_FOLDER}/{SOCKET} mode 600 level admin
"""

# A session of the Speech protocol is one WebSocket: `tunnel` bounds its silence. A
# replica of this host that takes no connection at once is gone: another one is tried,
# before the checks notice, as they end what is under way.
_DEFAULTS = """\

resolvers engine
  parse-resolv-conf
  resolve_retries 3
  timeout resolve 1s
  timeout retry 1s
  hold valid 2s

defaults
  mode http
  log global
  timeout connect 250ms
  timeout client 60s
  timeout server 60s
  timeout queue 30s
  timeout tunnel 1h
"""


def _drop() -> str:
    return f"  uid {_NOBODY}\n  gid {_NOBODY}\n"


def _frontends(settings: Settings) -> str:
    tls = ""
    if settings.certificate is not None:
        tls = f" ssl crt {CERTIFICATE}/{settings.certificate} alpn http/1.1"
    guard = ""
    if settings.secret:
        guard = (
            f'  acl known req.hdr({_SECRET_HEADER}) -m str "${{{SECRET_VARIABLE}}}"\n'
            f"  http-request deny deny_status 401 unless known\n"
            f"  http-request del-header {_SECRET_HEADER}\n"
        )
    return f"""
frontend speech
  bind :{PORT}{tls}
{guard}  default_backend {BACKEND}

frontend inner
  bind :{INNER_PORT}
  default_backend {BACKEND}
"""


def _backend(sessions: int | None) -> str:
    bound = "" if sessions is None else f" maxconn {sessions}"
    return f"""
backend {BACKEND}
  balance leastconn
  option httpchk GET /ready
  http-check expect status 200
  option redispatch 1
  retries 3
  default-server check inter 1s fall 2 rise 1 resolvers engine init-addr none \
resolve-prefer ipv4 on-marked-down shutdown-sessions{bound}
"""


def _server(name: str, host: str | None) -> str:
    state = "" if host else " disabled"
    return f"  server {name} {host or VACANT}:{PORT}{state}\n"
