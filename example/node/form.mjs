#!/usr/bin/env node
// Sends files together in one form, straight from the disk: fs.openAsBlob makes blobs that are read piece by piece while
// they are sent. A blob made of fs.readFile's result would hold every file in memory, and fail above 2 GiB.
//
//   form.mjs FILE... [URL]       URL is http://127.0.0.1:8080 when left out; it begins with http://
//
// Needs Node 20 or later. Prints the server's answer. Exit status: 0 stored, 1 not stored, 64 wrong usage.
import * as fs from "node:fs";
import { basename } from "node:path";
import { finish, parseArguments } from "./common.mjs";

const { files, url } = parseArguments("form.mjs FILE... [URL]");

await finish(async () => {
  if (!fs.openAsBlob) throw new Error(`fs.openAsBlob needs Node 20 or later; this is ${process.version}`);
  const form = new FormData();
  for (const file of files) {
    // Asked first, because openAsBlob's error does not name the file.
    await fs.promises.access(file, fs.constants.R_OK);
    form.append("file", await fs.openAsBlob(file), basename(file));
  }
  return fetch(`${url}/file-upload`, { method: "POST", body: form });
});
