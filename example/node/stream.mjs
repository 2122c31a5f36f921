#!/usr/bin/env node
// Streams a file with fetch: the request's body is the file, and memory stays flat however big it is.
//
//   stream.mjs FILE [URL]       URL is http://127.0.0.1:8080 when left out
//
// Needs Node 18 or later. Prints the response. Exit status: 0 stored, 1 not stored, 64 wrong usage.
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { basename } from "node:path";
import { Readable } from "node:stream";
import { authorization, finish, parseArguments } from "./common.mjs";

const { files, url } = parseArguments("stream.mjs FILE [URL]", { most: 1 });
const [file] = files;

await finish(async () => {
  // Opened before fetch, so that a missing file is told as such and not as a failed request.
  const handle = await open(file);
  const body = Readable.toWeb(createReadStream(file, { fd: handle, highWaterMark: 1 << 20 }));
  return fetch(`${url}/stream-upload?name=${encodeURIComponent(basename(file))}`, {
    method: "POST",
    headers: { "Content-Type": "application/octet-stream", ...authorization },
    body,
    // A stream as the body asks for this: the response is read only after all of the body has been sent. The length of a
    // stream is not known to fetch, so the body is sent in chunks.
    duplex: "half",
    // These two let fetch forget what it has sent: otherwise it keeps a copy of the whole body in memory, for the case
    // that a redirect asks for it once more (Node 20).
    redirect: "error",
    window: null,
  });
});
