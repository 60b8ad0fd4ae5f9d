"""A dataset's file by blocks: gone on with after a break, then committed.

Facts: rest-api.md sections 2.6 and 6. A block's id is its number and the sum of its
content, so that what is there already is known to be the same; all ids have one length.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from csctl.azure.client import Speech
from csctl.azure.request import BLOCK_BYTES
from csctl.errors import CsctlError, UsageError

AT_ONCE: Final = 4
_MOST_BLOCKS = 50_000
"""What Azure's storage takes of one file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One piece of the file."""

    number: int
    size: int
    id: str


def upload(speech: Speech, dataset: str, path: Path) -> Generator[int, None, int]:
    """Send a file and commit it; yields the bytes that are there, gives their count.

    Blocks that are there already are not sent again. Raises UsageError for a file that
    cannot be one, AzureError.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            _check(path, size)
            return (yield from _send_all(speech, dataset, file.fileno(), size))
    except OSError as exc:
        raise CsctlError(
            f"{path} cannot be read: {exc.strerror}", remedy="check the path"
        ) from exc


def _check(path: Path, size: int) -> None:
    if not size:
        raise UsageError(f"{path} is empty")
    if size > _MOST_BLOCKS * BLOCK_BYTES:
        raise UsageError(f"{path} is larger than {_MOST_BLOCKS} blocks")


def _send_all(
    speech: Speech, dataset: str, descriptor: int, size: int
) -> Generator[int, None, int]:
    there = _there(speech, dataset)
    kinds = {id_: kind for kind, ids in there.items() for id_ in ids}
    blocks: list[Block] = []
    done = 0

    def send(offset: int) -> Block:
        content = os.pread(descriptor, BLOCK_BYTES, offset)
        block = _block(offset // BLOCK_BYTES, content)
        if block.id not in kinds:
            speech.call(
                "Datasets_UploadBlock", {"id": dataset, "blockid": block.id}, content
            )
        return block

    offsets = iter(range(0, size, BLOCK_BYTES))
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        for block in _in_turn(pool, send, offsets):
            blocks.append(block)
            done += block.size
            yield done
    finally:
        pool.shutdown(cancel_futures=True)
    if done != size:
        raise CsctlError(
            f"the file changed while it was sent: {done} bytes instead of {size}",
            remedy="try again",
        )
    blocks.sort(key=lambda block: block.number)
    entries = [
        {"kind": kinds.get(block.id, "Uncommitted"), "id": block.id} for block in blocks
    ]
    speech.call("Datasets_CommitBlocks", {"id": dataset}, entries)
    return done


def _in_turn(
    pool: ThreadPoolExecutor, send: Any, offsets: Iterator[int]
) -> Iterator[Block]:
    """A few at once; the next begins when one is done, so that memory stays flat."""
    running: set[Future[Block]] = {
        pool.submit(send, offset) for offset in islice(offsets, AT_ONCE)
    }
    while running:
        finished, running = wait(running, return_when=FIRST_COMPLETED)
        for one in finished:
            block = one.result()
            running |= {pool.submit(send, offset) for offset in islice(offsets, 1)}
            yield block


def _there(speech: Speech, dataset: str) -> dict[str, set[str]]:
    found = speech.get("Datasets_GetBlocks", {"id": dataset}) or {}
    return {
        kind: {str(one.get("name")) for one in found.get(key) or ()}
        for kind, key in (
            ("Committed", "committedBlocks"),
            ("Uncommitted", "uncommittedBlocks"),
        )
    }


def _block(number: int, content: bytes) -> Block:
    mark = f"{number:06d}-{hashlib.sha256(content).hexdigest()[:24]}"
    return Block(
        number=number,
        size=len(content),
        id=base64.b64encode(mark.encode()).decode(),
    )
