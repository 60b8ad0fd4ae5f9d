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
            while (item := _next(runner, stream)) is not _OVER:
                yield item  # type: ignore[misc]
        finally:
            runner.run(stream.aclose())


def _next(runner: asyncio.Runner, stream: AsyncGenerator[Item, None]) -> Item | object:
    async def result() -> Item | object:
        return await coming

    async def give_up() -> None:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)

    coming = runner.get_loop().create_task(_coming(stream))
    try:
        return runner.run(result())
    except BaseException:
        # A signal's exception ends the loop, and nothing that runs on it.
        runner.run(give_up())
        raise


async def _coming(stream: AsyncGenerator[Item, None]) -> Item | object:
    return await anext(stream, _OVER)
