/// A file name that is safe to create in one directory, made from what a stranger asked for.
///
/// Rules: the last path component; controls, bidirectional and zero-width characters removed;
/// at most 255 bytes, cut before the extension; never empty, `.` or `..`; never one of the store's own partial files.
package struct FileName: Hashable, Sendable, CustomStringConvertible {
  /// What a file system takes for one name, in bytes (NAME_MAX).
  package static let maximumLength = 255

  /// What the store's own unfinished files begin with; no upload may have such a name, or a restart would sweep it.
  package static let partialPrefix = ".sluice-"
  /// What the store's own unfinished files end with.
  package static let partialSuffix = ".part"

  /// For what has no name of its own.
  package static let fallback = FileName(verbatim: "upload.bin")

  package let description: String

  /// Cleans `suggestion`; nil when nothing is left of it.
  package init?(_ suggestion: String) {
    // By scalars, since a separator with a combining mark behind it is a character of its own.
    let scalars = suggestion.unicodeScalars
    let start = scalars.lastIndex { $0 == "/" || $0 == "\\" }.map { scalars.index(after: $0) } ?? scalars.startIndex
    var kept = String.UnicodeScalarView()
    kept.append(contentsOf: scalars[start...].lazy.filter { !PlainText.isUnsafe($0) })
    let name = String(kept)
    guard !name.isEmpty, name != ".", name != ".." else { return nil }
    let short = Self.shortened(name)
    // Asked after the cut: a long name can become a partial file's by losing its end.
    description = Self.isPartial(short) ? Self.shortened("_" + short) : short
  }

  private static func shortened(_ name: String) -> String {
    let (stem, suffix) = split(name)
    return String(shortened(stem, toFit: suffix) + suffix)
  }

  /// The name to try when this one is taken: `report.pdf`, `report (2).pdf`, `report (3).pdf`; two extensions stay
  /// together where the first is `tar`.
  package func numbered(_ number: Int) -> FileName {
    guard number > 1 else { return self }
    let (stem, suffix) = Self.split(description)
    let tail = " (\(number))" + suffix
    return FileName(verbatim: Self.shortened(stem, toFit: tail) + tail)
  }

  private init(verbatim name: String) {
    description = name
  }

  /// Whether `name` is one that the store gives to its own unfinished files.
  package static func isPartial(_ name: String) -> Bool {
    // By bytes, as the file system compares: a combining mark after the prefix makes another character of its last one.
    name.utf8.starts(with: partialPrefix.utf8) && name.utf8.reversed().starts(with: partialSuffix.utf8.reversed())
  }

  /// Stem and extension, the dot with the extension; a leading dot begins a stem, and no extension is over 32 bytes.
  private static func split(_ name: String) -> (stem: Substring, suffix: Substring) {
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return (name[...], "") }
    var stem = name[..<dot]
    var suffix = name[dot...]
    if stem.hasSuffix(".tar"), stem.count > 4 {
      stem = stem.dropLast(4)
      suffix = name[stem.endIndex...]
    }
    return suffix.utf8.count <= 33 ? (stem, suffix) : (name[...], "")
  }

  /// As many whole characters of `stem` as fit before `suffix`.
  private static func shortened(_ stem: Substring, toFit suffix: some StringProtocol) -> Substring {
    var room = maximumLength - suffix.utf8.count
    guard stem.utf8.count > room else { return stem }
    var end = stem.startIndex
    while end < stem.endIndex {
      room -= stem[end].utf8.count
      guard room >= 0 else { break }
      end = stem.index(after: end)
    }
    // A single character longer than the room (a storm of combining marks) is cut between scalars instead.
    return end > stem.startIndex ? stem[..<end] : shortenedByScalars(stem, room: maximumLength - suffix.utf8.count)
  }

  private static func shortenedByScalars(_ stem: Substring, room: Int) -> Substring {
    var left = room
    var end = stem.unicodeScalars.startIndex
    while end < stem.unicodeScalars.endIndex {
      left -= UTF8.width(stem.unicodeScalars[end])
      guard left >= 0 else { break }
      end = stem.unicodeScalars.index(after: end)
    }
    return stem[..<end]
  }
}
