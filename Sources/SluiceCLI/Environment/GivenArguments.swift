/// What the command line itself says, as far as it matters for what the environment may add.
struct GivenArguments {
  /// Long names without dashes of the options given.
  private(set) var names: Set<String> = []
  /// Whether files are named.
  private(set) var hasFiles = false
  /// Whether nothing but help is wanted.
  private(set) var asksForHelp = false

  /// - Parameter valueNames: options whose value is the next argument, unless it stands behind a `=`.
  init(_ arguments: ArraySlice<String>, valueNames: [String]) {
    var rest = arguments
    while let argument = rest.popFirst() {
      if argument == "--" {
        hasFiles = hasFiles || !rest.isEmpty
        return
      }
      guard argument.hasPrefix("--") else {
        if argument == "-h" { asksForHelp = true } else { hasFiles = true }
        continue
      }
      let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts[0])
      names.insert(name)
      if name == "help" { asksForHelp = true }
      if parts.count == 1, valueNames.contains(name) { _ = rest.popFirst() }
    }
  }
}
