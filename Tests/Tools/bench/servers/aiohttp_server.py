"""A typical upload server with aiohttp: bodies and forms, streamed to files.

    aiohttp_server.py PORT DIRECTORY

PUT /NAME stores the body, POST /file-upload every file of a form. Nothing is synced.
"""

import sys
from pathlib import Path

from aiohttp import web

# Bytes to read at once. With the default of 8 KiB for forms it would have a third of its speed.
BLOCK = 1 << 20


def place(request: web.Request, name: str) -> Path:
    """The path for a file of this name: its last component, in the directory."""
    return request.app["directory"] / Path(name).name


async def put(request: web.Request) -> web.Response:
    with open(place(request, request.match_info["name"]), "wb", buffering=0) as file:
        async for block in request.content.iter_chunked(BLOCK):
            file.write(block)
    return web.json_response({"ok": True}, status=201)


async def form(request: web.Request) -> web.Response:
    async for part in await request.multipart():
        if part.filename:
            with open(place(request, part.filename), "wb", buffering=0) as file:
                while block := await part.read_chunk(BLOCK):
                    file.write(block)
    return web.json_response({"ok": True}, status=201)


if __name__ == "__main__":
    app = web.Application()
    app["directory"] = Path(sys.argv[2])
    app.add_routes([web.put("/{name}", put), web.post("/file-upload", form)])
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
