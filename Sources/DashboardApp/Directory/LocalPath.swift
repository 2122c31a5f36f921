/// Makes the paths that users type absolute.
package struct LocalPath: Sendable {
  /// What `~` stands for; absolute.
  package var home: String
  /// What relative paths count from; absolute.
  package var workingDirectory: String

  package init(home: String, workingDirectory: String) {
    self.home = home
    self.workingDirectory = workingDirectory
  }

  /// A path without `~`, `.`, `..` and doubled slashes, as shells keep it: links in it stay links, and `..` takes away
  /// the name before it.
  package func absolute(_ path: String) -> String {
    var names: [Substring.UnicodeScalarView] = []
    // By scalars: a mark behind a slash would make another character of it.
    for name in expanded(path).unicodeScalars.split(separator: "/") where !name.elementsEqual(".".unicodeScalars) {
      if name.elementsEqual("..".unicodeScalars) { _ = names.popLast() } else { names.append(name) }
    }
    return "/" + names.map { String($0) }.joined(separator: "/")
  }

  private func expanded(_ path: String) -> String {
    if path == "~" { return home }
    if path.hasPrefix("~/") { return home + path.dropFirst() }
    return path.hasPrefix("/") ? path : workingDirectory + "/" + path
  }
}
