"""Debian's nsd, run on a loopback port, with a root zone of the test's own."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_SECONDS = 30
_ZONE = """\
$ORIGIN .
$TTL 60
@ IN SOA ns.test. admin.test. 1 60 60 60 60
@ IN NS ns.test.
ns.test. A 127.0.0.1
"""
_CONFIGURATION = """\
server:
  ip-address: 127.0.0.1@{port}
  zonesdir: "{folder}"
  database: ""
  pidfile: ""
  xfrdfile: ""
  zonelistfile: "{folder}/zone.list"
  username: ""
  server-count: 1
remote-control:
  control-enable: no
zone:
  name: "."
  zonefile: "root.zone"
"""

CUSTOM = "cognitiveservices.azure.com"
LINK = f"privatelink.{CUSTOM}"
_MANAGER = "westeurope.prod.vnet.cog.trafficmanager.net"
_PROXY = "vnetproxyv1-weu-prod.westeurope.cloudapp.azure.com"
PICTURES = f"""\
inside.{CUSTOM}. CNAME inside.{LINK}.
inside.{LINK}. A 172.28.0.10
elsewhere.{CUSTOM}. CNAME elsewhere.{LINK}.
elsewhere.{LINK}. CNAME {_MANAGER}.
{_MANAGER}. CNAME {_PROXY}.
{_PROXY}. A 13.69.67.71
plain.{CUSTOM}. CNAME westeurope.api.cognitive.microsoft.com.
westeurope.api.cognitive.microsoft.com. CNAME cognitiveweprod.azure-api.net.
cognitiveweprod.azure-api.net. A 13.93.122.1
forgotten.{CUSTOM}. CNAME forgotten.{LINK}.
round.{CUSTOM}. CNAME about.{CUSTOM}.
about.{CUSTOM}. CNAME round.{CUSTOM}.
six.{CUSTOM}. AAAA fd00::10
"""


@contextmanager
def dns_server(
    folder: Path, port: int, records: str = PICTURES, before: Sequence[str] = ()
) -> Iterator[str]:
    """Serve the records; its address, as `--dns-server` takes it.

    `before` are the words before the command, such as those of `ip netns exec`.
    """
    (folder / "root.zone").write_text(_ZONE + records)
    configuration = folder / "nsd.conf"
    configuration.write_text(_CONFIGURATION.format(port=port, folder=folder))
    log = folder / "nsd.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [*before, "/usr/sbin/nsd", "-d", "-c", str(configuration)],
            stdout=output,
            stderr=output,
        ) as process,
    ):
        try:
            deadline = time.monotonic() + _SECONDS
            while "nsd started" not in log.read_text():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.02)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
