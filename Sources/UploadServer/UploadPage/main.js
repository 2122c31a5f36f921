// Connects the page's elements with all of the above. The script stands at the end of the page.

// Takes the form over: its sender field stays visible, its file field opens behind a button.
const { files, form, sender } = ui;
files.hidden = form.hidden = true;
files.required = false;
ui.drop.append(files);
ui.drop.before(sender);
ui.app.hidden = false;

const senderField = sender.querySelector("input");
const senderName = () => senderField?.value.trim() ?? "";
if (senderField) {
  senderField.value ||= recall("localStorage", "sender") ?? "";
  senderField.onchange = () => remember("localStorage", "sender", senderName());
}

for (const [button, input] of [[ui.choose, files], [ui.chooseFolder, ui.folder], [ui.takePhoto, ui.photo]]) {
  button.onclick = () => input.click();
  input.onchange = () => {
    add(chosen(input));
    // So that the same file can be chosen again.
    input.value = "";
  };
}

// Drops anywhere on the window.
const showDrag = (isOver) => document.body.toggleAttribute("data-drag", isOver);
self.ondragover = (event) => {
  event.preventDefault();
  showDrag(true);
};
self.ondragleave = ({ relatedTarget }) => relatedTarget || showDrag(false);
self.ondrop = async (event) => {
  event.preventDefault();
  showDrag(false);
  add(await transferred(event.dataTransfer));
};
document.onpaste = async ({ target, clipboardData }) => {
  if (target.localName !== "input") add(await transferred(clipboardData, true));
};

ui.pause.onclick = () => (isPaused || !running().length ? resume(...inState("paused")) : pauseAll());
ui.clear.onclick = () => {
  [...items].forEach(remove);
  ui.choose.focus();
};
ui.copy.onclick = copyReceipt;
ui.token.onsubmit = (event) => {
  event.preventDefault();
  connect(ui.tokenField.value.trim());
};

self.ononline = wakeUp;
document.onvisibilitychange = () => {
  // The browser has released it when the page was hidden.
  screenLock = null;
  if (!document.hidden) wakeUp();
};
// A link with another token, opened while the page is open, changes the fragment only.
self.onhashchange = () => {
  const found = tokenOfLink();
  if (found) connect(found);
};

// The server's settings are known: shows them, and what an earlier visit left unfinished.
function showSettings() {
  const { free, allowedTypes, canList } = settings;
  ui.free.textContent = free != null ? sizeText(free) + " free." : "";
  files.accept = allowedTypes?.join() ?? "";
  ui.browse.hidden = !canList;
  ui.browse.href = link("files/");
  recallUploads().forEach(checkUnfinished);
}

// Asks how much the server has of an unfinished upload, unless another tab says that it sends it: HEAD would interrupt
// that. An upload that the server no longer knows is forgotten.
async function checkUnfinished(entry) {
  const { id } = entry;
  if ([...items, ...unfinished].some((other) => other.id === id)) return;
  unfinished.push(entry);
  tabs.postMessage({ wanted: id });
  await wait(0.2);
  if (!unfinished.includes(entry)) return;
  const { status, offset } = await request("HEAD", "./uploads/" + id);
  if (status === 404 || status === 410) forgetUpload(id);
  else entry.stored = offset || 0;
  showUnfinished();
}

changed();
setInterval(tick, 1000);
setInterval(() => running().length && changed(), 500);
connect(tokenOfLink() ?? recall("sessionStorage", "token") ?? "");
