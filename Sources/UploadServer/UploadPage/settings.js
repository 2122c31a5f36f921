// What the server allows, and what this browser remembers.

// The response to GET /info. Until it has come, nothing is known to be limited.
const settings = { canList: true };
// The most bytes of one request. The server or a proxy may lower it.
let largestSlice = Infinity;

// Several servers can share an origin behind a proxy, each with its own path: so keys begin with it.
const base = location.pathname;
const keyOf = (key) => `sluice ${base} ${key}`;

// Browsers may forbid "localStorage" and "sessionStorage": then nothing is remembered, and the page works all the same.
const recall = (area, key) => attempt(() => self[area].getItem(keyOf(key)));
const remember = (area, key, value) => attempt(() => self[area].setItem(keyOf(key), value));
const forget = (area, key) => attempt(() => self[area].removeItem(keyOf(key)));

// Unfinished uploads: of each its name, size, modification time and id, never a token.
const rememberUpload = (entry) => remember("localStorage", "upload " + entry.id, JSON.stringify(entry));
const forgetUpload = (id) => forget("localStorage", "upload " + id);
function recallUploads() {
  const keys = attempt(() => Object.keys(localStorage)) ?? [];
  return keys.filter((key) => key.startsWith(keyOf("upload "))).map((key) => JSON.parse(localStorage[key]));
}
