"""Clients of both protocols of resumable uploads on plain sockets: tus 1.0, and RUFH, the draft of the IETF."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urljoin

from http_exchange import Broken, Request, Response, exchange
from shared import Failure
from shared.source import Source

# Seconds between two attempts of a client whose server is away.
PAUSE = 0.01
# What an offset was read from.
HEAD, PROGRESS, END = "HEAD", "104", "response"


class Gone(Failure):
    """The server does not know the upload any more."""


class Upload:
    """One resumable upload; the subclasses speak a protocol. `target` is where uploads are created, and ends in /."""

    protocol = ""
    common: dict[str, str] = {}

    def __init__(self, target: str, source: Source, name: str, authority: Path | None = None) -> None:
        self.target, self.source, self.name, self.authority = target, source, name, authority
        self.url: str | None = None
        # The largest offset that the server has announced, and whether it has said that the upload is complete.
        self.announced = 0
        self.is_complete = False
        self.requests = 0
        # Called with each offset that is announced and what it was read from, before `announced` changes.
        self.observe: Callable[[int, str], None] = lambda offset, origin: None

    @property
    def identifier(self) -> str:
        """The last part of the upload's URL; empty before it is created."""
        return (self.url or "").rpartition("/")[2]

    def create(self) -> None:
        """Creates the upload without content. Raises Failure for every status but 201."""
        response = self._request(self._creation())
        if response.status != 201 or "location" not in response.fields:
            raise Failure(f"{self.name}: the creation was rejected with {response}")
        self.url = urljoin(self.target, response.fields["location"])

    def ask(self) -> int:
        """The server's offset by HEAD. Raises Gone."""
        response = self._request(Request("HEAD", self._known_url(), dict(self.common)))
        if response.status in (404, 410):
            raise Gone(f"{self.name}: HEAD gave {response}")
        if response.status not in (200, 204) or response.offset is None:
            raise Failure(f"{self.name}: HEAD gave {response}")
        self._announce(response.offset, HEAD)
        self.is_complete = self.ends(response)
        return response.offset

    def append(self, offset: int, stop_at: int | None = None) -> Response:
        """Sends everything from `offset` in one request, or breaks it off at the offset `stop_at` (raises Broken)."""
        request = Request("PATCH", self._known_url(), self._append_fields(offset))
        request.content, request.stop = self.source.content[offset:], stop_at and stop_at - offset
        response = self._request(request)
        if response.offset is not None:
            self._announce(response.offset, END)
        if response.status in (404, 410):
            raise Gone(f"{self.name}: PATCH gave {response}")
        self.is_complete = response.status < 300 and self.ends(response)
        if response.status in (400, 403, 412, 413, 415, 460):
            raise Failure(f"{self.name}: PATCH at {offset} gave {response}")
        return response

    def cancel(self) -> None:
        """Deletes the upload on the server, or makes it forget a finished one."""
        response = self._request(Request("DELETE", self._known_url(), dict(self.common)))
        if response.status not in (204, 404, 410):
            raise Failure(f"{self.name}: DELETE gave {response}")

    def complete(self, patience: float, over: threading.Event | None = None) -> None:
        """Creates the upload unless that was done, and continues it through all interruptions until it is complete.

        Raises Failure after `patience` seconds without a greater offset, or once `over` is set.
        """
        best, end = self.announced, time.monotonic() + patience
        while not self.is_complete:
            if over is not None and over.is_set():
                raise Failure(f"{self.name}: stopped")
            if self.announced > best:
                best, end = self.announced, time.monotonic() + patience
            if time.monotonic() > end:
                raise Failure(f"{self.name}: no progress beyond {best} bytes for {patience:.0f} s")
            try:
                self._step()
            except OSError:
                time.sleep(PAUSE)

    def retried(self, action: Callable[[], None], patience: float) -> None:
        """Calls `action` until the server can be reached."""
        end = time.monotonic() + patience
        while True:
            try:
                return action()
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(PAUSE)

    def _step(self) -> None:
        if self.url is None:
            self.create()
        offset = self.ask()
        if not self.is_complete:
            self.append(offset)

    def _known_url(self) -> str:
        if self.url is None:
            raise Failure(f"{self.name}: the upload was not created")
        return self.url

    def _announce(self, offset: int, origin: str) -> None:
        self.observe(offset, origin)
        self.announced = max(self.announced, offset)

    def _interim(self, response: Response) -> None:
        if response.status == 104 and response.offset is not None:
            self._announce(response.offset, PROGRESS)

    def _request(self, request: Request) -> Response:
        self.requests += 1
        request.authority, request.interim = self.authority, self._interim
        return exchange(request)

    def _creation(self) -> Request:
        raise NotImplementedError

    def _append_fields(self, offset: int) -> dict[str, str]:
        raise NotImplementedError

    def ends(self, response: Response) -> bool:
        """Whether a response with a status below 300 says that the upload is complete."""
        raise NotImplementedError


