import Dashboard
import FoundationEssentials
import Glibc
import TerminalUI
import UploadCore
import UploadReport

/// The file with the user's settings. Its functions may block.
///
/// A regular file that cannot be used (edited by hand, with a quote missing; too large; not readable) is renamed to
/// `NAME.bad` before a new one is written.
package struct SettingsFile: Sendable {
  private let file: UserFile

  package init(path: String) { file = UserFile(path: path) }

  var path: String { file.path }

  /// Reads the settings; the defaults where there is no file, or it cannot be used. The note tells the user why it
  /// cannot be used; otherwise it is nil.
  func load() -> (settings: DashboardSettings, note: String?) {
    do throws(UserFile.Unusable) {
      return (try content(), nil)
    } catch {
      let name = path.dropFirst(OutputTarget.directory(of: path).count)
      let aside = PlainText.sanitized(String(name) + Self.suffix)
      let rest = error.isKept ? " It is kept as \(aside) when new ones are saved." : ""
      return (DashboardSettings(), "Your settings are not used: \(PlainText.sanitized(path))\(error.reason).\(rest)")
    }
  }

  /// - Returns: the defaults when there is no file.
  private func content() throws(UserFile.Unusable) -> DashboardSettings {
    guard let bytes = try file.read() else { return DashboardSettings() }
    guard let settings = SettingsText.settings(from: bytes) else {
      throw UserFile.Unusable(reason: " is not a JSON object", isKept: true)
    }
    return settings
  }

  /// Appended to the name of a file that cannot be parsed.
  private static let suffix = ".bad"

  /// Writes the settings, and creates missing directories: a reader finds the old ones or the new ones, complete. A
  /// symbolic link is preserved.
  /// - Throws: ``UploadError``: `nameTaken` when something other than a regular file is there, `badDirectory`,
  ///   `diskFull` or `storageFailed`.
  func save(_ settings: DashboardSettings) throws(UploadError) {
    do throws(UploadError) {
      let target = try OutputTarget(path).path
      try file.createDirectory(of: target)
      let new = try OutputFile(path: path, existing: .replace, mode: 0o600)
      try new.write(SettingsText.text(settings))
      try new.sync()
      let old = Result { () throws(UserFile.Unusable) in try content() }
      if case .failure(let unusable) = old, unusable.isKept { try keepAside(target) }
      try new.finish()
    } catch {
      throw UploadError(error.code, "Your settings cannot be saved. \(error.message)", cause: error.cause)
    }
  }

  /// Renames a file that cannot be parsed.
  private func keepAside(_ target: String) throws(UploadError) {
    let aside = target + Self.suffix
    var status = stat()
    if lstat(aside, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      let shown = PlainText.sanitized(aside)
      throw UploadError(.nameTaken, "\(shown) is not a regular file. Remove it, or repair the settings.")
    }
    guard rename(target, aside) == 0 else { throw file.failure("rename") }
  }
}

/// Settings as JSON. Unknown keys are ignored; an invalid value counts as the default.
enum SettingsText {
  private struct Object: Decodable {
    enum Key: String, CodingKey {
      case theme, bar, sort, density, mode, refreshRate, directory
    }

    var settings = DashboardSettings()

    init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: Key.self)
      func text(_ key: Key) -> String? { try? values.decode(String.self, forKey: key) }
      func value<Value: RawRepresentable<String>>(_ key: Key) -> Value? { text(key).flatMap { Value(rawValue: $0) } }
      settings.theme = value(.theme) ?? settings.theme
      settings.bar = value(.bar) ?? settings.bar
      settings.sort = value(.sort) ?? settings.sort
      settings.density = value(.density) ?? settings.density
      if let mode: SendMode = value(.mode) { settings.mode = mode.uploadMode }
      if let rate = try? values.decode(Int.self, forKey: .refreshRate), DashboardSettings.refreshRates.contains(rate) {
        settings.refreshRate = rate
      }
      if let directory = text(.directory), directory.hasPrefix("/") { settings.directory = directory }
    }
  }

  /// Reads the content of a settings file; missing keys count as their defaults.
  /// - Returns: nil when `bytes` are not a JSON object.
  static func settings(from bytes: [UInt8]) -> DashboardSettings? {
    try? JSONDecoder().decode(Object.self, from: Data(bytes)).settings
  }

  static func text(_ settings: DashboardSettings) -> String {
    let value = JSONValue.object([
      ("theme", .string(settings.theme.rawValue)),
      ("bar", .string(settings.bar.rawValue)),
      ("sort", .string(settings.sort.rawValue)),
      ("density", .string(settings.density.rawValue)),
      ("mode", .string(settings.mode.rawValue)),
      ("refreshRate", .integer(settings.refreshRate)),
      ("directory", .optional(settings.directory)),
    ])
    return value.serialized + "\n"
  }
}

/// The place of the user's settings (XDG Base Directory Specification).
enum SettingsLocation {
  /// A file's path, below `XDG_CONFIG_HOME` or otherwise `HOME/.config`; nil when neither is an absolute path.
  /// - Parameters:
  ///   - environment: the process's variables.
  ///   - name: that of the file with the settings, unless it is another one beside it.
  static func path(_ environment: [String: String], _ name: String = "config.json") -> String? {
    // The specification says to ignore relative paths.
    if let base = environment["XDG_CONFIG_HOME"], base.hasPrefix("/") { return base + "/sluice/" + name }
    guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
    return home + "/.config/sluice/" + name
  }
}

/// Writes settings in the background, one version at a time. Of versions saved during a write, only the last is
/// written.
struct SettingsSaver: Sendable {
  private let settings: AsyncStream<DashboardSettings>.Continuation
  private let writing: Task<Void, Never>

  /// - Parameter onFailure: called on another thread with a message for the user when settings cannot be written; not
  ///   again while the same message repeats.
  init(_ file: SettingsFile, onFailure: @escaping @Sendable (String) -> Void) {
    let stream: AsyncStream<DashboardSettings>
    (stream, settings) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
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

  /// Has settings written soon by another thread; returns immediately.
  func save(_ settings: DashboardSettings) { self.settings.yield(settings) }

  /// Returns when the last saved settings are written, or that has failed; later ones are ignored.
  func finish() async {
    settings.finish()
    await writing.value
  }
}
