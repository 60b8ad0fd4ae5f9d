"""An image of Debian's HAProxy, made without a registry."""

from __future__ import annotations

import io
import json
import re
import shutil
import subprocess
import tarfile
from contextlib import closing
from pathlib import Path

import docker

REFERENCE = "csctl/haproxy:test"
_FOLDERS = ("etc", "run", "tmp")


def load(url: str) -> str:
    """Bring it into an Engine; its reference."""
    with closing(docker.APIClient(base_url=url)) as client:
        told = client.import_image_from_data(
            _archive(), changes=["ENV PATH=/usr/sbin", 'CMD ["haproxy"]']
        )
        # Podman's import would not take the tag along.
        repository, tag = REFERENCE.split(":")
        client.tag(json.loads(told.splitlines()[-1])["status"], repository, tag)
    return REFERENCE


def program() -> Path:
    """HAProxy on this host."""
    found = shutil.which("haproxy", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    assert found is not None, "haproxy is not installed: make test-packages"
    return Path(found)


def _archive() -> bytes:
    binary = program()
    told = subprocess.run(["ldd", binary], capture_output=True, text=True, check=True)
    libraries = re.findall(r"(/\S+) \(0x", told.stdout)
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for folder in _FOLDERS:
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        for path in (str(binary), *libraries):
            tar.add(Path(path).resolve(), arcname=path.lstrip("/"))
    return data.getvalue()
