import UploadCore

/// The process's arguments as text.
enum ProcessArguments {
  /// The arguments after the program's name. Bytes that are not UTF-8 are kept (``NameBytes/losslessText``); Swift's
  /// own `CommandLine.arguments` would replace them, and so name another file.
  static func all() -> [String] {
    (1..<max(1, Int(CommandLine.argc))).compactMap { index in
      CommandLine.unsafeArgv[index].map { NameBytes(cString: $0).losslessText }
    }
  }

  /// Checks that only names of files to send (`send`, `dashboard`), and `--name`, contain bytes that are not UTF-8:
  /// only these arguments are turned back into bytes.
  /// - Parameter arguments: complete, with the command's name and the options added from the environment.
  /// - Throws: ``UploadError`` with code `badValue` that shows the first other argument with such bytes.
  static func checkBytes(_ arguments: [String]) throws(UploadError) {
    guard arguments.contains(where: { NameBytes.containsRawBytes($0) }) else { return }
    let sendsFiles = ["send", "dashboard"].contains(arguments.first)
    for argument in GivenArgument.split(arguments.dropFirst(), valueNames: CommandDescription.allValueNames) {
      if argument.name == "name" || (sendsFiles && argument.name == nil) { continue }
      guard let wrong = argument.texts.first(where: { NameBytes.containsRawBytes($0) }) else { continue }
      throw UploadError(
        .badValue,
        "\"\(PlainText.sanitized(wrong))\" is not UTF-8. Only file names of sluice send and of the dashboard, and the "
          + "value of --name, may contain other bytes. Rename it."
      )
    }
  }
}

/// One argument of a command line, with its value if it is an option, as far as it can be split without the parser.
struct GivenArgument {
  /// The option's long name without dashes, `help` for `-h`, and empty for the terminator `--`; nil for any other
  /// argument, such as a file.
  let name: String?
  /// The option's value; nil for a switch, and where it is missing.
  let value: String?
  /// The argument as it was written, and its value if that was an argument of its own.
  let texts: [String]

  /// Splits a command line without the command's name.
  /// - Parameter valueNames: long names of options whose value is the next argument, unless it follows a `=`.
  static func split(_ arguments: ArraySlice<String>, valueNames: Set<String>) -> [GivenArgument] {
    var (result, rest) = ([GivenArgument](), arguments)
    var isTerminated = false
    while let argument = rest.popFirst() {
      guard !isTerminated, argument.hasPrefix("--") else {
        let name = !isTerminated && argument == "-h" ? "help" : nil
        result.append(GivenArgument(name: name, value: nil, texts: [argument]))
        continue
      }
      isTerminated = argument == "--"
      let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts[0])
      var (value, texts) = (parts.count == 2 ? String(parts[1]) : nil, [argument])
      if value == nil, valueNames.contains(name), let next = rest.popFirst() {
        value = next
        texts.append(next)
      }
      result.append(GivenArgument(name: name, value: value, texts: texts))
    }
    return result
  }
}

/// `~` at the beginning of paths that no shell has expanded: values of environment variables, and of `--dir=~/up`,
/// which bash and others pass unchanged.
///
/// Without this, `SLUICE_DIR=~/up` would make a directory called `~` in the current one. A directory that is really
/// called `~` is written `./~`.
enum HomePath {
  /// `arguments` with `~` and `~/` replaced in the values of options that are paths. Other users' home directories
  /// (`~name`) are not replaced.
  /// - Parameters:
  ///   - arguments: with the command's name.
  ///   - home: returns an absolute path; called only where it is needed.
  static func expanded(_ arguments: [String], home: () -> String) -> [String] {
    guard arguments.contains(where: { $0.contains("~") }) else { return arguments }
    let options = CommandDescription.allPathNames
    let given = GivenArgument.split(arguments.dropFirst(), valueNames: CommandDescription.allValueNames)
    let rest = given.flatMap { argument -> [String] in
      guard let name = argument.name, let value = argument.value, options.contains(name) else { return argument.texts }
      let expanded = path(value, home)
      return argument.texts.count == 1 ? ["--\(name)=\(expanded)"] : ["--\(name)", expanded]
    }
    return Array(arguments.prefix(1)) + rest
  }

  private static func path(_ text: String, _ home: () -> String) -> String {
    guard text == "~" || text.hasPrefix("~/") else { return text }
    let home = home()
    let rest = text.dropFirst()
    return home.hasSuffix("/") && !rest.isEmpty ? home + rest.dropFirst() : home + rest
  }
}
