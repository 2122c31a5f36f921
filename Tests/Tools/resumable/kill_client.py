"""Kills `sluice send` at random moments and runs it again with the same journal, in both protocols."""

from __future__ import annotations

import argparse
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from kill_server import nothing_left
from protocols import PROTOCOLS, announced
from shared import MIB, Failure, count, digest, wait_until
from shared.proxy import Proxy
from shared.rows import Row, none_of, note
from shared.sender import Sender
from shared.service import HIDDEN, Service
from shared.source import Source


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=count, default=200, metavar="N", help="how often clients are killed (200)")
    parser.add_argument("--size", type=count, default=64, metavar="MIB", help="size of each file in MiB (64)")
    parser.add_argument("--jobs", type=count, default=4, metavar="N", help="clients at once (4)")
    text = "longest time until a kill, in ms (400)"
    parser.add_argument("--window", type=count, default=400, metavar="MS", help=text)


class Observations:
    """What the server has promised, read after each kill."""

    def __init__(self, server: Service, sources: list[Source]) -> None:
        self.server, self.sources = server, sources
        self.counts: Counter[str] = Counter()
        self.decreases: list[str] = []
        self.excesses: list[str] = []
        self._offsets: dict[str, int] = {}

    def look(self) -> None:
        """Compares all unfinished uploads with what was announced of them before, and with their files."""
        for part in (self.server.directory / HIDDEN).glob("*.part"):
            offset = announced(self.server.base, part.stem)
            before = self._offsets.get(part.stem, 0)
            if offset is None:
                # Published since its name was read, or being created.
                if part.exists() and part.stem in self._offsets:
                    self.decreases.append(f"{part.stem}: unknown after {before}")
                continue
            self.counts["offsets"] += 1
            self.counts["positive"] += offset > 0
            self._offsets[part.stem] = max(offset, before)
            if offset < before:
                self.decreases.append(f"{part.stem}: {offset} after {before}")
            if part.exists() and part.stat().st_size < offset:
                self.excesses.append(f"{part.stem}: offset {offset}, file {part.stat().st_size}")
            elif part.exists() and all(source.differs(part, offset) is not None for source in self.sources):
                self.excesses.append(f"{part.stem}: other content before {offset}")

    @property
    def uploads(self) -> int:
        """How many uploads were found unfinished."""
        return len(self._offsets)


def rows(given: argparse.Namespace) -> Iterator[Row]:
    sources = [Source(given.work / f"source-{job}", given.size * MIB) for job in range(given.jobs)]
    for number, protocol in enumerate(protocol.protocol for protocol in PROTOCOLS):
        rounds = (given.rounds + number) // len(PROTOCOLS)
        with Service(given.program, given.work / f"server-{number}", "--expire-unfinished", "120s") as server:
            with Proxy(server.port, hides_draft=protocol == "tus") as proxy:
                for row in _kill(given, server, proxy, sources, rounds):
                    yield Row(f"{protocol}: {row.asked}", row.seen, row.passed)
                if rounds:
                    used = ", ".join(proxy.protocols)
                    yield Row(f"{protocol}: appended by this protocol", used, proxy.protocols == {protocol})


def _kill(
    given: argparse.Namespace, server: Service, proxy: Proxy, sources: list[Source], rounds: int
) -> Iterator[Row]:
    sender = Sender(given.program, server.home / "sender")
    seen, files, kills, excess = Observations(server, sources), 0, 0, 0
    differences: list[str] = []
    vain = 0
    while kills < rounds:
        sent, before = proxy.sent, kills
        kills += _send_all(given, sender, proxy, sources, rounds - kills, seen)
        note(f"{kills} of {rounds} kills")
        for source in sources:
            stored = server.directory / source.path.name
            found = digest(stored) if stored.is_file() else "no file"
            if found != source.digest:
                differences.append(f"{source.path.name}: {found}")
            stored.unlink(missing_ok=True)
        for extra in [path for path in server.directory.iterdir() if path.is_file()]:
            differences.append(f"{extra.name} is a further file")
            extra.unlink()
        files += len(sources)
        excess += proxy.sent - sent - sum(source.size for source in sources)
        vain = vain + 1 if kills == before else 0
        if vain == 20:
            raise Failure("no client was running when it was to be killed: give a shorter --window or a larger --size")
    yield Row("clients were killed and run again", f"{kills:,} times", kills >= rounds)
    positive = f"{seen.counts['positive']:,} of {seen.counts['offsets']:,} offsets above 0"
    yield Row("uploads were found interrupted", positive, seen.counts["positive"] > 0)
    yield none_of("an announced offset is never less than one before", seen.decreases, seen.counts["offsets"])
    yield none_of("the file has all bytes before the announced offset", seen.excesses, seen.counts["offsets"])
    yield none_of("SHA-256 of each file is equal", differences, files)
    yield Row("sent again", f"{excess / MIB / max(kills, 1):.1f} MiB per kill")
    yield none_of("the journal is empty", sender.journal(), files)
    yield nothing_left(server)


def _send_all(
    given: argparse.Namespace, sender: Sender, proxy: Proxy, sources: list[Source], most: int, seen: Observations
) -> int:
    """Sends all files at once, each by a client of its own, and kills them all at random until each has ended by
    itself. Returns how many kills met a client that was running."""
    left, kills = list(sources), 0
    while left:
        is_last = kills >= most
        patience = 600 if is_last else given.random.uniform(0, given.window / 1000)
        with ExitStack() as stack:
            begin = proxy.sent
            clients = [stack.enter_context(sender.running(source.path, proxy.base)) for source in left]
            # The time of programs to start is no part of the random time.
            _wait(clients, 60, lambda begin=begin: proxy.sent > begin)  # type: ignore[misc]
            _wait(clients, patience)
            statuses = [client.poll() for client in clients]
        if any(statuses) or (is_last and None in statuses):
            raise Failure(f"sluice send ended with {statuses}: {sender.said}")
        killed = [source for source, status in zip(left, statuses, strict=True) if status is None]
        kills += len(killed)
        seen.look()
        left = [source for source in killed if not _has_ended(source, sender, seen.server)]
    return kills


def _has_ended(source: Source, sender: Sender, server: Service) -> bool:
    """Whether a client that was killed had ended its upload: it removes its note last, and exits a moment later. A
    user who sees the file stored does not send it again."""
    return not sender.is_noted(source.path) and (server.directory / source.path.name).is_file()


def _wait(
    clients: list[subprocess.Popen[bytes]], patience: float, condition: Callable[[], bool] = lambda: False
) -> None:
    """Waits until a condition is true, or all clients have ended."""
    wait_until(lambda: condition() or all(client.poll() is not None for client in clients), patience, 0.002)
