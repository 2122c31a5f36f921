import UploadCore

/// A program and the way in which it sends the file.
struct CompareClient: Sendable, Equatable {
  enum Program: String, Sendable {
    case sluice, curl, node
  }

  let program: Program
  let mode: UploadMode

  /// Program and mode for people, such as `curl multipart`.
  var name: String { isInterrupted ? "\(program.rawValue), interrupted twice" : "\(program.rawValue) \(mode.rawValue)" }

  /// Whether it is interrupted twice, at a third and at two thirds of the file (``CuttingRelay``).
  var isInterrupted: Bool { mode == .resumable }

  /// Whether the comparison fails when this client's upload does.
  var mustArrive: Bool { program == .sluice && mode != .buffered }

  /// All clients, in the order in which they send. Node's second one does what many programs do: it makes a form of the file in
  /// memory.
  static let all: [CompareClient] = [
    .init(program: .sluice, mode: .stream), .init(program: .sluice, mode: .multipart),
    .init(program: .sluice, mode: .resumable), .init(program: .sluice, mode: .buffered),
    .init(program: .curl, mode: .stream), .init(program: .curl, mode: .multipart),
    .init(program: .node, mode: .stream), .init(program: .node, mode: .buffered),
  ]

  /// The program to run: a path, or a name to look up in PATH. Sluice is this very program, wherever it is installed.
  var executable: String { program == .sluice ? "/proc/self/exe" : program.rawValue }

  /// The arguments that make the program send the file.
  /// - Parameters:
  ///   - file: an absolute path.
  ///   - url: the server's, without a path or a slash at its end.
  func arguments(file: String, url: String) -> [String] {
    switch program {
    case .sluice:
      // Otherwise a stream of 4 MiB and more would be resumable as well.
      ["send", "--json", "--to", url, "--mode", mode.rawValue] + (isInterrupted ? [] : ["--no-resume"]) + ["--", file]
    case .curl:
      Self.curlOptions + (mode == .stream ? ["-T", file, url + "/"] : ["-F", Self.form(file), url + "/file-upload"])
    case .node: ["--input-type=module", "-e", mode == .stream ? NodeScript.stream : NodeScript.buffered, file, url]
    }
  }

  /// No `.curlrc`, no pattern in a file's name, no proxy, and exit status 22 when the server rejects.
  private static let curlOptions = ["-q", "-g", "-s", "-S", "-f", "--noproxy", "*"]

  /// Quoted, because commas and semicolons have a meaning for curl.
  private static func form(_ file: String) -> String {
    "file=@\"" + file.map { $0 == "\\" || $0 == "\"" ? "\\\($0)" : String($0) }.joined() + "\""
  }
}

/// Two clients for Node 18 and later, one of each kind that people write, called with the file and the server's URL.
///
/// Their exit statuses: 0 stored, 22 rejected by the server, 27 out of memory (as curl's), 1 anything else.
enum NodeScript {
  /// The file as the body, read in chunks.
  ///
  /// Without its last two options `fetch` would keep the whole body in memory, to send it again after a redirect.
  /// Measured with Node 20 and a file of 2 GiB: 2.3 GB resident, with them 0.12 GB.
  static let stream =
    start + #"""
      await finish(() => fetch(`${url}/stream-upload?name=${encodeURIComponent(basename(file))}`, {
        method: "POST", body: Readable.toWeb(createReadStream(file)), duplex: "half",
        redirect: "error", window: null,
      }));
      """#

  /// The whole file read into memory, then sent as a form.
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
