"""nginx in front of the server: with a limit of bodies, with buffered requests, with TLS and a path prefix."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from shared import Failure, output, require, spawned, wait_until
from shared.listener import end_group
from shared.places import free_port, listens

SETTINGS = """\
daemon off;
worker_processes 2;
pid nginx.pid;
error_log stderr;
%(user)s
events {}
http {
  access_log off;
  client_max_body_size %(limit)s;
  client_body_temp_path temporary;
  proxy_temp_path temporary/proxy;
  fastcgi_temp_path temporary/fastcgi;
  uwsgi_temp_path temporary/uwsgi;
  scgi_temp_path temporary/scgi;
  server {
    listen 127.0.0.1:%(port)d%(ssl)s;
    server_name localhost;
%(certificate)s
    location %(prefix)s/ {
      proxy_pass http://127.0.0.1:%(upstream)d/;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Forwarded-Prefix "%(prefix)s";
      proxy_request_buffering %(buffering)s;
    }
  }
}
"""


@dataclass(frozen=True)
class Front:
    """How nginx is set up. `limit` is its `client_max_body_size`, 0 for none."""

    name: str
    limit: str = "0"
    is_buffering: bool = False
    has_tls: bool = False
    prefix: str = ""


def make_certificate(work: Path) -> Path:
    """A certificate for localhost, with its key in `key.pem` beside it."""
    certificate = work / "certificate.pem"
    if not certificate.exists():
        names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        files = ["-keyout", work / "key.pem", "-out", certificate]
        kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        output([require("openssl", "openssl"), "req", "-x509", *kind, *names, *files])
    return certificate


@contextmanager
def running(front: Front, upstream: int, work: Path) -> Iterator[str]:
    """Runs nginx in a `with` statement, which gets its URL; it ends in /."""
    home, port = work / f"nginx-{front.name}", free_port()
    (home / "temporary").mkdir(parents=True, exist_ok=True)
    files = f"    ssl_certificate {make_certificate(work)};\n    ssl_certificate_key {work / 'key.pem'};"
    text = SETTINGS % {
        # As root, nginx would run its workers as a user who may not write here.
        "user": "user root;" if os.geteuid() == 0 else "",
        "limit": front.limit, "port": port, "ssl": " ssl" if front.has_tls else "", "upstream": upstream,
        "certificate": files if front.has_tls else "", "prefix": front.prefix,
        "buffering": "on" if front.is_buffering else "off",
    }
    (home / "nginx.conf").write_text(text, encoding="utf-8")
    command = [require("nginx", "nginx"), "-p", home, "-c", home / "nginx.conf", "-e", "stderr"]
    with (home / "log").open("wb") as log:
        with spawned(command, _stop, stdout=log, stderr=log, start_new_session=True) as process:
            wait_until(lambda: process.poll() is not None or listens(process.pid, port))
            if process.poll() is not None:
                raise Failure(f"nginx did not start: {(home / 'log').read_text(errors='replace')[-500:].strip()}")
            yield f"{'https' if front.has_tls else 'http'}://localhost:{port}{front.prefix}/"


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stops nginx with its workers."""
    process.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(5)
    end_group(process)
