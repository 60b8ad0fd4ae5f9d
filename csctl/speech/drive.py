"""Asynchronous streams for those who are not: the one way out of this room."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from typing import TypeVar

Item = TypeVar("Item")
_OVER = object()


def drive(stream: AsyncGenerator[Item, None]) -> Generator[Item, None, None]:
    """Yield what a stream yields, whose loop runs only while an item is waited for.

    Ctrl-C and closing the generator end the stream where it stands, with all that it
    has begun. Any thread may do this that runs no loop of its own.
    """
    with asyncio.Runner() as runner:
        try:
            while (item := runner.run(_next(stream))) is not _OVER:
                yield item  # type: ignore[misc]
        finally:
            runner.run(stream.aclose())


async def _next(stream: AsyncGenerator[Item, None]) -> Item | object:
    return await anext(stream, _OVER)
