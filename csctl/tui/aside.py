"""Work aside: in a thread that nobody waits for when the application ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


async def aside(work: Callable[[], Result]) -> Result:
    """Do what may block for long, and give its result or its error.

    A network that swallows packets must not keep csctl from ending, as threads of the
    event loop's own pool would.
    """
    loop = asyncio.get_running_loop()
    result: asyncio.Future[Result] = loop.create_future()

    def settle(done: Callable[[], None]) -> None:
        # The one who waited, or the whole loop, may be gone.
        if not loop.is_closed():
            loop.call_soon_threadsafe(lambda: None if result.done() else done())

    def run() -> None:
        try:
            value = work()
        except BaseException as error:
            # `error` is gone once this clause ends, and `settle` comes after.
            settle(lambda error=error: result.set_exception(error))  # type: ignore[misc]
        else:
            settle(lambda: result.set_result(value))

    threading.Thread(target=run, daemon=True).start()
    return await result
