"""A settled profile, and what may have changed since it was applied."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from csctl.container.observed import Host, Image
from csctl.errors import SecretUnavailable
from csctl.license import StoredLicense
from csctl.model import StoredModel
from csctl.ownership import Owner
from csctl.plan.observed import Observed
from csctl.plan.serving import Parts, serving_spec
from csctl.profile.load import parse
from csctl.profile.model import Profile
from csctl.record import FileSum, Record
from csctl.secret import Secret
from tests.container.observing import running

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MODEL = "5f3a0c1e-7d2b-4c57-9d0e-2f6a8b1c4d3e"
IMAGE_ID = "sha256:" + "1a" * 32
KEY = Secret("s3cret")
KEY_GONE = SecretUnavailable("contoso: environment variable SPEECH_KEY is unset")
LICENSE_KEY_GONE = SecretUnavailable("contoso: environment variable DC0_KEY is unset")

_BASE: Mapping[str, Any] = {
    "name": "contoso",
    "image": "csctl/rehearsal:4.12.0-amd64",
    "model": {"id": MODEL},
    "billing": {
        "endpoint": "https://contoso.cognitiveservices.azure.com",
        "api_key": {"env": "SPEECH_KEY"},
    },
    "data": "/d",
    "resources": {"cpus": 4, "memory": "8g"},
}
CONNECTED: Mapping[str, Any] = {**_BASE, "mode": "connected"}
DISCONNECTED: Mapping[str, Any] = {
    **_BASE,
    "mode": "disconnected",
    "license": {
        "endpoint": "https://contoso-dc0.cognitiveservices.azure.com",
        "api_key": {"env": "DC0_KEY"},
        "valid_for": "90d",
    },
}


def profile(written: Mapping[str, Any], /, **changes: Any) -> Profile:
    """A profile with keys changed; those changed to None are left out."""
    document = {k: v for k, v in {**written, **changes}.items() if v is not None}
    text = yaml.safe_dump(document)
    [read] = parse(text, file="x.yaml", base=Path("/"), environ={})
    return read


def image(identity: str = IMAGE_ID) -> Image:
    return Image(
        id=identity,
        tags=("csctl/rehearsal:4.12.0-amd64",),
        digests=(),
        architecture="amd64",
        os="linux",
        user="nonroot",
        environment={},
        size=1,
    )


def model(model_id: str = MODEL, *, damage: str = "", **details: Any) -> StoredModel:
    return StoredModel(
        id=model_id,
        directory=Path("/d/models", model_id),
        record=_record("model", model_id, NOW - timedelta(days=30), details),
        damage=(damage,) if damage else (),
    )


def license_(**changes: Any) -> StoredLicense:
    """A license of thirty days ago; `at`, `image_id`, `model` and `details` change."""
    at = changes.pop("at", NOW - timedelta(days=30))
    known = _record(
        "license",
        changes.pop("model", MODEL),
        at,
        changes.pop("details", {}),
        changes.pop("image_id", IMAGE_ID),
    )
    stored = StoredLicense(
        directory=Path("/d/license/20260502T120000Z"),
        files=("license.bin",),
        record=known,
        damage=(),
    )
    return dataclasses.replace(stored, **changes)


def _record(
    kind: str,
    model_id: str,
    at: datetime,
    details: Mapping[str, Any],
    image_id: str = IMAGE_ID,
) -> Record:
    return Record(
        kind=kind,
        id=model_id,
        image="csctl/rehearsal:4.12.0-amd64",
        image_id=image_id,
        fetched_at=at,
        files=(FileSum(path="x", size=1, sha256="0"),),
        details=details,
    )


def fresh(wanted: Profile, /, **changes: Any) -> Observed:
    """A host that has nothing of a profile yet."""
    seen = Observed(
        now=NOW,
        host=Host(
            name="box",
            engine_version="20.10",
            cpus=8,
            memory=32 << 30,
            architecture="x86_64",
            os="linux",
            storage="/var/lib/docker",
        ),
        reference=wanted.image,
        image=None,
        model_id=wanted.model.id,
        model=None,
        license=None,
        owner=None,
        not_owned=(),
        serving=None,
        applied=None,
        replaced=None,
        leftovers=(),
        name_taken_by=None,
        port_taken_by=None,
        billing_key=KEY,
    )
    return dataclasses.replace(seen, **changes)


def settled(applied: Profile, /, **changes: Any) -> Observed:
    """A host on which a profile was applied and nothing happened since."""
    seen = fresh(
        applied,
        image=image(),
        model=model(),
        license=license_() if applied.mode == "disconnected" else None,
        owner=Owner(65532, 65532),
    )
    assert seen.model is not None
    spec = serving_spec(
        applied,
        Parts(
            image=str(seen.reference),
            model=seen.model,
            license=seen.license.directory if seen.license else None,
            billing_key=seen.billing_key,
            environment=seen.environment,
        ),
    )
    seen = dataclasses.replace(
        seen, serving=running(spec, IMAGE_ID), applied=spec.fields()
    )
    return dataclasses.replace(seen, **changes)


def changed(seen: Observed, /, **changes: Any) -> Observed:
    """What is observed after something happened to the serving container."""
    assert seen.serving is not None
    return dataclasses.replace(
        seen, serving=dataclasses.replace(seen.serving, **changes)
    )
