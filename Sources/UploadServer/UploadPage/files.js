// From what a person chooses, drops or pastes to files with paths.

// The files of an input; those of a folder with their paths in it.
const chosen = (input) => [...input.files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));

// Everything in a drop or the clipboard. Its entries must be read before the first `await`: afterwards it is empty.
async function transferred(transfer, isPaste) {
  const folders = [], found = [], text = isPaste && transfer.getData("text/plain");
  const addFile = (file, path) => found.push({ file, path });
  for (const item of transfer.items) {
    const entry = item.webkitGetAsEntry?.(), file = item.getAsFile();
    if (entry?.isDirectory) folders.push(entry);
    // Browsers call every screenshot that is pasted image.png.
    else if (file) addFile(file, isPaste && file.name === "image.png" ? `Screenshot ${timeStamp()}.png` : file.name);
  }
  if (text && !found.length) addFile(new File([text], "", { type: "text/plain" }), `Text ${timeStamp()}.txt`);
  let problem = "";
  put(ui.notice, folders.length && "Reading the folders …");
  for (const folder of folders) {
    try {
      await walk(folder, addFile);
    } catch {
      problem = `The folder "${shownName(folder.name)}" could not be read completely.`;
    }
  }
  put(ui.notice, problem);
  return found;
}

// Finds the files of a directory and of those below it. An empty one is made on the server.
async function walk(directory, addFile) {
  const reader = directory.createReader();
  let isEmpty = true;
  // A browser returns at most 100 entries at once, and none after the last.
  for (let batch; (batch = await new Promise((...done) => reader.readEntries(...done))).length; ) {
    for (const entry of batch) {
      if (entry.isDirectory) await walk(entry, addFile);
      else addFile(await new Promise((...done) => entry.file(...done)), entry.fullPath.slice(1));
      isEmpty = false;
    }
  }
  if (isEmpty) request("MKCOL", "./files" + directory.fullPath.split("/").map(encode).join("/"));
}

// The local time as part of a name: "2026-11-29 22.15.03". Sweden writes it in this order.
const timeStamp = () => new Date().toLocaleString("sv").replaceAll(":", ".");
