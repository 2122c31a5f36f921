import ArgumentParser
import UploadCore

/// A size on the command line, such as `256MiB`.
struct SizeArgument: Equatable, Sendable, CustomStringConvertible {
  let size: SizeSetting
  /// As it was written.
  let description: String

  var bytes: UInt64 { size.bytes }

  /// - Throws: what is wrong with `text`, for the parser to show.
  init(parsing text: String) throws {
    do {
      size = try SizeSetting(parsing: text)
    } catch {
      throw ValidationError(error.message)
    }
    description = text
  }

  /// A default.
  init(bytes: UInt64, _ text: String) {
    size = SizeSetting(bytes)
    description = text
  }
}
