// The files of this visit: their states, and which of them are sent now.
//
// A file is waiting, then sending, perhaps paused, offline, retrying or waiting for a token, and in the end stored or
// failed. `turn` is a new object for each run of upload.js on the file; null while none runs.

const items = [];
const mostRunning = 3;
let isPaused = false;
// Uploads that earlier visits left unfinished.
let unfinished = [];
// What was stored, also of files that are no longer in the list: name, size, and SHA-256 if known.
const receipt = attempt(() => JSON.parse(recall("sessionStorage", "receipt"))) ?? [];

const running = () => items.filter((item) => item.turn);
const inState = (state) => items.filter((item) => item.state === state);

function set(item, state, reason) {
  Object.assign(item, { state, reason });
  touch(item);
  changed();
}

// Something of a file has moved. That is shown twice a second.
const touch = (item) => (item.movedAt = Date.now());

// Adds files to the queue. A file continues the upload that an earlier visit began.
function add(found) {
  const trees = {};
  for (const { file, path } of found) {
    const { size, lastModified: modified } = file, [folder, ...rest] = path.split("/");
    if (rest[0]) trees[folder] ??= treeField(folder, found);
    const item = { file, path, size, modified, tree: trees[folder], sent: 0, stored: 0, tries: 0, cut: Infinity, flow: 0, rate: 0 };
    item.id = unfinished.find((entry) => entry.path === path && entry.size === size && entry.modified === modified)?.id;
    if (item.id) {
      item.isUnsure = true;
      tabs.postMessage({ taken: item.id });
      take(item.id);
    }
    items.push(item);
    set(item, "waiting");
  }
  if (found.length) say(count(found.length, "file") + " added.");
  pump();
}

// The field Sluice-Tree, with which the server shows the files of a folder as one. The name is a display string (RFC
// 9651), whose escapes are in lower case.
function treeField(folder, found) {
  const files = found.filter(({ path }) => path.startsWith(folder + "/"));
  const name = encode(folder).replace(/%../g, (escape) => escape.toLowerCase());
  const bytes = files.reduce((sum, { file }) => sum + file.size, 0);
  return `id="${Math.random().toString(36).slice(2)}", name=%"${name}", files=${files.length}, bytes=${bytes}`;
}

function take(taken) {
  unfinished = unfinished.filter(({ id }) => id !== taken);
  showUnfinished();
}

// Begins to send waiting files, while there is room.
function pump() {
  const room = isPaused ? 0 : Math.max(0, mostRunning - running().length);
  inState("waiting").slice(0, room).forEach(run);
  changed();
}

// Ends the run on a file, if there is one. What was sent stays on the server.
function stop(item) {
  item.turn = null;
  item.isUnsure = true;
  item.xhr?.abort();
  item.wake?.();
}

function pause(item) {
  stop(item);
  set(item, "paused");
  pump();
}

// Continues paused files, or retries those that failed.
function resume(...chosen) {
  isPaused = false;
  for (const item of chosen) {
    item.tries = 0;
    set(item, "waiting");
  }
  pump();
}

function pauseAll() {
  isPaused = true;
  running().forEach(pause);
}

// Removes a file from the list, and what the server has of it unless it is complete.
function remove(item) {
  stop(item);
  item.row?.remove();
  items.splice(items.indexOf(item), 1);
  if (item.id && item.state !== "stored") discard(item.id);
  pump();
}

function discard(id) {
  take(id);
  forgetUpload(id);
  request("DELETE", "./uploads/" + id);
}

// The network has changed, or the page is visible again after the device was asleep: ends pauses between attempts, and
// requests that have not moved for 3 s.
function wakeUp() {
  for (const item of running()) {
    item.wake?.();
    if (idleTime(item) > 3) item.xhr?.abort();
  }
  changed();
}

// Tabs tell each other which uploads they send, so that no two of them continue the same one.
const tabs = attempt(() => new BroadcastChannel(keyOf("tabs"))) ?? { postMessage() {} };
tabs.onmessage = ({ data: { taken, wanted } }) => {
  take(taken);
  if (wanted && items.some(({ id }) => id === wanted)) tabs.postMessage({ taken: wanted });
};
