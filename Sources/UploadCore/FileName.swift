import Glibc

/// A file name that is safe to create in one directory, made from the name that a client requests.
///
/// Rules: the last path component; control, bidirectional and invisible characters removed (``InvisibleCharacters``);
/// at most 255 bytes, shortened before the extension; never empty, `.` or `..`; never a name that the store uses for
/// itself (``isReserved(_:)``). Bytes that are not UTF-8 are kept: file systems store them.
package struct FileName: Hashable, Sendable, CustomStringConvertible {
  /// The longest name that a file system accepts, in bytes (NAME_MAX).
  package static let maximumLength = 255

  /// What the names of the store's own unfinished files begin with. No upload has a name with this prefix and
  /// ``partialSuffix``: the next start of a server would delete its file.
  package static let partialPrefix = ".sluice-"
  /// What the names of the store's own unfinished files end with, after ``partialPrefix``.
  package static let partialSuffix = ".part"

  /// The directory, within the upload directory, where the store keeps the bytes and records of unfinished uploads. No
  /// upload has this name, in upper or lower case.
  package static let unfinishedDirectory = ".sluice-uploads"

  /// `upload.bin`, for an upload without a usable name.
  package static let fallback = FileName(verbatim: "upload.bin")

  /// The name as the file system stores it: 1 to 255 bytes without `/` and NUL.
  package let bytes: NameBytes

  /// The name as text, safe to show; bytes that are not UTF-8 are escaped as in `\xE9`.
  package var description: String { bytes.description }

  /// Whether the requested name was changed to this one; a number from ``numbered(_:)`` does not count. Different
  /// requested names may have become this one, so a file with such a name must not replace another. False for
  /// ``fallback``.
  package let wasAltered: Bool

  /// Makes a safe name of the requested one, `suggestion`; nil when nothing, `.` or `..` is left of it.
  package init?(_ suggestion: String) { self.init(NameBytes(suggestion)) }

  /// Makes a safe name of the requested one, `suggestion`; nil when nothing, `.` or `..` is left of it.
  /// - Parameter isFlattened: whether directories have already been removed from the requested path; then
  ///   ``wasAltered`` is true.
  package init?(_ suggestion: NameBytes, isFlattened: Bool = false) {
    if suggestion.isOrdinary {
      (bytes, wasAltered) = (suggestion, isFlattened)
      return
    }
    let component = suggestion.bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).last ?? []
    let requested = NameBytes(component)
    let name = requested.isPlain ? requested : Self.cleaned(requested.units)
    guard !name.isEmpty, name != ".", name != ".." else { return nil }
    let short = Self.shortened(name)
    // Checked after the shortening: a long name can become a partial file's by losing its end.
    bytes = Self.isReserved(short) ? Self.shortened(NameBytes("_".utf8 + short.bytes)) : short
    wasAltered = isFlattened || bytes != suggestion
  }

  /// Makes a safe name of the `filename` of a form's part; nil when nothing, `.` or `..` is left of it. Old versions of
  /// Internet Explorer state a whole path there, `C:\dir\file` or `\\server\share\file`: only such a name is shortened
  /// to what follows its last backslash, which elsewhere is an ordinary character.
  package init?(formFilename filename: NameBytes) {
    let bytes = filename.bytes
    let backslash = UInt8(ascii: "\\")
    let startsWithLetter = bytes.first.map { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20) } ?? false
    if startsWithLetter && bytes.dropFirst().starts(with: ":\\".utf8) || bytes.starts(with: [backslash, backslash]) {
      let name = bytes.split(separator: backslash, omittingEmptySubsequences: false).last ?? []
      self.init(NameBytes(name), isFlattened: true)
    } else {
      self.init(filename)
    }
  }

  /// The name without its invisible characters. Where one was between two bytes that are not UTF-8 there is an
  /// underscore: side by side these could make up a control character.
  private static func cleaned(_ units: [NameBytes.Unit]) -> NameBytes {
    var kept: [NameBytes.Unit] = []
    var isGap = false
    for (unit, isShown) in zip(units, InvisibleCharacters.areShown(units.map(\.scalar))) {
      if isShown {
        if isGap, unit.scalar == nil, let last = kept.last, last.scalar == nil { kept += NameBytes("_").units }
        kept.append(unit)
      }
      isGap = !isShown
    }
    return NameBytes(kept)
  }

  private static func shortened(_ name: NameBytes) -> NameBytes {
    let (stem, suffix) = split(name.bytes)
    return NameBytes(shortened(stem, toFit: suffix) + suffix)
  }

  /// The name to try as attempt `number` while the earlier ones are taken: `report.pdf`, `report (2).pdf`,
  /// `report (3).pdf`. Below 2 the name itself. Still at most 255 bytes; `.tar` and the extension behind it are not
  /// separated.
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

  /// Whether a file of this name is an unfinished one of the store: the name has ``partialPrefix`` and
  /// ``partialSuffix``.
  package static func isPartial(_ name: NameBytes) -> Bool {
    name.bytes.starts(with: partialPrefix.utf8) && name.bytes.reversed().starts(with: partialSuffix.utf8.reversed())
  }

  /// Whether the store uses this name for itself: a partial file's (``isPartial(_:)``) or ``unfinishedDirectory``.
  package static func isReserved(_ name: NameBytes) -> Bool {
    guard !isPartial(name) else { return true }
    // The file system may ignore case. Setting this bit makes capital letters small, and changes neither `.` nor `-`.
    return name.bytes.count == unfinishedDirectory.utf8.count
      && zip(name.bytes, unfinishedDirectory.utf8).allSatisfy { $0 | 0x20 == $1 | 0x20 }
  }

  /// Stem and extension, the dot with the extension, and a `.tar` before it too; a leading dot begins a stem, and no
  /// extension is over 32 bytes.
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
    let characters = (String(validating: stem, as: UTF8.self) ?? "").map(\.utf8.count)
    let length = sum(of: characters, upTo: room)
    // A single character longer than the room (hundreds of combining marks) is divided between scalars instead; so is a
    // name that is not UTF-8.
    return stem.prefix(length > 0 ? length : sum(of: NameBytes(stem).units.map(\.bytes.count), upTo: room))
  }

  /// The sum of the first of `lengths`, as many as fit into `room`.
  private static func sum(of lengths: [Int], upTo room: Int) -> Int {
    var sum = 0
    for length in lengths {
      guard sum + length <= room else { break }
      sum += length
    }
    return sum
  }
}

