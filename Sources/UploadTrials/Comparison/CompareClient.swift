import UploadCore

/// A program and the way in which it sends the file.
struct CompareClient: Sendable, Equatable {
  enum Program: String, Sendable {
    case sluice, curl, node
  }

  let program: Program
  let mode: UploadMode

  /// As people call it: `curl multipart`.
  var name: String { "\(program.rawValue) \(mode.rawValue)" }

  /// Whether the comparison is a failure when the file does not arrive in this way.
  var mustArrive: Bool { program == .sluice && mode != .buffered }

  /// Every one, in the order in which they send. Of Node's two the second is what many programs do: a form made of the file in memory.
  static let all = [
    CompareClient(program: .sluice, mode: .stream),
    CompareClient(program: .sluice, mode: .multipart),
    CompareClient(program: .sluice, mode: .buffered),
    CompareClient(program: .curl, mode: .stream),
    CompareClient(program: .curl, mode: .multipart),
    CompareClient(program: .node, mode: .stream),
    CompareClient(program: .node, mode: .buffered),
  ]

  /// What to run. Sluice is this very program, wherever it lies.
  var executable: String {
    program == .sluice ? "/proc/self/exe" : program.rawValue
  }

  /// - Parameters:
  ///   - file: an absolute path.
  ///   - url: the server's, without a path.
  func arguments(file: String, url: String) -> [String] {
    switch program {
    case .sluice: ["send", "--json", "--to", url, "--mode", mode.rawValue, "--", file]
    case .curl:
      Self.curlOptions + (mode == .stream ? ["-T", file, url + "/"] : ["-F", form(file), url + "/file-upload"])
    case .node: ["--input-type=module", "-e", mode == .stream ? NodeScript.stream : NodeScript.buffered, file, url]
    }
  }

  /// Nobody's `.curlrc`, no pattern in a file's name, no proxy, and status 22 when the server refuses.
  private static let curlOptions = ["-q", "-g", "-s", "-S", "-f", "--noproxy", "*"]

  /// Quoted, because commas and semicolons mean something to curl.
  private func form(_ file: String) -> String {
    let escaped = file.map { $0 == "\\" || $0 == "\"" ? "\\\($0)" : String($0) }.joined()
    return "file=@\"\(escaped)\""
  }
}
