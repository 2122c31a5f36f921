import Dashboard
import FoundationEssentials
import TerminalUI
import UploadCore
import UploadReport

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