/// A name or path as the bytes that a file system, a URL or a form has for it; they are not checked.
///
/// Usually these are UTF-8, but Linux file systems accept any bytes except NUL and `/`. A Swift string would replace
/// other bytes with U+FFFD, and the file could not be found again; so names stay bytes from the request to the disk and
/// back, and become text only where they are shown.
package struct NameBytes: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
  package let bytes: [UInt8]

  package init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

  /// Without a copy.
  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  package init(_ text: String) { bytes = Array(text.utf8) }

  package init(stringLiteral text: String) { self.init(text) }

  /// Copies the bytes of a C string without the NUL that ends it.
  package init(cString: UnsafePointer<CChar>) {
    self.init(UnsafeRawBufferPointer(start: cString, count: strlen(cString)))
  }

  package var isEmpty: Bool { bytes.isEmpty }

  /// Whether it is `.`, which names a directory itself.
  package var isDot: Bool { bytes.count == 1 && bytes[0] == UInt8(ascii: ".") }

  /// Whether it is `..`, which names the parent of a directory.
  package var isDotDot: Bool { bytes.count == 2 && bytes[0] == UInt8(ascii: ".") && bytes[1] == bytes[0] }

  /// Whether the bytes are printable ASCII: most names are, and have nothing to be removed or escaped.
  var isPlain: Bool { bytes.allSatisfy { $0 >= 0x20 && $0 < 0x7F } }

  /// Whether no rule of ``FileName`` can change the name, or make it unusable: that is so of most. Names that begin with a
  /// dot have rules of their own.
  fileprivate var isOrdinary: Bool {
    bytes.count <= FileName.maximumLength && bytes.first ?? UInt8(ascii: ".") != UInt8(ascii: ".")
      && bytes.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }
  }

  /// Whether the bytes are UTF-8, so that ``description`` is the exact name.
  package var isUTF8: Bool { String(validating: bytes, as: UTF8.self) != nil }

  /// The bytes and a NUL behind them, as system calls expect. A NUL within the bytes would end the string early.
  package var cString: [CChar] {
    [CChar](unsafeUninitializedCapacity: bytes.count + 1) { buffer, count in
      for index in bytes.indices { buffer[index] = CChar(bitPattern: bytes[index]) }
      buffer[bytes.count] = 0
      count = bytes.count + 1
    }
  }

  /// Calls `body` with the ``cString``; the pointer is valid only during the call. Throws what `body` throws.
  package func withCString<Result>(_ body: (UnsafePointer<CChar>) throws -> Result) rethrows -> Result {
    try body(cString)
  }

  /// The name as text, not made safe to show. Every byte that is not part of valid UTF-8 becomes an escape such as
  /// `\xE9`, as in a shell's `$'…'`; the escapes cannot be undone, so use ``losslessText`` to open the file again.
  package var description: String {
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    // Only bytes from 0x80 on are invalid: always two digits.
    return units.map { $0.scalar.map { String($0) } ?? "\\x" + Hexadecimal.text($0.bytes).uppercased() }.joined()
  }

  /// A Unicode scalar, or one byte that is not part of valid UTF-8.
  struct Unit {
    /// Nil for a byte that is not part of valid UTF-8.
    let scalar: Unicode.Scalar?
    /// The bytes that it was decoded from, 1 to 4.
    let bytes: ArraySlice<UInt8>
  }

  /// The bytes decoded as UTF-8, in order; every byte is in exactly one unit.
  var units: [Unit] {
    var parser = Unicode.UTF8.ForwardParser()
    var input = bytes.makeIterator()
    var position = 0
    var units: [Unit] = []
    while true {
      switch parser.parseScalar(from: &input) {
      case .valid(let encoded):
        let scalar = Unicode.UTF8.decode(encoded)
        units.append(Unit(scalar: scalar, bytes: bytes[position..<position + encoded.count]))
        position += encoded.count
      case .error(let length):
        units += (position..<position + length).map { Unit(scalar: nil, bytes: bytes[$0...$0]) }
        position += length
      case .emptyInput:
        return units
      }
    }
  }

  /// Joins the bytes that ``units`` were decoded from.
  init(_ units: some Sequence<Unit>) { self.init(units.flatMap(\.bytes)) }
}

