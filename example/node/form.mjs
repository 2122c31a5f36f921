#!/usr/bin/env node
// Sends files together in one form, straight from the disk: fs.openAsBlob makes blobs that are read in chunks while
// they are sent. A blob made of fs.readFile's result would load every file into memory, and fail above 2 GiB.
//
//   form.mjs FILE... [URL]       URL is http://127.0.0.1:8080 when left out; it begins with http:// or https://
//
// Where such blobs will not do the form is written as a stream instead: before Node 20 there are none, and Node counts
// their size in 32 bits, so that a file of 4 GiB counts as empty and a larger one is truncated without an error.
//
// Prints the response. Exit status: 0 stored, 1 not stored, 64 wrong usage.
import * as fs from "node:fs";
import { access, stat } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { basename } from "node:path";
import { authorization, finish, parseArguments } from "./common.mjs";

const { files, url } = parseArguments("form.mjs FILE... [URL]");

/** The files as a FormData of blobs; null when blobs cannot represent one of them. */
async function blobForm() {
  if (!fs.openAsBlob) return null;
  const form = new FormData();
  for (const file of files) {
    // Asked first, because openAsBlob's error does not name the file.
    await access(file, fs.constants.R_OK);
    const blob = await fs.openAsBlob(file);
    if (blob.size !== (await stat(file)).size) return null;
    form.append("file", blob, basename(file));
  }
  return form;
}

/** The form as RFC 7578 has it, in chunks; names escaped as browsers do. */
async function* writtenForm(boundary) {
  const escapes = { '"': "%22", "\r": "%0D", "\n": "%0A" };
  for (const file of files) {
    const name = basename(file).replace(/["\r\n]/g, (character) => escapes[character]);
    yield Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n` +
        "Content-Type: application/octet-stream\r\n\r\n",
    );
    yield* fs.createReadStream(file, { highWaterMark: 1 << 20 });
    yield Buffer.from("\r\n");
  }
  yield Buffer.from(`--${boundary}--\r\n`);
}

await finish(async () => {
  const address = `${url}/file-upload`;
  // Without the last two fetch keeps a copy of what it has sent in memory, for the case that a redirect asks for it once
  // more (Node 20).
  const options = { method: "POST", redirect: "error", window: null };
  const form = await blobForm();
  if (form) return fetch(address, { ...options, headers: authorization, body: form });
  const boundary = `example-${randomUUID()}`;
  return fetch(address, {
    ...options,
    headers: { "Content-Type": `multipart/form-data; boundary=${boundary}`, ...authorization },
    body: ReadableStream.from ? ReadableStream.from(writtenForm(boundary)) : writtenForm(boundary),
    duplex: "half",
  });
});
