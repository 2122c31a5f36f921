/// The parameters of a Content-Disposition field, read as leniently as real clients write them.
///
/// Unlike the strict grammar this takes unquoted values with blanks and backslashes in them, and quotes inside of quoted
/// values that nobody escaped: a quote ends a value only where a semicolon or the end of the field follows.
struct DispositionParameters {
  struct Value: Equatable {
    /// As it was written, without the quotes around it.
    let bytes: ArraySlice<UInt8>
    let isQuoted: Bool
  }

  private var parameters: [(name: ArraySlice<UInt8>, value: Value)] = []

  /// Whether the search for a quote that ends a value has gone through to the end of the field in vain. It is not
  /// repeated then, or a field full of escaped quotes would take time that grows with the square of its length.
  private var isWithoutEnd = false

  init(_ field: some Collection<UInt8>) {
    var rest = Array(field)[...]
    while !rest.isEmpty {
      let name = rest.prefix { $0 != ASCII.equals && $0 != ASCII.semicolon }
      rest = rest[name.endIndex...]
      // What has no value is the type, or nothing.
      guard rest.popFirst() == ASCII.equals else { continue }
      let value = takeValue(from: &rest)
      parameters.append((name.trimmingBlanks, value))
    }
  }

  /// The value of a parameter; of repeated ones the first counts. `name` is in small letters.
  subscript(_ name: StaticString) -> Value? {
    parameters.first { $0.name.equalsIgnoringCase(name) }?.value
  }

  private mutating func takeValue(from rest: inout ArraySlice<UInt8>) -> Value {
    rest = rest.drop(while: ASCII.isBlank)
    let isQuoted = rest.first == ASCII.quote
    guard isQuoted else {
      let value = rest.prefix { $0 != ASCII.semicolon }
      rest = rest[value.endIndex...].dropFirst()
      return Value(bytes: value.trimmingBlanks, isQuoted: false)
    }
    rest.removeFirst()
    let end = endOfQuoted(rest)
    let value = rest[..<end]
    rest = rest[end...].drop { $0 != ASCII.semicolon }.dropFirst()
    return Value(bytes: value, isQuoted: true)
  }

  /// Where the quote stands that ends a quoted value, or the field's end when there is none.
  private mutating func endOfQuoted(_ text: ArraySlice<UInt8>) -> Int {
    var escapedEnd: Int?
    var isEscaped = false
    for index in text.indices {
      let byte = text[index]
      if byte == ASCII.quote, endsValue(text, at: index) {
        guard isEscaped else { return index }
        // The name of a file may end in a backslash, and browsers leave it as it is.
        escapedEnd = escapedEnd ?? index
        if isWithoutEnd { break }
      }
      isEscaped = byte == ASCII.backslash && !isEscaped
    }
    isWithoutEnd = true
    return escapedEnd ?? text.endIndex
  }

  /// Whether a semicolon or the field's end follows a quote, with blanks between them or not.
  private func endsValue(_ text: ArraySlice<UInt8>, at quote: Int) -> Bool {
    let next = text[(quote + 1)...].first { !ASCII.isBlank($0) }
    return next == nil || next == ASCII.semicolon
  }
}
