// Requests to the server, and the access token that they carry.

let token = null;
// While a token is needed: a promise that is kept once there is one, and what keeps it. Otherwise null.
let gate = null;
let openGate;
// Whether the browser has a cookie for downloads, so that links to files need no token.
let hasCookie = false;

// Sends a request at once. `owner.xhr` is the request while it runs, for aborting it.
// Returns the response: status 0 for none, since the network failed or the request was aborted; `offset` is NaN where
// the server does not say how much it has stored.
function transmit(method, url, { headers = {}, body, owner = {}, sent } = {}) {
  return new Promise((resolve) => {
    const xhr = (owner.xhr = new XMLHttpRequest()), { upload } = xhr;
    xhr.open(method, url);
    // "-" says that this page knows no token: it is no guess, and gets no password dialog of the browser.
    const fields = { Authorization: "Bearer " + (token || "-"), ...headers };
    for (const name in fields) if (fields[name] != null) xhr.setRequestHeader(name, fields[name]);
    if (sent) upload.onprogress = ({ loaded }) => sent(loaded);
    xhr.onloadend = () => {
      const { status, responseText } = xhr, field = (name) => xhr.getResponseHeader(name);
      // A proxy's response has no message of ours.
      const json = attempt(() => JSON.parse(responseText)) ?? {};
      const message = json.msg ?? json.detail ?? (status ? `The server responded with status ${status}.` : "No connection to the server.");
      if (owner.xhr === xhr) owner.xhr = null;
      resolve({ status, field, json, message, offset: parseInt(field("Upload-Offset")) });
    };
    xhr.send(body);
  });
}

// Sends a request once no token is missing. With status 401 the token field appears, and further requests wait.
async function request(method, url, options) {
  while (gate) await gate;
  const used = token, response = await transmit(method, url, options);
  // A late 401 for an old token says nothing about the new one.
  if (response.status === 401 && used === token) needToken("The server no longer accepts the access token.");
  return response;
}

function needToken(note) {
  gate ??= new Promise((resolve) => (openGate = resolve));
  token = null;
  forget("sessionStorage", "token");
  ui.tokenNote.textContent = note;
  ui.token.hidden = false;
  ui.tokenField.value = "";
  ui.tokenField.focus();
}

// Reads the server's settings with a token, "" for none, and keeps the token unless it is wrong.
async function connect(candidate) {
  token = /^[\w.~-]+$/.test(candidate) ? candidate : null;
  const { status, json, message } = await transmit("GET", "./info");
  if (status === 401) return needToken(candidate ? "This access token is wrong." : "This server asks for an access token.");
  // Perhaps 429, after too many wrong tokens.
  if (status !== 200) return void (ui.tokenNote.textContent = message);
  Object.assign(settings, json);
  largestSlice = Math.min(largestSlice, json.maxAppend ?? Infinity);
  if (token) {
    remember("sessionStorage", "token", token);
    await transmit("POST", "./session");
    // Where cookies are blocked, navigator.cookieEnabled may still be true: only a request without the token tells.
    hasCookie = json.canList && (await transmit("HEAD", "./files/", { headers: { Authorization: "Bearer -" } })).status === 200;
  }
  ui.token.hidden = true;
  gate = null;
  openGate?.();
  showSettings();
}

// The token of a link, in the fragment #t=TOKEN or the query ?token=TOKEN, which are removed from the address bar.
function tokenOfLink() {
  const [, found] = /[#?&]t(?:oken)?=([^&?]+)/.exec(location.hash + location.search) ?? [];
  if (found) history.replaceState(null, "", base);
  return found && attempt(() => decodeURIComponent(found));
}

// The address of a stored file or of the listing.
const link = (url) => (token && !hasCookie ? url + "?token=" + token : url);
