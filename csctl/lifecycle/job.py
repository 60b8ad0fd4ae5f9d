"""What the work on one profile is done with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from csctl.container.observed import Image
from csctl.container.spec import ContainerSpec
from csctl.contract import arguments
from csctl.contract.arguments import Invocation
from csctl.engine.engine import Engine
from csctl.errors import ImageNotFound
from csctl.lifecycle.keys import Keys, read_keys
from csctl.lifecycle.oneshot import one_shot_spec
from csctl.plan.serving import limits
from csctl.profile.model import Profile
from csctl.reference import ImageReference


@dataclass(frozen=True, kw_only=True)
class Job:
    """A profile, its Engine, and the image that its reference means."""

    engine: Engine
    profile: Profile
    environ: Mapping[str, str]
    reference: ImageReference
    download_seconds: float = arguments.DOWNLOAD_SECONDS

    @cached_property
    def keys(self) -> Keys:
        """The profile's secrets, read when first needed."""
        return read_keys(self.profile, self.environ)

    @property
    def logs(self) -> Path:
        """Where the logs of failed one-shot containers are kept."""
        return self.profile.state_dir / "logs"

    def image(self) -> Image:
        """The image in the Engine. Raises ImageNotFound."""
        image = self.engine.image(str(self.reference))
        if image is None:
            raise ImageNotFound(
                f"the Engine has no image {self.reference}",
                remedy="pull it: csctl image pull",
            )
        return image

    def one_shot(self, image: Image, invocation: Invocation) -> ContainerSpec:
        """The spec of one run of the image for this profile."""
        return one_shot_spec(
            self.profile.name,
            image.id,
            invocation,
            environment=self.keys.environment,
            limits=limits(self.profile),
        )
