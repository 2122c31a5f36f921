"""The programs that Sluice is compared with, and sluice-bench."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shared import Absence, Failure, curl, environment, output, require
from shared.listener import Listener
from shared.places import LOOPBACK, Place

HERE = Path(__file__).resolve().parent
PARALLEL = 16
# Seconds until a client that is compared must have ended.
PATIENCE = 1800
DAV_MODULE = Path("/usr/lib/nginx/modules/ngx_http_dav_ext_module.so")

NGINX = """\
load_module %(module)s;
daemon off;
worker_processes auto;
pid nginx.pid;
error_log stderr error;
events { worker_connections 4096; }
http {
  access_log off;
  client_max_body_size 0;
  # A body is collected here, then renamed into place.
  client_body_temp_path temporary;
  client_body_buffer_size 64k;
  proxy_temp_path temporary/proxy;
  fastcgi_temp_path temporary/fastcgi;
  uwsgi_temp_path temporary/uwsgi;
  scgi_temp_path temporary/scgi;
  # Its own default closes a connection after 1,000.
  keepalive_requests 100000000;
  server {
    listen %(address)s:%(port)d;
    root target;
    dav_methods PUT DELETE MKCOL COPY MOVE;
    dav_ext_methods PROPFIND OPTIONS;
    create_full_put_path on;
  }
}
"""

LIGHTTPD = """\
server.bind = "%(address)s"
server.port = %(port)d
server.document-root = "%(directory)s"
server.network-backend = "sendfile"
"""


class Nginx(Listener):
    """nginx as a place to PUT files, with what rclone needs; files are in `directory`."""

    def __init__(self, home: Path, place: Place = LOOPBACK) -> None:
        super().__init__(home, place)
        if not DAV_MODULE.exists():
            raise Absence(f"{DAV_MODULE} is not installed: apt-get install libnginx-mod-http-dav-ext")
        self.directory = home / "target"
        for folder in (self.directory, home / "temporary"):
            folder.mkdir()
        settings = NGINX % {"module": DAV_MODULE, "address": place.address, "port": self.port}
        (home / "nginx.conf").write_text(settings, encoding="utf-8")
        # As root, nginx would run its workers as a user who may not write here.
        user = ["-g", "user root;"] if os.geteuid() == 0 else []
        self.command = [require("nginx", "nginx"), "-p", home, "-c", home / "nginx.conf", "-e", "stderr", *user]


class Lighttpd(Listener):
    """lighttpd, which serves the files in `directory`."""

    def __init__(self, home: Path, place: Place = LOOPBACK) -> None:
        super().__init__(home, place)
        self.directory = home / "target"
        self.directory.mkdir()
        settings = LIGHTTPD % {"address": place.address, "port": self.port, "directory": self.directory}
        (home / "lighttpd.conf").write_text(settings, encoding="utf-8")
        self.command = [require("lighttpd", "lighttpd"), "-D", "-f", "lighttpd.conf"]


@contextmanager
def fresh(work: Path) -> Iterator[Path]:
    """A directory in `work` for one measurement; removed with its content, and synced."""
    with tempfile.TemporaryDirectory(prefix="round-", dir=work) as home:
        yield Path(home)
    os.sync()


@contextmanager
def kept(work: Path) -> Iterator[Path]:
    """A directory in `work` for one measurement with many small files: removed with `work`.

    ext4 does not use the inodes of files again that were removed in the last minutes, and looks at each of them for each
    new file: removing 10,000 files slows the next 10,000 down to a fifth.
    """
    yield Path(tempfile.mkdtemp(prefix="round-", dir=work))
    os.sync()


def seconds_of(command: Sequence[object], variables: dict[str, str] | None = None) -> float:
    """Runs a program and returns how long it took. Raises Failure unless it exits with 0."""
    begin = time.perf_counter()
    try:
        output(command, env={**environment(), **(variables or {})}, timeout=PATIENCE)
    except subprocess.TimeoutExpired as late:
        raise Failure(f"{command[0]} did not end within {PATIENCE} s") from late
    return time.perf_counter() - begin


def curl_tree(tree: Path, names: list[Path], to: str, place: Place, home: Path) -> float:
    """Sends files with `curl -Z`, from a list of all. Returns seconds."""
    listed = "".join(f'upload-file = "{tree / name}"\nurl = "{to}{name}"\n' for name in names)
    (home / "curl.txt").write_text(listed, encoding="utf-8")
    words = curl("--fail", "--parallel", "--parallel-max", PARALLEL, "--config", home / "curl.txt")
    return seconds_of([*place.prefix, *words])


def rclone_tree(tree: Path, to: str, place: Place, home: Path) -> float:
    """Sends a directory with `rclone copy`. Returns seconds."""
    rclone = require("rclone", "rclone")
    (home / "rclone.conf").touch()
    parallel = ["--transfers", PARALLEL, "--checkers", PARALLEL, "--retries", 1]
    words = [rclone, "copy", tree, ":webdav:", "--webdav-url", to, *parallel]
    variables = {"RCLONE_CONFIG": str(home / "rclone.conf"), "RCLONE_CACHE_DIR": str(home)}
    return seconds_of([*place.prefix, *words], variables)


def find_bench(sluice: str, path: str | None) -> str:
    """The program sluice-bench at `path`; when None, that beside `sluice`. Raises Absence."""
    bench = Path(path or Path(sluice).resolve().parent / "sluice-bench")
    if not os.access(bench, os.X_OK):
        raise Absence(f"{bench}: no such program. Build it with swift build -c release --product sluice-bench.")
    return str(bench.resolve())


def bench_rows(bench: str, *words: object) -> list[dict[str, Any]]:
    """Runs a benchmark of sluice-bench once; the rows of its report."""
    report = json.loads(output([bench, *words, "--rounds", 1, "--json"], timeout=PATIENCE))
    return list(report["rows"])


def wrk(url: str, seconds: int, script: str = "", *arguments: object, connections: int = 32) -> float:
    """Responses per second of wrk. Raises Failure when some are errors."""
    words = [require("wrk", "wrk"), "--threads", 2, "--connections", connections, "--duration", f"{seconds}s"]
    words += ["--script", HERE / script] if script else []
    said = output([*words, url, *(["--", *arguments] if arguments else [])], timeout=seconds + 60)
    if "Non-2xx" in said or "Socket errors" in said:
        raise Failure(f"wrk had errors at {url}: {said.strip()[-300:]}")
    rate = re.search(r"Requests/sec: +([\d.]+)", said)
    if rate is None:
        raise Failure(f"wrk printed no rate: {said.strip()[-300:]}")
    return float(rate[1])
