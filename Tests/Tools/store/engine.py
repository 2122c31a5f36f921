"""The engines: OpenStack Swift from PyPI and Ceph from Debian, each on this machine, with one bucket."""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from shared import MIB, Absence, Failure, environment, run, wait_until
from shared.places import free_port
from shared.service import Service

HERE = Path(__file__).resolve().parent
SCRIPTS = HERE.parent / "engines"
BUCKET = "uploads"
CREDENTIALS = {"swift": ("test:tester", "testing"), "ceph": ("AKTEST", "SKTEST123")}
# Seconds until an engine must have started.
PATIENCE = 180


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--engine", choices=sorted(CREDENTIALS), default="swift", help="which engine (swift)")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "sluice/openstack-swift"
    parser.add_argument("--venv", type=Path, default=cache, metavar="DIR", help="where OpenStack Swift is installed")
    parser.add_argument("--part-size", type=int, default=16, metavar="MIB", help="size of parts in MiB (16)")


class Engine:
    """An engine in a `with` statement; in the end it is stopped, and what it has stored is removed with `home`."""

    def __init__(self, given: argparse.Namespace, home: Path) -> None:
        self.name, self.home, self.venv = given.engine, home, given.venv
        # The ports behind it are used too.
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.key, self.secret = CREDENTIALS[self.name]

    def __enter__(self) -> Self:
        self.home.mkdir(parents=True)
        if self.name == "swift" and not (self.venv / "bin/python").exists():
            raise Absence(f"{SCRIPTS / 'openstack-swift.sh'} install {self.venv}")
        try:
            self._script("start", self.port)
            self.client().create_bucket(Bucket=BUCKET)
        except BaseException:
            self._script("stop")
            raise
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._script("stop")

    def _script(self, command: str, *words: object) -> None:
        if self.name == "swift":
            line: list[object] = [SCRIPTS / "openstack-swift.sh", command, self.venv, self.home, *words]
        else:
            line = [SCRIPTS / "ceph-rgw.sh", command, self.home, *words]
        # The engine keeps the output of the script open.
        ended = run(["bash", *line], capture_output=False, stdout=subprocess.DEVNULL, timeout=PATIENCE)
        if ended.returncode != 0 and command != "stop":
            raise Failure(f"{self.name} did not {command}: see {self.home}/log")

    @property
    def variables(self) -> dict[str, str]:
        """The environment with its credentials."""
        return {**environment(), "AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret}

    def client(self) -> Any:
        """A client of boto3, which shares no code with Sluice."""
        try:
            import boto3
            from botocore.config import Config
        except ImportError as missing:
            raise Absence("boto3 is not installed: run this with the Python of a virtual environment that has it") from missing
        return boto3.client(
            "s3", endpoint_url=self.url, aws_access_key_id=self.key, aws_secret_access_key=self.secret,
            region_name="us-east-1", config=Config(
                s3={"addressing_style": "path"}, request_checksum_calculation="when_required",
                response_checksum_validation="when_required", proxies={},
            ),
        )

    # What it has stored

    def objects(self, prefix: str = "") -> dict[str, int]:
        """The sizes of the objects by their keys."""
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return {found["Key"]: found["Size"] for page in pages for found in page.get("Contents", [])}

    def unfinished(self) -> list[str]:
        """The keys of multipart uploads that are neither completed nor aborted."""
        return [key for key, _ in self.unfinished_uploads()]

    def unfinished_uploads(self) -> list[tuple[str, str]]:
        """The keys and IDs of these uploads."""
        pages = self.client().get_paginator("list_multipart_uploads").paginate(Bucket=BUCKET)
        return [(found["Key"], found["UploadId"]) for page in pages for found in page.get("Uploads", [])]

    def digest(self, key: str) -> str:
        """The SHA-256 of an object's content."""
        found = hashlib.sha256()
        body = self.client().get_object(Bucket=BUCKET, Key=key)["Body"]
        for block in body.iter_chunks(MIB):
            found.update(block)
        return found.hexdigest()

    # Faults

    def processes(self, server: str) -> list[int]:
        """The processes of one of the servers of OpenStack Swift: `object`, `proxy`."""
        wanted = f"{self.home}/conf/{server}-server.conf".encode()
        found = []
        for process in (int(name) for name in os.listdir("/proc") if name.isdigit()):
            with suppress(OSError):
                if wanted in Path(f"/proc/{process}/cmdline").read_bytes():
                    found.append(process)
        return found

    def signal(self, server: str, number: signal.Signals) -> None:
        """Sends a signal to one of its servers."""
        for process in self.processes(server):
            with suppress(ProcessLookupError):
                os.kill(process, number)

    def kill_object_server(self) -> None:
        """`kill -9` of the server that has the content of objects; the proxy then responds with 503."""
        self.signal("object", signal.SIGKILL)
        wait_until(lambda: not self.processes("object"))

    def restart_object_server(self) -> None:
        self._script("restart-object")


class StoreService(Service):
    """`sluice serve --store` in front of an engine."""

    def __init__(self, given: argparse.Namespace, engine: Engine, home: Path, *options: object, prefix: str = "") -> None:
        store = ["--store", f"s3://{BUCKET}{prefix}", "--s3-endpoint", engine.url]
        size = ["--s3-part-size", f"{given.part_size}MiB"]
        super().__init__(given.program, home, *store, *size, *options)
        self.command = ["env", *(f"{name}={engine.variables[name]}" for name in VARIABLES), *self.command]


VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


@contextmanager
def engine_and_server(given: argparse.Namespace, *options: object) -> Iterator[tuple[Engine, StoreService]]:
    """An engine and a server in front of it."""
    with Engine(given, given.work / "engine") as engine:
        with StoreService(given, engine, given.work / "server", *options) as server:
            yield engine, server
