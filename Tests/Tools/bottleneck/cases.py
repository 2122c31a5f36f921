"""The cases: what slows an upload down by a script, and what `sluice` says about it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from link.delayed import Properties, joined
from shared import MIB, Failure, environment, output, spawned, wait_until
from shared.listener import end_group
from shared.places import LOOPBACK, Place, free_port, listens

HERE = Path(__file__).resolve().parent
PEERS = HERE / "peers.py"
PATIENCE = 90.0
# Seconds by cause that the script asks for, of the event that reports the end.
Script = Callable[[dict[str, Any]], dict[str, float]]


@dataclass(frozen=True)
class Case:
    """A scripted upload. `script` has the expected seconds."""

    name: str
    bottleneck: str | None
    run: Callable[[Run], dict[str, Any]]
    script: Script


@dataclass
class Run:
    """What one case uses; everything ends with it."""

    program: str
    slow_disk: Path
    work: Path
    stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def start(self, command: list[object], log: str, place: Place = LOOPBACK, **disk: object) -> subprocess.Popen[bytes]:
        """Starts a program whose output goes to a file; with a slow disk where `disk` has settings of one."""
        variables = {**environment(), "XDG_STATE_HOME": str(self.work / "state")}
        if disk:
            variables |= {"LD_PRELOAD": str(self.slow_disk)} | {name: str(value) for name, value in disk.items()}
        words = [*place.prefix, *command]
        options = {"env": variables, "cwd": self.work, "start_new_session": True, "stdout": self._open(log)}
        process: subprocess.Popen[bytes] = self.stack.enter_context(
            spawned(words, end_group, stderr=self._open(f"{log}.errors"), **options)
        )
        return process

    def _open(self, name: str) -> Any:
        return self.stack.enter_context((self.work / name).open("wb"))

    def serve(self, *options: object, place: Place = LOOPBACK, **disk: object) -> int:
        """Starts `sluice serve`. Returns its port."""
        port = free_port()
        network = [] if place == LOOPBACK else ["--host", place.address, "--open"]
        where = ["--port", port, "--dir", self.work / "uploads", *network]
        words = [self.program, "serve", "--json", "--log-level", "error", *where, *options]
        self.wait(self.start(words, "server", place, **disk), port)
        return port

    def wait(self, process: subprocess.Popen[bytes], port: int) -> None:
        wait_until(lambda: process.poll() is not None or listens(process.pid, port), pause=0.005)
        if process.poll() is not None:
            raise Failure("the server did not start")

    def upload(self, port: int, steps: str, *, name: str = "file", place: Place = LOOPBACK, to: str = LOOPBACK.address,
               kind: str = "stream") -> subprocess.Popen[bytes]:
        """Starts a scripted client."""
        words: list[object] = [sys.executable, PEERS, "send", to, port, name, steps, kind]
        return self.start(words, f"client-{name}", place)

    def incoming(self, port: int, steps: str, **options: Any) -> dict[str, Any]:
        """Sends by a script. Returns how the server reports the end."""
        client = self.upload(port, steps, **options)
        if not wait_until(lambda: client.poll() is not None, PATIENCE) or client.returncode != 0:
            raise Failure(f"the client has failed: {self.text('client-file.errors')}")
        return self.ended("server", name="file")

    def outgoing(self, steps: str, size: int, *options: object, place: Place = LOOPBACK, server: Place = LOOPBACK,
                 pipe: list[object] | None = None, **disk: object) -> dict[str, Any]:
        """Has `sluice send` send to a scripted server. Returns how it reports the end."""
        port = free_port()
        self.wait(self.start([sys.executable, PEERS, "serve", server.address, port, steps], "server", server), port)
        source: object = "-"
        if pipe is None:
            source = self.work / "file"
            with (self.work / "file").open("wb") as content:
                for _ in range(size // MIB):
                    content.write(bytes(MIB))
        words: list[object] = [self.program, "send", source, "--to", f"http://{server.address}:{port}/", "--json"]
        words += ["--no-resume", *options]
        if pipe is not None:
            script = " ".join(str(word) for word in pipe) + " | " + " ".join(str(word) for word in words)
            words = ["sh", "-c", f"{script} --name file"]
        client = self.start(words, "client", place, **disk)
        if not wait_until(lambda: client.poll() is not None, PATIENCE):
            raise Failure("sluice send did not end")
        return self.ended("client", name="file")

    def text(self, log: str, most: int = 500) -> str:
        """The end of what a program has printed."""
        return (self.work / log).read_text(errors="replace").strip()[-most:]

    def ended(self, log: str, **wanted: object) -> dict[str, Any]:
        """The event of the end of an upload."""

        def find() -> dict[str, Any] | None:
            for line in (self.work / log).read_text().splitlines():
                event = json.loads(line)
                if event["event"] in ("finished", "failed") and wanted.items() <= event.items():
                    return event
            return None

        event = wait_until(find, 10, 0.05)
        if event is None or event["event"] != "finished":
            raise Failure(f"no upload has finished: {event} {self.text(f'{log}.errors')}")
        return event


def seconds(**causes: float) -> Script:
    """Fixed seconds."""
    return lambda _: dict(causes)


def all_of(cause: str) -> Script:
    """The whole time."""
    return lambda event: {cause: event["seconds"]}


def rest(cause: str, **causes: float) -> Script:
    """What other causes leave."""
    return lambda event: {**causes, cause: event["seconds"] - sum(causes.values())}


def full_budget(run: Run) -> dict[str, Any]:
    """Other uploads have all buffers, since no write of theirs ends for a time."""
    stuck = run.work / "stuck"
    port = run.serve("--memory-budget", "4MiB", STUCK_WHILE=stuck)
    stuck.touch()
    others = [f"other{number}" for number in range(40)]
    for name in others:
        run.upload(port, "1M", name=name)
    wait_until(lambda: all(f'"name":"{name}"' in run.text("server", 1 << 20) for name in others))
    time.sleep(1)
    client = run.upload(port, "1M")
    time.sleep(9)
    stuck.unlink()
    begin = time.monotonic()
    client.wait(PATIENCE)
    end = time.monotonic()
    event = run.ended("server", name="file")
    event["stuck"] = event["seconds"] - (end - begin)
    return event


def interrupted(run: Run) -> dict[str, Any]:
    """A resumable upload in two requests, with four seconds between them."""
    port = run.serve()
    run.start([sys.executable, HERE / "resumable.py", port, "4"], "client-file").wait(PATIENCE)
    return run.ended("server", mode="resumable")


def linked(properties: Properties, body: Callable[[Run, Place, Place], dict[str, Any]]) -> Callable[[Run], dict[str, Any]]:
    """A case over a link."""

    def run_linked(run: Run) -> dict[str, Any]:
        with joined(properties, run.work) as link:
            try:
                return body(run, link.client, link.server)
            finally:
                run.stack.close()

    return run_linked


def sent_over(steps: str, size: int, *options: object) -> Callable[[Run, Place, Place], dict[str, Any]]:
    return lambda run, client, server: run.outgoing(steps, size, *options, place=client, server=server)


def received_over(steps: str) -> Callable[[Run, Place, Place], dict[str, Any]]:
    def body(run: Run, client: Place, server: Place) -> dict[str, Any]:
        return run.incoming(run.serve(place=server), steps, place=client, to=server.address)

    return body


DISK = 20 * MIB
CASES = [
    Case("slow client", "client", lambda run: run.incoming(run.serve(), "60M@10M"), all_of("client")),
    Case("slow client, form", "client", lambda run: run.incoming(run.serve(), "60M@10M", kind="form"), all_of("client")),
    Case("slow client in small chunks", "client", lambda run: run.incoming(run.serve(), "1M@200K"), all_of("client")),
    Case("client that pauses", "client", lambda run: run.incoming(run.serve(), "8M,wait3,8M,wait3,1M"), all_of("client")),
    Case(
        "slow disk", "disk", lambda run: run.incoming(run.serve(SLOW_WRITES=DISK), "120M"),
        rest("finishing", disk=5.85),
    ),
    # 80 MiB take 4 s. 0.15 s of them are the end; and when the client begins to pause and when it continues, the last and
    # the first slabs are written while there is room for more: in these 0.15 s the client is what the upload waits for.
    Case(
        "slow disk, client that pauses", "disk",
        lambda run: run.incoming(run.serve(SLOW_WRITES=DISK), "60M,wait3,20M"), seconds(disk=3.7),
    ),
    Case(
        "slow sync", "finishing", lambda run: run.incoming(run.serve(SLOW_SYNCS=4), "8M@8M"),
        rest("finishing", client=1.0),
    ),
    Case(
        "rate limit of the server", "limit",
        lambda run: run.incoming(run.serve("--limit-rate", "10MiB/s"), "60M"), all_of("limit"),
    ),
    Case(
        "rate limit of the server, client that pauses", "limit",
        lambda run: run.incoming(run.serve("--limit-rate", "10MiB/s"), "20M@5M,wait1,80M"),
        seconds(client=5.0, limit=8.0),
    ),
    Case("full memory budget", "memory", full_budget, lambda event: {"memory": event["stuck"]}),
    Case("interrupted for 4 s", None, interrupted, seconds(paused=4.0)),
    Case(
        "loss on the way to the server", "network",
        linked(Properties(0.02, 60e6, 0.01), received_over("32M")), all_of("network"),
    ),
    Case("slow server", "server", lambda run: run.outgoing("60M@10M", 60 * MIB), all_of("server")),
    Case(
        "server that pauses", "server", lambda run: run.outgoing("8M,wait3,40M,wait0", 48 * MIB), rest("server"),
    ),
    Case(
        "server that stores slowly", "finishing", lambda run: run.outgoing("8M@8M,wait4", 8 * MIB),
        rest("server", finishing=4.0),
    ),
    Case(
        "rate limit of the client", "limit",
        lambda run: run.outgoing("60M", 60 * MIB, "--limit-rate", "10MiB/s"), all_of("limit"),
    ),
    Case("slow disk of the client", "disk", lambda run: run.outgoing("120M", 120 * MIB, SLOW_READS=DISK), all_of("disk")),
    Case(
        "slow disk of the client, server that pauses", "disk",
        lambda run: run.outgoing("80M,wait3", 80 * MIB, SLOW_READS=DISK), rest("finishing", disk=4.0),
    ),
    Case(
        "slow input", "input",
        lambda run: run.outgoing("8M", 0, pipe=["(for i in 1 2 3 4 5 6 7 8; do dd if=/dev/zero bs=1M count=1 status=none; sleep 0.7; done)"]),
        all_of("input"),
    ),
    Case(
        "server that is busy at first", "server",
        lambda run: run.outgoing("503,503,8M", 8 * MIB), all_of("server"),
    ),
    Case(
        "link of 40 Mbit/s", "network", linked(Properties(0.01, 40e6), sent_over("32M", 32 * MIB)), all_of("network"),
    ),
    Case(
        "long link with loss", "network", linked(Properties(0.05, 60e6, 0.005), sent_over("48M", 48 * MIB)),
        all_of("network"),
    ),
    Case(
        "small receive window of the server on a long link", "server",
        linked(Properties(0.05, 1e9), sent_over("rcvbuf64K,4M", 4 * MIB)),
        # The connection and `100 Continue` take a round trip each.
        rest("server", network=0.2),
    ),
]


def build(work: Path) -> Path:
    """Compiles the slow disk."""
    from shutil import which

    compiler = which("cc") or which("clang")
    if compiler is None:
        raise Failure("no C compiler is installed: apt-get install gcc libc6-dev")
    library = work / "slow_disk.so"
    output([compiler, "-shared", "-fPIC", "-O2", "-Wall", "-Werror", HERE / "slow_disk.c", "-o", library, "-ldl"])
    return library


def chosen(names: list[str] | None) -> Iterator[Case]:
    return (case for case in CASES if names is None or any(name in case.name for name in names))
