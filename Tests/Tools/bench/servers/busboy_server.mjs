// A typical upload server with Node and busboy: bodies and forms, streamed to files.
//
//   busboy_server.mjs PORT DIRECTORY
//
// PUT /NAME stores the body, POST /file-upload every file of a form. Nothing is synced.
import { createWriteStream } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";

// Not an import, which would not search NODE_PATH, where Debian's packages are.
const busboy = createRequire(import.meta.url)("busboy");
const [port, directory] = process.argv.slice(2);

// Bytes to buffer between socket and disk. Node's default for files is 16 KiB.
const waiting = 1 << 20;

/** Writes a stream to a file of this name. */
function store(stream, name) {
  return pipeline(stream, createWriteStream(join(directory, basename(name)), { highWaterMark: waiting }));
}

/** Writes every file of a form. */
async function storeForm(request) {
  const files = [];
  const form = busboy({ headers: request.headers, fileHwm: waiting });
  form.on("file", (field, file, { filename }) => files.push(store(file, filename)));
  await pipeline(request, form);
  await Promise.all(files);
}

createServer(async (request, response) => {
  try {
    await (request.method === "PUT" ? store(request, decodeURIComponent(request.url)) : storeForm(request));
    response.writeHead(201, { "content-type": "application/json" }).end('{"ok":true}');
  } catch (error) {
    response.writeHead(500, { connection: "close" }).end(`${error}\n`);
  }
}).listen(Number(port), "127.0.0.1");
