import UploadCore

/// Finds the paths in pasted text: a file dropped on a terminal arrives as its path, quoted in one of many ways.
enum PastedPaths {
  /// The paths that `text` consists of; none when any part of it is not a path, or it is longer than 1 MiB. Whether
  /// they exist is not checked.
  ///
  /// Accepts absolute paths and paths that begin with `~/`, quoted or escaped as in shells or not at all, and `file:`
  /// URLs (RFC 8089) of this machine; separated by spaces, or one in each line of text.
  /// - Parameter home: the home directory, which `~` stands for; absolute.
  /// - Returns: absolute paths in their order, without duplicates, each shorter than 4,096 bytes and without NUL.
  static func parse(_ text: String, home: String) -> [String] {
    guard text.utf8.count <= sizeLimit else { return [] }
    var known: Set<String> = []
    let paths = separated(text, home: home) ?? unquoted(text, home: home) ?? []
    return paths.filter { known.insert($0).inserted }
  }

  /// In bytes. Longer text is the content of a file that was pasted by mistake.
  private static let sizeLimit = 1 << 20

  /// The paths in text that is quoted as shell arguments; nil when one of the arguments is not a path, or the quoting
  /// is invalid.
  private static func separated(_ text: String, home: String) -> [String]? {
    ShellArguments.split(text).flatMap { arguments in
      all(arguments.map { path($0.text, expandsHome: $0.startsPlain, home: home) })
    }
  }

  /// The paths in text with one path in each line of text, where spaces and quotes belong to the path: file managers
  /// copy paths that way. Nil when one of them is not a path.
  private static func unquoted(_ text: String, home: String) -> [String]? {
    let paths = text.split(whereSeparator: \.isNewline).map { line -> String? in
      if let paths = separated(String(line), home: home), paths.count == 1 { return paths.first }
      return path(String(line.trimmingWhitespace), expandsHome: true, home: home)
    }
    return all(paths)
  }

  /// The values of all elements; nil when one has none.
  private static func all(_ paths: [String?]) -> [String]? {
    let values = paths.compactMap { $0 }
    return values.count == paths.count ? values : nil
  }

  private static func path(_ text: String, expandsHome: Bool, home: String) -> String? {
    let isPath = text.hasPrefix("/") || expandsHome && (text == "~" || text.hasPrefix("~/"))
    let path: String? = isPath ? PickerPath.absolute(text, in: home, home: home) : fileURL(text)
    // PATH_MAX counts the NUL at the end of a path, and no name contains one.
    return path.flatMap { $0.utf8.count < 4096 && !$0.utf8.contains(0) ? $0 : nil }
  }

  /// The path of a `file:` URL whose host is this machine; nil for other text.
  private static func fileURL(_ text: String) -> String? {
    guard text.prefix(5).lowercased() == "file:" else { return nil }
    var path = text.dropFirst(5)
    if path.hasPrefix("//") {
      let host = path.dropFirst(2).prefix { $0 != "/" }
      guard ["", "localhost"].contains(host.lowercased()) else { return nil }
      path = path[host.endIndex...]
    }
    guard path.hasPrefix("/") else { return nil }
    // RFC 3986 section 2.1. Bytes that are not UTF-8 are kept.
    return Hexadecimal.undoingEscapes(in: path.utf8, mark: UInt8(ascii: "%")).map { NameBytes($0).losslessText }
  }
}

/// Operations on paths as text, without access to the file system.
enum PickerPath {
  /// The path of `name` in a directory; for an empty name, the directory's path with a slash at its end.
  static func join(_ directory: String, _ name: String) -> String {
    directory.hasSuffix("/") ? directory + name : directory + "/" + name
  }

  /// The parent directory of a path and the last name in it, without regard to a slash at the end; nil for the root.
  /// - Parameter path: absolute, without doubled slashes.
  static func split(_ path: String) -> (parent: String, name: String)? {
    let trimmed = path.utf8.count > 1 && path.hasSuffix("/") ? path.dropLast() : path[...]
    guard let slash = trimmed.lastIndex(of: "/") else { return nil }
    let name = trimmed[trimmed.index(after: slash)...]
    guard !name.isEmpty else { return nil }
    return (slash == trimmed.startIndex ? "/" : String(trimmed[..<slash]), String(name))
  }

  /// A typed path made absolute: `~` is replaced by the home directory, a relative path is one below `directory`. `.`
  /// and `..` remain in it.
  static func absolute(_ text: String, in directory: String, home: String) -> String {
    if text == "~" { return home }
    if text.hasPrefix("~/") { return join(home, String(text.dropFirst(2))) }
    return text.hasPrefix("/") ? text : join(directory, text)
  }

  /// A path for display: `~` replaces the home directory at its start, unless that is the root. Not sanitized.
  static func abbreviated(_ path: String, home: String) -> String {
    guard home.count > 1, path.hasPrefix(home) else { return path }
    let rest = path.dropFirst(home.count)
    return rest.isEmpty || rest.hasPrefix("/") ? "~" + rest : path
  }
}
