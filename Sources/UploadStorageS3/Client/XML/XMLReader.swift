/// Why a text is not XML that is read.
struct XMLProblem: Error, Equatable {
  enum Kind: Equatable {
    /// The document ends within markup or an element.
    case truncated
    case malformed
    /// It has a document type declaration: entities could make it grow without limit, or name files.
    case documentType
    /// It is too large, too deep, or has too many elements.
    case limit
  }

  let kind: Kind
  /// Where, in bytes from the beginning.
  let offset: Int
}

/// Reads the XML documents of S3 engines: elements, character data, the five named entities and numbered characters, CDATA.
/// Attributes, comments and processing instructions are skipped. Everything else is an error.
struct XMLReader {
  /// What a document may have at most.
  struct Limits {
    /// A listing of 1,000 keys of 1,024 bytes, percent-encoded, has less than 4 MiB.
    var bytes = 8 << 20
    var depth = 12
    /// A listing of 1,000 objects or parts has at most 12,000.
    var elements = 50_000
  }

  private let bytes: [UInt8]
  private let limits: Limits
  private var position = 0
  private var elements = 0
  /// The elements that have begun and not ended, the root first.
  private var open: [XMLElement] = []

  /// Reads a whole document.
  /// - Returns: its root.
  static func read(_ bytes: [UInt8], limits: Limits = Limits()) throws(XMLProblem) -> XMLElement {
    guard bytes.count <= limits.bytes else { throw XMLProblem(kind: .limit, offset: limits.bytes) }
    var reader = XMLReader(bytes: bytes, limits: limits)
    return try reader.document()
  }

  private init(bytes: [UInt8], limits: Limits) { (self.bytes, self.limits) = (bytes, limits) }

  private mutating func document() throws(XMLProblem) -> XMLElement {
    var root: XMLElement?
    _ = skip("\u{FEFF}")
    while position < bytes.count {
      if bytes[position] != UInt8(ascii: "<") {
        try characters()
      } else if skip("<?") {
        try skipPast("?>")
      } else if skip("<!--") {
        try skipPast("-->")
      } else if skip("<![CDATA[") {
        try characterSection()
      } else if skip("<!") {
        throw problem(.documentType)
      } else if skip("</") {
        if let closed = try endTag() { root = closed }
      } else {
        guard root == nil else { throw problem(.malformed) }
        position += 1
        if let empty = try startTag() { root = empty }
      }
    }
    guard let root, open.isEmpty else { throw problem(.truncated) }
    return root
  }

  // MARK: Tags

  /// - Returns: the root, when this was an empty one.
  private mutating func startTag() throws(XMLProblem) -> XMLElement? {
    let name = try name()
    elements += 1
    guard elements <= limits.elements, open.count < limits.depth else { throw problem(.limit) }
    while true {
      skipBlanks()
      guard position < bytes.count else { throw problem(.truncated) }
      if skip(">") {
        open.append(XMLElement(name: name))
        return nil
      }
      if skip("/>") { return close(XMLElement(name: name)) }
      try skipAttribute()
    }
  }

  /// - Returns: the root, when this was its end.
  private mutating func endTag() throws(XMLProblem) -> XMLElement? {
    let name = try name()
    skipBlanks()
    guard position < bytes.count else { throw problem(.truncated) }
    guard skip(">"), var element = open.popLast(), element.name == name else { throw problem(.malformed) }
    if !element.children.isEmpty { element.text = "" }
    return close(element)
  }

  /// Adds an element to the one that it is in.
  /// - Returns: the element, when it is in none.
  private mutating func close(_ element: XMLElement) -> XMLElement? {
    guard !open.isEmpty else { return element }
    open[open.count - 1].children.append(element)
    return nil
  }

  /// A name without its prefix.
  private mutating func name() throws(XMLProblem) -> String {
    let start = position
    while position < bytes.count, Self.isNameByte(bytes[position]) { position += 1 }
    guard position < bytes.count else { throw problem(.truncated) }
    let local = bytes[start..<position].split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    guard local.count <= 2, let last = local.last, !last.isEmpty else { throw problem(.malformed) }
    return try text(last)
  }

