// Small helpers: elements, and text for people.

// ui.summaryText is the element with the id "summary-text".
const ui = new Proxy({}, {
  get: (_, name) => document.getElementById(name.replace(/[A-Z]/g, (letter) => "-" + letter.toLowerCase())),
});

// A new element. Names of files are always set as text, never as markup.
function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// Shows a text in an element, or hides that without one: then the focus goes to the next element. It is written only
// where it has changed: the browser then has less to do, and a selection in it stays.
function put(element, text) {
  if (text && element.textContent !== text) element.textContent = text;
  if (!text && element === document.activeElement) element.nextElementSibling?.focus();
  element.hidden = !text;
}

// Tells a screen reader one sentence. For events that a person waits for, not for progress.
const say = (text) => (ui.live.textContent = text);

// The result of a function; null if it throws.
function attempt(action) {
  try {
    return action();
  } catch {
    return null;
  }
}

const wait = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

// Bytes in binary units, as the server writes them: "12.3 MiB".
function sizeText(bytes) {
  let unit = 0;
  for (; bytes >= 1023.95 && unit < 5; unit++) bytes /= 1024;
  return unit ? `${bytes.toFixed(1)}\xa0${"KMGTP"[unit - 1]}iB` : `${Math.round(bytes)} B`;
}

// Seconds in their largest units: "4 s", "12 min", "3 h 20 min".
function timeText(seconds) {
  if (seconds < 60) return Math.ceil(seconds) + " s";
  const minutes = Math.ceil(seconds / 60);
  return (minutes < 60 ? "" : Math.floor(minutes / 60) + " h ") + (minutes % 60) + " min";
}

const numberText = (number) => number.toLocaleString("en");
const count = (number, word) => `${numberText(number)} ${word}${number === 1 ? "" : "s"}`;

// A name without characters that are invisible or change the direction: "annexe\u202Efdp.exe" must not look like a PDF.
const shownName = (name) => name.replace(/[\p{Cc}\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu, "");

// Percent-encoded UTF-8. A lone surrogate, which names of Windows can contain, becomes U+FFFD instead of an exception.
const encode = (text) => encodeURIComponent(text.toWellFormed?.() ?? text);
