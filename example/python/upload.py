#!/usr/bin/env python3
"""Sends a file with the requests package, as the body of a request or as a form.

    upload.py FILE [URL]            the body is the file: read in chunks, memory stays flat
    upload.py --form FILE [URL]     a form with the file in it

URL is http://127.0.0.1:8080 when left out. A token in SLUICE_TOKEN is presented to the server. Prints the response.
Exit status: 0 stored, 1 not stored, 64 wrong usage.
"""

import argparse
import os
import sys

try:
    import requests
except ImportError:
    sys.exit("upload.py needs the requests package: python3 -m pip install requests")


class Parser(argparse.ArgumentParser):
    """Ends with the usual status for wrong usage, EX_USAGE."""

    def error(self, message):
        self.print_usage(sys.stderr)
        self.exit(64, f"{self.prog}: {message}\n")


def authorize(request):
    """Shows the token in SLUICE_TOKEN, where there is one."""
    if token := os.environ.get("SLUICE_TOKEN"):
        request.headers["Authorization"] = f"Bearer {token}"
    return request


def send_stream(file, name, url):
    """The body is the file. requests asks it for its size and sends that as Content-Length."""
    return requests.post(
        f"{url}/stream-upload",
        params={"name": name},
        data=file,
        headers={"Content-Type": "application/octet-stream"},
        auth=authorize,
        timeout=60,
    )


def send_form(file, name, url):
    """A form with one file.

    requests builds the whole form in memory before it sends the first byte: fine for small files, not for big ones.
    For a form that is streamed, use requests_toolbelt:

        encoder = MultipartEncoder({"file": (name, file, "application/octet-stream")})
        requests.post(f"{url}/file-upload", data=encoder, headers={"Content-Type": encoder.content_type})
    """
    return requests.post(
        f"{url}/file-upload",
        files={"file": (name, file, "application/octet-stream")},
        auth=authorize,
        timeout=60,
    )


def main():
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--form", action="store_true", help="send a form instead of the bare file")
    parser.add_argument("file")
    parser.add_argument("url", nargs="?", default="http://127.0.0.1:8080")
    arguments = parser.parse_args()
    send = send_form if arguments.form else send_stream
    try:
        with open(arguments.file, "rb") as file:
            answer = send(file, os.path.basename(arguments.file), arguments.url.rstrip("/"))
    # First, because its errors are OSErrors as well.
    except requests.RequestException as error:
        sys.exit(f"not sent: {error}")
    except OSError as error:
        sys.exit(f"cannot read {arguments.file}: {error.strerror}")
    sys.stdout.write(answer.text)
    return 0 if answer.ok else 1


if __name__ == "__main__":
    sys.exit(main())
