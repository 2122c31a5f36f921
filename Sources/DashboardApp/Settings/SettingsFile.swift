import Dashboard
import Glibc
import UploadCore

/// The file that keeps the user's settings. May block.
///
/// One that cannot be understood (somebody's own work, with a quote missing) is moved aside before it is written anew.
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
    // A FIFO of that name must not hold the start up.
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
    guard let bytes = read(descriptor) else {
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

  private func read(_ descriptor: Int32) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: Self.limit + 1)
    var count = 0
    while count < bytes.count {
      let news = bytes.withUnsafeMutableBytes {
        Glibc.read(descriptor, $0.baseAddress.map { $0 + count }, $0.count - count)
      }
      if news < 0, errno == EINTR { continue }
      guard news >= 0 else { return nil }
      if news == 0 { break }
      count += news
    }
    return count <= Self.limit ? Array(bytes.prefix(count)) : nil
  }

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
