import ArgumentParser
import DashboardApp
import TerminalUI
import UploadCore
import UploadProtocol
import UploadStorage
import UploadTrials

/// A value that an option takes as text: a size, a rate, a time.
protocol OptionReadable: Sendable {
  /// - Throws: ``UploadError`` with code `badValue` that says what is wrong with `text`, and how it is written.
  static func read(_ text: String) throws(UploadError) -> Self
}

/// An option's value with its text as the user wrote it, which messages repeat.
struct OptionValue<Value: OptionReadable>: Sendable, CustomStringConvertible {
  let value: Value
  /// As it was written.
  let description: String

  /// - Throws: what is wrong with `text`, for the parser to show.
  init(parsing text: String) throws {
    value = try validated { () throws(UploadError) in try Value.read(text) }
    description = text
  }

  /// A default.
  /// - Parameter text: as a user would write it.
  init(_ value: Value, _ text: String) {
    self.value = value
    description = text
  }
}

/// `256MiB`
extension SizeSetting: OptionReadable {
  static func read(_ text: String) throws(UploadError) -> SizeSetting { try SizeSetting(parsing: text) }
}

/// `10MB/s`
struct TransferRate: OptionReadable {
  /// In bytes per second.
  let setting: SizeSetting

  static func read(_ text: String) throws(UploadError) -> TransferRate {
    TransferRate(setting: try SizeSetting(parsingRate: text))
  }
}

/// `30s`
extension Duration: OptionReadable {
  static func read(_ text: String) throws(UploadError) -> Duration { try TimeText.parse(text) }
}

/// `640`
extension FileMode: OptionReadable {
  static func read(_ text: String) throws(UploadError) -> FileMode { try FileMode(octal: text) }
}

/// `image/*`
extension MediaTypePattern: OptionReadable {
  static func read(_ text: String) throws(UploadError) -> MediaTypePattern { try MediaTypePattern(text) }
}

/// 64 hexadecimal digits.
extension CertificateFingerprint: OptionReadable {
  static func read(_ text: String) throws(UploadError) -> CertificateFingerprint { try CertificateFingerprint(text) }
}

/// `120x34`
extension Size: OptionReadable {
  static func read(_ text: String) throws(UploadError) -> Size {
    guard let size = ScreenSize.parse(text) else {
      throw UploadError(.badValue, "A screen's size is written 120x34.")
    }
    return size
  }
}

extension SendMode: ExpressibleByArgument {}
extension FrameFormat: ExpressibleByArgument {}

/// Runs `body`, whose ``UploadError`` becomes one that the parser shows as wrong usage.
func validated<Result>(_ body: () throws(UploadError) -> Result) throws -> Result {
  do throws(UploadError) {
    return try body()
  } catch {
    throw ValidationError(error.message)
  }
}
