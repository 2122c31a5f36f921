/// Two clients for Node 18 and later, one of each kind that people write, called with the file and the server's URL.
///
/// They exit as curl does: 0 stored, 22 refused by the server, 27 out of memory, 1 anything else.
enum NodeScript {
  /// The file as the body, read piece by piece.
  ///
  /// Without its last two options `fetch` would keep all it has sent, for the case that a redirect asks for it once more.
  /// Measured with Node 20 and a file of 2 GiB: 2.3 GB resident, with them 0.12 GB.
  static let stream =
    start + #"""
      await finish(() => fetch(`${url}/stream-upload?name=${encodeURIComponent(basename(file))}`, {
        method: "POST", body: Readable.toWeb(createReadStream(file)), duplex: "half",
        redirect: "error", window: null,
      }));
      """#

  /// The file read whole, then put into a form.
  static let buffered =
    start + #"""
      await finish(async () => {
        const form = new FormData();
        form.append("file", new Blob([await readFile(file)]), basename(file));
        return fetch(`${url}/file-upload`, { method: "POST", body: form });
      });
      """#

  private static let start = #"""
    import { createReadStream } from "node:fs";
    import { readFile } from "node:fs/promises";
    import { basename } from "node:path";
    import { Readable } from "node:stream";
    const [file, url] = process.argv.slice(-2);
    async function finish(send) {
      try {
        const response = await send();
        if (!response.ok) console.error(await response.text());
        process.exitCode = response.ok ? 0 : 22;
      } catch (error) {
        const cause = error.cause ?? error;
        console.error(cause.message || cause.code);
        const isMemory = cause.code === "ERR_FS_FILE_TOO_LARGE" || cause instanceof RangeError;
        process.exitCode = isMemory ? 27 : 1;
      }
    }

    """#
}
