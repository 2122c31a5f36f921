import UploadCore
import UploadStorage

/// Options of every benchmark that starts a server.
struct ServerOptions {
  static let help = [
    "--dir DIR            on the disk to be measured (.)",
    "--durability LEVEL   full, file or none (full)",
    "--sluice PATH        the server's program (the one beside this)",
  ]

  /// Where every measurement makes a directory of its own.
  let directory: String
  private let durability: Durability
  private let executable: String

  /// Takes them.
  /// - Throws: ``UploadError`` with code `badValue`.
  init(_ arguments: inout Arguments) throws(UploadError) {
    directory = try arguments.takeValue("--dir") ?? "."
    let level = try arguments.takeValue("--durability") ?? Durability.full.rawValue
    guard let durability = Durability(rawValue: level) else {
      throw UploadError(.badValue, "--durability takes full, file or none.")
    }
    self.durability = durability
    executable = try arguments.takeValue("--sluice") ?? ServerProcess.besideThisOne
  }

  /// For the report.
  var note: String { "The server ran with --durability \(durability.rawValue)." }

  /// Starts a server on a fresh directory, hands it to `body`, ends it, and removes what it stored.
  func withServer<Result>(_ body: (ServerProcess) throws -> Result) throws -> Result {
    try Workspace.use(in: directory) { path in
      let options = ["--durability", durability.rawValue]
      let server = try ServerProcess(executable, directory: path, options: options)
      return try Interrupt.guarded(undo: { server.stop() }) { try body(server) }
    }
  }
}
