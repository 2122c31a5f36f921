"""An upload server as one writes it with aiohttp: bodies and forms, streamed to files.

    aiohttp_server.py PORT DIRECTORY

PUT /NAME stores the body, POST /file-upload every file of a form. Nothing is synced.
"""

import sys
from pathlib import Path

from aiohttp import web

# Of what is read at once. The 8 KiB that forms are read in by default would cost it two thirds of its speed.
PIECE = 1 << 20


def place(request: web.Request, name: str) -> Path:
    """Where a file of this name goes: its last component, in the directory."""
    return request.app["directory"] / Path(name).name


async def put(request: web.Request) -> web.Response:
    with open(place(request, request.match_info["name"]), "wb", buffering=0) as file:
        async for piece in request.content.iter_chunked(PIECE):
            file.write(piece)
    return web.json_response({"ok": True}, status=201)


async def form(request: web.Request) -> web.Response:
    async for part in await request.multipart():
        if part.filename:
            with open(place(request, part.filename), "wb", buffering=0) as file:
                while piece := await part.read_chunk(PIECE):
                    file.write(piece)
    return web.json_response({"ok": True}, status=201)


def main() -> None:
    app = web.Application()
    app["directory"] = Path(sys.argv[2])
    app.add_routes([web.put("/{name}", put), web.post("/file-upload", form)])
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)


if __name__ == "__main__":
    main()
