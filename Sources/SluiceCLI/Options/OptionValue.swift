import ArgumentParser
import DashboardApp
import TerminalUI
import UploadCore
import UploadProtocol
import UploadStorage
import UploadTrials

/// A type of option values that are parsed from text: sizes, rates, times.
protocol OptionReadable: Sendable {
  /// - Throws: ``UploadError`` with code `badValue` that says what is wrong with `text` and shows a valid one.
  static func read(_ text: String) throws(UploadError) -> Self
}

/// An option's value with its text as the user wrote it, which messages repeat.
struct OptionValue<Value: OptionReadable>: Sendable, CustomStringConvertible {
  let value: Value
  /// The text as it was written.
  let description: String

  /// - Throws: a `ValidationError` that says what is wrong with `text`.
  init(parsing text: String) throws {
    value = try validated { () throws(UploadError) in try Value.read(text) }
    description = text
  }

  /// A default.
  /// - Parameter text: the value as a user would write it; the help shows it.
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
    if let size = ScreenSize.parse(text) { return size }
    let shown = PlainText.sanitized(text)
    throw UploadError(.badValue, "\"\(shown)\" is not a screen size. Write for example 120x34, at most 4096x4096.")
  }
}

/// Options with their help, and with the placeholder of their value in it.
extension Option {
  /// An option with a default, which the parser adds to the help.
  init(
    wrappedValue: Value,
    _ abstract: String,
    value: String,
    completion: CompletionKind? = nil
  ) where Value: ExpressibleByArgument {
    self.init(wrappedValue: wrappedValue, help: ArgumentHelp(abstract, valueName: value), completion: completion)
  }

  /// An option without a default.
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

  /// An ``OptionValue`` with a default, which is added to the help.
  init<Read: OptionReadable>(
    wrappedValue: OptionValue<Read>,
    _ abstract: String,
    value: String,
    discussion: String? = nil
  ) where Value == OptionValue<Read> {
    let text = "\(abstract) (default: \(wrappedValue))"
    let help = ArgumentHelp(text, discussion: discussion, valueName: value)
    self.init(wrappedValue: wrappedValue, help: help, transform: OptionValue<Read>.init(parsing:))
  }

  /// An ``OptionValue`` without a default.
  init<Read: OptionReadable>(_ abstract: String, value: String) where Value == OptionValue<Read>? {
    self.init(help: ArgumentHelp(abstract, valueName: value), transform: OptionValue<Read>.init(parsing:))
  }

  /// ``OptionValue``s of an option that may be repeated.
  init<Read: OptionReadable>(
    wrappedValue: [OptionValue<Read>],
    _ abstract: String,
    value: String
  ) where Value == [OptionValue<Read>] {
    let help = ArgumentHelp(abstract, valueName: value)
    self.init(wrappedValue: wrappedValue, help: help, transform: OptionValue<Read>.init(parsing:))
  }
}

extension SendMode: ExpressibleByArgument {}
extension FrameFormat: ExpressibleByArgument {}

/// Runs `body` and turns its ``UploadError`` into one that the parser reports as wrong usage.
func validated<Result>(_ body: () throws(UploadError) -> Result) throws -> Result {
  do throws(UploadError) {
    return try body()
  } catch {
    throw ValidationError(error.message)
  }
}

/// - Throws: a `ValidationError` when `port`, the value of `option`, is out of range.
func checkPort(_ port: Int, of option: String) throws {
  guard (0...65_535).contains(port) else { throw ValidationError("\(option) \(port) must be from 0 to 65535.") }
}

/// - Throws: a `ValidationError` when `jobs`, the value of `--jobs`, is out of range.
func checkJobs(_ jobs: Int) throws {
  guard (1...10_000).contains(jobs) else { throw ValidationError("--jobs \(jobs) must be from 1 to 10000.") }
}
