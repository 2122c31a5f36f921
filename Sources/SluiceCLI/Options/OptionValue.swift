import ArgumentParser
import DashboardApp
import TerminalUI
import UploadCore
import UploadProtocol
import UploadStorage
import UploadTrials

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

extension FileMode {
  /// For options.
  init(parsing text: String) throws {
    do throws(UploadError) {
      try self.init(octal: text)
    } catch {
      throw ValidationError(error.message)
    }
  }
}

extension MediaTypePattern {
  /// For options.
  init(parsing text: String) throws {
    do throws(UploadError) {
      try self.init(text)
    } catch {
      throw ValidationError(error.message)
    }
  }
}

extension SendMode: ExpressibleByArgument {}
extension FrameFormat: ExpressibleByArgument {}

extension ScreenSize {
  /// - Throws: what is wrong, for the parser to show.
  static func argument(_ text: String) throws -> Size {
    guard let size = parse(text) else { throw ValidationError("A screen's size is written 120x34.") }
    return size
  }
}
