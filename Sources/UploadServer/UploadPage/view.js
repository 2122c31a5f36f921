// What the page shows of all files together, and what happens each second.

// Bytes sent since the last second, and their rate.
const total = { flow: 0, rate: 0 };
let timer = 0;
let ticked = Date.now();

// A state has changed: shows it soon, once for all changes of a moment; at once where nothing is sent any more.
const changed = () => {
  if (running().length) return void (timer ||= setTimeout(show, 150));
  clearTimeout(timer);
  timer = setTimeout(show);
};

function show() {
  timer = 0;
  const [waiting, paused, stored, failed] = ["waiting", "paused", "stored", "failed"].map((state) => inState(state).length);
  const isRunning = running().length > 0 || (waiting > 0 && !isPaused);
  const state = !items.length ? "idle" : isRunning ? "running" : waiting + paused ? "paused" : failed ? "failed" : "done";
  const isOver = state === "done" || state === "failed", { dataset } = document.body;
  showTotal(state, stored, failed, isOver);
  // The end is announced; progress is not.
  if (isOver && dataset.state !== state) say(document.title);
  dataset.state = state;
  showRows();
  showReceipt(isOver || !items.length);
  keepAwake(isRunning);
  self.onbeforeunload = isRunning ? (event) => event.preventDefault() : null;
}

function showTotal(state, stored, failed, isOver) {
  const counted = isOver ? items : items.filter((item) => item.state !== "failed");
  const [size, sent, safe] = ["size", "sent", "stored"].map((key) => counted.reduce((sum, item) => sum + item[key], 0));
  const progress = `${percentText(sent, size)} · ${count(counted.length - stored, "file")}`;
  const text = {
    idle: "Send files",
    running: progress,
    paused: "Paused · " + progress,
    done: stored === 1 ? "The file is stored" : `All ${count(stored, "file")} are stored`,
    failed: count(failed, "file") + " could not be sent",
  }[state];
  document.title = text;
  put(ui.summaryText, text);
  ui.queue.hidden = state === "idle";
  showBar(ui.total, sent, safe, size, state === "done");
  put(
    ui.summaryDetail,
    `${numberText(stored)} of ${count(items.length, "file")} stored · ${sizeText(safe)} of ${sizeText(size)}` +
      (state === "running" ? rateText(total, size - sent) : ""),
  );
  put(ui.clear, isOver ? "Clear list" : "");
  put(ui.pause, isOver ? "" : state === "paused" ? "Resume all" : "Pause all");
}

// The uploads that an earlier visit left unfinished.
function showUnfinished() {
  const known = unfinished.filter(({ stored }) => stored >= 0);
  ui.unfinished.hidden = !known.length;
  ui.unfinishedList.replaceChildren(
    ...known.map(({ id, path, stored, size }) => {
      const name = shownName(path), button = make("button", { className: "forget", textContent: "Discard" });
      const row = make("li", {}, make("span", {}, `${name} · ${sizeText(stored)} of ${sizeText(size)}`), button);
      Object.assign(row.dataset, { id, name: path });
      button.ariaLabel = "Discard " + name;
      button.onclick = () => {
        discard(id);
        ui.choose.focus();
      };
      return row;
    }),
  );
}

// The receipt appears when nothing is left to do.
function showReceipt(isOver) {
  ui.receipt.hidden = !isOver || !receipt.length;
  const text = ({ name, size, sha256 }) => `${shownName(name)}\n${numberText(size)} bytes\n${sha256 ? `SHA-256 ${sha256}\n` : ""}`;
  if (!ui.receipt.hidden) put(ui.receiptText, receipt.map(text).join("\n"));
}

// The clipboard's interface exists over TLS only, this old command everywhere.
function copyReceipt() {
  getSelection().selectAllChildren(ui.receiptText);
  say((ui.copy.textContent = document.execCommand("copy") ? "Copied" : "Selected"));
}

// Keeps the screen on while something is sent. Browsers allow that over TLS only.
let screenLock = null;
function keepAwake(isRunning) {
  if (isRunning) return void (screenLock ??= navigator.wakeLock?.request("screen").catch(() => null));
  screenLock?.then((lock) => lock?.release());
  screenLock = null;
}

// Each second: rates, the offsets that are stored, and requests in which nothing moves any more.
function tick() {
  const now = Date.now(), seconds = (now - ticked) / 1000, active = running();
  ticked = now;
  for (const meter of [total, ...active]) {
    meter.rate += (meter.flow / seconds - meter.rate) * (meter.rate ? 0.2 : 1);
    meter.flow = 0;
  }
  for (const item of active.filter(({ state }) => state === "sending")) {
    poll(item);
    // The connection may be dead without the browser's knowledge: HEAD on a new one tells. Storing a whole file may take
    // the server long.
    if (idleTime(item) > (item.sent < item.size ? 60 : 600)) item.xhr?.abort();
  }
}
