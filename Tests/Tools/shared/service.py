"""The server under test: started on one directory and one port, killed, and started again."""

from __future__ import annotations

from pathlib import Path

from shared.listener import Listener
from shared.places import LOOPBACK, Place

HIDDEN = ".sluice-uploads"


class Service(Listener):
    """`sluice serve` in a `with` statement; in the end it is killed, its directory is not removed.

    Outside of loopback it is open to all clients of its network."""

    def __init__(
        self, program: str, home: Path, *options: object, place: Place = LOOPBACK, directory: Path | None = None
    ) -> None:
        super().__init__(home, place)
        self.directory = directory or home / "uploads"
        network = [] if place == LOOPBACK else ["--host", place.address, "--open"]
        where = ["--port", self.port, "--dir", self.directory, *network]
        self.command = [program, "serve", *where, "--log-level", "error", *options]

    def part(self, identifier: str) -> Path:
        """The file that has the content of an unfinished upload."""
        return self.directory / HIDDEN / f"{identifier}.part"

    def leftovers(self) -> list[str]:
        """What is stored of unfinished and of remembered uploads."""
        hidden = self.directory / HIDDEN
        return sorted(str(path.relative_to(hidden)) for path in hidden.rglob("*") if path.is_file())