/// Names and paths in a `String` without loss.
///
/// Arguments, the file picker and the queue handle paths as strings. A string cannot contain bytes that are not UTF-8,
/// so each such byte becomes one private-use scalar, U+10FE80 for 0x80 to U+10FEFF for 0xFF (as Python's
/// `surrogateescape` does with surrogates, which Swift's strings cannot contain). Where those scalars themselves occur
/// as UTF-8, their four bytes are written so too, and every sequence of bytes has one text. ``PlainText/sanitized(_:)``
/// shows such a byte as `\xE9`.
extension NameBytes {
  private static let base: UInt32 = 0x10FE00
  private static let scalars: ClosedRange<UInt32> = (base + 0x80)...(base + 0xFF)

  /// The bytes of a name or path from its ``losslessText``. Of any other text its UTF-8, except that each scalar from
  /// U+10FE80 to U+10FEFF becomes one byte.
  package init(lossless text: String) {
    guard Self.mayContainRawBytes(text) else {
      self.init(text)
      return
    }
    let bytes = text.unicodeScalars.flatMap { scalar -> [UInt8] in
      Self.scalars.contains(scalar.value) ? [UInt8(truncatingIfNeeded: scalar.value)] : Array(String(scalar).utf8)
    }
    self.init(bytes)
  }

  /// The name as a text that ``init(lossless:)`` converts back to exactly these bytes; the name itself where it is
  /// UTF-8 without the private-use scalars from U+10FE80 to U+10FEFF. Not safe to show before
  /// ``PlainText/sanitized(_:)``.
  package var losslessText: String {
    if let text = String(validating: bytes, as: UTF8.self), !Self.mayContainRawBytes(text) { return text }
    var text = String.UnicodeScalarView()
    for unit in units {
      if let scalar = unit.scalar, !Self.scalars.contains(scalar.value) {
        text.append(scalar)
      } else {
        // Always a scalar: the range contains no surrogate.
        text.append(contentsOf: unit.bytes.map { Unicode.Scalar(Self.base + UInt32($0)) ?? "\u{FFFD}" })
      }
    }
    return String(text)
  }

  /// Whether a text from ``losslessText`` contains scalars that stand for single bytes, so that the name is not the
  /// text's UTF-8.
  package static func containsRawBytes(_ text: String) -> Bool {
    mayContainRawBytes(text) && text.unicodeScalars.contains { scalars.contains($0.value) }
  }

  /// Calls `body` with the bytes of a path from ``losslessText`` as the C string that system calls expect; the pointer
  /// is valid only during the call. Throws what `body` throws.
  package static func withPath<Result>(
    _ path: String,
    _ body: (UnsafePointer<CChar>) throws -> Result
  ) rethrows -> Result {
    guard mayContainRawBytes(path) else { return try path.withCString(body) }
    return try NameBytes(lossless: path).withCString(body)
  }

  /// A quick check, true for some other texts too: the scalars, as all beyond U+100000, begin with 0xF4 in UTF-8.
  private static func mayContainRawBytes(_ text: String) -> Bool { text.utf8.contains(0xF4) }
}