  private mutating func skipAttribute() throws(XMLProblem) {
    let start = position
    while position < bytes.count, Self.isNameByte(bytes[position]) { position += 1 }
    guard position > start || position == bytes.count else { throw problem(.malformed) }
    skipBlanks()
    guard position < bytes.count else { throw problem(.truncated) }
    guard skip("=") else { throw problem(.malformed) }
    skipBlanks()
    guard position < bytes.count else { throw problem(.truncated) }
    let quote = bytes[position]
    guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { throw problem(.malformed) }
    position += 1
    while position < bytes.count, bytes[position] != quote {
      guard bytes[position] != UInt8(ascii: "<") else { throw problem(.malformed) }
      position += 1
    }
    guard position < bytes.count else { throw problem(.truncated) }
    position += 1
  }

  // MARK: Characters

  private mutating func characters() throws(XMLProblem) {
    let start = position
    while position < bytes.count, bytes[position] != UInt8(ascii: "<") { position += 1 }
    let run = bytes[start..<position]
    guard !open.isEmpty else {
      guard run.allSatisfy(Self.isBlank) else { throw XMLProblem(kind: .malformed, offset: start) }
      return
    }
    let isAmpersand = { (byte: UInt8) in byte == UInt8(ascii: "&") }
    guard run.contains(where: isAmpersand) else { return try append(run) }
    var rest = run
    while let ampersand = rest.firstIndex(where: isAmpersand) {
      try append(rest[..<ampersand])
      let reference = rest[(ampersand + 1)...].prefix(10)
      guard let end = reference.firstIndex(of: UInt8(ascii: ";")),
        let scalar = Self.scalar(reference[..<end])
      else {
        // The document may end within the reference.
        let isCut = rest.endIndex - ampersand <= 10 && position == bytes.count
        throw XMLProblem(kind: isCut ? .truncated : .malformed, offset: ampersand)
      }
      open[open.count - 1].text.unicodeScalars.append(scalar)
      rest = rest[(end + 1)...]
    }
    try append(rest)
  }

  private mutating func characterSection() throws(XMLProblem) {
    let start = position
    try skipPast("]]>")
    guard !open.isEmpty else { throw problem(.malformed) }
    try append(bytes[start..<(position - 3)])
  }

  private mutating func append(_ run: ArraySlice<UInt8>) throws(XMLProblem) {
    open[open.count - 1].text += try text(run)
  }

  private func text(_ run: ArraySlice<UInt8>) throws(XMLProblem) -> String {
    guard let text = String(validating: run, as: UTF8.self) else {
      throw XMLProblem(kind: .malformed, offset: run.startIndex)
    }
    return text
  }

  /// The character of a reference without `&` and `;`; nil for one that is not defined without a document type.
  private static func scalar(_ reference: ArraySlice<UInt8>) -> Unicode.Scalar? {
    let name = String(decoding: reference, as: UTF8.self)
    switch name {
    case "lt": return "<"
    case "gt": return ">"
    case "amp": return "&"
    case "quot": return "\""
    case "apos": return "'"
    case _ where name.hasPrefix("#x"):
      let digits = name.dropFirst(2)
      return digits.allSatisfy(\.isHexDigit) ? UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init) : nil
    case _ where name.hasPrefix("#"):
      let digits = name.dropFirst()
      return digits.utf8.allSatisfy { (0x30...0x39).contains($0) } ? UInt32(digits).flatMap(Unicode.Scalar.init) : nil
    case _: return nil
    }
  }

  // MARK: Bytes

  private mutating func skip(_ text: String) -> Bool {
    guard bytes[position...].starts(with: text.utf8) else { return false }
    position += text.utf8.count
    return true
  }

  private mutating func skipPast(_ text: String) throws(XMLProblem) {
    guard let found = bytes[position...].firstRange(of: Array(text.utf8)) else {
      position = bytes.count
      throw problem(.truncated)
    }
    position = found.upperBound
  }

  private mutating func skipBlanks() {
    while position < bytes.count, Self.isBlank(bytes[position]) { position += 1 }
  }

  private func problem(_ kind: XMLProblem.Kind) -> XMLProblem { XMLProblem(kind: kind, offset: position) }

  private static func isBlank(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0D].contains(byte) }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...0x3A,
      UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), 0x80...:
      true
    case _: false
    }
  }
}

/// An element of an XML document, without attributes and namespaces.
struct XMLElement: Sendable, Equatable {
  /// Without the prefix of a namespace.
  var name: String
  /// The character data directly in it; empty where it has elements.
  var text = ""
  var children: [XMLElement] = []

  /// The first child of a name; nil without one.
  subscript(name: String) -> XMLElement? { children.first { $0.name == name } }

  /// All children of a name, in their order.
  func all(_ name: String) -> some Sequence<XMLElement> { children.lazy.filter { $0.name == name } }
}