class DraftUpload(Upload):
    """RUFH with its newest version: creation by PUT, with the name in the path."""

    protocol = "RUFH"
    common = {"Upload-Draft-Interop-Version": "10"}

    def _creation(self) -> Request:
        fields = {**self.common, "Upload-Complete": "?0", "Upload-Length": str(self.source.size)}
        return Request("PUT", self.target + self.name, fields, content=b"")

    def _append_fields(self, offset: int) -> dict[str, str]:
        fields = {"Content-Type": "application/partial-upload", "Upload-Complete": "?1"}
        return {**self.common, **fields, "Upload-Offset": str(offset)}

    def ends(self, response: Response) -> bool:
        return response.fields.get("upload-complete") == "?1"


class TusUpload(Upload):
    """tus 1.0: creation at `uploads`, with the name in the metadata."""

    protocol = "tus"
    common = {"Tus-Resumable": "1.0.0"}

    def _creation(self) -> Request:
        metadata = "filename " + base64.b64encode(self.name.encode()).decode()
        fields = {**self.common, "Upload-Length": str(self.source.size), "Upload-Metadata": metadata}
        return Request("POST", self.target + "uploads", fields, content=b"")

    def _append_fields(self, offset: int) -> dict[str, str]:
        return {**self.common, "Content-Type": "application/offset+octet-stream", "Upload-Offset": str(offset)}

    def ends(self, response: Response) -> bool:
        return response.offset == self.source.size


PROTOCOLS: tuple[type[Upload], ...] = (DraftUpload, TusUpload)


def interrupt(upload: Upload, stop_at: int) -> None:
    """Creates an upload and breaks its request off at an offset."""
    upload.create()
    with suppress(Broken):
        upload.append(0, stop_at)


def announced(base: str, identifier: str) -> int | None:
    """The offset of an upload of either protocol, without disturbing a request on it; None when there is none."""
    response = exchange(Request("GET", f"{base}uploads/{identifier}", dict(TusUpload.common)))
    return response.offset if response.status in (200, 204) else None


def forget_finished(base: str, identifier: str) -> None:
    """Makes the server forget an upload if it is complete; servers remember those for some minutes."""
    response = exchange(Request("GET", f"{base}uploads/{identifier}", dict(TusUpload.common)))
    says_so = response.fields.get("upload-complete") == "?1"
    if says_so or (response.offset is not None and response.fields.get("upload-length") == str(response.offset)):
        exchange(Request("DELETE", f"{base}uploads/{identifier}", dict(TusUpload.common)))


def put(target: str, source: Source, name: str) -> None:
    """A plain upload. Raises Failure for every status but 201."""
    response = exchange(Request("PUT", target + name, {}, content=source.content))
    if response.status != 201:
        raise Failure(f"{name}: PUT gave {response}")


def speaks(base: str) -> set[str]:
    """The protocols of a server, by its responses to OPTIONS."""
    found = set()
    if "upload-limit" in exchange(Request("OPTIONS", f"{base}stream-upload", {})).fields:
        found.add(DraftUpload.protocol)
    if "tus-version" in exchange(Request("OPTIONS", f"{base}uploads", {})).fields:
        found.add(TusUpload.protocol)
    return found
