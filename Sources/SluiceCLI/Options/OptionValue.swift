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

/// Options with what they do, and with the word that stands for their value in the help.
extension Option {
  /// An option with a default.
  init(
    wrappedValue: Value,
    _ abstract: String,
    value: String,
    discussion: String? = nil,
    completion: CompletionKind? = nil
  ) where Value: ExpressibleByArgument {
    let help = ArgumentHelp(abstract, discussion: discussion, valueName: value)
    self.init(wrappedValue: wrappedValue, help: help, completion: completion)
  }

  /// An option that need not be given.
  init<Given: ExpressibleByArgument>(
    _ abstract: String,
    value: String,
    discussion: String? = nil,
    completion: CompletionKind? = nil
  ) where Value == Given? {
    self.init(help: ArgumentHelp(abstract, discussion: discussion, valueName: value), completion: completion)
  }

  /// An option that may be repeated.
  init<Given: ExpressibleByArgument>(wrappedValue: [Given], _ abstract: String, value: String) where Value == [Given] {
    self.init(wrappedValue: wrappedValue, help: ArgumentHelp(abstract, valueName: value))
  }

  /// An ``OptionValue`` with a default.
  init<Read: OptionReadable>(
    wrappedValue: OptionValue<Read>,
    _ abstract: String,
    value: String,
    discussion: String? = nil
  ) where Value == OptionValue<Read> {
    let help = ArgumentHelp(abstract, discussion: discussion, valueName: value)
    self.init(wrappedValue: wrappedValue, help: help, transform: OptionValue<Read>.init(parsing:))
  }

  /// An ``OptionValue`` that need not be given.
  init<Read: OptionReadable>(_ abstract: String, value: String) where Value == OptionValue<Read>? {
    self.init(help: ArgumentHelp(abstract, valueName: value), transform: OptionValue<Read>.init(parsing:))
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
