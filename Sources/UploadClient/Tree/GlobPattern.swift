package import UploadCore

/// A pattern of `--exclude` that names files and directories of a tree. Pure: it compares text, and reads no directory.
///
/// | pattern | matches |
/// |---|---|
/// | `*.tmp` | names at any level, since there is no slash in it |
/// | `cache/*.bin`, `/top` | paths relative to the directory that is sent, since there is a slash in or before it |
/// | `build/` | only directories, since it ends in a slash |
/// | `*`, `?`, `[a-z]`, `[!a-z]` | any characters, one character, one of these, one but these; never a slash |
/// | `**/x`, `a/**`, `a/**/b` | any number of directories: at the start, all that is below `a`, between `a` and `b` |
/// | `\*` | the character after the backslash itself |
///
/// Case matters. A byte of a name that is not UTF-8 counts as one character.
package struct GlobPattern: Sendable, Equatable {
  /// What one step of the pattern matches.
  private enum Step: Sendable, Equatable {
    case literal(Unicode.Scalar)
    case anyCharacter
    case set([ClosedRange<Unicode.Scalar>], isNegated: Bool)
    /// Any number of characters of one component.
    case star
    /// Any number of whole components, each with its slash.
    case directories
    /// At least one character, slashes included.
    case everything
  }

  private let steps: [Step]
  private let onlyDirectories: Bool
  /// Whether it is compared with the whole relative path, and not with the last component.
  private let isPath: Bool

  /// - Parameter text: may contain bytes that are not UTF-8 (``NameBytes/losslessText``).
  /// - Throws: ``UploadError`` with code `badValue` for a pattern that can match nothing: an empty one, `/`, one with a `[`
  ///   without `]` or an invalid range, or one that ends in a backslash.
  package init(_ text: String) throws(UploadError) {
    var rest = Array(text.unicodeScalars)[...]
    onlyDirectories = rest.last == "/"
    if onlyDirectories { rest = rest.dropLast() }
    isPath = rest.contains("/")
    if rest.first == "/" { rest = rest.dropFirst() }
    guard !rest.isEmpty else { throw Self.invalid(text, "names nothing") }
    var steps: [Step] = []
    var isStart = true
    while let scalar = rest.popFirst() {
      let wasStart = isStart
      isStart = scalar == "/"
      switch scalar {
      case "*" where wasStart && rest.starts(with: "*/".unicodeScalars):
        rest = rest.dropFirst(2)
        isStart = true
        if steps.last != .directories { steps.append(.directories) }
      case "*" where wasStart && isPath && rest.elementsEqual("*".unicodeScalars):
        rest = []
        steps.append(.everything)
      case "*": if steps.last != .star { steps.append(.star) }
      case "?": steps.append(.anyCharacter)
      case "[": steps.append(try Self.set(&rest, of: text))
      case "\\":
        guard let next = rest.popFirst() else { throw Self.invalid(text, "ends in a backslash") }
        steps.append(.literal(next))
      default: steps.append(.literal(scalar))
      }
    }
    self.steps = steps
  }

  /// Whether the pattern matches a file or directory.
  /// - Parameter path: relative to the directory that is sent, without a slash at either end
  ///   (``NameBytes/losslessText``).
  package func matches(_ path: String, isDirectory: Bool) -> Bool {
    guard isDirectory || !onlyDirectories else { return false }
    let scalars = Array(path.unicodeScalars)
    guard !isPath, let slash = scalars.lastIndex(of: "/") else { return matches(scalars[...]) }
    return matches(scalars[(slash + 1)...])
  }

  // MARK: Matching

  /// Follows all ways through the pattern at once, so that no pattern makes it slow: at most `steps` operations for each
  /// character.
  private func matches(_ text: ArraySlice<Unicode.Scalar>) -> Bool {
    var states = [Bool](repeating: false, count: steps.count + 1)
    enter(0, &states, isBoundary: true)
    for scalar in text {
      var next = [Bool](repeating: false, count: steps.count + 1)
      for (index, step) in steps.enumerated() where states[index] {
        switch step {
        case .literal(let wanted): if scalar == wanted { enter(index + 1, &next, isBoundary: scalar == "/") }
        case .anyCharacter: if scalar != "/" { enter(index + 1, &next, isBoundary: false) }
        case .set(let ranges, let isNegated):
          if scalar != "/", ranges.contains(where: { $0.contains(scalar) }) != isNegated {
            enter(index + 1, &next, isBoundary: false)
          }
        case .star: if scalar != "/" { enter(index, &next, isBoundary: false) }
        case .directories: enter(index, &next, isBoundary: scalar == "/")
        case .everything:
          next[index] = true
          enter(index + 1, &next, isBoundary: false)
        }
      }
      states = next
    }
    return states[steps.count]
  }

  /// Adds a state, and those that are reached from it without a character.
  /// - Parameter isBoundary: whether a component of the path begins here.
  private func enter(_ index: Int, _ states: inout [Bool], isBoundary: Bool) {
    var index = index
    while true {
      states[index] = true
      guard index < steps.count else { return }
      switch steps[index] {
      case .star: index += 1
      case .directories where isBoundary: index += 1
      case .directories, .literal, .anyCharacter, .set, .everything: return
      }
    }
  }

  // MARK: Parsing

  /// Parses a set after its `[`. A `]` directly after that, or after the `!` or `^`, is a member.
  private static func set(_ rest: inout ArraySlice<Unicode.Scalar>, of text: String) throws(UploadError) -> Step {
    let isNegated = rest.first == "!" || rest.first == "^"
    if isNegated { rest = rest.dropFirst() }
    var ranges: [ClosedRange<Unicode.Scalar>] = []
    while let scalar = rest.popFirst() {
      if scalar == "]", !ranges.isEmpty { return .set(ranges, isNegated: isNegated) }
      let first = scalar == "\\" ? rest.popFirst() ?? scalar : scalar
      guard rest.first == "-", let last = rest.dropFirst().first, last != "]" else {
        ranges.append(first...first)
        continue
      }
      rest = rest.dropFirst(2)
      guard first <= last else { throw invalid(text, "has the range \(first)-\(last), which is empty") }
      ranges.append(first...last)
    }
    throw invalid(text, "has a [ without a ]")
  }

  private static func invalid(_ text: String, _ problem: String) -> UploadError {
    UploadError(
      .badValue,
      "The pattern \"\(PlainText.sanitized(text))\" \(PlainText.sanitized(problem)). "
        + "Write for example *.tmp, build/ or docs/**/draft-?.txt."
    )
  }
}
