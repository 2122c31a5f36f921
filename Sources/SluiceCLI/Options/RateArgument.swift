import ArgumentParser
import UploadCore

/// A rate on the command line, such as `10MB/s`.
struct RateArgument: Equatable, Sendable, CustomStringConvertible {
  let bytesPerSecond: UInt64
  /// As it was written.
  let description: String

  /// - Throws: what is wrong with `text`, for the parser to show.
  init(parsing text: String) throws {
    do {
      bytesPerSecond = try ByteSize.parseRate(text)
    } catch {
      throw ValidationError(error.message)
    }
    description = text
  }
}
