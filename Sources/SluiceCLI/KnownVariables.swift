import UploadCore

/// All `SLUICE_` variables that mean something, and warnings about those that do not.
///
/// A misspelt variable would otherwise silently leave a limit at its default.
enum KnownVariables {
  static let prefix = "SLUICE_"

  /// Variables that are no options. Programs of this package set or read them: the program itself
  /// (``ParentProcess``), its tests and its examples.
  static let others: Set<String> = [
    "SLUICE_PARENT_PROCESS", "SLUICE_BINARY", "SLUICE_UNDER_TEST", "SLUICE_KILL_ROUNDS", "SLUICE_FUZZ_CASES",
    "SLUICE_FUZZ_SEED", "SLUICE_RANDOM_FRAMES", "SLUICE_RECORD_FRAMES",
  ]

  /// Names of the variables that set the options and switches of all commands.
  static let options = Set(CommandDescription.all.flatMap(\.optionNames).map(EnvironmentDefaults.variable))

  private static let switches = Set(CommandDescription.all.flatMap(\.switchNames).map(EnvironmentDefaults.variable))

  /// Whether a variable of this name should set an option: it begins with ``prefix`` and is none of ``others``. The
  /// option need not exist.
  static func mayBeOption(_ name: String) -> Bool { name.hasPrefix(prefix) && !others.contains(name) }

  /// One sentence for each `SLUICE_` variable that is set and either belongs to no option of any command, or gives a
  /// switch an invalid value; in alphabetical order. An empty value counts as unset. Values are not repeated: they may
  /// be secrets.
  static func warnings(_ environment: [String: String]) -> [String] {
    let set = environment.filter { mayBeOption($0.key) && !$0.value.isEmpty }
    return set.sorted { $0.key < $1.key }.compactMap { name, value in
      if switches.contains(name) {
        if EnvironmentDefaults.isOn(value) || ["0", "false", "no"].contains(value.lowercased()) { return nil }
        return "Environment variable \(name) is ignored: the value of a switch is 1, true, yes, 0, false or no."
      }
      guard !options.contains(name) else { return nil }
      let suggestion = closest(to: name).map { " Did you mean \($0)?" } ?? " See: sluice --help"
      return "Unknown environment variable \(PlainText.sanitized(name)) is ignored.\(suggestion)"
    }
  }

  /// The option's variable that was probably meant; nil when none is close.
  private static func closest(to name: String) -> String? {
    let wanted = letters(name)
    let ranked = options.map { (name: $0, distance: EditDistance.between(wanted, letters($0))) }
    guard let best = ranked.min(by: { ($0.distance, $0.name) < ($1.distance, $1.name) }) else { return nil }
    return best.distance <= min(2, wanted.count / 3) ? best.name : nil
  }

  /// The letters of a name that are compared: without underscores, so that `MAXSIZE` and `MAX_SIZE` are equal. At most
  /// 64: no option is longer, and the comparison takes quadratic time.
  private static func letters(_ name: String) -> [UInt8] {
    Array(name.utf8.dropFirst(prefix.utf8.count).lazy.filter { $0 != UInt8(ascii: "_") }.map { $0 | 0x20 }.prefix(64))
  }
}

/// The least number of insertions, deletions and replacements of bytes that make one text of another (Levenshtein).
enum EditDistance {
  static func between(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var row = Array(0...right.count)
    for (index, byte) in left.enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for (column, other) in right.enumerated() {
        let replaced = diagonal + (byte == other ? 0 : 1)
        diagonal = row[column + 1]
        row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
      }
    }
    return row[right.count]
  }
}
