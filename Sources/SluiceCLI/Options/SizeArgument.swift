import ArgumentParser
import UploadCore

/// A size on the command line, such as `256MiB`.
struct SizeArgument: Equatable, Sendable, CustomStringConvertible {
  let bytes: UInt64
  /// As it was written.
  let description: String

  /// - Throws: what is wrong with `text`, for the parser to show.
  init(parsing text: String) throws {
    do {
      bytes = try ByteSize.parse(text)
    } catch {
      throw ValidationError(error.message)
    }
    description = text
  }

  /// A default.
  init(bytes: UInt64, _ text: String) {
    self.bytes = bytes
    description = text
  }
}
