import Glibc
import UploadCore

/// The process's arguments as text.
enum ProcessArguments {
  /// Those behind the program's name. Bytes that are not UTF-8 are kept (``NameBytes/losslessText``), where Swift's own
  /// `CommandLine.arguments` would replace them, and name another file.
  static func all() -> [String] {
    var texts: [String] = []
    for index in 1..<max(1, Int(CommandLine.argc)) {
      guard let argument = CommandLine.unsafeArgv[index] else { break }
      texts.append(NameBytes(cString: argument).losslessText)
    }
    return texts
  }

  /// Makes sure that only names of files to send, and `--name`, contain bytes that are not UTF-8: the only arguments
  /// that are turned back into bytes.
  /// - Parameter arguments: complete, with the command's name and what the environment adds.
  /// - Throws: ``UploadError`` with code `badValue` that shows the first other one.
  static func checkBytes(_ arguments: [String]) throws(UploadError) {
    guard arguments.contains(where: { NameBytes.containsRawBytes($0) }) else { return }
    let valueNames = CommandDescription.allValueNames
    let sends = ["send", "dashboard"].contains(arguments.first)
    var rest = arguments.dropFirst()
    var isBehindTerminator = false
    while let argument = rest.popFirst() {
      guard !isBehindTerminator, argument.hasPrefix("--") else {
        guard sends || !NameBytes.containsRawBytes(argument) else { throw failure(argument) }
        continue
      }
      isBehindTerminator = argument == "--"
      let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = parts.first.map(String.init) ?? ""
      let value = parts.count == 2 ? String(parts[1]) : valueNames.contains(name) ? rest.popFirst() ?? "" : ""
      guard !NameBytes.containsRawBytes(name), name == "name" || !NameBytes.containsRawBytes(value) else {
        throw failure(value)
      }
    }
  }

  private static func failure(_ argument: String) -> UploadError {
    UploadError(
      .badValue,
      "\"\(PlainText.sanitized(argument))\" is not UTF-8. Only the files of sluice send and of the dashboard, and --name, may be "
        + "so. Rename it."
    )
  }
}

/// `~` at the beginning of paths that no shell has expanded: values of environment variables, and of `--dir=~/up`, which
/// bash and others pass as it is.
///
/// Without this, `SLUICE_DIR=~/up` made a directory called `~` in the current one. A directory that is really called `~`
/// is written `./~`.
enum HomePath {
  /// `arguments` with `~` and `~/` replaced in the values of options that are paths; others' home directories (`~name`) are
  /// left alone.
  /// - Parameter home: absolute; asked for only where it is needed.
  static func expanded(_ arguments: [String], home: () -> String) -> [String] {
    guard arguments.contains(where: { $0.contains("~") }) else { return arguments }
    let options = CommandDescription.allPathNames
    var result: [String] = []
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      guard argument != "--" else { return result + [argument] + rest }
      guard argument.hasPrefix("--") else {
        result.append(argument)
        continue
      }
      let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard options.contains(String(parts[0])) else {
        result.append(argument)
        continue
      }
      if parts.count == 2 {
        result.append("--\(parts[0])=\(path(String(parts[1]), home))")
      } else {
        result.append(argument)
        if let value = rest.popFirst() { result.append(path(value, home)) }
      }
    }
    return result
  }

  private static func path(_ text: String, _ home: () -> String) -> String {
    guard text == "~" || text.hasPrefix("~/") else { return text }
    let home = home()
    let rest = text.dropFirst()
    return home.hasSuffix("/") && !rest.isEmpty ? home + rest.dropFirst() : home + rest
  }
}
