"""How fast the sandbox answers at all: pages asked for over raw sockets, and thrown away.

`python -m tests.bench.ceiling BASE_URL TOKEN WORKSPACE PAGES`
"""

from __future__ import annotations

import asyncio
import json
import sys
from urllib.parse import urlsplit

CONNECTIONS = 8


async def main(base: str, token: str, workspace: str, pages: str) -> None:
    where = urlsplit(base)
    request = (
        f"GET {where.path}/workspaces/{workspace}/contacts HTTP/1.1\r\nHost: {where.netloc}\r\n"
        f"Authorization: Bearer {token}\r\nUser-Agent: ceiling\r\n\r\n"
    ).encode()
    left = iter(range(int(pages)))

    async def ask() -> None:
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        for _ in left:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]
            await reader.readexactly(int(length))
        writer.close()

    await asyncio.gather(*(ask() for _ in range(CONNECTIONS)))
    print(json.dumps({"requests": int(pages)}))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
