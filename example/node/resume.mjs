#!/usr/bin/env node
// Sends a file that continues after an interruption: with the tus protocol 1.0.0, as tus-js-client speaks it.
//
//   resume.mjs [--cut-after BYTES] FILE [URL]       URL is http://127.0.0.1:8080 when left out
//
// Retries when the connection breaks or the server is away, and starts where the server's copy ends. The upload's own
// URL is kept in FILE.tus until the file is stored, so that the same command continues after Ctrl-C or a crash; a file
// that has changed since is sent from its start. --cut-after closes the connection once after so many bytes, to try this.
//
// Needs Node 18 or later. Exit status: 0 stored, 1 not stored, 64 wrong usage.
import { createReadStream } from "node:fs";
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as pause } from "node:timers/promises";
import { authorization, parseArguments } from "./common.mjs";

const USAGE = "resume.mjs [--cut-after BYTES] FILE [URL]";
/** Attempts that bring no byte forward; each that does begins the count anew. */
const ATTEMPTS = 10;
const IDLE_MILLISECONDS = 60_000;

const given = process.argv.slice(2);
let cutAfter = Infinity;
if (given[0] === "--cut-after") cutAfter = /^\d+$/.test(given[1] ?? "") ? Number(given[1]) : NaN;
if (cutAfter !== Infinity) given.splice(0, 2);
const { files, url } = parseArguments(USAGE, { most: 1, given: Number.isNaN(cutAfter) ? [] : given });
const [file] = files;
const state = `${file}.tus`;

/** An error that another attempt does not heal. */
class Rejection extends Error {}

/**
 * Sends one request with the fields of every tus request.
 *
 * @param {AsyncIterable<Buffer> | undefined} body
 * @returns {Promise<http.IncomingMessage & {text: string}>} the response, perhaps before all of the body has been sent
 */
function send(method, target, headers, body) {
  return new Promise((resolve, reject) => {
    const { request } = new URL(target).protocol === "https:" ? https : http;
    const sent = request(target, {
      method,
      headers: { "Tus-Resumable": "1.0.0", ...authorization, ...headers },
      timeout: IDLE_MILLISECONDS,
    });
    sent.on("timeout", () => sent.destroy(new Error("the server does not respond")));
    sent.on("error", reject);
    sent.on("response", async (response) => {
      try {
        response.setEncoding("utf8");
        response.text = "";
        for await (const chunk of response) response.text += chunk;
        // A response that came early: the rest of the body need not be sent.
        if (!sent.writableFinished) sent.destroy();
        resolve(response);
      } catch (error) {
        reject(error);
      }
    });
    // The response decides; without one, the error of the connection.
    if (body) pipeline(body, sent).catch(reject);
    else sent.end();
  });
}

/** The file from an offset to its end, in chunks of 1 MiB at most, so that memory stays flat. */
async function* content(offset, size) {
  let position = offset;
  for await (const chunk of createReadStream(file, { start: offset, end: size - 1, highWaterMark: 1 << 20 })) {
    position += chunk.length;
    if (position - offset > cutAfter) {
      yield chunk.subarray(0, chunk.length - (position - offset - cutAfter));
      cutAfter = Infinity;
      throw new Error("interrupted by --cut-after");
    }
    yield chunk;
  }
  if (position < size) throw new Rejection(`${file} became shorter while it was sent`);
}

/** Throws for any status but 2xx: a {@link Rejection} unless another attempt may succeed. */
function check(response, what) {
  const { statusCode: status } = response;
  if (status >= 200 && status < 300) return;
  const isTemporary = status >= 500 || [408, 409, 423, 429, 460].includes(status);
  throw new (isTemporary ? Error : Rejection)(`${what}: status ${status} ${response.text.trim()}`);
}

/** The URL that an earlier run has kept for this very file and server; undefined without one. */
async function storedURL(wanted) {
  try {
    const { url: kept, ...known } = JSON.parse(await readFile(state, "utf8"));
    return JSON.stringify(known) === JSON.stringify(wanted) ? kept : undefined;
  } catch {
    return undefined;
  }
}

/** Creates an upload and keeps its URL. */
async function create(description) {
  const metadata = `filename ${Buffer.from(basename(file)).toString("base64")}`;
  const headers = { "Upload-Length": description.size, "Upload-Metadata": metadata, "Content-Length": 0 };
  const response = await send("POST", `${url}/uploads`, headers);
  check(response, "not created");
  if (!response.headers.location) throw new Rejection("not created: the response has no Location");
  // Location may be relative.
  const created = new URL(response.headers.location, `${url}/uploads`).href;
  await writeFile(state, JSON.stringify({ ...description, url: created }), { mode: 0o600 });
  return created;
}

/** The number of bytes that the server has; undefined when it knows nothing of the upload (any more). */
async function storedBytes(upload) {
  const response = await send("HEAD", upload, {});
  if ([403, 404, 410].includes(response.statusCode)) return undefined;
  check(response, "no offset");
  return offsetIn(response);
}

function offsetIn(response) {
  const text = response.headers["upload-offset"] ?? "";
  if (!/^\d+$/.test(text)) throw new Error("the response has no Upload-Offset");
  return Number(text);
}

async function append(upload, offset, size) {
  const headers = {
    "Content-Type": "application/offset+octet-stream",
    "Content-Length": size - offset,
    "Upload-Offset": offset,
  };
  const response = await send("PATCH", upload, headers, content(offset, size));
  check(response, "not appended");
  return offsetIn(response);
}

async function upload() {
  const status = await stat(file);
  if (!status.isFile()) throw new Rejection(`${file} is not a regular file`);
  const { size, mtimeMs } = status;
  const description = { server: url, size, modified: mtimeMs };
  let address = await storedURL(description);
  // The offset is asked for after an interruption and in a second run; a new upload begins at 0.
  let offset;
  let best = -1;
  for (let attempt = 0; ; attempt += 1) {
    try {
      if (address !== undefined) {
        offset = await storedBytes(address);
        if (offset === undefined) address = undefined;
        else if (offset > 0) console.error(`continues at ${offset} of ${size} bytes`);
      }
      if (address === undefined) {
        address = await create(description);
        offset = 0;
      }
      // An empty file is complete once it has been created.
      while (offset < size) offset = await append(address, offset, size);
      await rm(state, { force: true });
      console.log(`stored: ${basename(file)}, ${size} bytes`);
      return;
    } catch (error) {
      if (error instanceof Rejection) throw error;
      if (offset > best) {
        best = offset;
        attempt = 0;
      }
      if (attempt >= ATTEMPTS) throw error;
      // 0.25 to 0.5 s at first, doubled up to 30 s; the random part keeps clients from returning all at once.
      const milliseconds = Math.min(30_000, 500 * 2 ** attempt) * (0.5 + Math.random() / 2);
      console.error(`interrupted (${error.code ?? error.message}), next attempt in ${Math.round(milliseconds)} ms`);
      await pause(milliseconds);
    }
  }
}

try {
  await upload();
} catch (error) {
  console.error(`not sent: ${error.message || error.code}`);
  process.exitCode = 1;
}
