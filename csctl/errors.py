"""Every error that csctl raises on purpose.

    CsctlError                    catch this; anything else is a bug, with its traceback
      UsageError                  the command line or the host does not allow this
      ProfileError                a profile is wrong; holds every problem found
      InvalidReference            no image reference (also a ValueError)
      InvalidValue                no size, duration, port, ... (also a ValueError)
      SecretUnavailable           a key's variable, file or command gives nothing
      EngineError                 the Engine answered no
        EngineUnavailable         the Engine did not answer
        ImageNotFound             no such image in the Engine
        ContainerNotFound         no such container in the Engine
        Conflict                  a name or a port is taken
        NotManaged                the container carries no label of csctl
      RegistryError               the registry answered no
        RegistryUnavailable       the registry did not answer, or not as a registry
        RepositoryNotFound        no such repository or tag there
        AccessRefused             the registry wants other credentials
        PlatformMissing           the image is not made for the wanted platform
      AzureError                  Azure refused what csctl, or a container, asked of it
        AzureUnavailable          Azure did not answer, or not as the service
        NoSuchEntity              the Speech resource has nothing of that id or name
      JobFailed                   work that Azure took on ended as failed
      DownloadError               a download is not what it claims to be
      BundleError                 a bundle is not what it claims to be
      NotReady                    a container or a job is not done in time
      SpeechError                 a container did not recognise speech as it should
      RolledBack                  a replacement failed; what was there before is back
      LicenseError                a license is missing, mismatched, expired or due
      OwnershipError              a mount cannot be given to the image's user
      LockHeld                    another csctl is at work on the same thing

Errors hold fields and one plain sentence; a front end may say it its own way. The
exit codes are the command line's contract and live in `csctl.cli.exit`.
"""

from __future__ import annotations

from dataclasses import dataclass


class CsctlError(Exception):
    """What failed and on which object (`message`), and what to do next (`remedy`)."""

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class UsageError(CsctlError):
    """The command line, or this host, does not allow what was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One fault of a profile. Lines and columns count from 1; 0 is unknown."""

    file: str
    line: int
    column: int
    path: str
    """The key's path, such as `resources.cpus` or `environment.LANG`."""
    message: str

    def __str__(self) -> str:
        place = self.file
        if self.line:
            place += f":{self.line}:{self.column}"
        return ": ".join(part for part in (place, self.path, self.message) if part)


class ProfileError(CsctlError):
    """A profile is wrong; `problems` holds all that was found."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class InvalidReference(CsctlError, ValueError):
    """Not an image reference."""


class InvalidValue(CsctlError, ValueError):
    """Not a size, duration, port, address or id."""


class SecretUnavailable(CsctlError):
    """The source of a secret gives nothing now. Never holds the secret."""


class EngineError(CsctlError):
    """The Engine answered no; the message ends with its own explanation."""


class EngineUnavailable(EngineError):
    """The Engine did not answer."""


class ImageNotFound(EngineError):
    """No such image in the Engine."""


class ContainerNotFound(EngineError):
    """No such container in the Engine."""


class Conflict(EngineError):
    """A container's name or port is taken."""


class NotManaged(EngineError):
    """The container carries no label of csctl, so csctl leaves it alone."""


class RegistryError(CsctlError):
    """The registry answered no."""


class RegistryUnavailable(RegistryError):
    """The registry did not answer, or its answer is none of a registry."""


class RepositoryNotFound(RegistryError):
    """The registry has no such repository, tag or digest."""


class AccessRefused(RegistryError):
    """The registry wants credentials, or other ones."""


class PlatformMissing(RegistryError):
    """The image exists, but not for the wanted platform."""


class AzureError(CsctlError):
    """Azure refused what csctl, or a one-shot container, asked of it."""


class AzureUnavailable(AzureError):
    """Azure did not answer, or its answer is none of the service."""


class NoSuchEntity(AzureError):
    """The Speech resource has nothing of that id or name."""


class JobFailed(CsctlError):
    """What Azure was to do in the background ended as failed; `failures` tells more."""

    def __init__(
        self, message: str, failures: tuple[str, ...], *, remedy: str | None = None
    ) -> None:
        super().__init__("\n  ".join((message, *failures)), remedy=remedy)
        self.failures = failures
        """A line for each part that failed, where the service tells them apart."""


class DownloadError(CsctlError):
    """What was downloaded is empty, incomplete or not what it claims to be."""


class BundleError(CsctlError):
    """A bundle is not what it claims to be, or cannot become one."""

    def __init__(self, part: str, fault: str, *, remedy: str | None = None) -> None:
        super().__init__(f"{part}: {fault}", remedy=remedy)
        self.part = part
        """The member of the bundle at fault, or the bundle's file itself."""
        self.fault = fault


class NotReady(CsctlError):
    """A container did not become ready, or a job of Azure did not end, in time."""


class SpeechError(CsctlError):
    """A container, or the way to it, failed while it was to recognise speech."""


class RolledBack(CsctlError):
    """A replacement failed, and the container that was there before is back."""


class LicenseError(CsctlError):
    """A license is missing, mismatched, expired or due."""


class OwnershipError(CsctlError):
    """A mount cannot be given to the image's user."""


class LockHeld(CsctlError):
    """Another csctl holds the lock."""
