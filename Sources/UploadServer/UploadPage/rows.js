// The rows of the files. Of thousands of files only some have a row, so that the page stays quick.

// Shows the files that matter: first those that are not stored, in their order, then the stored ones, newest first. A
// state has at most that many rows; files that are being sent always have one.
function showRows() {
  const focused = document.activeElement, room = { waiting: 20, paused: 20, failed: 50, stored: 20 };
  const others = items.filter(({ state }) => state !== "stored");
  let next = ui.rows.firstElementChild, hidden = 0;
  for (const item of [...others, ...inState("stored").reverse()]) {
    const { row, state } = item, isNext = row && row === next;
    if (isNext) next = next.nextElementSibling;
    if (!(room[state]-- <= 0) || row?.contains(focused)) {
      item.row ??= newRow(item);
      if (!isNext) ui.rows.insertBefore(item.row, next);
      showRow(item);
    } else {
      hidden++;
      row?.remove();
      item.row = null;
    }
  }
  // A row that was moved has lost the focus.
  if (focused !== document.activeElement) focused.focus();
  put(ui.more, hidden && `… and ${numberText(hidden)} more`);
}

function newRow(item) {
  const row = ui.row.content.cloneNode(true).firstElementChild, name = shownName(item.path);
  const [label, action, cancel] = [".name", ".action", ".remove"].map((selector) => row.querySelector(selector));
  row.dataset.name = item.path;
  label.textContent = row.querySelector("progress").ariaLabel = name;
  action.onclick = () => (action.dataset.action === "pause" ? pause : resume)(item);
  cancel.onclick = () => {
    // The focus goes to the next row, or to where files are chosen.
    const next = row.nextElementSibling ?? row.previousElementSibling;
    remove(item);
    (next?.querySelector(".remove") ?? ui.choose).focus();
  };
  return row;
}

function showRow(item) {
  const { row, state, sent, stored, size, note } = item, part = (selector) => row.querySelector(selector);
  const isStored = state === "stored", isOver = isStored || state === "failed", name = shownName(item.path);
  row.dataset.state = state;
  put(part(".percent"), isStored ? "100 %" : isOver || !item.id ? "" : percentText(sent, size));
  showBar(part("progress"), sent, isStored ? size : stored, size, isStored);
  put(part(".state"), stateText(item));
  put(part(".note"), note);
  showButton(part(".action"), { stored: "", paused: "Resume", failed: "Retry" }[state] ?? "Pause", name);
  showButton(part(".remove"), isOver ? "Remove" : "Cancel", name);
  if (isStored && item.url && settings.canList && !part("a")) {
    part(".name").replaceChildren(make("a", { href: link(item.url), textContent: name }));
  }
}

function showButton(button, action, name) {
  put(button, action);
  button.dataset.action = action.toLowerCase();
  button.ariaLabel = `${action} ${name}`;
}

// A bar in two tones, full only when everything is stored.
function showBar(bar, sent, stored, size, isFull) {
  bar.value = isFull ? 1 : share(stored, size);
  bar.style.setProperty("--done", share(sent, size) * 100 + "%");
}

// 100 is for what the server has confirmed: bytes that were sent reach 99 at most.
const share = (part, size) => Math.min(0.99, part / (size || 1));
const percentText = (sent, size) => Math.floor(share(sent, size) * 100) + " %";
const rateText = ({ rate }, left) => (rate > 1 ? ` · ${sizeText(rate)}/s · ${timeText(left / rate)} left` : "");

// Seconds since something of a file has moved.
const idleTime = (item) => (Date.now() - item.movedAt) / 1000;

// The state in words.
function stateText(item) {
  const { state, sent, size, reason, until } = item;
  if (state === "failed") return reason;
  if (state === "token") return "Waiting for the access token";
  if (state === "retrying") return `Retrying in ${timeText(Math.max(1, (until - Date.now()) / 1000))} · ${reason}`;
  let text = state[0].toUpperCase() + state.slice(1) + " · " + sizeText(state === "stored" || !sent ? size : sent);
  if (sent && sent < size) text += " of " + sizeText(size);
  if (state === "offline") return text + " · continues by itself";
  if (state !== "sending") return text;
  if (sent === size) return text + " · the server is storing it";
  return text + (idleTime(item) > 10 ? ` · nothing has moved for ${timeText(idleTime(item))}` : rateText(item, size - sent));
}
