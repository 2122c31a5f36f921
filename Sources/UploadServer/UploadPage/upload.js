// One upload: an empty POST creates it, then PATCH requests append slices of the file, as the IETF draft "Resumable
// Uploads for HTTP" says. Whatever fails, HEAD tells how much the server has, and the upload continues there.

// Sends a file until it is stored, has failed, or is stopped.
async function run(item) {
  const turn = (item.turn = {});
  set(item, "sending");
  try {
    while (item.turn === turn) await (gate ? waitForToken : !item.id ? create : item.isUnsure ? locate : append)(item);
  } catch (error) {
    fail(item, String(error));
  }
}

// The result of a promise. If the file was paused or removed meanwhile, its run ends here: it waits forever.
async function during(item, promise) {
  const { turn } = item, result = await promise;
  return item.turn === turn ? result : new Promise(() => {});
}

async function ask(item, method, url, headers, more) {
  const response = await during(item, request(method, "./" + url, { headers, owner: item, ...more }));
  const [, limit] = /max-append-size=(\d+)/.exec(response.field("Upload-Limit")) ?? [];
  if (limit > 0) largestSlice = Math.min(largestSlice, limit);
  return response;
}

async function create(item) {
  const { path, size, modified, file, tree } = item;
  const response = await ask(item, "POST", "stream-upload?paths=keep&name=" + encode(path), {
    "Upload-Complete": "?0",
    "Upload-Length": size,
    "Content-Type": file.type || null,
    "X-OC-Mtime": Math.floor(modified / 1000),
    "Want-Repr-Digest": "sha-256=1",
    "Sluice-Tree": tree,
    "Sluice-Sender": encode(senderName()) || null,
  });
  // Behind a proxy the host in Location may be wrong: only the last component counts.
  const id = response.field("Location")?.split("/").pop();
  if (response.status !== 201 || !id) return judge(item, response);
  Object.assign(item, { id, isUnsure: false });
  rememberUpload({ path, size, modified, id });
}

// Asks how much the server has.
async function locate(item) {
  const response = await ask(item, "HEAD", "uploads/" + item.id), { offset } = response;
  if (response.status !== 204 || !(offset >= 0)) return judge(item, response);
  // Two attempts without progress: perhaps a proxy forwards only complete requests, so that smaller ones are better.
  if (item.tries > 1 && offset === item.stored) item.cut = Math.max(1 << 20, Math.min(item.cut, item.size) / 8);
  advance(item, offset);
}

// Sends the next slice, which the browser reads from the disk meanwhile. Chromium sends a whole file twice as fast as a
// slice: it opens the file where it sends it.
async function append(item) {
  const { stored: from, size, cut, file } = item, to = Math.ceil(Math.min(size, from + largestSlice, from + cut));
  // What takes long is not finished before it is certain that the file has not changed meanwhile.
  const isLast = to === size && to - from < 1 << 23;
  if (from === size && !(await isUnchanged(item))) return;
  const headers = {
    "Content-Type": "application/partial-upload",
    "Upload-Offset": from,
    "Upload-Complete": isLast ? "?1" : "?0",
  };
  const more = { body: to - from < size ? file.slice(from, to) : file, sent: (bytes) => moved(item, from + bytes) };
  const response = await ask(item, "PATCH", "uploads/" + item.id, headers, more), { status, json } = response;
  if (isLast && (status === 201 || status === 200)) return finish(item, json.files?.[0]);
  if (isLast || status !== 204) return judge(item, response, to - from);
  item.cut *= 2;
  advance(item, to);
}

// Bytes have left this device.
function moved(item, sent) {
  for (const meter of [item, total]) meter.flow += sent - item.sent;
  item.sent = sent;
  touch(item);
}

// The server has everything up to this offset, and the next slice begins there.
function advance(item, offset) {
  if (offset > item.stored) item.tries = 0;
  Object.assign(item, { stored: offset, sent: offset, isUnsure: false });
  touch(item);
}

// Asks how much of a slice the server has stored while it is sent: GET does not disturb the running request.
async function poll(item) {
  const { xhr, id } = item;
  if (!xhr || !id || gate || item.isPolled) return;
  item.isPolled = true;
  const { offset } = await transmit("GET", "./uploads/" + id);
  item.isPolled = false;
  if (item.xhr !== xhr) return;
  const isMore = offset > item.stored;
  if (isMore) Object.assign(item, { stored: offset, tries: 0 });
  // Where everything was sent, the server is at work.
  if (isMore || (offset >= 0 && item.sent === item.size)) touch(item);
}

// Whether a file is as it was when it was chosen: browsers do not read another one. If not, the upload fails.
async function isUnchanged(item) {
  const bytes = await during(item, item.file.slice(0, 1).arrayBuffer().catch(() => null));
  if (!bytes) fail(item, "The file was changed, moved or deleted on this device. Choose it again.");
  return bytes;
}

// Decides what follows on a response that is no success: continue, retry later, start again, or fail.
async function judge(item, { status, offset, field, message }, length) {
  const isFinal = field("Upload-Complete") === "?1";
  item.isUnsure = true;
  if (status === 401) return;
  // Browsers report a network error where a file was changed since it was chosen.
  if (!status && !(await isUnchanged(item))) return;
  if (item.id && (status === 404 || status === 410) && item.tries++ < 5) {
    forgetUpload(item.id);
    item.note = "Sent again from the start: the server no longer had the first part.";
    say(item.note);
    return void Object.assign(item, { id: null, stored: 0, sent: 0 });
  }
  // The server's offset counts: HEAD asks for it.
  if (status === 409 && offset >= 0 && !isFinal && item.tries++ < 5) return;
  // A limit on requests: the server's own is known from Upload-Limit, that of a proxy is found in steps down to 64 KiB:
  // powers of 4, since 1 MiB is the limit of nginx.
  if (status === 413 && length > 65536 && !isFinal) {
    if (largestSlice >= length) largestSlice = 4 ** Math.floor(Math.log2(length - 1) / 2);
    return;
  }
  if (status && status < 520 && ![408, 425, 429, 502, 503, 504].includes(status)) return fail(item, message);
  const seconds = Number(field("Retry-After")) || Math.min(30, 2 ** item.tries++);
  item.until = Date.now() + seconds * 1000;
  if (item.tries === 1) say(message + " The upload continues by itself.");
  await pauseFor(item, status || navigator.onLine ? "retrying" : "offline", wait(seconds), message);
}

const waitForToken = (item) => pauseFor(item, "token", gate);

// Lets a run wait in a state, until a promise is kept or wakeUp() ends it.
async function pauseFor(item, state, promise, reason) {
  set(item, state, reason);
  await during(item, Promise.race([promise, new Promise((resolve) => (item.wake = resolve))]));
  set(item, "sending");
}

function fail(item, reason) {
  Object.assign(item, { turn: null, isUnsure: true });
  say(`${shownName(item.path)}: ${reason}`);
  set(item, "failed", reason);
  pump();
}

function finish(item, { url, sha256, name = item.path, size = item.size } = {}) {
  forgetUpload(item.id);
  // Relative to the request's address.
  if (url) item.url = new URL(url, new URL("uploads/", location)).href;
  Object.assign(item, { turn: null, sent: item.size, stored: item.size, note: "" });
  receipt.push({ name, size, sha256 });
  remember("sessionStorage", "receipt", JSON.stringify(receipt.slice(-200)));
  set(item, "stored");
  pump();
}
