"""Directories of files: made at random, read, and compared."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from shared import MIB, digest
from shared.service import HIDDEN

# The content of files is a part of it that begins anywhere: writing costs less than making random bytes.
RESERVE = 64 * MIB
LARGEST = 32 * MIB
# Parts of all small files, and the range of their sizes in bytes.
SIZES = [(0.02, 0, 0), (0.58, 1, 4 << 10), (0.30, 4 << 10, 32 << 10), (0.10, 32 << 10, 128 << 10)]
# One in so many files is large, and at least two are: they are sent as resumable uploads.
ONE_LARGE_IN = 3_000
LARGE = (5 * MIB, LARGEST)
# What names are made of, besides their number: nothing that a server changes.
WORDS = [
    b"notes", b"a b", b"%41", b"gr\xc3\xbc\xc3\x9fe", b"latin-\xe9", b".hidden", b"x'y", b"100%", b"a\\b",
    b"\xf0\x9f\x9a\x80",
]
# Hours, so that no time is now.
OLDEST, NEWEST = 1_000_000_000, 1_700_000_000
NUMBERED = re.compile(rb" \(\d+\)(\.[^/]*)?$")


def small_tree(directory: Path, files: int, size: int = 4096, directories: int = 10) -> Path:
    """Makes files of one size with different content, spread evenly over directories, and syncs them."""
    content = os.urandom(MIB + size)
    for number in range(directories):
        (directory / f"directory-{number}").mkdir(parents=True)
    for number in range(files):
        offset = number * 61 % MIB
        path = directory / f"directory-{number * directories // files}" / f"file-{number}"
        path.write_bytes(number.to_bytes(4, "big")[:size] + content[offset:offset + max(size - 4, 0)])
    os.sync()
    return directory


def mixed_tree(directory: Path, files: int, chance: random.Random) -> int:
    """Makes files of mixed sizes with modification times in the past, in directories up to four levels deep, and a few
    empty directories; syncs them. Returns their bytes."""
    reserve = chance.randbytes(RESERVE)
    root = os.fsencode(directory)
    folders = [root]
    os.makedirs(root)
    for number in range(max(files // 200, 4)):
        parent = chance.choice([folder for folder in folders if folder[len(root):].count(b"/") < 4])
        folders.append(os.path.join(parent, b"%s %d" % (chance.choice(WORDS), number)))
        os.mkdir(folders[-1])
    large = max(files // ONE_LARGE_IN, 2)
    total = 0
    # The last directories are empty.
    used = folders[:-2]
    for number in range(files):
        size = chance.randint(*LARGE) if number < large else _size(chance)
        offset = chance.randrange(RESERVE - LARGEST)
        path = os.path.join(chance.choice(used), b"%s-%d.bin" % (chance.choice(WORDS), number))
        with open(path, "wb") as file:
            file.write(reserve[offset:offset + size])
        modified = chance.randint(OLDEST, NEWEST)
        os.utime(path, (modified, modified))
        total += size
    os.sync()
    return total


def _size(chance: random.Random) -> int:
    weights = [part for part, _, _ in SIZES]
    _, low, high = chance.choices(SIZES, weights)[0]
    return chance.randint(low, high)


@dataclass(frozen=True)
class Entry:
    """A file: SHA-256 of the content, and seconds since 1970."""

    digest: str
    modified: int


def read(directory: Path) -> dict[bytes, Entry | None]:
    """All that is in a directory by path; None for a directory. Unfinished uploads of a server are left out."""
    root = os.fsencode(directory)
    found: dict[bytes, Entry | None] = {}
    files: list[bytes] = []
    for place, folders, names in os.walk(root):
        if place == root and HIDDEN.encode() in folders:
            folders.remove(HIDDEN.encode())
        found.update({os.path.join(place, name)[len(root) + 1:]: None for name in folders})
        files += [os.path.join(place, name) for name in names]
    # Hashes are computed without the interpreter's lock.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, content in zip(files, pool.map(lambda path: digest(os.fsdecode(path)), files), strict=True):
            found[path[len(root) + 1:]] = Entry(content, int(os.stat(path).st_mtime))
    return found


@dataclass
class Comparison:
    """How a copy differs from its source, by path."""

    files: int = 0
    directories: int = 0
    missing: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)
    other_time: list[str] = field(default_factory=list)
    # Files and directories that the source does not have; and of these, the files that have a name of the source with a
    # number, and the content of that file.
    extra: list[str] = field(default_factory=list)
    numbered: list[str] = field(default_factory=list)


def compare(source: Path, copy: Path) -> Comparison:
    """Compares two directories by recursive hashes."""
    wanted, stored = read(source), read(copy) if copy.is_dir() else {}
    files = sum(entry is not None for entry in wanted.values())
    found = Comparison(files, len(wanted) - files)
    for path, entry in wanted.items():
        name = repr(path)[2:-1]
        if path not in stored:
            found.missing.append(name)
            continue
        other = stored[path]
        if entry is None or other is None:
            if entry is not other:
                found.different.append(name)
        elif entry.digest != other.digest:
            found.different.append(name)
        elif entry.modified != other.modified:
            found.other_time.append(name)
    for path in stored.keys() - wanted.keys():
        found.extra.append(repr(path)[2:-1])
        original = wanted.get(NUMBERED.sub(rb"\1", path))
        other = stored[path]
        if original is not None and other is not None and original.digest == other.digest:
            found.numbered.append(repr(path)[2:-1])
    return found


def paths(directory: Path) -> Iterator[Path]:
    """The files in a directory, at any depth, relative to it."""
    for place, _, names in os.walk(directory):
        for name in names:
            yield (Path(place) / name).relative_to(directory)


def count_files(directory: Path) -> int:
    """How many files are in a directory, at any depth."""
    return sum(1 for _ in paths(directory))
