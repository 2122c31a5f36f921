import Basics
import Dashboard
import FoundationEssentials
import Glibc
import TerminalUI
import UploadCore
import UploadReport

/// The file that keeps the user's settings. May block.
///
/// One that cannot be parsed (edited by hand, with a quote missing) is moved aside before a new one is written.
package struct SettingsFile: Sendable {
  /// Larger ones are none of ours, in bytes.
  private static let limit = 64 * 1024

  let path: String

  package init(path: String) {
    self.path = path
  }

  /// Reads the settings.
  /// - Returns: the defaults where there is no file, and with a note where there is one that cannot be used.
  func load() -> (settings: DashboardSettings, note: String?) {
    switch content() {
    case .none: return (DashboardSettings(), nil)
    case .settings(let settings): return (settings, nil)
    case .unusable(let reason, let isKept):
      let (shown, aside) = (PlainText.sanitized(path), PlainText.sanitized(Self.aside(name)))
      let rest = isKept ? " It is kept as \(aside) when new ones are saved." : ""
      return (DashboardSettings(), "Your settings are not used: \(shown)\(reason).\(rest)")
    }
  }

  private enum Content {
    case none
    case settings(DashboardSettings)
    /// - isKept: whether it is a file, which is moved aside before it is written anew.
    case unusable(String, isKept: Bool)
  }

  private func content() -> Content {
    // A FIFO of that name must not block the start.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return .none }
      return .unusable(": \(String(cString: strerror(errno)))", isKept: errno == EACCES)
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      return .unusable(" is not a regular file", isKept: false)
    }
    guard let bytes = readAll(descriptor, limit: Self.limit), bytes.count <= Self.limit else {
      return .unusable(" cannot be read, or is larger than 64 KiB", isKept: true)
    }
    return SettingsText.settings(from: bytes).map(Content.settings)
      ?? .unusable(" is not a JSON object", isKept: true)
  }

  private var name: String {
    String(path.suffix(from: path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex))
  }

  /// What a file that is not understood is called once it is moved aside.
  private static func aside(_ path: String) -> String { path + ".bad" }

  /// Writes the settings: a reader finds the old ones or the new ones, complete. A link stays a link.
  /// - Throws: ``UploadError``: `nameTaken` when something other than a regular file is there, `badDirectory`, `diskFull`
  ///   or `storageFailed`.
  func save(_ settings: DashboardSettings) throws(UploadError) {
    do throws(UploadError) {
      let target = try OutputTarget(path).path
      try make(String(target[..<(target.lastIndex(of: "/") ?? target.startIndex)]))
      let file = try OutputFile(path: path, existing: .replace, mode: 0o600)
      try file.write(SettingsText.text(settings))
      try file.sync()
      if case .unusable(_, isKept: true) = content() { try keepAside(target) }
      try file.finish()
    } catch {
      throw UploadError(error.code, "Your settings cannot be saved. \(error.message)", cause: error.cause)
    }
  }

  /// Moves a file that could not be used out of the way.
  private func keepAside(_ target: String) throws(UploadError) {
    let aside = Self.aside(target)
    var status = stat()
    if lstat(aside, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      throw UploadError(
        .nameTaken,
        "\(PlainText.sanitized(aside)) is not a regular file. Remove it, or repair the settings."
      )
    }
    guard rename(target, aside) == 0 else { throw failure("rename") }
  }

  private func make(_ directory: String) throws(UploadError) {
    var end = directory.startIndex
    while end < directory.endIndex {
      end = directory[directory.index(after: end)...].firstIndex(of: "/") ?? directory.endIndex
      guard mkdir(String(directory[..<end]), 0o700) == 0 || errno == EEXIST else { throw failure("mkdir") }
    }
  }

  private func failure(_ call: String) -> UploadError {
    let cause = SystemCallError(call, errno)
    return UploadError(
      .storageFailed,
      "\(PlainText.sanitized(path)): \(cause.reason).",
      cause: cause
    )
  }
}

/// Settings as JSON. Unknown keys are ignored, and each value that is not known is the default.
enum SettingsText {
  private struct Object: Decodable {
    enum Key: String, CodingKey {
      case theme, bar, sort, mode, refreshRate, directory
    }

    var settings = DashboardSettings()

    init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: Key.self)
      func text(_ key: Key) -> String? { try? values.decode(String.self, forKey: key) }
      func word<Word: RawRepresentable<String>>(_ key: Key) -> Word? { text(key).flatMap { Word(rawValue: $0) } }
      settings.theme = word(.theme) ?? settings.theme
      settings.bar = word(.bar) ?? settings.bar
      settings.sort = word(.sort) ?? settings.sort
      if let mode: SendMode = word(.mode) { settings.mode = mode.uploadMode }
      if let rate = try? values.decode(Int.self, forKey: .refreshRate), DashboardSettings.refreshRates.contains(rate) {
        settings.refreshRate = rate
      }
      if let directory = text(.directory), directory.hasPrefix("/") { settings.directory = directory }
    }
  }

  /// - Returns: nil when `bytes` is no JSON object.
  static func settings(from bytes: [UInt8]) -> DashboardSettings? {
    try? JSONDecoder().decode(Object.self, from: Data(bytes)).settings
  }

  static func text(_ settings: DashboardSettings) -> String {
    let value = JSONValue.object([
      ("theme", .string(settings.theme.rawValue)),
      ("bar", .string(settings.bar.rawValue)),
      ("sort", .string(settings.sort.rawValue)),
      ("mode", .string(settings.mode.rawValue)),
      ("refreshRate", .integer(settings.refreshRate)),
      ("directory", .optional(settings.directory)),
    ])
    return value.serialized + "\n"
  }
}

/// Where the user's settings are (XDG Base Directory Specification).
enum SettingsLocation {
  /// The file's path; nil where there is no place for it.
  static func path(_ environment: [String: String]) -> String? {
    // The specification has relative ones ignored.
    if let base = environment["XDG_CONFIG_HOME"], base.hasPrefix("/") { return base + "/sluice/config.json" }
    guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
    return home + "/.config/sluice/config.json"
  }
}

/// Writes settings beside its caller, one after the other; of those that come while it writes, the last.
struct SettingsSaver: Sendable {
  private let settings: AsyncStream<DashboardSettings>.Continuation
  private let writing: Task<Void, Never>

  /// - Parameter onFailure: hears why settings cannot be written; the same reason once.
  init(_ file: SettingsFile, onFailure: @escaping @Sendable (String) -> Void) {
    let (stream, continuation) = AsyncStream.makeStream(
      of: DashboardSettings.self,
      bufferingPolicy: .bufferingNewest(1)
    )
    settings = continuation
    writing = Task.detached {
      var lastFailure: String?
      for await settings in stream {
        do throws(UploadError) {
          try file.save(settings)
          lastFailure = nil
        } catch {
          if error.message != lastFailure { onFailure(error.message) }
          lastFailure = error.message
        }
      }
    }
  }

  /// Nothing here waits.
  func save(_ settings: DashboardSettings) {
    self.settings.yield(settings)
  }

  /// Returns when all is written; nothing more is taken.
  func finish() async {
    settings.finish()
    await writing.value
  }
}
