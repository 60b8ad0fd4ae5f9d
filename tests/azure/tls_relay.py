"""A program: takes TLS off, and passes what is inside on to a local port."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import sys

PORT = 443


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(1 << 16):
            sink.write(data)
            await sink.drain()
    sink.close()


async def _main(address: str, certificate: str, key: str, target: int) -> None:
    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inside, outside = await asyncio.open_connection("127.0.0.1", target)
        await asyncio.gather(_pump(reader, outside), _pump(inside, writer))

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = await asyncio.start_server(relay, address, PORT, ssl=context)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    address, certificate, key, target = sys.argv[1:]
    asyncio.run(_main(address, certificate, key, int(target)))
