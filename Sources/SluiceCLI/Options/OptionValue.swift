import ArgumentParser
import DashboardApp
import TerminalUI
import UploadCore
import UploadProtocol
import UploadStorage
import UploadTrials

/// A type whose values an option reads from text, such as a size, a rate or a time.
protocol OptionReadable: Sendable {
  /// Reads a value as a user writes it.
  /// - Throws: ``UploadError`` with code `badValue` that says what is wrong with `text` and what is valid.
  init(_ text: String) throws(UploadError)
}

/// An option's value with its text as the user wrote it, which messages repeat.
struct OptionValue<Value: OptionReadable>: Sendable, CustomStringConvertible {
  let value: Value
  /// The text as it was written.
  let description: String

  /// Reads a value from the command line; for an option's `transform`.
  /// - Throws: a `ValidationError` that says what is wrong with `text`.
  init(parsing text: String) throws {
    value = try validated { () throws(UploadError) in try Value(text) }
    description = text
  }

  /// An option's default.
  /// - Parameter text: the value as a user would write it; the help shows it.
  init(_ value: Value, _ text: String) { (self.value, description) = (value, text) }
}

/// A size in bytes, written as `256MiB`, `1.9GB` or `512`.
extension SizeSetting: OptionReadable {
  init(_ text: String) throws(UploadError) { try self.init(parsing: text) }
}

/// A rate, written as `10MB/s`.
struct TransferRate: OptionReadable {
  /// The rate in bytes per second.
  let setting: SizeSetting

  init(_ text: String) throws(UploadError) { setting = try SizeSetting(parsingRate: text) }
}

/// A time, written as `30s`, `500ms` or `1.5h`; a bare number is seconds.
extension Duration: OptionReadable {
  init(_ text: String) throws(UploadError) { self = try TimeText.parse(text) }
}

/// Permissions of a file, written in octal without execute bits, as `640`.
extension FileMode: OptionReadable {
  init(_ text: String) throws(UploadError) { try self.init(octal: text) }
}

/// Media types, written as `image/png`, `image/*` or `*/*`.
extension MediaTypePattern: OptionReadable {}

/// The SHA-256 of a certificate, written as 64 hexadecimal digits, with or without colons.
extension CertificateFingerprint: OptionReadable {}

/// Columns and rows of a screen, written as `120x34`; at most `4096x4096`.
extension Size: OptionReadable {
  init(_ text: String) throws(UploadError) {
    guard let size = ScreenSize.parse(text) else {
      let shown = PlainText.sanitized(text)
      throw UploadError(.badValue, "\"\(shown)\" is not a screen size. Write for example 120x34, at most 4096x4096.")
    }
    self = size
  }
}

/// The whole numbers that an option accepts, and the placeholder for them in its help.
struct NumberKind: Sendable {
  /// The placeholder: `port` or `count`. The message about an invalid value begins with it.
  private let noun: String
  private let range: ClosedRange<Int>

  /// A TCP port; 0 for any free one.
  static let port = NumberKind(noun: "port", range: 0...65_535)

  /// A number of things, from `least` up to and including `most`.
  static func count(from least: Int = 1, to most: Int = .max) -> NumberKind {
    NumberKind(noun: "count", range: least...most)
  }

  /// The help of an option for such a number: `abstract`, with the placeholder for the value.
  func help(_ abstract: String) -> ArgumentHelp { ArgumentHelp(abstract, valueName: noun) }

  /// Reads a number.
  /// - Throws: a `ValidationError` that says which numbers are accepted, when `text` is not one of them.
  func read(_ text: String) throws -> Int {
    guard let number = Int(text), range.contains(number) else {
      let (least, most) = (range.lowerBound, range.upperBound)
      let limits = most == .max ? "of at least \(least)" : "from \(least) to \(most)"
      throw ValidationError("A \(noun) is a number \(limits).")
    }
    return number
  }
}

/// Options with their help (`abstract`) and the placeholder for their value in it (`value`).
extension Option {
  /// An option with a default, which the parser adds to the help.
  init(wrappedValue: Value, _ abstract: String, value: String, completion: CompletionKind? = nil)
  where Value: ExpressibleByArgument {
    self.init(wrappedValue: wrappedValue, help: ArgumentHelp(abstract, valueName: value), completion: completion)
  }

  /// An option without a default.
  init<T>(_ abstract: String, value: String, discussion: String? = nil, completion: CompletionKind? = nil)
  where T: ExpressibleByArgument, Value == T? {
    self.init(help: ArgumentHelp(abstract, discussion: discussion, valueName: value), completion: completion)
  }

  /// An option that may be repeated.
  init<Given: ExpressibleByArgument>(wrappedValue: [Given], _ abstract: String, value: String) where Value == [Given] {
    self.init(wrappedValue: wrappedValue, help: ArgumentHelp(abstract, valueName: value))
  }

  /// A number with a default, which is added to the help.
  init(wrappedValue: Int, _ abstract: String, _ kind: NumberKind) where Value == Int {
    let help = kind.help("\(abstract) (default: \(wrappedValue))")
    // The next argument in any case: the parser would report that -1 is an option, and the value missing.
    self.init(
      wrappedValue: wrappedValue,
      parsing: .unconditional,
      help: help,
      transform: { text in try kind.read(text) }
    )
  }

  /// A number without a default.
  init(_ abstract: String, _ kind: NumberKind) where Value == Int? {
    self.init(
      parsing: .unconditional,
      help: kind.help(abstract),
      transform: { text throws -> Int in try kind.read(text) }
    )
  }

  /// An ``OptionValue`` with a default, which is added to the help.
  init<Read>(wrappedValue: OptionValue<Read>, _ abstract: String, value: String, discussion: String? = nil)
  where Value == OptionValue<Read> {
    let text = "\(abstract) (default: \(wrappedValue))"
    let help = ArgumentHelp(text, discussion: discussion, valueName: value)
    self.init(wrappedValue: wrappedValue, help: help, transform: OptionValue<Read>.init(parsing:))
  }

  /// An ``OptionValue`` without a default.
  init<Read: OptionReadable>(_ abstract: String, value: String, discussion: String? = nil)
  where Value == OptionValue<Read>? {
    let help = ArgumentHelp(abstract, discussion: discussion, valueName: value)
    self.init(help: help, transform: OptionValue<Read>.init(parsing:))
  }

  /// ``OptionValue``s of an option that may be repeated.
  init<Read: OptionReadable>(wrappedValue: [OptionValue<Read>], _ abstract: String, value: String)
  where Value == [OptionValue<Read>] {
    let help = ArgumentHelp(abstract, valueName: value)
    self.init(wrappedValue: wrappedValue, help: help, transform: OptionValue<Read>.init(parsing:))
  }
}

extension SendMode: ExpressibleByArgument {}
extension FrameFormat: ExpressibleByArgument {}
extension NotificationMode: ExpressibleByArgument {}

/// Runs `body`, and turns its ``UploadError`` into a `ValidationError`, which the parser reports as wrong usage (status
/// 64).
func validated<Result>(_ body: () throws(UploadError) -> Result) throws -> Result {
  do throws(UploadError) {
    return try body()
  } catch {
    throw ValidationError(error.message)
  }
}
