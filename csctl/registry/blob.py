"""Blobs as streams, which go on by themselves where a connection broke off."""

from __future__ import annotations

from collections.abc import Callable, Generator

from csctl.errors import DownloadError, RegistryUnavailable
from csctl.http import resume, retry
from csctl.registry.answer import Answer
from csctl.registry.connection import Connection, translated


class BlobStream:
    """The bytes of one blob from an offset on, over as many connections as it takes."""

    def __init__(
        self,
        connection: Connection,
        registry: str,
        repository: str,
        digest: str,
        *,
        offset: int,
        patience: float,
        sleep: Callable[[float], None],
    ) -> None:
        self._connection = connection
        self._registry = registry
        self._repository = repository
        self._digest = digest
        self._offset = offset
        self._patience = patience
        self._sleep = sleep

    def chunks(self) -> Generator[bytes, None, None]:
        """What comes. Raises RegistryError, DownloadError for a shorter blob."""
        with translated():
            yield from resume.resumed(
                self._once,
                offset=self._offset,
                patience=self._patience,
                sleep=self._sleep,
            )

    @property
    def _wanted(self) -> str:
        return f"blob {self._digest} of {self._repository}"

    def _once(self, position: int) -> Generator[bytes, None, None]:
        url = self._connection.base.join(f"/v2/{self._repository}/blobs/{self._digest}")
        with self._connection.stream(
            url,
            self._repository,
            resume.headers(position),
            resume.timeout(self._patience),
        ) as response:
            if isinstance(response, Answer):
                self._judge(response, position)
                return
            try:
                yield from resume.rest(response, position)
            except resume.OtherPart:
                raise RegistryUnavailable(
                    f"registry {self._registry} gives another part of {self._wanted}"
                    " than was asked for",
                    remedy="is a proxy in between? Tell whoever runs it",
                ) from None

    def _judge(self, answer: Answer, position: int) -> None:
        if answer.status == 416:
            raise DownloadError(
                f"registry {self._registry} says that {self._wanted} has no more than"
                f" {position} bytes",
                remedy="try again; if it stays so, do not trust this registry",
            )
        try:
            answer.judge(self._registry, self._wanted)
        except RegistryUnavailable as error:
            if retry.is_passing_status(answer.status):
                raise resume.Busy(answer.headers, error) from None
            raise
