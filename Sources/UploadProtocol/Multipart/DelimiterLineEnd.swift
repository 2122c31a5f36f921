import UploadCore

/// What may follow a boundary: two dashes, which end the form, or blanks and CRLF, which begin a part.
struct DelimiterLineEnd {
  enum Outcome {
    case needsBytes
    case partBegins
    case formEnds
  }

  private enum Expectation {
    /// Anything that may follow a boundary.
    case any
    /// The second of the closing dashes.
    case dash
    /// Blanks or CRLF.
    case lineEnd
    /// The LF after a CR.
    case lineFeed
  }

  private var expectation = Expectation.any

  /// Takes the next byte after the boundary.
  ///
  /// Throws `.malformedForm` for anything else: a line that begins with the boundary and goes on is neither clearly a
  /// delimiter nor clearly content, and receivers that guess differently have been tricked with it.
  mutating func take(_ byte: UInt8) throws(UploadError) -> Outcome {
    switch (expectation, byte) {
    case (.any, ASCII.dash):
      expectation = .dash
    case (.dash, ASCII.dash):
      return .formEnds
    case (.any, _) where ASCII.isBlank(byte), (.lineEnd, _) where ASCII.isBlank(byte):
      // Transport padding of RFC 2046 section 5.1.1.
      expectation = .lineEnd
    case (.any, ASCII.carriageReturn), (.lineEnd, ASCII.carriageReturn):
      expectation = .lineFeed
    case (.lineFeed, ASCII.lineFeed):
      return .partBegins
    case (_, ASCII.lineFeed):
      throw UploadError(.malformedForm, "A boundary's line ends in LF alone; lines of a form end in CR LF.")
    default:
      throw UploadError(
        .malformedForm,
        "A line begins with the boundary but goes on after it; choose a boundary that is in none of the parts."
      )
    }
    return .needsBytes
  }
}
