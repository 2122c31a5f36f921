import UploadCore

/// Finds the paths in a text that was pasted: a file dropped on a terminal arrives as its path, quoted in one of many ways.
package enum PastedPaths {
  /// The paths that `text` consists of; none when any part of it is no path.
  ///
  /// Understood are absolute paths and such that begin with `~/`, quoted and escaped as shells do or not at all, and
  /// `file:` addresses (RFC 8089) of this machine; several of them in a line or in lines of their own.
  /// - Parameter home: what `~` stands for; absolute.
  /// - Returns: absolute paths in their order, each once.
  package static func parse(_ text: String, home: String) -> [String] {
    guard text.utf8.count <= sizeLimit else { return [] }
    guard let paths = words(in: text, home: home) ?? lines(in: text, home: home) else { return [] }
    var known: Set<String> = []
    return paths.filter { known.insert($0).inserted }
  }

  /// More is no list of paths, but a file's content that was pasted by mistake.
  private static let sizeLimit = 1 << 20

  /// The text taken as words of a shell; nil when they are not all paths.
  private static func words(in text: String, home: String) -> [String]? {
    guard let words = ShellWords.split(text) else { return nil }
    return all(words) { path($0.text, expandsHome: $0.startsPlain, home: home) }
  }

  /// The text taken as a path a line, in which spaces and quotes are what they are: file managers copy that.
  private static func lines(in text: String, home: String) -> [String]? {
    let lines = text.split(whereSeparator: \.isNewline).map(String.init)
    return all(lines) { line in
      if let words = words(in: line, home: home), words.count == 1 { return words[0] }
      return path(String(line.trimmingWhitespace), expandsHome: true, home: home)
    }
  }

  private static func all<Part>(_ parts: [Part], _ path: (Part) -> String?) -> [String]? {
    var paths: [String] = []
    for part in parts {
      guard let path = path(part) else { return nil }
      paths.append(path)
    }
    return paths
  }

  private static func path(_ text: String, expandsHome: Bool, home: String) -> String? {
    let path: String
    if text.hasPrefix("/") {
      path = text
    } else if expandsHome, text == "~" || text.hasPrefix("~/") {
      path = PickerPath.absolute(text, in: home, home: home)
    } else if let local = fileAddress(text) {
      path = local
    } else {
      return nil
    }
    // PATH_MAX; and no name holds a NUL.
    return path.utf8.count < 4096 && !path.utf8.contains(0) ? path : nil
  }

  /// The path of a `file:` address whose host is this machine.
  private static func fileAddress(_ text: String) -> String? {
    guard text.prefix(5).lowercased() == "file:" else { return nil }
    var rest = text.dropFirst(5)
    if rest.hasPrefix("//") {
      rest = rest.dropFirst(2)
      guard let slash = rest.firstIndex(of: "/") else { return nil }
      let host = rest[..<slash].lowercased()
      guard host.isEmpty || host == "localhost" else { return nil }
      rest = rest[slash...]
    }
    guard rest.hasPrefix("/") else { return nil }
    // RFC 3986 section 2.1. What is not UTF-8 is kept.
    return Hexadecimal.undoingEscapes(in: rest.utf8, mark: UInt8(ascii: "%")).map { NameBytes($0).losslessText }
  }
}

/// Paths as text: what they are made of, without asking the file system.
enum PickerPath {
  /// The path of `name` in a directory.
  static func join(_ directory: String, _ name: String) -> String {
    directory.hasSuffix("/") ? directory + name : directory + "/" + name
  }

  /// The directory that holds what `path` names, and the last name in it; nil for the root.
  /// - Parameter path: absolute, without doubled slashes.
  static func split(_ path: String) -> (parent: String, name: String)? {
    let trimmed = path.utf8.count > 1 && path.hasSuffix("/") ? path.dropLast() : path[...]
    guard let slash = trimmed.lastIndex(of: "/") else { return nil }
    let name = trimmed[trimmed.index(after: slash)...]
    guard !name.isEmpty else { return nil }
    return (slash == trimmed.startIndex ? "/" : String(trimmed[..<slash]), String(name))
  }

  /// The last name of a path, for where it is shown; the path itself when it has none.
  static func name(_ path: String) -> String {
    split(path)?.name ?? path
  }

  /// A path that was typed, made absolute: `~` is the home directory, and what is relative counts from `directory`.
  static func absolute(_ text: String, in directory: String, home: String) -> String {
    if text == "~" { return home }
    if text.hasPrefix("~/") { return join(home, String(text.dropFirst(2))) }
    return text.hasPrefix("/") ? text : join(directory, text)
  }

  /// A path as it is shown: the home directory is `~`.
  static func abbreviated(_ path: String, home: String) -> String {
    guard home != "/", path.hasPrefix(home) else { return path }
    let rest = path.dropFirst(home.count)
    return rest.isEmpty || rest.hasPrefix("/") ? "~" + rest : path
  }
}
