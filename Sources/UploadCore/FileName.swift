/// A file name that is safe to create in one directory, made from the name that a client requests.
///
/// Rules: the last path component; control, bidirectional and invisible characters removed (``InvisibleCharacters``);
/// at most 255 bytes, shortened before the extension; never empty, `.` or `..`; never one of the store's own partial files.
/// Bytes that are not UTF-8 are kept: file systems store them.
package struct FileName: Hashable, Sendable, CustomStringConvertible {
  /// The longest name that a file system accepts, in bytes (NAME_MAX).
  package static let maximumLength = 255

  /// What the store's own unfinished files begin with; no upload may have such a name, or a restart would sweep it.
  package static let partialPrefix = ".sluice-"
  /// What the store's own unfinished files end with.
  package static let partialSuffix = ".part"

  /// For an upload without a name.
  package static let fallback = FileName(verbatim: "upload.bin")

  /// The name as the file system stores it.
  package let bytes: NameBytes

  /// The name as text; bytes that are not UTF-8 are escaped.
  package var description: String { bytes.description }

  /// Whether this is not the name that was requested, byte for byte. Different requested names may have become this one,
  /// so that a file with such a name never replaces another.
  package let wasAltered: Bool

  /// Cleans `suggestion`; nil when nothing is left of it.
  package init?(_ suggestion: String) {
    self.init(NameBytes(suggestion))
  }

  /// Cleans `suggestion`; nil when nothing is left of it.
  /// - Parameter isFlattened: whether the directories of a path have been removed before.
  package init?(_ suggestion: NameBytes, isFlattened: Bool = false) {
    let component = suggestion.bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).last ?? []
    let name = Self.cleaned(NameBytes(component).units)
    guard !name.isEmpty, name != ".", name != ".." else { return nil }
    let short = Self.shortened(name)
    // Checked after the shortening: a long name can become a partial file's by losing its end.
    bytes = Self.isPartial(short) ? Self.shortened(NameBytes("_".utf8 + short.bytes)) : short
    wasAltered = isFlattened || bytes != suggestion
  }

  /// Cleans the `filename` of a form's part. Old versions of Internet Explorer state a whole path there, `C:\dir\file`
  /// or `\\server\share\file`; only such a name is shortened to what follows its last backslash, which elsewhere is an
  /// ordinary character.
  package init?(formFilename filename: NameBytes) {
    let bytes = filename.bytes
    let backslash = UInt8(ascii: "\\")
    let hasDrive = bytes.count >= 3 && Self.isLetter(bytes[0]) && bytes[1] == UInt8(ascii: ":") && bytes[2] == backslash
    guard hasDrive || bytes.starts(with: [backslash, backslash]) else {
      self.init(filename)
      return
    }
    let name = bytes.split(separator: backslash, omittingEmptySubsequences: false).last ?? []
    self.init(NameBytes(name), isFlattened: true)
  }

  /// The name without its invisible characters. Where one was between two bytes that are not UTF-8 there is an underscore:
  /// side by side these could make up a control character.
  private static func cleaned(_ units: [NameBytes.Unit]) -> NameBytes {
    var kept: [NameBytes.Unit] = []
    var isGap = false
    for (unit, isShown) in zip(units, InvisibleCharacters.areShown(units.map(\.scalar))) {
      guard isShown else {
        isGap = true
        continue
      }
      if isGap, unit.scalar == nil, let last = kept.last, last.scalar == nil { kept.append(.scalar("_")) }
      isGap = false
      kept.append(unit)
    }
    return NameBytes(kept)
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
  }

  private static func shortened(_ name: NameBytes) -> NameBytes {
    let (stem, suffix) = split(name.bytes)
    return NameBytes(shortened(stem, toFit: suffix) + suffix)
  }

  /// The name to try when this one is taken: `report.pdf`, `report (2).pdf`, `report (3).pdf`; two extensions stay
  /// together where the first is `tar`.
  package func numbered(_ number: Int) -> FileName {
    guard number > 1 else { return self }
    let (stem, suffix) = Self.split(bytes.bytes)
    let tail = " (\(number))".utf8 + suffix
    return FileName(verbatim: NameBytes(Self.shortened(stem, toFit: tail) + tail), wasAltered: wasAltered)
  }

  private init(verbatim name: NameBytes, wasAltered: Bool = false) {
    bytes = name
    self.wasAltered = wasAltered
  }

  /// Whether `name` is that of an unfinished file of the store.
  package static func isPartial(_ name: NameBytes) -> Bool {
    name.bytes.starts(with: partialPrefix.utf8) && name.bytes.reversed().starts(with: partialSuffix.utf8.reversed())
  }

  /// Stem and extension, the dot with the extension; a leading dot begins a stem, and no extension is over 32 bytes.
  private static func split(_ name: [UInt8]) -> (stem: ArraySlice<UInt8>, suffix: ArraySlice<UInt8>) {
    guard let dot = name.lastIndex(of: UInt8(ascii: ".")), dot > 0 else { return (name[...], []) }
    var stem = name[..<dot]
    if stem.count > 4, stem.suffix(4).elementsEqual(".tar".utf8) { stem = stem.dropLast(4) }
    let suffix = name[stem.endIndex...]
    return suffix.count <= 33 ? (stem, suffix) : (name[...], [])
  }

  /// As many whole characters of `stem` as fit before `suffix`.
  private static func shortened(_ stem: ArraySlice<UInt8>, toFit suffix: some Collection<UInt8>) -> ArraySlice<UInt8> {
    let room = maximumLength - suffix.count
    guard stem.count > room else { return stem }
    var length = 0
    for character in String(validating: stem, as: UTF8.self) ?? "" {
      guard length + character.utf8.count <= room else { break }
      length += character.utf8.count
    }
    // A single character longer than the room (hundreds of combining marks) is divided between scalars instead; so is a
    // name that is not UTF-8.
    return stem.prefix(length > 0 ? length : lengthOfScalars(stem, upTo: room))
  }

  private static func lengthOfScalars(_ stem: ArraySlice<UInt8>, upTo room: Int) -> Int {
    var length = 0
    for unit in NameBytes(stem).units {
      let width = unit.scalar.map { UTF8.width($0) } ?? 1
      guard length + width <= room else { break }
      length += width
    }
    return length
  }
}
