import ArgumentParser
import UploadCore

/// A rate on the command line, such as `10MB/s`.
struct RateArgument: Equatable, Sendable, CustomStringConvertible {
  let rate: SizeSetting
  /// As it was written.
  let description: String

  var bytesPerSecond: UInt64 { rate.bytes }

  /// - Throws: what is wrong with `text`, for the parser to show.
  init(parsing text: String) throws {
    do {
      rate = try SizeSetting(parsingRate: text)
    } catch {
      throw ValidationError(error.message)
    }
    description = text
  }
}
