import ArgumentParser
import UploadCore

/// A span of time on the command line, such as `30s`.
struct TimeArgument: Equatable, Sendable, CustomStringConvertible {
  let duration: Duration
  /// As it was written.
  let description: String

  /// - Throws: what is wrong with `text`, for the parser to show.
  init(parsing text: String) throws {
    do {
      duration = try TimeText.parse(text)
    } catch {
      throw ValidationError(error.message)
    }
    description = text
  }

  /// A default.
  init(seconds: Double, _ text: String) {
    duration = .seconds(seconds)
    description = text
  }
}
