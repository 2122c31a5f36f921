import Glibc

/// Where the user's settings are (XDG Base Directory Specification).
enum SettingsPlace {
  /// The file's path; nil where there is no place for it.
  static func path(_ environment: [String: String]) -> String? {
    // The specification has relative ones ignored.
    if let base = environment["XDG_CONFIG_HOME"], base.hasPrefix("/") { return base + "/sluice/config.json" }
    guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
    return home + "/.config/sluice/config.json"
  }
}
