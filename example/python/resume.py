#!/usr/bin/env python3
"""Sends a file that continues after an interruption: with the tus protocol 1.0.0, as tuspy speaks it.

    resume.py [--cut-after BYTES] FILE [URL]

URL is http://127.0.0.1:8080 when left out. Retries when the connection breaks or the server is away, and starts where
the server's copy ends. The upload's own URL is kept in FILE.tus until the file is stored, so that the same command
continues after Ctrl-C or a crash; a file that has changed since is sent from its start. A token in SLUICE_TOKEN is
presented to the server; a certificate that this machine does not know is named by SSL_CERT_FILE. Nothing but Python's
own library is needed. Exit status: 0 stored, 1 not stored, 64 wrong usage, 130 interrupted by Ctrl-C.
"""

import argparse
import base64
import http.client
import json
import os
import random
import sys
import time
from urllib.parse import urljoin, urlsplit

ATTEMPTS = 10
"""Attempts that bring no byte forward; each that does begins the count anew."""

CHUNK_SIZE = 1 << 20
IDLE_SECONDS = 60


class Parser(argparse.ArgumentParser):
    """Ends with the usual status for wrong usage, EX_USAGE."""

    def error(self, message):
        self.print_usage(sys.stderr)
        self.exit(64, f"{self.prog}: {message}\n")


class Rejection(Exception):
    """Another attempt does not heal it."""


class Interruption(Exception):
    """Another attempt may succeed."""


def send(method, url, headers, body=()):
    """Sends one request with the fields of every tus request.

    Returns status, headers and text of the response, perhaps before all of the body has been sent.
    """
    target = urlsplit(url)
    kind = http.client.HTTPSConnection if target.scheme == "https" else http.client.HTTPConnection
    connection = kind(target.netloc, timeout=IDLE_SECONDS)
    try:
        connection.putrequest(method, target.path + (f"?{target.query}" if target.query else ""))
        connection.putheader("Tus-Resumable", "1.0.0")
        if token := os.environ.get("SLUICE_TOKEN"):
            connection.putheader("Authorization", f"Bearer {token}")
        for name, value in headers.items():
            connection.putheader(name, str(value))
        connection.endheaders()
        try:
            for chunk in body:
                connection.send(chunk)
        except (BrokenPipeError, ConnectionResetError):
            # A server that rejects a request may close the connection before it has read everything: its response
            # says why.
            pass
        response = connection.getresponse()
        return response.status, response.headers, response.read().decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException) as error:
        raise Interruption(str(error) or type(error).__name__) from error
    finally:
        connection.close()


def check(status, text, what):
    """Raises for any status but 2xx."""
    if 200 <= status < 300:
        return
    is_temporary = status >= 500 or status in (408, 409, 423, 429, 460)
    raise (Interruption if is_temporary else Rejection)(f"{what}: status {status} {text}")


def offset_in(headers):
    text = headers.get("Upload-Offset", "")
    if not text.isdecimal():
        raise Interruption("the response has no Upload-Offset")
    return int(text)


class Upload:
    """One file on its way to one server, over as many connections and runs as that takes."""

    def __init__(self, file, server, cut_after):
        status = os.fstat(file.fileno())
        self.file = file
        self.size = status.st_size
        self.creation_url = f"{server}/uploads"
        self.cut_after = cut_after
        self.state = f"{file.name}.tus"
        self.description = {"server": server, "size": self.size, "modified": status.st_mtime_ns}

    def stored_url(self):
        """The URL that an earlier run has kept for this very file and server; None without one."""
        try:
            with open(self.state, encoding="utf-8") as state:
                known = json.load(state)
            url = known.pop("url")
            return url if known == self.description else None
        except (OSError, ValueError, KeyError, AttributeError):
            return None

    def create(self):
        """Creates the upload, and keeps its URL."""
        name = os.fsencode(os.path.basename(self.file.name))
        status, headers, text = send(
            "POST",
            self.creation_url,
            {
                "Upload-Length": self.size,
                "Upload-Metadata": "filename " + base64.b64encode(name).decode("ascii"),
                "Content-Length": 0,
            },
        )
        check(status, text, "not created")
        if not headers.get("Location"):
            raise Rejection("not created: the response has no Location")
        # Location may be relative.
        url = urljoin(self.creation_url, headers["Location"])
        descriptor = os.open(self.state, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as state:
            json.dump({**self.description, "url": url}, state)
        return url

    def stored_bytes(self, url):
        """How many bytes the server has; None when it knows nothing of the upload (any more)."""
        status, headers, text = send("HEAD", url, {})
        if status in (403, 404, 410):
            return None
        check(status, text, "no offset")
        return offset_in(headers)

    def append(self, url, offset):
        """Sends all that the server does not have; returns the new offset."""
        headers = {
            "Content-Type": "application/offset+octet-stream",
            "Content-Length": self.size - offset,
            "Upload-Offset": offset,
        }
        status, headers, text = send("PATCH", url, headers, self.content(offset))
        check(status, text, "not appended")
        return offset_in(headers)

    def content(self, offset):
        """The file from an offset to its end, in chunks, so that memory stays flat."""
        self.file.seek(offset)
        left = self.size - offset
        while left > 0:
            chunk = self.file.read(min(left, CHUNK_SIZE))
            if not chunk:
                raise Rejection(f"{self.file.name} became shorter while it was sent")
            left -= len(chunk)
            if self.cut_after is not None and self.size - offset - left > self.cut_after:
                self.cut_after = None
                raise Interruption("interrupted by --cut-after")
            yield chunk

    def run(self):
        url = self.stored_url()
        # The offset is asked for after an interruption and in a second run; a new upload begins at 0.
        offset, best, attempt = 0, -1, 0
        while True:
            try:
                stored = self.stored_bytes(url) if url else None
                if stored is None:
                    url, offset = self.create(), 0
                else:
                    offset = stored
                    print(f"continues at {offset} of {self.size} bytes", file=sys.stderr)
                # An empty file is complete once it has been created.
                while offset < self.size:
                    offset = self.append(url, offset)
                os.unlink(self.state)
                return
            except Interruption as error:
                attempt = 0 if offset > best else attempt + 1
                best = max(best, offset)
                if attempt >= ATTEMPTS:
                    raise
                # 0.25 to 0.5 s at first, doubled up to 30 s; the random part keeps clients from returning all at once.
                seconds = min(30, 0.5 * 2**attempt) * random.uniform(0.5, 1)
                print(f"interrupted ({error}), next attempt in {seconds:.1f} s", file=sys.stderr)
                time.sleep(seconds)


def main():
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cut-after", type=int, metavar="BYTES", help="close the connection once after so many bytes")
    parser.add_argument("file")
    parser.add_argument("url", nargs="?", default="http://127.0.0.1:8080")
    arguments = parser.parse_args()
    try:
        with open(arguments.file, "rb") as file:
            upload = Upload(file, arguments.url.rstrip("/"), arguments.cut_after)
            upload.run()
    except (Rejection, Interruption) as error:
        sys.exit(f"not sent: {error}")
    except OSError as error:
        sys.exit(f"not sent: {error.filename}: {error.strerror}")
    except KeyboardInterrupt:
        return 130
    print(f"stored: {os.path.basename(arguments.file)}, {upload.size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
