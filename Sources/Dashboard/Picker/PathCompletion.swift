/// What Tab makes of a path that is being typed.
struct PathCompletion {
  /// What was typed up to the last slash, with it.
  let head: String
  /// The name that was begun.
  let prefix: String

  init(_ text: String) {
    if text == "~" {
      (head, prefix) = ("~/", "")
    } else {
      let slash = text.lastIndex(of: "/")
      head = slash.map { String(text[...$0]) } ?? ""
      prefix = slash.map { String(text[text.index(after: $0)...]) } ?? text
    }
  }

  /// The names that the prefix can become, and the text with as much of it as they share.
  ///
  /// Upper and lower case count as long as there is a name that fits exactly. Hidden names come only when a point was
  /// typed, and names that cannot be typed never.
  /// - Returns: the text as it was, and no names, when there are none.
  func complete(_ entries: [DirectoryEntry]) -> (text: String, candidates: [DirectoryEntry]) {
    let possible = entries.filter { prefix.hasPrefix(".") || !$0.name.hasPrefix(".") }
      .filter { !$0.name.unicodeScalars.contains { $0.properties.generalCategory == .control } }
    var fitting = possible.filter { $0.name.hasPrefix(prefix) }
    if fitting.isEmpty {
      let folded = PickerEntry.fold(prefix)
      fitting = possible.filter { PickerEntry.fold($0.name).starts(with: folded) }
    }
    guard let first = fitting.first else { return (head + prefix, []) }
    if fitting.count == 1 {
      return (head + first.name + (first.kind == .directory ? "/" : ""), fitting)
    }
    let common = fitting.dropFirst().reduce(first.name[...]) { shared, entry in
      shared.prefix(zip(shared, entry.name).prefix { $0 == $1 }.count)
    }
    // Names that differ in case only share less than was typed.
    return (head + (common.count < prefix.count ? prefix : String(common)), fitting)
  }
}
