/// `~` at the beginning of paths that no shell has expanded: values of environment variables, and of `--dir=~/up`, which
/// bash and others pass as it is.
///
/// Without this, `SLUICE_DIR=~/up` made a directory called `~` in the current one. A directory that is really called `~`
/// is written `./~`.
enum HomePath {
  /// Options, of any command, whose value is a path.
  static let options: Set<String> = [
    "dir", "tls-cert", "tls-key", "ca", "svg", "script", "frames", "settings",
  ]

  /// `arguments` with `~` and `~/` replaced in the values of ``options``; others' home directories (`~name`) are left alone.
  /// - Parameter home: absolute; asked for only where it is needed.
  static func expanded(_ arguments: [String], home: () -> String) -> [String] {
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
