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
