"""Compares an upload through Sluice into the engine with boto3 straight into it, and measures Sluice's CPU."""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import engine as engines
from shared import MIB, Failure, count, curl, output
from shared.measuring import column, compare, in_turn, process_cpu
from shared.rows import Row, median
from shared.source import Source

LEAST = 0.9
# Seconds of CPU per GB beyond two passes of SHA-256: one for the file, one for its parts.
MOST_CPU = 0.6
PASSES = 2


def add_options(parser: argparse.ArgumentParser) -> None:
    engines.add_options(parser)
    parser.add_argument("--rounds", type=count, default=5, metavar="N", help="measurements of each (5)")
    parser.add_argument("--size", type=count, default=1024, metavar="MIB", help="size of the file in MiB (1024)")


def rows(given: argparse.Namespace) -> Iterator[Row]:
    source = Source(given.work / "source", given.size * MIB)
    with engines.engine_and_server(given) as (engine, server):
        client = engine.client()
        number = iter(range(1 << 30))

        def through() -> tuple[float, ...]:
            key = f"through-{next(number)}"
            cpu, begin = process_cpu(server.process_id), time.perf_counter()
            output(curl("--fail", "--upload-file", source.path, server.base + key, "--output", "/dev/null"), timeout=600)
            seconds = time.perf_counter() - begin
            cpu = process_cpu(server.process_id) - cpu
            _check(engine, key, source)
            hashing = time.process_time()
            hashlib.sha256(source.content)
            hashing = time.process_time() - hashing
            return given.size / seconds, (cpu - PASSES * hashing) / (source.size / 1e9), hashing / (source.size / 1e9)

        def straight() -> tuple[float, ...]:
            key = f"straight-{next(number)}"
            begin = time.perf_counter()
            _upload(client, key, source, given.part_size * MIB)
            seconds = time.perf_counter() - begin
            _check(engine, key, source)
            return (given.size / seconds,)

        found = in_turn({"sluice": through, "boto3": straight}, given.rounds)
    asked = f"{given.size} MiB, `curl -T` through Sluice and boto3 straight, parts of {given.part_size} MiB"
    yield compare(f"{asked}, speed", "MiB/s", column(found["sluice"]), column(found["boto3"]), least=LEAST)
    own, one = median(column(found["sluice"], 1)), median(column(found["sluice"], 2))
    asked = f"CPU of Sluice per GB beyond {PASSES} passes of SHA-256: at most {MOST_CPU} s"
    yield Row(asked, f"{own:.2f} s; a pass takes {one:.2f} s (hashlib)", own <= MOST_CPU)


def _upload(client: Any, key: str, source: Source, size: int) -> None:
    """Sends a file as Sluice does: parts of one size, two at once, each with its SHA-256 in the signature."""
    bucket = {"Bucket": engines.BUCKET, "Key": key}
    upload = client.create_multipart_upload(**bucket)["UploadId"]

    def send(number: int) -> dict[str, object]:
        body = source.content[(number - 1) * size:number * size]
        tag = client.upload_part(**bucket, UploadId=upload, PartNumber=number, Body=bytes(body))["ETag"]
        return {"PartNumber": number, "ETag": tag}

    with ThreadPoolExecutor(2) as pool:
        parts = list(pool.map(send, range(1, -(-source.size // size) + 1)))
    client.complete_multipart_upload(**bucket, UploadId=upload, MultipartUpload={"Parts": parts})


def _check(engine: engines.Engine, key: str, source: Source) -> None:
    """Compares an object with the source, and deletes it."""
    if engine.digest(key) != source.digest:
        raise Failure(f"{key} differs from what was sent")
    engine.client().delete_object(Bucket=engines.BUCKET, Key=key)
